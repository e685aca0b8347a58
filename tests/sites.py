"""Random sites: series, limits, batteries and fees that spare nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.worlds import params, scenarios
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.site_series import SiteSeries


def random_series(rng: np.random.Generator, scenario: Scenario) -> SiteSeries | None:
    """Sun, building and limits by step, each there or not; limits leave the building its load.

    And the chargers their standby: of six, each with 0.4 kW, beside a limit of 8 kW.
    """
    n, dt_h = scenario.n_steps, scenario.dt_h
    given: dict[str, Any] = {}
    if rng.random() < 0.7:
        given["pv_kwh"] = dt_h * rng.choice([0.0, 5.0, 30.0], n) * rng.random(n)
    if rng.random() < 0.7:
        given["building_kwh"] = dt_h * rng.uniform(0, 5.5, n)
    if rng.random() < 0.5:
        given["import_limit_kw"] = rng.choice([8.0, 12.0, 30.0, np.inf], n)
        given["least_import_limit_kw"] = 8.0
    if rng.random() < 0.3:
        given["export_limit_kw"] = rng.choice([0.0, 5.0, np.inf], n)
    return SiteSeries.of(given, n, dt_h) if given else None


@st.composite
def site_scenarios(draw: st.DrawFn, **more: Any) -> Scenario:
    """A random world with a random site."""
    scenario = draw(scenarios(**more))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return replace(scenario, site=random_series(rng, scenario))


def random_site(rng: np.random.Generator) -> dict[str, Any]:
    """Changes of VPPParams: a connection, a battery and a tariff."""
    fees: dict[str, Any] = {
        "currency": "EUR",
        "import_fee_eur_per_kwh": tuple(rng.uniform(0, 0.1, rng.choice([1, 24]))),
        "export_fee_eur_per_kwh": (float(rng.choice([0.0, 0.02])),),
        "energy_tax_eur_per_kwh": rng.choice([0.0, 0.04]),
        "net_metering": bool(rng.random() < 0.5),
        "peak_eur_per_kw_month": rng.choice([0.0, 5.0]),
    }
    limit_kw, kwh = rng.choice([None, 8.0, 15.0, 40.0]), rng.choice([0.0, 10.0, 60.0])
    return {
        "connection": {
            "import_limit_kw": limit_kw,
            "export_limit_kw": rng.choice([None, 0.0, 6.0]),
            "notice_h": rng.choice([0.0, 3.0, 24.0]),
        },
        "storage": {
            "kwh": kwh,
            "kw": rng.choice([5.0, 25.0]),
            "charge_eff": rng.choice([1.0, 0.9]),
            "discharge_eff": rng.choice([1.0, 0.9]),
            "wear_eur_per_kwh": rng.choice([0.0, 0.03]),
            "initial_soc": rng.choice([0.0, 0.5, 1.0]),
        },
        "tariff": fees if rng.random() < 0.7 else {},
    }


def random_groups(rng: np.random.Generator, n_chargers: int) -> list[dict[str, Any]]:
    """A tree of up to five groups in any order; some chargers are in none of them."""
    n = int(rng.integers(1, 6))
    own = rng.integers(-1, n, n_chargers)
    groups = [
        {
            "name": f"g{k}",
            "chargers": np.flatnonzero(own == k).tolist(),
            "import_kw": float(rng.choice([3.0, 8.0, 15.0, 30.0])),
            "export_kw": (None, 0.0, 4.0)[rng.integers(3)],
            "parent": None if k == 0 or rng.random() < 0.3 else f"g{rng.integers(k)}",
        }
        for k in range(n)
    ]
    while True:  # until nothing empty is left
        parents = {group["parent"] for group in groups}
        kept = [group for group in groups if group["chargers"] or group["name"] in parents]
        if len(kept) == len(groups):
            return [groups[k] for k in rng.permutation(len(groups))]
        groups = kept


def members_of(groups: Any) -> dict[str, set[int]]:
    """Chargers of each group and of those within it; `chargers` are lists."""
    inside = {group.name: set(group.chargers) for group in groups}
    for _ in groups:
        for group in groups:
            if group.parent is not None:
                inside[group.parent] |= inside[group.name]
    return inside


@st.composite
def site_params(draw: st.DrawFn, **fixed: Any) -> VPPParams:
    """Random rules with a random site, one in three with groups of chargers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    world = draw(params()).replace(**random_site(rng))
    if rng.random() < 1 / 3:
        groups = random_groups(rng, world.site.n_chargers)
        world = world.replace(connection={"groups": groups})
    return world.replace(**fixed)
