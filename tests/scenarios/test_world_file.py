"""Worlds: what a build makes of files, what the file keeps, and what reading refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.files import samples
from tests.worlds import examples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios import world_file
from vpp_gym.scenarios.files.folder import files_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.fit import charging_cost
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.real import HOURLY_FILE, SESSIONS_FILE, real_source
from vpp_gym.scenarios.scenario import Scenario, Sessions
from vpp_gym.scenarios.site_series import SiteSeries
from vpp_gym.scenarios.world import build_world, splits_of, world_of
from vpp_gym.scenarios.world_file import CAR_COLUMNS, KEY, read_header, read_world, write_world
from vpp_gym.scenarios.world_header import World, WorldOptions

FIRST, DAYS = "2024-03-28", 9
"""With the day on which summer time begins."""
READ = ReadOptions(elaad_clock="local", elaad_dates="month-first")
COLUMNS = ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    samples.write(folder / "entsoe.csv", samples.entsoe_new(FIRST, DAYS))
    samples.write(folder / "tennet.csv", samples.tennet_new(FIRST, DAYS, dual=(40,)))
    samples.write(folder / "elaad.csv", samples.elaad(FIRST))
    samples.write(folder / "notes.txt", "not of any known kind\n")
    return folder


@pytest.fixture(scope="module")
def build(folder):
    """Builds the world of these files, which are read once."""
    files = [one.rows for one in files_of(folder, READ) if one.rows is not None]
    return lambda **options: world_of(files, READ, WorldOptions(**options))


@pytest.fixture(scope="module")
def world(build) -> World:
    return build()


@pytest.fixture(scope="module")
def file(world, tmp_path_factory) -> Path:
    return write_world(tmp_path_factory.mktemp("world") / "world.parquet", world)


def assert_same(one, other):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name, column in vars(one.sessions).items():
        np.testing.assert_array_equal(column, getattr(other.sessions, name))
    np.testing.assert_array_equal(one.clock, other.clock)
    assert (one.dt_h, one.timezone, one.start) == (other.dt_h, other.timezone, other.start)


def test_all_days_come_back_as_they_were(world, file):
    assert_same(read_world(file, "all"), world.scenario)


def test_a_site_comes_back_as_it_was_and_is_cut_by_split(world, tmp_path):
    scenario, rng = world.scenario, np.random.default_rng(1)
    n = scenario.n_steps
    site = {
        "pv_kwh": rng.random(n),
        "import_limit_kw": np.where(rng.random(n) < 0.1, 20.0, np.inf),
        "pv_peak_kw": 5.0,
    }
    site = SiteSeries.of(site, n, scenario.dt_h)
    path = write_world(
        tmp_path / "site.parquet", replace(world, scenario=replace(scenario, site=site))
    )
    whole = read_world(path, "all")
    assert_same(whole, scenario)
    for name, value in vars(site).items():
        np.testing.assert_array_equal(getattr(whole.site, name), value, err_msg=name)
    first = world.splits[0].n_steps
    part = read_world(path, "validation").site
    np.testing.assert_array_equal(part.pv_kwh, site.pv_kwh[first : first + world.splits[1].n_steps])
    assert (part.pv_peak_kw, part.least_import_limit_kw) == (5.0, 20.0)
    assert read_header(path).version == 2
    again = write_world(tmp_path / "again.parquet", replace(world, scenario=whole))
    assert again.read_bytes() == path.read_bytes()


def test_series_of_a_site_that_the_header_does_not_tell_of_are_refused(file, tmp_path):
    table = pq.read_table(file)
    table = table.append_column(
        pa.field("site_pv_kwh", pa.float64(), nullable=False), pa.array(np.ones(len(table)))
    )
    path = tmp_path / "untold.parquet"
    pq.write_table(table, path)
    with pytest.raises(InvalidInputError, match="other columns"):
        read_world(path, "all")


def test_a_series_that_the_file_cannot_hold_is_not_lost(world, tmp_path):
    @dataclass(frozen=True)
    class WithSun(Scenario):
        pv_kwh: np.ndarray = field(default_factory=lambda: np.zeros(1))

    fields = {name: vars(world.scenario)[name] for name in Scenario.__dataclass_fields__}
    sunny = replace(world, scenario=WithSun(**fields, pv_kwh=np.ones(world.scenario.n_steps)))
    with pytest.raises(InvalidInputError, match=r"pv_kwh.*a world file holds da_eur_per_kwh"):
        write_world(tmp_path / "world.parquet", sunny)
    assert not list(tmp_path.iterdir())


def test_tapers_come_back_and_cost_no_column_where_there_are_none(world, file, tmp_path):
    tapers = {"taper_soc": np.linspace(0.2, 0.9, len(world.scenario.sessions))}
    tapers["taper_share"] = np.where(tapers["taper_soc"] < 0.5, 0.3, 1.0)
    sessions = replace(world.scenario.sessions, **tapers)
    scenario = replace(world.scenario, sessions=sessions)
    path = write_world(tmp_path / "tapered.parquet", replace(world, scenario=scenario))
    assert_same(read_world(path, "all"), scenario)
    assert "taper" not in str(pq.read_schema(file))
    assert "taper_share" in str(pq.read_schema(path))


def test_every_column_of_a_session_is_kept():
    assert {*CAR_COLUMNS, "arrival_step", "departure_step"} == set(Sessions.__dataclass_fields__)


def test_splits_are_whole_days_that_follow_one_another(world, file):
    parts = [read_world(file, name) for name in ("train", "validation", "test")]
    for name in (*COLUMNS, "clock"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(world.scenario, name))
    assert sum(len(part.sessions) for part in parts) == len(world.scenario.sessions)
    for part in parts:
        assert str(part.start)[11:] == "00:00"
        assert part.sessions.departure_step.max() <= part.n_steps


def test_day_of_23_hours(world):
    clock = world.scenario.clock
    assert world.scenario.n_steps == 24 * DAYS - 1
    assert np.sum(clock.astype("datetime64[D]") == np.datetime64("2024-03-31")) == 23


def test_sessions_keep_their_clock_time_over_the_change(world):
    rows = samples.elaad_rows(FIRST)
    at = world.scenario.clock[world.scenario.sessions.arrival_step]
    inside = rows["start"].dt.floor("h").isin(at)
    np.testing.assert_array_equal(at, rows["start"][inside].dt.floor("h").to_numpy())
    assert len(rows) - inside.sum() <= 1  # what would start in the skipped hour


def test_splits_by_date(build):
    splits = build(validation_from="2024-04-01", test_from="2024-04-03").splits
    assert [str(one.first_day) for one in splits] == ["2024-03-28", "2024-04-01", "2024-04-03"]
    assert [one.n_steps for one in splits] == [4 * 24 - 1, 48, 72]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"validation_from": "2024-04-03", "test_from": "2024-04-01"}, "validation_from"),
        ({"test_from": "2025-01-01"}, "validation_from, test_from"),
        ({"first_day": "2024-03-01"}, "first_day, last_day"),
        ({"last_day": "2024-03-29"}, "validation_from, test_from"),
        ({"shift_days": 365}, "sessions: got 'none from"),
    ],
)
def test_days_that_the_files_do_not_have_are_refused(build, options, field):
    with pytest.raises(InvalidInputError, match=field):
        build(**options)


def test_markets_of_other_units_are_refused(folder):
    """Each for itself could be a market; together they cannot."""
    rows = {one.path.name: one.rows for one in files_of(folder, READ) if one.rows is not None}
    day_ahead = rows["entsoe.csv"]
    cents = replace(day_ahead, rows=day_ahead.rows.assign(da_eur_per_kwh=0.001))
    with pytest.raises(InvalidInputError, match=r"prices: got 'imbalance is typically .* times"):
        world_of([cents, rows["tennet.csv"], rows["elaad.csv"]], READ)


def test_quarters_repeat_the_market_hour_and_keep_the_imbalance_quarter(build, world):
    hours, quarterly = world.scenario, build(dt_h=0.25)
    scenario = quarterly.scenario
    np.testing.assert_array_equal(scenario.da_eur_per_kwh, np.repeat(hours.da_eur_per_kwh, 4))
    quarters = scenario.im_short_eur_per_kwh.reshape(-1, 4)
    np.testing.assert_allclose(quarters.mean(axis=1), hours.im_short_eur_per_kwh)
    counts = quarterly.provenance.counts
    assert counts["day-ahead: market hours repeated in their quarters"] == hours.n_steps


def test_shifted_sessions_keep_their_place_in_the_week(build, world):
    plain, shifted = world.scenario.sessions, build(shift_days=7).scenario.sessions
    assert set(shifted.arrival_step - 7 * 24) <= set(plain.arrival_step)


def test_demand_rules_and_powers_by_name(build):
    rows = samples.elaad_rows(FIRST)
    metered, reference, recorded = (
        build(**options).scenario.sessions
        for options in ({}, {"demand": "reference"}, {"car_power": "recorded"})
    )
    need_kwh = (metered.target_soc - metered.arrival_soc) * metered.capacity_kwh
    assert set(np.round(need_kwh, 9)) <= set(np.round(0.98 * rows["kwh"], 9))
    hours = 80 * (1 - reference.arrival_soc) / (0.98 * 11)
    assert set(np.round(hours, 9)) == set(rows["charge_h"])
    assert set(recorded.charge_kw) == {3.7}
    assert set(metered.charge_kw) == {np.inf}


def test_chargers_elsewhere_keep_the_instant_or_the_clock(folder, tmp_path):
    for name in ("entsoe.csv", "tennet.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    sessions = [samples.acn_session(i) for i in range(12)]
    samples.write(tmp_path / "acn.json", samples.acn(*sessions))
    shift = (pd.Timestamp("2024-04-01") - pd.Timestamp("2018-04-25")).days
    with pytest.raises(InvalidInputError, match=r"site_clock: got .*choose instant or local"):
        build_world(tmp_path, READ, WorldOptions(shift_days=shift))
    first = {}
    for clock in ("instant", "local"):
        built = build_world(tmp_path, READ, WorldOptions(shift_days=shift, site_clock=clock))
        first[clock] = str(built.scenario.clock[built.scenario.sessions.arrival_step[0]])
    assert first == {"instant": "2024-04-01T17:00", "local": "2024-04-01T08:00"}


def test_the_same_files_make_the_same_bytes(folder, tmp_path):
    one, other = (
        write_world(tmp_path / f"{name}.parquet", build_world(folder, READ)).read_bytes()
        for name in ("one", "other")
    )
    assert one == other


def test_header_says_where_the_world_comes_from(folder, file):
    provenance = read_header(file).provenance
    assert [one.file for one in provenance.sources] == ["elaad.csv", "entsoe.csv", "tennet.csv"]
    assert provenance.read == READ
    assert all(len(one.sha256) == 64 for one in provenance.sources)
    assert read_world(file, "test").notes["provenance"]["vpp_gym"] == provenance.vpp_gym


def test_other_tools_read_the_rows(file, world):
    table = pq.read_table(file)
    arrivals = table.column("arrivals").to_pylist()
    assert sum(len(one) for one in arrivals) == len(world.scenario.sessions)
    step = int(world.scenario.sessions.arrival_step[0])
    assert arrivals[step][0]["arrival_soc"] == world.scenario.sessions.arrival_soc[0]


def test_a_small_file_of_very_many_rows_is_refused(file, tmp_path):
    """Before any of it is read: one repeated value takes no space on disk."""
    table = pq.read_table(file).slice(0, 1)
    many = pa.concat_tables([table] * 1_000).combine_chunks()
    path = tmp_path / "many.parquet"
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(11):
            writer.write_table(many, row_group_size=len(many))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world_file, "MAX_ROWS", 10_000)
        with pytest.raises(InvalidInputError, match=r"11,000 rows.*10,000 steps"):
            read_header(path)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_world(world, tmp_path, monkeypatch, error):
    path = write_world(tmp_path / "world.parquet", world)
    before, writer, groups = path.read_bytes(), pq.ParquetWriter.write_table, []

    def fail_later(self, *arguments, **options):
        if groups:
            raise error
        groups.append(writer(self, *arguments, **options))

    monkeypatch.setattr(pq.ParquetWriter, "write_table", fail_later)
    with pytest.raises((InvalidInputError, KeyboardInterrupt)):
        write_world(path, world)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_names_in_gym_make(file, monkeypatch):
    source = as_source(f"{file}:test", 1.0)
    assert (source.name, source.n_scenarios) == ("world:test", 1)
    monkeypatch.chdir(file.parent)
    env = gym.make("VPPDayAhead-v0", scenario="world.parquet:all", dt_h=1.0, episode_days=2)
    env.reset(seed=0)
    env.step(env.action_space.sample())


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("world.parquet", "name a split of the file: world.parquet:train"),
        ("world.parquet:tset", r"split: got 'tset'; world\.parquet has train, validation, test"),
        ("world.parquet:", "split: got ''"),
        ("nowhere.parquet:test", "existing world file"),
        ("world.parquet:test:1", "name a split"),
    ],
)
def test_names_that_lead_nowhere(file, monkeypatch, name, match):
    monkeypatch.chdir(file.parent)
    with pytest.raises(InvalidInputError, match=match):
        as_source(name)


def test_another_time_step_is_refused(file):
    with pytest.raises(InvalidInputError, match=r"dt_h: got 0\.25"):
        as_source(f"{file}:test", 0.25)


def rewritten(file: Path, target: Path, change) -> Path:
    """The world file with other content in its metadata."""
    table = pq.read_table(file)
    header = json.loads(table.schema.metadata[KEY])
    change(header)
    schema = table.schema.with_metadata({KEY: json.dumps(header).encode()})
    sizes = [one["n_steps"] for one in header["splits"]]
    with pq.ParquetWriter(target, schema) as writer:
        first = 0
        for size in sizes:
            writer.write_table(table.slice(first, size).cast(schema), row_group_size=max(size, 1))
            first += size
    return target


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda h: h.update(version=3), "version: got 3; this vpp_gym reads another version"),
        (lambda h: h["splits"][0].update(name="test"), "splits: got"),
        (lambda h: h.update(format="x"), "format: got 'x'"),
        (lambda h: h.update(more=1), "more: got 1"),
        (lambda h: h.update(params={"site": {"n_charger": 3}}), "site.n_charger: got 3; did you"),
        (lambda h: h.update(timezone="Europe/Nowhere"), "timezone: got 'Europe/Nowhere'"),
        (lambda h: h.update(timezone=None), "local_time"),
        (lambda h: h["splits"][2].update(first_day="2024-04-01"), "local_time"),
        (lambda h: h["splits"][0].update(n_steps=7), "other columns or row groups"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(file, tmp_path, change, match):
    path = rewritten(file, tmp_path / "other.parquet", change)
    if "row groups" in match:
        table = pq.read_table(path)
        pq.write_table(table, path)
    with pytest.raises(InvalidInputError, match=match):
        [read_world(path, name) for name in ("test", "all")]


def test_other_files_are_refused(file, tmp_path):
    cut, text, plain = (tmp_path / f"{name}.parquet" for name in ("cut", "text", "plain"))
    cut.write_bytes(file.read_bytes()[:-100])
    text.write_text("no parquet at all")
    pq.write_table(pa.table({"a": [1]}), plain)
    for path in (cut, text, plain):
        with pytest.raises(InvalidInputError, match="data build"):
            read_world(path, "test")


def test_numbers_that_no_world_has_are_refused(file, tmp_path):
    path = tmp_path / "other.parquet"
    table = pq.read_table(file)
    prices = table.column("da_eur_per_kwh").to_numpy().copy()
    prices[3] = np.nan
    place = table.schema.get_field_index("da_eur_per_kwh")
    changed = table.set_column(place, table.schema.field(place), pa.array(prices))
    with pq.ParquetWriter(path, table.schema) as writer:
        first = 0
        for split in read_header(file).splits:
            writer.write_table(changed.slice(first, split.n_steps), row_group_size=split.n_steps)
            first += split.n_steps
    with pytest.raises(InvalidInputError, match=r"da_eur_per_kwh\[3\]"):
        read_world(path, "train")


def test_a_byte_that_changed_on_the_way_is_noticed(file, tmp_path):
    content = bytearray(file.read_bytes())
    place = content.index(b"\x28\xb5\x2f\xfd") + 40
    content[place] ^= 0xFF
    other = tmp_path / "other.parquet"
    other.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"CRC checksum .*the file is damaged"):
        read_world(other, "train")


def test_a_byte_that_changed_in_a_name_is_noticed(file, tmp_path):
    other = tmp_path / "other.parquet"
    other.write_bytes(file.read_bytes().replace(b"departure_draw", b"depart\x8bre_draw"))
    with pytest.raises(InvalidInputError, match="data build"):
        read_world(other, "train")


def test_reading_needs_no_pandas(file):
    code = (
        "import sys; from vpp_gym.scenarios.named import as_source; "
        f"as_source({str(file)!r} + ':test', 1.0); "
        "print({'pandas', 'pandera'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@st.composite
def scenarios(draw) -> Scenario:
    """Days around a clock change, with any finite prices and sessions."""
    dt_h, zone = draw(st.sampled_from([1.0, 0.25])), draw(st.sampled_from([None, samples.ZONE]))
    start = draw(st.sampled_from(["2024-03-30", "2024-10-26", "2024-06-05"]))
    days = pd.date_range(start, periods=5).tz_localize(zone)
    n_steps = round((days[-1] - days[0]) / pd.Timedelta(hours=dt_h))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(0, 30))
    arrival = np.sort(rng.integers(0, n_steps, n))
    prices = rng.normal(0.05, 0.2, (2, n_steps))
    return Scenario.from_arrays(
        da_eur_per_kwh=prices[0],
        im_short_eur_per_kwh=prices.max(axis=0),
        im_long_eur_per_kwh=prices.min(axis=0),
        sessions={
            "arrival_step": arrival,
            "departure_step": np.minimum(arrival + rng.integers(1, 50, n), n_steps),
            "arrival_soc": rng.random(n),
            "discharge_kw": rng.choice([0.0, 7.4, np.inf], n),
        },
        start=start,
        dt_h=dt_h,
        timezone=zone,
    )


@examples(30)
@given(scenario=scenarios())
def test_any_scenario_survives_the_file(tmp_path_factory, world, scenario):
    path = tmp_path_factory.mktemp("any") / "any.parquet"
    splits = splits_of(scenario, WorldOptions())
    write_world(path, World(scenario, splits, world.provenance))
    assert_same(read_world(path, "all"), scenario)
    assert len(read_world(path, "test").sessions) == np.sum(
        scenario.sessions.arrival_step >= splits[0].n_steps + splits[1].n_steps
    )


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("VPP_GYM_DATA"), reason="VPP_GYM_DATA is not set")
def test_world_of_the_real_year_is_the_real_year(tmp_path):
    real = Path(os.environ["VPP_GYM_DATA"])
    for name in (SESSIONS_FILE, HOURLY_FILE):
        (tmp_path / name).symlink_to(real / name)
    build = WorldOptions(first_day="2019-01-01", demand="reference")
    world = build_world(tmp_path, READ, build)
    read = read_world(write_world(tmp_path / "2019.parquet", world), "all")
    year = real_source(real, dt_h=1.0, demand_rule="reference").scenario(0)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(read, name), getattr(year, name))
    for name, column in vars(year.sessions).items():
        np.testing.assert_array_equal(getattr(read.sessions, name), column)
    cost = charging_cost(read)
    assert cost["on_arrival_eur"] == pytest.approx(11_937.7, abs=0.05)
    assert cost["hindsight_eur"] == pytest.approx(7_651.4, abs=0.05)
