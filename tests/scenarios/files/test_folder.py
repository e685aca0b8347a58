"""Several files in one folder: together, twice, contradicting one another, or of no use."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.files import samples
from tests.scenarios.files.test_damage import FIRST, PRICES, READ, SESSIONS, folder_of_good_files
from vpp_gym.errors import InvalidInputError
from vpp_gym.files import reader
from vpp_gym.scenarios.files.folder import files_of
from vpp_gym.scenarios.files.options import NeededOptionsError, ReadOptions
from vpp_gym.scenarios.files.raw import RawFile
from vpp_gym.scenarios.world import build_world
from vpp_gym.scenarios.world_file import write_world
from vpp_gym.scenarios.world_header import WorldOptions

AGAIN = "sessions that another file has, too"


@pytest.fixture
def folder(tmp_path) -> Path:
    return folder_of_good_files(tmp_path)


def some_lines(folder: Path, name: str, first: int, last: int) -> list[str]:
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return [lines[0], *lines[first:last]]


def test_sessions_that_two_files_share_are_kept_once(folder):
    samples.write(folder / "more.csv", some_lines(folder, SESSIONS, 10, 20))
    world = build_world(folder, READ)
    assert len(world.scenario.sessions) == 40
    assert world.provenance.counts[f"more.csv: {AGAIN}"] == 10


def test_pages_of_acn_that_overlap_are_joined(folder):
    (folder / SESSIONS).unlink()
    given = [samples.acn_session(i) for i in range(20)]
    (folder / "a.json").write_text(json.dumps(given[:15]))
    (folder / "b.json").write_text(json.dumps({"_items": given[10:]}))
    world = build_world(folder, READ, WorldOptions(site_clock="local", shift_days=2231))
    assert len(world.scenario.sessions) == 20
    assert world.provenance.counts[f"b.json: {AGAIN}"] == 5


def test_sessions_of_unknown_connectors_are_joined(folder):
    (folder / SESSIONS).unlink()
    given = [samples.acn_session(i, stationID=None) for i in range(20)]
    (folder / "a.json").write_text(json.dumps(given))
    world = build_world(folder, READ, WorldOptions(site_clock="local", shift_days=2231))
    assert len(world.scenario.sessions) == 20


def test_one_id_for_two_sessions_is_refused(folder):
    samples.write(folder / "more.csv", samples.elaad("2024-06-04", 20))
    with pytest.raises(InvalidInputError, match=r"session id: got '1 in more\.csv'; another file"):
        build_world(folder, READ)


def test_other_sessions_are_added(folder):
    header, *lines = samples.elaad("2024-06-04", 20)
    samples.write(folder / "more.csv", [header, *(f"9{line}" for line in lines)])
    assert len(build_world(folder, READ).scenario.sessions) == 60


def test_prices_of_two_areas_or_auctions_do_not_mix(folder):
    later = samples.entsoe_new("2024-06-12", 3)
    samples.write(folder / "more.csv", [line.replace("BZN|NL", "BZN|BE") for line in later])
    with pytest.raises(InvalidInputError, match=r"Area: got .*'BZN|BE'.*keep the files of one"):
        build_world(folder, READ)
    one, two = (
        [line.replace("Without Sequence", f"Sequence {i}") for line in samples.entsoe_new(day, 5)]
        for i, day in ((1, "2024-06-12"), (2, "2024-06-17"))
    )
    samples.write(folder / "more.csv", one)
    assert build_world(folder, READ).scenario.n_steps == 216
    samples.write(folder / "most.csv", two)
    with pytest.raises(InvalidInputError, match="Sequence: got"):
        build_world(folder, READ)


def test_what_is_left_aside_is_named(folder):
    (folder / "archive").mkdir()
    (folder / "plot.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (folder / "notes.txt").write_text("of the day\n")
    world = build_world(folder, READ)
    assert world.provenance.left_aside == ["archive", "notes.txt", "plot.png"]
    write_world(folder / "world.parquet", world)
    again = build_world(folder, READ)
    assert again.provenance.left_aside[-1] == "world.parquet"
    np.testing.assert_array_equal(again.scenario.da_eur_per_kwh, world.scenario.da_eur_per_kwh)


@pytest.mark.parametrize("name", [PRICES, SESSIONS])
def test_a_missing_kind_says_what_was_left_aside(folder, name):
    lines = some_lines(folder, name, 1, None)
    samples.write(folder / name, ["Heures,Prix", *lines[1:]])
    with pytest.raises(InvalidInputError, match=f"got 'none, {name} left aside'; add a file of "):
        build_world(folder, READ)


def test_everything_that_is_missing_is_named_with_the_kinds_that_hold_it(folder):
    (folder / PRICES).unlink()
    (folder / SESSIONS).unlink()
    with pytest.raises(InvalidInputError) as refused:
        build_world(folder, READ)
    assert refused.value.field == "day-ahead, sessions"
    kinds = ("ENTSO-E API, XML", "prepared Dutch prices", "ElaadNL open transactions", "ACN-Data")
    for word in kinds:
        assert word in refused.value.remedy
    assert "_eur_per_kwh" not in str(refused.value)


def test_every_file_that_is_refused_is_named_at_once(folder):
    samples.write(folder / "more.csv", ["MTU (CET/CEST),Day-ahead Price (GBP/MWh)", "1,2"])
    (folder / "empty.csv").write_text("")
    with pytest.raises(InvalidInputError) as refused:
        build_world(folder, READ)
    assert refused.value.value == ["empty.csv", "more.csv"]
    assert "an empty file" in refused.value.remedy


def test_all_options_that_files_need_are_asked_at_once(folder):
    samples.write(folder / "old.csv", samples.tennet_old("2024-06-20"))
    with pytest.raises(NeededOptionsError) as refused:
        build_world(folder, ReadOptions())
    assert set(refused.value.options) == {"tennet_dates", "elaad_clock", "elaad_dates"}
    assert pickle.loads(pickle.dumps(refused.value)).options == refused.value.options


def test_a_link_that_leads_nowhere_is_refused(folder):
    (folder / "more.csv").symlink_to(folder / "gone.csv")
    with pytest.raises(InvalidInputError, match=r"more\.csv'; give the path of an existing file"):
        build_world(folder, READ)


def test_files_and_folders_that_may_not_be_read(folder, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reader.os, "open", refuse)
    with pytest.raises(InvalidInputError, match="got 'Permission denied'; make it readable"):
        RawFile.open(folder / PRICES)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InvalidInputError, match="got 'Permission denied'; make it readable"):
        list(files_of(folder, READ))


def test_energy_beyond_power_and_stay_is_counted(folder):
    lines = some_lines(folder, SESSIONS, 1, None)
    lines[3] = lines[3].replace("10.5,3.7", "400,3.7")
    samples.write(folder / SESSIONS, lines)
    world = build_world(folder, READ)
    facts = {one.file: one.facts for one in world.provenance.sources}[SESSIONS]
    assert facts["more energy than power times stay"] == 1
    assert world.provenance.counts[f"{SESSIONS}: demands capped by stay, power or battery"] == 1
    assert world.scenario.clock[0] == np.datetime64(FIRST)
