"""Worlds of a few steps, worked out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import one_car, plain, plain_world
from vpp_gym.markets.ledger import TERMS
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions

NINE_TENTHS = {"n_chargers": 1, "charge_eff": 0.9, "discharge_eff": 0.9}
NO_MENU = {"term_h": 0}


def run(sim: Simulation, *loads_kwh: float) -> dict[str, np.ndarray]:
    """Every term of the steps in which charger 0 is given these loads."""
    rows = []
    for load_kwh in loads_kwh:
        dispatch = np.zeros(sim.n_chargers)
        dispatch[0] = load_kwh
        rows.append(sim.step(Decisions(net_load_kwh=dispatch))[0])
    return dict(zip(TERMS, np.array(rows).T, strict=True))


def started(scenario, start_step=0, **params) -> Simulation:
    sim = Simulation(scenario, plain(**params))
    sim.reset(start_step=start_step)
    return sim


def stored_kwh(sim: Simulation) -> float:
    return float(sim.state.ev["energy_kwh"][0, 0])


def test_charging_for_three_steps_in_a_negative_hour_too():
    """10 of 40 kWh on arrival; target 28; 0.9 of the metered energy is stored.

    10 + 9.9 + 4.5 = 24.4 kWh at departure: 14.4 served (16 at the meter), 3.6 short.
    """
    sim = started(
        plain_world(
            4,
            short=[0.10, -0.20, 0.05, 0.05],
            sessions=one_car(0, 3, 0.25, capacity_kwh=40.0, target_soc=0.7),
        ),
        site=NINE_TENTHS,
        contract=NO_MENU,
    )
    terms = run(sim, 11.0, 5.0, 0.0)
    np.testing.assert_allclose(terms["im_sold_kwh"], [-11, -5, 0])
    np.testing.assert_allclose(terms["im_eur"], [-1.10, 1.00, 0], atol=1e-12)
    np.testing.assert_allclose(terms["retail_eur"], [0, 0, 16 * 0.13])
    np.testing.assert_allclose(terms["shortfall_eur"], [0, 0, -3.6 * 0.5])
    np.testing.assert_allclose(terms["demand_kwh"], [0, 0, 18])
    np.testing.assert_allclose(terms["served_kwh"], [0, 0, 14.4])
    np.testing.assert_allclose(terms["unserved_kwh"], [0, 0, 3.6])
    assert (terms["departures"][2], terms["fully_served"][2]) == (1, 0)
    assert not sim.state.occupied.any()


def test_a_contract_discharged_and_recharged():
    """The highest type of a 3 h menu: 29.0 kWh for 0.29 EUR (Table 1); 18 of it are used.

    9 h - 37.6 / 10.78 h of laxity allow 29.7 kWh, so the contract passes.
    """
    sim = started(
        plain_world(10, sessions=one_car(0, 9, 0.5, owner_draw=0.9)), site={"n_chargers": 1}
    )
    snapshot = sim.snapshot()
    offered = snapshot.contract_kwh[0]
    assert offered == pytest.approx(29.0, abs=0.05)
    assert snapshot.payoff_eur[0] == pytest.approx(0.29, abs=0.005)
    assert (snapshot.contract_steps[0], snapshot.lo_kwh[0]) == (3, -11.0)
    terms = run(sim, -10.0, -8.0)
    assert stored_kwh(sim) == pytest.approx(40 - 18 / 0.98)
    assert sim.snapshot().contract_kwh[0] == pytest.approx(offered - 18)
    assert sim.snapshot().lo_kwh[0] == pytest.approx(-(offered - 18))
    np.testing.assert_allclose(terms["im_eur"], [10 * 0.05, 8 * 0.05])
    np.testing.assert_allclose(terms["wear_eur"], [10 * 0.01, 8 * 0.01])
    run(sim, 0.0)
    assert (sim.snapshot().contract_steps[0], sim.snapshot().lo_kwh[0]) == (0, 0.0)
    terms = run(sim, *[11.0] * 5, 0.0)
    assert terms["payoff_eur"][-1] == pytest.approx(-snapshot.payoff_eur[0])
    assert terms["served_kwh"][-1] == pytest.approx(5 * 11 * 0.98 - 18 / 0.98)
    assert terms["unserved_kwh"][-1] == pytest.approx(37.6 - terms["served_kwh"][-1])


def test_the_payoff_is_owed_although_nothing_was_discharged():
    sim = started(
        plain_world(9, sessions=one_car(0, 8, 0.5, owner_draw=0.9)), site={"n_chargers": 1}
    )
    owed = sim.snapshot().payoff_eur[0]
    terms = run(sim, *[0.0] * 8)
    np.testing.assert_array_equal(terms["contracts"], [1] + [0] * 7)
    np.testing.assert_allclose(terms["payoff_eur"], [0] * 7 + [-owed])


def test_a_round_trip_returns_081_of_the_energy():
    sim = started(
        plain_world(
            9, sessions=one_car(0, 8, 0.6, target_soc=0.6, capacity_kwh=80.0, owner_draw=0.9)
        ),
        site=NINE_TENTHS,
    )
    terms = run(sim, 10.0, -8.1)
    assert stored_kwh(sim) == pytest.approx(48.0, abs=1e-9)
    assert terms["im_sold_kwh"].sum() == pytest.approx(-1.9)


def test_trickle_steps_sell_what_the_battery_loses():
    """96 quarters cannot sell 0.75 kWh out of a battery that stays as full as it was."""
    sim = started(
        plain_world(97, dt_h=0.25, sessions=one_car(0, 97, 0.97, owner_draw=0.9)),
        site=NINE_TENTHS,
        contract={"term_h": 24},
    )
    terms = run(sim, *[-0.75 / 96] * 96)
    assert terms["discharge_kwh"].sum() == pytest.approx(0.75)
    assert stored_kwh(sim) == pytest.approx(77.6 - 0.75 / 0.9, abs=1e-9)


def test_a_full_lot_turns_the_late_away_and_counts_them():
    sessions = {
        "arrival_step": [0, 0, 0, 2],
        "departure_step": [2, 4, 4, 4],
        "arrival_soc": [0.5, 0.5, 0.5, 0.5],
    }
    sim = started(plain_world(5, sessions=sessions), site={"n_chargers": 2}, contract=NO_MENU)
    np.testing.assert_array_equal(sim.snapshot().session, [0, 1])
    terms = run(sim, 0.0, 0.0)
    # What arrives at the start is booked with the first step, what arrives at 2 with step 1.
    np.testing.assert_array_equal(terms["arrivals"], [3, 1])
    np.testing.assert_array_equal(terms["turned_away"], [1, 0])
    np.testing.assert_array_equal(sim.snapshot().session, [3, 1])


@pytest.mark.parametrize(
    ("pricing", "short_eur", "long_eur"),
    [
        ("dutch", -0.3 * 5, 0.1 * 3),
        ("single", -0.2 * 5, 0.2 * 3),
        ("dual", -0.3 * 5, 0.05 * 3),
    ],
)
def test_a_short_and_a_long_step(pricing, short_eur, long_eur):
    """Sold 0 and 8 day-ahead; the car takes 5 in both steps, so 5 short, then 3 long."""
    sim = started(
        plain_world(
            24 + 3,
            da=0.05,
            short=0.3,
            long=0.1,
            sessions=one_car(24, 27, 0.2),
        ),
        start_step=12,
        site={"n_chargers": 1},
        market={"imbalance_pricing": pricing},
        contract=NO_MENU,
    )
    bids = np.zeros(24)
    bids[1] = -8.0
    sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))
    run(sim, *[0.0] * 11)
    terms = run(sim, 5.0, 5.0)
    np.testing.assert_allclose(terms["da_sold_kwh"], [0, -8])
    np.testing.assert_allclose(terms["im_sold_kwh"], [-5, 3])
    np.testing.assert_allclose(terms["da_eur"], [0, -0.4])
    np.testing.assert_allclose(terms["im_eur"], [short_eur, long_eur])


@pytest.mark.parametrize(
    ("short", "long", "income"),
    [(-0.1, -0.3, (-0.1 * -5, -0.3 * 3)), (0.0, -0.2, (0.0, -0.2 * 3))],
)
def test_negative_prices_stay_negative(short, long, income):
    sim = started(
        plain_world(27, da=-0.05, short=short, long=long, sessions=one_car(24, 27, 0.2)),
        start_step=12,
        site={"n_chargers": 1},
        contract=NO_MENU,
    )
    bids = np.zeros(24)
    bids[1] = -8.0
    sim.step(Decisions(fleet_kwh=0.0, bids_kwh=bids))
    run(sim, *[0.0] * 11)
    terms = run(sim, 5.0, 5.0)
    np.testing.assert_allclose(terms["im_eur"], income, atol=1e-12)
    assert terms["da_eur"][1] == pytest.approx(-8 * -0.05)


def test_guarantee_charges_when_it_must():
    """50.8 kWh missing to 77.6 take five hours: one of seven may pass, then full power."""
    sim = started(
        plain_world(8, sessions=one_car(0, 7, 0.335)),
        site={"n_chargers": 1, "charge_eff": 1.0},
        contract=NO_MENU,
        guarantee=True,
    )
    forced = []
    while not sim.done[0]:
        forced.append(sim.lo_kwh[0, 0])
        run(sim, forced[-1])
    np.testing.assert_allclose(forced, [0, 0, 77.6 - 26.8 - 44, 11, 11, 11, 11, 0], atol=1e-9)


def test_guarantee_charges_at_full_power_where_nothing_can_be_guaranteed():
    sim = started(
        plain_world(4, sessions=one_car(0, 3, 0.0)),
        site={"n_chargers": 1},
        guarantee=True,
    )
    assert (sim.lo_kwh[0, 0], sim.hi_kwh[0, 0]) == (11.0, 11.0)
    terms = run(sim, 11.0, 11.0, 11.0)
    assert terms["unserved_kwh"][-1] == pytest.approx(77.6 - 33 * 0.98)
