"""What must hold in every step of any world, whatever is decided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.steps import stayed, steps
from tests.worlds import FIXED, examples, params, scenarios, standby_kwh
from vpp_gym.markets.ledger import MONEY, TERMS

SEED = st.integers(0, 2**32 - 1)


@examples(30)
@given(scenarios(), params(), SEED, st.booleans())
def test_energy_is_balanced_in_every_battery_and_on_the_market(scenario, world, seed, fleet):
    site = world.site
    for step in steps(scenario, world, seed, fleet):
        terms = step.terms
        rows, rows_after = stayed(step)
        load = step.loads_kwh[step.before.charger[rows]]
        charge, discharge = np.maximum(load, 0), np.maximum(-load, 0)
        gained = step.after.energy_kwh[rows_after] - step.before.energy_kwh[rows]
        np.testing.assert_allclose(
            gained, charge * site.charge_eff - discharge / site.discharge_eff, atol=1e-9
        )
        net_load = terms["charge_kwh"] - terms["discharge_kwh"]
        assert net_load == pytest.approx(step.loads_kwh.sum(), abs=1e-9)
        beside = standby_kwh(step.loads_kwh, site, scenario.dt_h).sum()
        assert terms["standby_kwh"] == pytest.approx(beside, abs=1e-9)
        sold = terms["da_sold_kwh"] + terms["im_sold_kwh"]
        assert sold + net_load + beside == pytest.approx(0, abs=1e-9)


@examples(30)
@given(scenarios(), params(), SEED, st.booleans())
def test_limits_of_power_battery_and_contract_hold(scenario, world, seed, fleet):
    for step in steps(scenario, world, seed, fleet):
        before, rows = step.before, stayed(step)
        load = step.loads_kwh[before.charger]
        dt_h = scenario.dt_h
        assert (load <= before.charge_kw * dt_h + 1e-9).all()
        assert (load >= -before.discharge_kw * dt_h - 1e-9).all()
        idle_kwh = np.clip(0.0, before.lo_kwh, before.hi_kwh)
        np.testing.assert_array_equal(before.idle_kwh, idle_kwh)
        np.testing.assert_array_equal(before.offer >= 0, before.has_contract)
        running = before.contract_steps > 0
        assert (load[~running] >= -1e-9).all(), "discharged without a running contract"
        assert (load >= -before.contract_kwh - 1e-9).all()
        left = before.contract_kwh[rows[0]] - np.maximum(-load[rows[0]], 0)
        still = step.after.contract_steps[rows[1]] > 0
        np.testing.assert_allclose(
            step.after.contract_kwh[rows[1]][still], left[still], rtol=0, atol=1e-9
        )
        stored, after = before.energy_kwh[rows[0]], step.after.energy_kwh[rows[1]]
        assert (after <= np.maximum(before.max_kwh[rows[0]], stored) + 1e-9).all()
        assert (after >= np.minimum(before.min_kwh[rows[0]], stored) - 1e-9).all()
        free = np.setdiff1d(np.arange(world.site.n_chargers), before.charger)
        assert (step.loads_kwh[free] == 0).all()


@examples(30)
@given(scenarios(), params(guarantee=True), SEED, st.booleans())
def test_guaranteed_evs_leave_with_their_target(scenario, world, seed, fleet):
    in_reach: dict[int, bool] = {}
    for step in steps(scenario, world, seed, fleet):
        before = step.before
        leaving = before.steps_to_departure == 1
        load = step.loads_kwh[before.charger]
        stored = before.energy_kwh + np.where(
            load > 0, load * world.site.charge_eff, load / world.site.discharge_eff
        )
        for session, laxity in zip(before.session, before.laxity_h, strict=True):
            in_reach.setdefault(int(session), laxity >= 0)
        reached = np.array([in_reach[int(s)] for s in before.session], dtype=bool)
        assert (stored >= before.target_kwh - 1e-6)[leaving & reached].all()
        assert (before.laxity_h[reached] >= -1e-6).all()
        if all(reached[leaving]) and world.owner.early_departure_prob == 0:
            assert step.terms["shortfall_eur"] >= -1e-6
            assert step.terms["fully_served"] == step.terms["departures"]


NOTHING_SIGNED = (
    {"contract": {"families": ()}},
    {"contract": {"families": (FIXED,), "term_h": 0}},
    {"owner": {"participation": 0.0, "participation_memory": 0}},
)


@examples(30)
@given(scenarios(), st.one_of(*(params(**none) for none in NOTHING_SIGNED)), SEED, st.booleans())
def test_without_contracts_nothing_is_discharged(scenario, world, seed, fleet):
    for step in steps(scenario, world, seed, fleet):
        assert (step.before.lo_kwh >= 0).all()
        assert step.terms["discharge_kwh"] == 0
        assert step.terms["payoff_eur"] == step.terms["contracts"] == 0


@examples(20)
@given(scenarios(), params(driver={"early_shortfall_share": 1.0}), SEED)
def test_everybody_who_came_is_turned_away_leaves_or_is_still_there(scenario, world, seed):
    booked, penalty_eur = dict.fromkeys(TERMS, 0.0), 0.0
    for step in steps(scenario, world, seed):
        penalty_eur += step.terms["unserved_kwh"] * step.after.shortfall_eur_per_kwh
        assert step.after.shortfall_eur_per_kwh >= world.driver.shortfall_eur_per_kwh
        for name in TERMS:
            booked[name] += step.terms[name]
        # Arrivals of the step to come are booked already.
        present = booked["arrivals"] - booked["turned_away"] - booked["departures"]
        assert present == len(step.after.session)
    assert booked["arrivals"] == len(scenario.sessions)
    assert len(step.after.session) == 0
    assert booked["demand_kwh"] >= booked["served_kwh"] - 1e-9
    assert booked["shortfall_eur"] == pytest.approx(-penalty_eur)
    assert booked["carried_eur"] == 0


@examples(20)
@given(scenarios(), params(), SEED)
def test_money_is_what_prices_make_of_energy(scenario, world, seed):
    """Income recomputed from traded energy alone; the other terms have a sign."""
    rule = world.market.imbalance_pricing
    da, short, long = (
        scenario.da_eur_per_kwh,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    if rule == "single":
        short = long = (short + long) / 2
    elif rule == "dual":
        short, long = np.maximum(da, short), np.minimum(da, long)
    for t, step in enumerate(steps(scenario, world, seed)):
        sold = step.terms["im_sold_kwh"]
        assert step.terms["da_eur"] == pytest.approx(step.terms["da_sold_kwh"] * da[t], abs=1e-9)
        assert step.terms["im_eur"] == pytest.approx(
            max(sold, 0) * long[t] + min(sold, 0) * short[t], abs=1e-9
        )
        assert step.terms["retail_eur"] >= 0
        assert step.terms["shortfall_eur"] <= 0
        assert step.terms["payoff_eur"] <= 0
        assert set(MONEY) <= set(step.terms)
