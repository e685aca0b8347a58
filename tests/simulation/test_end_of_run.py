"""A run that ends before its scenario: cars that are still connected are settled.

As if the rest of each stay were charged until the declared departure as it was so far, at the
mean day-ahead price until then. By hand: one charger of 11 kW without losses, a car of 80 kWh that
has 40 and asks for 56.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from tests.worlds import one_car, plain, plain_world, random_sessions
from vpp_gym.contracts.offer import offers
from vpp_gym.markets.ledger import COLUMN, LEDGER, MONEY, TERMS
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

SITE = {"n_chargers": 1, "charge_eff": 1.0, "discharge_eff": 1.0}
PRICES = [0.05, 0.05, 0.02, 0.04, 0.06, 0.08, 0.9, 0.9]
RETAIL, PENALTY = 0.13, 0.5


def ended(*loads_kwh: float, posted: Any = None, **session: Any) -> dict[str, float]:
    """What the last step books of a run as long as the loads, of a car declared until 6."""
    rules = {name: session.pop(name, {}) for name in ("owner", "driver")}
    car = {"arrival": 0, "departure": 6, "soc": 0.5, "target_soc": 0.7, **session}
    sim = Simulation(
        plain_world(8, da=PRICES, sessions=one_car(**car)),
        plain(site=SITE, contract={"families": ()}, **rules),
    )
    if posted is not None:
        sim.post_offers(posted)
    sim.reset(end_step=len(loads_kwh))
    record = np.zeros(len(TERMS))
    for load_kwh in loads_kwh:
        record = sim.step(Decisions(net_load_kwh=[load_kwh]))[0]
    assert sim.done[0]
    return dict(zip(TERMS, record.tolist(), strict=True))


def test_the_rest_is_charged_at_the_mean_price_until_the_declared_departure():
    """5 of 16 kWh are charged. 11 more cost (0.02 + 0.04 + 0.06 + 0.08) / 4 each."""
    booked = ended(5.0, 0.0)
    assert booked["carried_eur"] == pytest.approx(-11 * 0.05)
    assert booked["carried_kwh"] == pytest.approx(11)
    assert booked["retail_eur"] == pytest.approx(16 * RETAIL)
    assert (booked["demand_kwh"], booked["served_kwh"]) == pytest.approx((16, 16))
    assert booked["unserved_kwh"] == booked["shortfall_eur"] == 0
    assert booked["departures"] == booked["fully_served"] == 1


def test_nothing_is_left_to_do_for_a_car_that_has_what_it_wants():
    booked = ended(11.0, 5.0)
    assert booked["carried_eur"] == booked["shortfall_eur"] == 0
    assert booked["retail_eur"] == pytest.approx(16 * RETAIL)


def test_what_is_out_of_reach_is_missing():
    """After 5 of 6 steps 11 kWh are within reach, 5 are not."""
    booked = ended(*[0.0] * 5)
    assert booked["carried_eur"] == pytest.approx(-11 * 0.08)
    assert booked["unserved_kwh"] == pytest.approx(5)
    assert booked["shortfall_eur"] == pytest.approx(-5 * PENALTY)
    assert booked["retail_eur"] == pytest.approx(11 * RETAIL)


def test_who_leaves_early_gets_the_part_of_the_rest_until_then():
    """It has got nothing, so 16 kWh come as late as they can: 5 and, in the step after, 11."""
    early = {"early_departure_prob": 1.0}
    booked = ended(0.0, 0.0, owner=early, departure_draw=0.9)  # 1 + floor(0.9 * 5) = 5 steps
    assert booked["carried_eur"] == pytest.approx(-5 * 0.05)
    assert booked["unserved_kwh"] == pytest.approx(11)
    assert booked["shortfall_eur"] == pytest.approx(-11 * PENALTY)


@pytest.mark.parametrize(
    ("load_kwh", "gets_kwh"),
    [
        (11.0, 5.0),  # the rest at once
        (5.5, 0.5 * 10.5 + 0.5 * 0.0),  # half of what was possible: between at once and at last
        (0.0, 5.0),  # 11 kWh of 16 fit into the step after
    ],
)
def test_who_leaves_early_is_charged_as_early_or_late_as_so_far(load_kwh, gets_kwh):
    early = {"early_departure_prob": 1.0}
    booked = ended(load_kwh, owner=early, departure_draw=0.9)  # after 5 of 6 steps
    assert booked["carried_kwh"] == pytest.approx(gets_kwh)


def test_of_the_penalty_only_a_share_is_owed_to_who_leaves_early():
    """11 kWh are missing, as above; a tenth of the penalty, and no retail price."""
    booked = ended(
        0.0,
        0.0,
        owner={"early_departure_prob": 1.0},
        driver={"early_shortfall_share": 0.1},
        departure_draw=0.9,
    )
    assert booked["shortfall_eur"] == pytest.approx(-11 * PENALTY * 0.1)
    assert booked["retail_eur"] == pytest.approx(5 * RETAIL)


def test_who_leaves_early_is_owed_no_more_than_could_have_been_stored():
    """Leaving after 1 of 6 steps asks for 11 kWh; the run ends with that step: none is open."""
    early = {"early_departure_prob": 1.0}
    assert ended(3.0, owner=early, departure_draw=0.0)["carried_eur"] == 0
    booked = ended(3.0, owner=early, departure_draw=0.25)  # after 2 steps: 22 > 16
    assert booked["demand_kwh"] == pytest.approx(16)
    assert booked["served_kwh"] == pytest.approx(3 + 3)


@pytest.mark.parametrize("steps", [2, 7])
def test_who_is_late_is_charged_until_the_declared_departure(steps):
    """And not after it: what is missing then is missing, at the price of no hour."""
    late = {"late_departure_prob": 1.0, "late_mean_h": 100.0}
    booked = ended(*[1.0] * steps, owner=late, departure_draw=0.9)
    open_kwh = 16 - steps if steps < 6 else 0
    assert booked["carried_eur"] == pytest.approx(-open_kwh * 0.05)
    assert booked["unserved_kwh"] == pytest.approx(16 - steps - open_kwh)


def posted(**terms: float) -> Any:
    return offers(1, energy_kwh=10.0, term_h=4.0, **terms)


def test_a_contract_is_paid_by_the_part_of_its_window_that_has_passed():
    """One hour of four, of 0.8 EUR; what was discharged is paid in any case."""
    booked = ended(-2.0, posted=posted(payoff_eur=0.8, tariff_eur_per_kwh=0.02))
    assert booked["payoff_eur"] == pytest.approx(-0.2 - 2 * 0.02)
    booked = ended(*[0.0] * 5, posted=posted(payoff_eur=0.8))
    assert booked["payoff_eur"] == pytest.approx(-0.8)


def test_what_a_contract_has_beyond_the_target_is_worth_the_price_less_the_pay():
    """11 kWh beyond a target that was reached; 0.05 EUR on the mean of the next 5 steps."""
    booked = ended(11.0, target_soc=0.5, posted=posted(tariff_eur_per_kwh=0.02))
    assert booked["carried_eur"] == pytest.approx(11 * (0.05 - 0.02))
    booked = ended(11.0, target_soc=0.5, posted=posted(tariff_eur_per_kwh=0.07))
    assert booked["carried_eur"] == 0


def test_a_run_that_ends_with_its_scenario_has_nobody_to_settle():
    sim = Simulation(
        plain_world(8, da=PRICES, sessions=one_car(0, 8, 0.5)),
        plain(site=SITE, owner={"late_departure_prob": 1.0}),
    )
    sim.reset()
    records = np.array([sim.step(Decisions(fleet_kwh=0.0))[0] for _ in range(8)])
    assert (records[:, COLUMN.carried_eur] == 0).all()
    assert records[:, COLUMN.departures].sum() == 1


def test_it_is_money_of_the_service():
    assert "carried_eur" in MONEY
    assert LEDGER.over_time(np.eye(len(TERMS)))[COLUMN.carried_eur] == 1


def profit_eur(scenario: Scenario, rules: Any, end_step: int, *, at_once: bool) -> float:
    """Of a run in which all is charged at once, or as late as the guarantee lets it."""
    sim = Simulation(scenario, rules)
    sim.reset(end_step=end_step)
    total = 0.0
    while not sim.done[0]:
        total += sim.advance(sim.hi_kwh if at_once else sim.lo_kwh)[0][: len(MONEY)].sum()
    return total


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_gained_by_what_is_left_to_do_where_prices_stand_still(seed):
    """One price at all times, drivers who keep to the minute: any end, the same profit."""
    rng = np.random.default_rng(seed)
    scenario = plain_world(96, sessions=random_sessions(rng, 30, 72, 1))
    rules = plain(site={"n_chargers": 30}, contract={"families": ()}, guarantee=True)
    for end_step in (1, 7, 20, 40, 60, 96):
        now, later = (
            profit_eur(scenario, rules, end_step, at_once=at_once) for at_once in (True, False)
        )
        assert now == pytest.approx(later, abs=1e-6)


WEEKS = 52


@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="NUMBA_DISABLE_JIT is set")
@pytest.mark.parametrize("uncertain", [True, False], ids=["uncertain", "to the minute"])
def test_short_episodes_tell_late_from_early_charging_as_a_whole_year_does(uncertain):
    """A training year against the same weeks in parts, arrivals once each.

    Where drivers keep to the minute there is little difference at all.
    """
    scenario = SyntheticSource("train", 1, dt_h=0.25).scenario(0)
    owner = {} if uncertain else {"early_departure_prob": 0, "late_departure_prob": 0}
    rules = {"contract": {"families": ()}, "owner": owner}
    gates = np.flatnonzero(scenario.period == 48)[: 7 * WEEKS + 1]
    per_week = {}
    for days in (7 * WEEKS, 28, 7, 1):
        starts, ends = gates[:-1:days], gates[days::days]
        sims = [Simulation(scenario, rules, n_envs=len(starts)) for _ in range(2)]
        for sim in sims:
            sim.reset(0, starts, ends)
        total = 0.0
        while not sims[0].done.all():
            late, now = (
                sim.advance(limit, checked=True)[:, : len(MONEY)].sum()
                for sim, limit in zip(sims, (sims[0].lo_kwh, sims[1].hi_kwh), strict=True)
            )
            total += late - now
        per_week[days] = total / WEEKS
    print({days: round(float(eur), 2) for days, eur in per_week.items()})  # noqa: T201
    whole = per_week.pop(7 * WEEKS)
    for eur in per_week.values():
        assert eur == pytest.approx(whole, rel=0.1), per_week
