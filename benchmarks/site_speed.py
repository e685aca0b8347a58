"""Time to plan a site of 1,000 cars once, from the classes of its cars and without them.

    python -m benchmarks.site_speed [--plans 4]

Cars of the catalogue with the offered contracts, two groups of chargers, sun, battery, fees and a
peak charge, in quarters of an hour. Both ways solve the same program in the same run: their costs
must agree to 1e-9, and the ratio counts. The exact program plans every step by itself.
"""

from __future__ import annotations

from time import process_time
from typing import Annotated, Any
from unittest.mock import patch

import numpy as np
import typer

from vpp_gym.params import as_params
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.site_fast import FastSiteScheduler
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_site import SITE_PARAMS, SiteSource
from vpp_gym.simulation import Simulation
from vpp_gym.solvers import site_compact
from vpp_gym.solvers.site_start import MANY_CARS
from vpp_gym.views import Snapshot

CHARGERS, SESSIONS_PER_DAY, FIRST_H, EVERY_H = 1600, 2900.0, 34, 4
MIX = {"pv_kwp": 1500.0, "building_kw": 500.0, "import_limit_kw": 3000.0}
HALF = CHARGERS // 2
RULES: dict[str, Any] = {
    **SITE_PARAMS,
    "site": {"n_chargers": CHARGERS},
    "storage": {"kwh": 1000.0, "kw": 500.0, "wear_eur_per_kwh": 0.02},
    "connection": {
        "import_limit_kw": 3000.0,
        "export_limit_kw": 2000.0,
        "groups": [
            {"name": "all", "import_kw": 2500.0},
            {"name": "first", "chargers": HALF, "import_kw": 1300.0, "parent": "all"},
            {"name": "second", "chargers": HALF, "import_kw": 1300.0, "parent": "all"},
        ],
    },
}


def snapshots(count: int) -> list[Snapshot]:
    """Steps of a busy site, some hours apart."""
    cars = {"cars": {"models": ("all",)}}
    years = SyntheticSource(
        "train", 1, dt_h=0.25, days=5, sessions_per_day=SESSIONS_PER_DAY, params=cars
    )
    scenario = SiteSource(years, MIX).scenario(0)
    rules = as_params({**scenario.params, **RULES})
    sim = Simulation(scenario, with_offer(baseline("site_hazard_mpc_tariff"), rules))
    sim.reset()
    rule, step = baseline("price_threshold"), 0
    found: list[Snapshot] = []
    while len(found) < count:
        snapshot = sim.snapshot()
        if step >= 4 * FIRST_H and (step - 4 * FIRST_H) % (4 * EVERY_H) == 0:
            found.append(snapshot)
        sim.step(rule.predict(snapshot, None, None, True)[0])
        step += 1
    return found


def planned_s(scheduler: FastSiteScheduler, snapshot: Snapshot, many: int) -> tuple[float, float]:
    """Seconds of this process for a plan, the better of two, and the plan's cost."""
    times = []
    with patch.object(site_compact, "MANY_CARS", many):
        for _ in range(2):
            begin = process_time()
            cost = scheduler.planned(snapshot).cost_eur
            times.append(process_time() - begin)
    return min(times), cost


def main(plans: Annotated[int, typer.Option(min=1, max=10, help="How many.")] = 4) -> None:
    """Print seconds from classes and without, their ratio, and the gap to the exact program."""
    coarse, exact = FastSiteScheduler(early=True), FastSiteScheduler(early=True, single=None)
    print(f"{'cars':>6}{'V2G':>6}{'classes':>10}{'without':>10}{'ratio':>8}{'exact':>8}{'gap':>10}")
    for snapshot in snapshots(plans):
        fast_s, fast_eur = planned_s(coarse, snapshot, MANY_CARS)
        plain_s, plain_eur = planned_s(coarse, snapshot, 10**9)
        exact_s, exact_eur = planned_s(exact, snapshot, MANY_CARS)
        np.testing.assert_allclose(fast_eur, plain_eur, rtol=1e-9)
        cars, signed = len(snapshot.session), int(snapshot.has_contract.sum())
        gap = fast_eur / exact_eur - 1
        print(
            f"{cars:>6}{signed:>6}{fast_s:>9.3f}s{plain_s:>9.3f}s{plain_s / fast_s:>7.1f}x"
            f"{exact_s:>7.2f}s{gap:>10.2%}"
        )


if __name__ == "__main__":
    typer.run(main)
