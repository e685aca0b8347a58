"""The reproduction of Park Lee et al. 2018, at a small size: rows, findings, report, pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from vpp_gym.cli import app
from vpp_gym.cli.output import console
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.reproduction.parklee2018 import report
from vpp_gym.reproduction.parklee2018.findings import car_park_findings, microgrid_findings
from vpp_gym.reproduction.parklee2018.report import Reproduction, document, markdown, reproduce
from vpp_gym.reproduction.parklee2018.years import OTHER_PARKS, WEEKS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def small() -> Reproduction:
    """One seed of a small car park and a small microgrid, a whole year."""
    return reproduce(
        [0],
        [0],
        park_params=CarParkParams().changed({"n_cars": 60}),
        grid_params=MicrogridParams().changed({"n_cars": 5, "household": {"n_houses": 20}}),
    )


def test_weeks_are_the_second_of_their_months():
    dates = [np.datetime64("2019-01-01") + day for day in WEEKS.values()]
    assert [str(date) for date in dates] == ["2019-03-08", "2019-06-08", "2019-09-08", "2019-12-08"]


def test_every_case_has_a_year_and_four_weeks(small: Reproduction):
    counts = small.microgrid.groupby("case").size()
    assert counts.to_dict() == {
        "adaptive": 5,
        "control_based": 5,
        "days_differ": 5,
        "volume_based": 5,
    }
    assert set(small.microgrid["period"]) == {"year", *WEEKS}
    assert (small.car_park["least_cars_per_lot"] >= 10 - 1e-9).all()
    assert set(small.driver_profit_eur) == {"Equal minPrice", "Random minPrice"}
    assert all(len(eur) == 60 for eur in small.driver_profit_eur.values())
    assert all(len(needed) == len(has) == 168 for needed, has in small.weeks.values())


def park_rows(seed: int, equal_kwh: float, random_kwh: float, least: float) -> list[dict]:
    rest = {
        "seed": seed,
        "driver_profit_eur": 1.0,
        "aggregator_profit_eur": 1.0,
        "potential_profit_eur": 1.0,
        "pay_eur_per_mwh": 70.0,
        "mean_min_price_eur_per_mwh": 78.0,
        "max_min_price_eur_per_mwh": 95.0,
        "least_cars_per_lot": least,
    }
    return [
        {**rest, "min_price": "equal", "v2g_kwh": equal_kwh},
        {**rest, "min_price": "random", "v2g_kwh": random_kwh},
    ]


def test_a_direction_counts_the_seeds_in_which_it_holds():
    table = pd.DataFrame([*park_rows(0, 3e3, 2e3, 10.0), *park_rows(1, 1e3, 2e3, 9.5)])
    found = {one.statement: one for one in car_park_findings(table, CarParkParams())}
    volume = found["more V2G with equal minPrices"]
    assert (volume.reached, volume.seeds, volume.holds_in) == (1, 2, "1 of 2")
    assert volume.ours == "2.00 (1.00 to 3.00) against 2.00 (2.00 to 2.00) MWh"
    assert found["cars behind an offer"].reached == 1
    assert found["cost of V2G, EUR/MWh"].ours == "63.45"
    assert found["cost of V2G, EUR/MWh"].holds_in == ""


def test_no_import_means_none(small: Reproduction):
    table = small.microgrid.copy()
    june = (table["case"] == "volume_based") & (table["period"] == "June")
    for share, held in ((0.0, 1), (0.001, 0)):
        table.loc[june, "import_share"] = share
        found = {one.statement: one for one in microgrid_findings(table)}
        assert found["import in June, % of consumption"].reached == held


def test_report_names_every_finding_and_every_assumption(small: Reproduction):
    text = markdown(small, {"shortage": "a.png", "drivers": "b.png"})
    for one in small.findings:
        assert f"| {one.statement} | {one.reported} | {one.ours} | {one.holds_in} |" in text
    for model, one in small.assumptions:
        assert f"| {model} | `{one.name}` |" in text
    written = json.loads(json.dumps(document(small), allow_nan=False))
    assert len(written["findings"]) == len(small.findings)
    assert {row["assumption"] for row in written["other_assumptions"]} == set(OTHER_PARKS)
    assert {row["case"] for row in written["cases"]} == set(small.microgrid["case"])


def test_command_prints_and_writes_the_report(
    small: Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(report, "reproduce", lambda seeds, grid_seeds, progress: small)
    monkeypatch.setattr(console, "width", 200)  # whatever it was when it was made
    words = ["reproduce", "parklee2018", "--seeds", "1", "--out", str(tmp_path)]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.output
    assert "no lot below 10 cars" in run.stdout
    text = (tmp_path / "parklee2018.md").read_text(encoding="utf-8")
    for name in ("shortage", "drivers"):
        picture = f"images/parklee2018_{name}.png"
        assert picture in text
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")
    told = CliRunner().invoke(app, ["reproduce", "parklee2018", "--seeds", "1", "--json"])
    assert json.loads(told.stdout)["seeds"] == [0]


def test_a_file_in_the_way_is_refused(tmp_path: Path):
    taken = tmp_path / "taken"
    taken.write_text("", encoding="utf-8")
    run = CliRunner().invoke(app, ["reproduce", "parklee2018", "--out", str(taken)])
    assert run.exit_code == 2
    assert run.stderr.startswith("Error: out: got ")


def test_the_report_in_the_docs_lists_the_parameters_of_this_code():
    text = (DOCS / "parklee2018.md").read_text(encoding="utf-8")
    listed = [(1, one) for one in report.assumptions(CarParkParams())]
    listed += [(2, one) for one in report.assumptions(MicrogridParams())]
    table = text[text.index("## Assumed") :]
    assert table.strip().endswith(report._assumed(listed).strip()), (
        "run vpp-gym reproduce parklee2018 --out docs"
    )
