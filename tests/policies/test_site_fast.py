"""Planners of a site with a smaller program: what they weigh, and that they keep to the rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import as_params
from vpp_gym.policies.baselines import SITE_NAMES, baseline
from vpp_gym.policies.site_fast import FastSiteScheduler, early_cost
from vpp_gym.policies.site_mpc import SiteScheduler
from vpp_gym.scenarios.months import excerpt
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_site import SITE_PARAMS, SiteSource
from vpp_gym.simulation import Simulation
from vpp_gym.solvers.site_compact import plan_compact
from vpp_gym.solvers.site_lp import Connection

YEAR = SiteSource(
    SyntheticSource("validation", 1, dt_h=1.0, days=20, params={"cars": {"models": ("all",)}})
).scenario(0)
DAYS = excerpt(YEAR, 7, 2)
QUARTERS = SiteSource(
    SyntheticSource("validation", 1, days=2, params={"cars": {"models": ("all",)}})
).scenario(0)
"""For the learned forecast, which knows no other step."""


def first_snapshot_with_cars():
    simulation = Simulation(DAYS, as_params(SITE_PARAMS))
    simulation.reset()
    policy = baseline("charge_on_arrival")
    while len(simulation.snapshot().session) < 3:
        simulation.step(policy.predict(simulation.snapshot())[0])
    return simulation.snapshot()


def test_planned_one_by_one_it_costs_what_the_whole_program_costs():
    snapshot = first_snapshot_with_cars()
    whole = SiteScheduler().planned(snapshot)
    exact = FastSiteScheduler(single=None).planned(snapshot)
    assert exact.cost_eur == pytest.approx(whole.cost_eur, rel=1e-7)


@pytest.mark.parametrize("name", [name for name in SITE_NAMES if name != "site_hindsight"])
def test_every_policy_of_a_site_keeps_to_the_limits_and_serves(name):
    days = QUARTERS if "learned" in name else DAYS
    result = evaluate(baseline(name), days, SITE_PARAMS, keep_records=True)
    net = result.records[:, COLUMN.import_kwh] - result.records[:, COLUMN.export_kwh]
    assert (net <= days.dt_h * days.site.import_limit_kw + 1e-9).all()
    assert (net >= -50.0 * days.dt_h - 1e-9).all()
    assert result.days["served_kwh"].sum() > 0.8 * result.days["demand_kwh"].sum()


def test_what_comes_late_costs_the_more_the_later_unless_drivers_keep_their_word():
    snapshot = first_snapshot_with_cars()
    cars, connection = FastSiteScheduler().problem(snapshot, with_lines=False)
    assert (early_cost(snapshot, connection)[:, 0] == 0).all()
    nothing, free = np.zeros(connection.horizon), np.full(connection.horizon, np.inf)
    flat = Connection(nothing, nothing, nothing, nothing, free, free)
    late = early_cost(snapshot, flat)
    assert (np.diff(late, axis=1) >= 0).all()
    assert late.max() > 0
    plan = plan_compact(cars, flat, charge_eur_per_kwh=late)
    wanted = (cars.target_kwh - cars.energy_kwh) / cars.charge_eff
    at_once = np.clip(wanted, snapshot.lo_kwh, snapshot.hi_kwh)
    np.testing.assert_allclose(plan.net_load_kwh[:, 0], at_once, atol=1e-6)
    faithful = as_params({**SITE_PARAMS, "owner": {"early_departure_prob": 0}})
    assert early_cost(replace(snapshot, params=faithful), connection) is None


def test_the_rounding_of_a_plan_is_no_discharge(monkeypatch):
    """An owner whose car gave a billionth of a kWh would not be pleased with the contract."""
    sim = Simulation(QUARTERS, as_params(SITE_PARAMS))
    sim.reset()
    policy = baseline("site_mpc_tariff")
    solved = type(policy).planned

    def planned(self, snapshot):
        plan = solved(self, snapshot)
        return replace(plan, net_load_kwh=plan.net_load_kwh - 1e-9)

    monkeypatch.setattr(type(policy), "planned", planned)
    seen = set()
    while not sim.done[0]:
        snapshot = sim.snapshot(0)
        decisions = policy.decide(snapshot)
        free = (snapshot.lo_kwh < 0) & (snapshot.hi_kwh > 0)
        seen |= set(np.abs(decisions.net_load_kwh[snapshot.charger][free]))
        sim.step(decisions)
    assert 0.0 in seen
    assert min(seen - {0.0}) > 1e-6
