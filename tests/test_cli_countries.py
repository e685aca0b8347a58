"""A world from the files of each of five countries, through the command line, step by step."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.scenarios.files import countries, samples
from vpp_gym.cli import app
from vpp_gym.scenarios.world_file import ALL, read_header, read_world

MAPS = Path(__file__).parents[1] / "examples" / "columns"
MORE = {"belgium": ("--ocpi-zone", "Europe/Brussels")}
"""What else the files of a country need to be told."""


def vpp_gym(*words: object, code: int = 0) -> str:
    """What the command prints to stdout."""
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "100"})
    assert result.exit_code == code, result.output
    return result.stdout


@pytest.fixture(scope="module", params=sorted(countries.WRITE))
def built(request, tmp_path_factory) -> tuple[str, Path, Path]:
    """A country, the folder of its files, and the world built from them by quarters."""
    country = request.param
    folder = tmp_path_factory.mktemp(country)
    countries.WRITE[country](folder)
    out = tmp_path_factory.mktemp("worlds") / f"{country}.parquet"
    words = ("--columns", MAPS / f"{country}.yaml", *MORE.get(country, ()))
    vpp_gym("data", "build", folder, "-o", out, *words)
    return country, folder, out


def expected(country: str) -> dict[str, np.ndarray]:
    """EUR/kWh of every quarter."""
    at = countries.steps(country)
    of_hour = countries.number(at) % 4
    hours = at - of_hour * countries.QUARTER
    own = at - of_hour % 2 * countries.QUARTER if country == "great_britain" else at
    auction = hours if country in ("belgium", "california") else own
    two = country == "germany"
    return {
        "da_eur_per_kwh": countries.day_ahead(auction) / 1000,
        "im_short_eur_per_kwh": countries.short(own) / 1000,
        "im_long_eur_per_kwh": (countries.long(own) if two else countries.short(own)) / 1000,
    }


def test_every_price_is_in_its_step(built):
    country, _, out = built
    scenario = read_world(out, ALL)
    assert scenario.n_steps == len(countries.steps(country))
    for name, prices in expected(country).items():
        np.testing.assert_allclose(getattr(scenario, name), prices, rtol=0, atol=6e-9)


def test_every_session_is_in_its_step_with_its_energy(built):
    country, _, out = built
    found = read_world(out, ALL).sessions
    table = countries.sessions(country)
    begin = countries.steps(country)[0]
    arrival = ((table["start"] - begin) // pd.Timedelta(minutes=15)).to_numpy()
    stay = ((table["stop"] - table["start"]) / pd.Timedelta(minutes=15)).to_numpy()
    np.testing.assert_array_equal(found.arrival_step, arrival)
    np.testing.assert_array_equal(found.departure_step - found.arrival_step, stay)
    need = (found.target_soc - found.arrival_soc) * found.capacity_kwh / 0.98
    np.testing.assert_allclose(need, table["kwh"], rtol=1e-6)


def test_the_map_travels_with_the_world(built):
    country, _, out = built
    provenance = read_header(out).provenance
    stated = provenance.read.columns
    assert stated.file == f"{country}.yaml"
    sources = [one for one in provenance.sources if one.kind.startswith("columns map")]
    assert len(sources) == len(stated.map.tables)
    assert {one.options["sha256 of the map"] for one in sources} == {stated.sha256}
    for code in stated.map.eur_per_unit:
        assert any(f"EUR for one {code}" in one.facts for one in sources)


def test_check_says_what_the_map_made_of_each_file(built):
    country, folder, _ = built
    words = ("--columns", MAPS / f"{country}.yaml", *MORE.get(country, ()), "--json")
    files = json.loads(vpp_gym("data", "check", folder, *words))["files"]
    assert {one["state"] for one in files} == {"ok"}
    assert {one["holds"] for one in files} == {"day-ahead", "imbalance", "sessions"}


def test_german_imbalance_prices_may_come_from_entsoe(tmp_path):
    folder, stated = tmp_path / "files", tmp_path / "map.yaml"
    folder.mkdir()
    countries.germany(folder)
    (folder / "reBAP_2025-10.csv").unlink()
    samples.write(folder / "a85.xml", countries.a85("germany"))
    entries = (MAPS / "germany.yaml").read_text(encoding="utf-8").split("  - name: ")
    kept = [one for one in entries if not one.startswith("reBAP")]
    stated.write_text("  - name: ".join(kept), encoding="utf-8")
    out = tmp_path / "world.parquet"
    vpp_gym("data", "build", folder, "-o", out, "--columns", stated)
    scenario = read_world(out, ALL)
    for name, prices in expected("germany").items():
        np.testing.assert_allclose(getattr(scenario, name), prices, rtol=0, atol=6e-9)


def test_prices_of_two_zones_do_not_mix(tmp_path):
    folder, stated = tmp_path / "files", tmp_path / "map.yaml"
    folder.mkdir()
    countries.belgium(folder)
    text = (MAPS / "belgium.yaml").read_text(encoding="utf-8")
    more = text.split("  - name:")[1].replace("ods134*", "more*").replace("area: BE", "area: FR")
    stated.write_text(f"{text}\n  - name:{more}", encoding="utf-8")
    (folder / "more.csv").write_bytes((folder / "ods134.csv").read_bytes())
    words = ("data", "build", folder, "-o", tmp_path / "w.parquet", "--columns", stated)
    result = CliRunner().invoke(app, [str(one) for one in (*words, *MORE["belgium"])])
    assert result.exit_code == 2
    assert "Area: got" in result.output


def test_half_hours_are_averaged_to_hours_or_refused_in_quarters(tmp_path):
    folder, stated = tmp_path / "files", tmp_path / "map.yaml"
    folder.mkdir()
    countries.great_britain(folder)
    text = (MAPS / "great_britain.yaml").read_text(encoding="utf-8")
    stated.write_text(text.replace("    repeat: allowed\n", ""), encoding="utf-8")
    out = tmp_path / "world.parquet"
    words = ("data", "build", folder, "-o", out, "--columns", stated)
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2
    assert "imbalance differs within 0.5 h" in result.output
    vpp_gym(*words, "--dt-h", 1)
    halves = countries.short(countries.steps("great_britain", 30)).reshape(-1, 2)
    found = read_world(out, ALL).im_short_eur_per_kwh
    np.testing.assert_allclose(found, halves.mean(axis=1) / 1000, rtol=0, atol=1e-12)


def test_half_hours_that_are_repeated_are_counted(tmp_path):
    countries.great_britain(tmp_path)
    words = ("--columns", MAPS / "great_britain.yaml", "--json")
    files = json.loads(vpp_gym("data", "check", tmp_path, *words))["files"]
    repeated = "rows of an hour or half an hour repeated in their quarters"
    n = len(countries.steps("great_britain", 30))
    assert [one["changed"][repeated] for one in files if one["holds"] != "sessions"] == [n, n]


def test_half_hours_stay_half_hours(tmp_path):
    """Great Britain settles by half hours; the last Sunday of October has 50 of them."""
    folder, out = tmp_path / "files", tmp_path / "world.parquet"
    folder.mkdir()
    countries.great_britain(folder)
    words = ("data", "build", folder, "-o", out, "--columns", MAPS / "great_britain.yaml")
    vpp_gym(*words, "--dt-h", 0.5)
    world, at = read_world(out, ALL), countries.steps("great_britain", 30)
    assert (world.dt_h, world.n_steps) == (0.5, len(at))
    assert np.bincount(world.day).tolist() == [48, 48, 48, 50, 48, 48]
    local = at.tz_localize(None)
    np.testing.assert_array_equal(world.clock, local.to_numpy().astype("datetime64[m]"))
    expected = countries.short(at) / 1000
    np.testing.assert_allclose(world.im_short_eur_per_kwh, expected, rtol=0, atol=1e-12)
    run = json.loads(vpp_gym("run", "rolling_mpc", "--scenario", f"{out}:all", "--json"))
    assert run["energy"]["charge_kwh"] > 0


def test_five_minutes_stay_five_minutes(tmp_path):
    """The real-time market of California has prices of 5 minutes; its long day has 300."""
    folder, stated = tmp_path / "files", tmp_path / "map.yaml"
    folder.mkdir()
    countries.california(folder)
    next(folder.glob("*RTPD*")).unlink()
    lines = list(countries.oasis(5, "RTM", lambda at: countries.short(at) + at.minute / 10))
    samples.write(folder / "20251030_20251105_PRC_INTVL_LMP_RTM_20251106_01_02_04_v3.csv", lines)
    text = (MAPS / "california.yaml").read_text(encoding="utf-8")
    text = text.replace("*_PRC_RTPD_LMP_RTPD_*.csv", "*_PRC_INTVL_LMP_RTM_*.csv")
    stated.write_text(text.replace("resolution: PT15M", "resolution: PT5M"), encoding="utf-8")
    out = tmp_path / "world.parquet"
    words = ("data", "build", folder, "-o", out, "--columns", stated)
    vpp_gym(*words, "--dt-h", 0.0833)
    world, at = read_world(out, ALL), countries.steps("california", 5)
    assert (world.dt_h, world.n_steps) == (1 / 12, len(at))
    assert np.bincount(world.day).tolist() == [288, 288, 288, 300, 288, 288]
    expected = (countries.short(at) + at.minute / 10) / 1000
    np.testing.assert_allclose(world.im_short_eur_per_kwh, expected, rtol=0, atol=6e-9)
    hourly = countries.day_ahead(at.tz_convert("UTC").floor("h")) / 1000
    np.testing.assert_allclose(world.da_eur_per_kwh, hourly, rtol=0, atol=6e-9)
    run = json.loads(vpp_gym("run", "charge_on_arrival", "--scenario", f"{out}:all", "--json"))
    assert run["energy"]["charge_kwh"] > 0
    quarters = tmp_path / "quarters.parquet"
    vpp_gym(*words[:4], quarters, *words[5:])
    means = expected.to_numpy().reshape(-1, 3).mean(axis=1)
    found = read_world(quarters, ALL).im_short_eur_per_kwh
    np.testing.assert_allclose(found, means, rtol=0, atol=6e-9)


def test_quarters_are_refused_in_five_minutes(tmp_path):
    countries.california(tmp_path)
    words = ("data", "build", tmp_path, "-o", tmp_path / "w.parquet", "--dt-h", "0.0833")
    stated = ("--columns", MAPS / "california.yaml")
    result = CliRunner().invoke(app, [str(one) for one in (*words, *stated)])
    assert result.exit_code == 2
    assert "imbalance differs within 0.25 h: use dt_h=0.25\n" in result.output
