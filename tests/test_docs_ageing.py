"""The page about ageing: its table and the sentences behind it are what a run gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vpp_gym.evaluation import ageing_by_v2g
from vpp_gym.fleet.ageing import Condition, loss_of_stay
from vpp_gym.params.ageing import AgeingParams
from vpp_gym.scenarios.named import load_scenario

PAGE = (Path(__file__).parents[1] / "docs" / "ageing.md").read_text(encoding="utf-8")
DAYS, POLICY = 91, "rolling_mpc_tariff"


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    year = load_scenario("synthetic:test")
    return ageing_by_v2g(POLICY, year, end_step=int(year.day.searchsorted(DAYS)))


def row(label: str, *values: float, digits: int = 0) -> str:
    return " | ".join([f"| {label}", *(f"{value:,.{digits}f}" for value in values)]) + " |\n"


def test_the_page_has_what_a_run_gives(found):
    assert f"The first {DAYS} days of `synthetic:test`, quarter hours, `{POLICY}`," in PAGE
    losses = {
        name: (found[f"{name}_kwh"], found[f"without_v2g_{name}_kwh"])
        for name in ("calendar", "cyclic")
    }
    eur = found["ageing_eur"], found["without_v2g_ageing_eur"]
    table = (
        row("stays", found["cars"], found["cars"])
        + row("discharged kWh", found["discharge_kwh"], 0)
        + row("capacity lost with time, kWh", *losses["calendar"], digits=3)
        + row("capacity lost by cycling, kWh", *losses["cyclic"], digits=3)
        + row("EUR", *eur)
    )
    assert table in PAGE
    more = f"V2G costs {eur[0] - eur[1]:.0f} EUR more, {found['by_v2g_eur_per_kwh']:.3f} EUR for"
    assert more in PAGE
    assert losses["calendar"][0] < losses["calendar"][1], "emptied batteries lose less with time"
    assert found["by_v2g_eur_per_kwh"] > 0.06, "above the band of published figures"


def test_four_times_the_cycles_halve_what_cycles_cost():
    """The slope of a square root."""
    soc = np.array([0.5, 0.9, 0.4, 0.97])
    few, many = (
        loss_of_stay(soc, 0.25, Condition(298.15, rules.age_days, rules.cycles))
        for rules in (AgeingParams(), AgeingParams(cycles_per_year=200))
    )
    assert many.cyclic == pytest.approx(few.cyclic / 2)
    assert many.calendar == few.calendar
    assert "(`ageing.cycles_per_year` of 200) the cyclic part is half as\nlarge" in PAGE
