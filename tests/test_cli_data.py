"""`vpp-gym data`: check, build and describe, on small files of the known forms."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.scenarios.files import samples
from vpp_gym.cli import app
from vpp_gym.cli.data import build
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.world_file import read_world
from vpp_gym.scenarios.world_header import WorldOptions

FIRST, DAYS = "2024-06-03", 9
KNOWN = ("--elaad-clock", "local", "--elaad-dates", "month-first")


def vpp_gym(*words: object, code: int = 0) -> str:
    """What the command prints to stdout."""
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "100"})
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    samples.write(folder / "da.csv", samples.entsoe_new(FIRST, DAYS))
    samples.write(folder / "im.csv", samples.tennet_new(FIRST, DAYS, dual=(40,)))
    samples.write(folder / "sessions.csv", samples.elaad(FIRST))
    samples.write(folder / "notes.txt", "nothing known\n")
    return folder


def test_check_says_what_every_file_is(folder):
    report = json.loads(vpp_gym("data", "check", folder, *KNOWN, "--json"))
    files = {one["file"]: one for one in report["files"]}
    assert {name: one["state"] for name, one in files.items()} == {
        "da.csv": "ok",
        "im.csv": "ok",
        "notes.txt": "unknown",
        "sessions.csv": "ok",
    }
    assert files["im.csv"]["holds"] == "imbalance"
    assert files["im.csv"]["facts"]["quarters of regulation state 2"] == DAYS
    assert files["sessions.csv"]["facts"]["sessions"] == 40
    assert (files["da.csv"]["rows"], files["da.csv"]["kept"]) == (24 * DAYS, 24 * DAYS)
    text = vpp_gym("data", "check", folder, *KNOWN)
    for word in (*files, "unknown", "day-ahead", "EUR/MWh", "PT15M"):
        assert word in text


def test_check_shows_gaps_and_days_of_clock_changes(folder):
    lines = samples.entsoe_new("2024-03-30", 3)
    samples.write(folder / "da.csv", [*lines[:10], *lines[13:]])
    report = json.loads(vpp_gym("data", "check", folder, *KNOWN, "--json"))
    coverage = report["files"][0]["coverage"]
    assert coverage["clock_change_days"] == "2024-03-31 (23 h)"
    assert (coverage["missing_h"], coverage["longest_gap_h"]) == (3.0, 3.0)
    assert coverage["longest_gap_from"] == "2024-03-30 09:00:00"


def test_check_ends_with_1_where_a_known_file_cannot_be_used(folder):
    report = json.loads(vpp_gym("data", "check", folder, "--json", code=1))
    rejected = {one["file"]: one for one in report["files"] if one["state"] == "rejected"}
    assert rejected["sessions.csv"]["field"] == "--elaad-clock, --elaad-dates"
    assert "the file does not say" in vpp_gym("data", "check", folder, code=1)


def test_check_of_one_file(folder):
    report = json.loads(vpp_gym("data", "check", folder / "im.csv", "--json"))
    assert [(one["file"], one["state"]) for one in report["files"]] == [("im.csv", "ok")]


def test_a_damaged_file_hides_no_other(folder):
    samples.write(folder / "a_first.txt", "x" * 140_000)
    (folder / "b_second.xlsx").write_bytes(b"PK\x03\x04 xl/workbook.xml")
    report = json.loads(vpp_gym("data", "check", folder, *KNOWN, "--json", code=1))
    states = {one["file"]: one["state"] for one in report["files"]}
    assert states["a_first.txt"] == states["b_second.xlsx"] == "rejected"
    assert states["da.csv"] == states["im.csv"] == states["sessions.csv"] == "ok"


def test_more_cars_than_chargers_are_told(folder, tmp_path):
    out = tmp_path / "world.parquet"
    crowd = [
        f"{i},cp{i},1,06/05/2024 08:00,06/05/2024 18:00,card,10,3,10.5,3.7" for i in range(100, 130)
    ]
    samples.write(folder / "sessions.csv", [*samples.elaad(FIRST), *crowd])
    checked = json.loads(vpp_gym("data", "check", folder, *KNOWN, "--json"))
    built = json.loads(vpp_gym("data", "build", folder, "-o", out, *KNOWN, "--json"))
    most = built["most_cars_at_once"]
    assert most == checked["most_cars_at_once"] == built["splits"]["train"]["most_cars_at_once"]
    assert most >= 30
    assert f"--set site.n_chargers={most}" in checked["warnings"][0]
    assert f"{built['splits']['all']['turned_away']} of 70 cars" in built["warnings"][0]
    assert "Warning: Up to " in vpp_gym("data", "describe", out)


def test_build_and_describe(folder, tmp_path):
    out = tmp_path / "world.parquet"
    words = ["data", "build", folder, "-o", out, *KNOWN, "--test-from", "2024-06-10"]
    built = json.loads(vpp_gym(*words, "--validation-from", "2024-06-08", "--json"))
    assert built == json.loads(vpp_gym("data", "describe", out, "--json"))
    assert {name: one["days"] for name, one in built["splits"].items()} == {
        "train": 5,
        "validation": 2,
        "test": 2,
        "all": 9,
    }
    world = read_world(out, "all")
    assert built["splits"]["all"]["sessions"] == len(world.sessions) == 40
    assert built["splits"]["all"]["two_price_steps"] == DAYS
    assert built["provenance"]["build"]["test_from"] == "2024-06-10"
    text = vpp_gym("data", "describe", out)
    for word in ("da.csv", "2024-06-10", "battery_need_kwh"):
        assert word in text


def test_options_of_prices_reach_the_world_and_its_provenance(folder, tmp_path):
    """Kroner, a day that is missing, zeros at the end, a row with long above short, commas."""
    lines = [line.replace("EUR/MWh", "NOK/MWh") for line in samples.entsoe_new(FIRST, DAYS)]
    last = [line.split(",") for line in lines[-24:]]
    zeros = [",".join((*c[:3], "0.00", *c[4:])) for c in last]
    samples.write(folder / "da.csv", [*lines[:97], *lines[121:-24], *zeros])
    tennet = samples.tennet_new(FIRST, DAYS)
    tennet[9] = tennet[9].replace(",39.0,39.0,1,", ",39.0,49.0,1,")
    samples.write(folder / "im.csv", tennet)
    commas = samples.elaad(FIRST, separator=";", decimal=",")
    samples.write(folder / "sessions.csv", commas)
    out = tmp_path / "world.parquet"
    given = {
        "--currency": "NOK",
        "--eur-per-unit": "0.5",
        "--missing-days": "day-before",
        "--long-above-short": "swap",
        "--accept-zeros": None,
    }
    for one in given:
        words = [x for name, value in given.items() if name != one for x in (name, value)]
        result = CliRunner().invoke(
            app, ["data", "build", str(folder), "-o", str(out), *KNOWN, *filter(None, words)]
        )
        assert result.exit_code == 2, one
    words = [x for name, value in given.items() for x in (name, value) if x is not None]
    built = json.loads(vpp_gym("data", "build", folder, "-o", out, *KNOWN, *words, "--json"))
    counts = built["provenance"]["counts"]
    assert counts["day-ahead: quarters of 2024-06-07 from the day before"] == 96
    assert counts["da.csv: runs of zero day-ahead prices"] == 1
    sources = {one["file"]: one for one in built["provenance"]["sources"]}
    assert sources["da.csv"]["changed"] == {"NOK/MWh to EUR/kWh": 8 * 24}
    assert sources["im.csv"]["changed"]["long above short, swapped"] == 1
    assert sources["sessions.csv"]["options"]["decimal"] == ","
    read = built["provenance"]["read"]
    assert (read["currency"], read["eur_per_unit"], read["accept_zeros"]) == ("NOK", 0.5, True)
    da = read_world(out, "all").da_eur_per_kwh
    assert list(da[:4]) == [0.02] * 4
    assert list(da[96 * 4 : 96 * 5]) == list(da[96 * 3 : 96 * 4])
    text = vpp_gym("data", "describe", out)
    assert "quarters of 2024-06-07 from the day before: 96" in text


def test_built_world_runs(folder, tmp_path):
    out = tmp_path / "world.parquet"
    vpp_gym("data", "build", folder, "-o", out, *KNOWN)
    words = ("run", "charge_on_arrival", "--scenario", f"{out}:test")
    picture = tmp_path / "day.png"
    text = vpp_gym(*words, "--figure", picture)
    assert f"Picture of 2024-06-11: {picture}" in text
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads(vpp_gym(*words, "--json"))["cars"]["arrivals"] > 0


@pytest.mark.parametrize("dt_h", [1, 0.5, 0.25])
def test_run_takes_the_step_of_the_file(folder, tmp_path, dt_h):
    out = tmp_path / "world.parquet"
    vpp_gym("data", "build", folder, "-o", out, *KNOWN, "--dt-h", dt_h)
    words = ("run", "charge_on_arrival", "--scenario", f"{out}:test", "--json")
    report = json.loads(vpp_gym(*words))
    assert report["provenance"]["end_step"] == 48 / dt_h
    assert json.loads(vpp_gym(*words, "--dt-h", dt_h))["money"] == report["money"]
    other = CliRunner().invoke(app, [*map(str, words), "--dt-h", "0.25" if dt_h == 1 else "1"])
    assert other.exit_code == 2
    assert f"the scenarios have dt_h={dt_h:g}" in other.stderr


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("check", "nowhere"), "folder"),
        (("check", "{folder}", "--elaad-clock", "cet"), "--elaad-clock"),
        (("build", "{folder}", "-o", "world.csv"), "out"),
        (("build", "{folder}", "-o", "nowhere/world.parquet"), "out"),
        (("build", "{folder}", "-o", "w.parquet"), "--elaad-clock, --elaad-dates"),
        (("build", "{folder}", "-o", "w.parquet", "--dt-h", "0.4"), "--dt-h"),
        (("build", "{folder}", "-o", "w.parquet", "--first-day", "June"), "--first-day"),
        (("build", "{folder}", "-o", "w.parquet", "--first-day", "1717372800"), "--first-day"),
        (("build", "{folder}", "-o", "w.parquet", "--last-day", "20240603"), "--last-day"),
        (("build", "{folder}", "-o", "w.parquet", "--test-from", "2024-06-03T00"), "--test-from"),
        (("build", "{folder}", "-o", "w.parquet", "--capacity-kwh", "1e-320"), "--capacity-kwh"),
        (("build", "{folder}", "-o", "w.parquet", "--charge-kw", "1e-9"), "--charge-kw"),
        (("build", "{folder}", "-o", "w.parquet", "--demand", "all"), "--demand"),
        (
            ("build", "{folder}", "-o", "w.parquet", "--demand=reference", "--car-power=recorded"),
            "--car-power",
        ),
        (("describe", "nowhere.parquet"), "scenario"),
        (("check", "{folder}", "--currency", "DKK"), "--eur-per-unit"),
        (("check", "{folder}", "--long-above-short", "max"), "--long-above-short"),
        (("check", "{folder}", "--decimal", ";"), "--decimal"),
        (("build", "{folder}", "-o", "w.parquet", "--missing-days", "skip"), "--missing-days"),
    ],
)
def test_refusal_is_one_line(folder, words, field):
    words = [word.format(folder=folder) for word in words]
    result = CliRunner().invoke(app, ["data", *words])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {field}: got ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [ReadOptions, WorldOptions])
def test_options_have_the_defaults_of_python(options):
    """But for the step: an hour there, as it always was, and a quarter on the command line."""
    stated = inspect.signature(build).parameters
    ours = {name: stated[name].default for name in options.model_fields if name in stated}
    theirs = {name: options.model_fields[name].default for name in ours}
    assert len(ours) > 10
    assert ours | {"dt_h": 0} == theirs | {"dt_h": 0}
