"""The simulator against the same world in plain Python, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.oracle import Car, Oracle
from tests.worlds import examples, params, random_bids, random_point, scenarios
from vpp_gym.contracts.design import design_menu
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions


def menu_of(world: VPPParams) -> list[tuple[float, float]]:
    contract, owner = world.contract, world.owner
    menu = design_menu(
        owner.types,
        owner.type_prob if contract.type_prob is None else contract.type_prob,
        kappa_eur=contract.kappa_eur,
        wear_eur_per_kwh=owner.wear_eur_per_kwh,
        energy_cap_kwh=world.site.discharge_kw * contract.term_h,
        saturation_kwh=contract.saturation_kwh,
    )
    return list(zip(menu.energy_kwh.tolist(), menu.payoff_eur.tolist(), strict=True))


def assert_same_lot(sim: Simulation, oracle: Oracle) -> None:
    snapshot = sim.snapshot()
    cars = [(place, car) for place, car in enumerate(oracle.lot) if car is not None]
    assert snapshot.charger.tolist() == [place for place, _ in cars]
    for row, (_, car) in enumerate(cars):
        lo_kwh, hi_kwh = oracle.limits(car)
        expected = {
            "session": car.session,
            "energy_kwh": car.stored_kwh,
            "target_kwh": car.target_kwh,
            "laxity_h": oracle.laxity_h(car),
            "steps_to_departure": oracle.steps_left(car),
            "steps_connected": oracle.t - car.arrival,
            "arrival_kwh": car.arrival_kwh,
            "lo_kwh": lo_kwh,
            "hi_kwh": hi_kwh,
            **terms_of(oracle, car),
        }
        shown = {name: getattr(snapshot, name)[row] for name in expected}
        off = [n for n in expected if shown[n] != pytest.approx(expected[n], rel=0, abs=1e-9)]
        assert not off, (off, expected, shown)
    for period in range(sim.periods):
        least_kwh, most_kwh = oracle.bids_allowed(period)
        assert snapshot.bid_lo_kwh[period] == pytest.approx(least_kwh, abs=1e-9)
        assert snapshot.bid_hi_kwh[period] == pytest.approx(most_kwh, abs=1e-9)
        load_kwh = oracle.expected_load_kwh(period)
        assert snapshot.expected_load_kwh[period] == pytest.approx(load_kwh, abs=1e-9)
    penalty = oracle.penalty_eur_per_kwh()
    assert snapshot.shortfall_eur_per_kwh == pytest.approx(penalty, abs=1e-12)
    assert sim.accepted[0].tolist() == oracle.accepted
    assert sim.state.run["participation"][0] == pytest.approx(oracle.participation, abs=1e-12)


def terms_of(oracle: Oracle, car: Car) -> dict[str, float]:
    """What the snapshot should say of the contract."""
    deal = car.deal
    if deal is None:
        names = ("has_contract", "contract_kwh", "contract_wait", "contract_steps", "payoff_eur")
        return {"offer": -1, **dict.fromkeys(names, 0)}
    opens, closes = (
        car.arrival + round(hours / oracle.scenario.dt_h) for hours in (deal.opens_h, deal.closes_h)
    )
    running = oracle.t < closes
    return {
        "has_contract": True,
        "offer": deal.offer,
        "contract_kwh": deal.left_kwh if running else 0.0,
        "contract_wait": max(opens - oracle.t, 0) if running else 0,
        "contract_steps": max(closes - oracle.t, 0),
        "keep_kwh": deal.keep_kwh,
        "min_price_eur_per_kwh": deal.asks_eur_per_kwh,
        "tariff_eur_per_kwh": deal.tariff_eur_per_kwh,
        "margin": deal.margin,
        "payoff_eur": deal.fee_eur,
    }


@examples(100)
@given(data=st.data(), scenario=scenarios(), world=params(), seed=st.integers(0, 2**32 - 1))
def test_every_step_of_a_random_world_is_that_of_the_oracle(data, scenario, world, seed):
    rng = np.random.default_rng(seed)
    start = data.draw(st.integers(0, scenario.n_steps - 1))
    end = data.draw(st.integers(start + 1, scenario.n_steps))
    per_ev, by_place = data.draw(st.booleans()), data.draw(st.booleans())
    sim, oracle = Simulation(scenario, world), Oracle(scenario, world, menu_of(world), start, end)
    sim.reset(start_step=start, end_step=end)
    for _ in range(start, end):
        assert_same_lot(sim, oracle)
        limits = sim.bids_allowed_kwh
        if by_place:
            limits = tuple(map(sim.on_slots, limits))
        bids = random_bids(rng, *(limit[0] for limit in limits))
        lo, hi = sim.lo_kwh[0], sim.hi_kwh[0]
        if per_ev:
            loads = random_point(rng, lo, hi)
        else:
            fleet_kwh = float(random_point(rng, lo.sum(), hi.sum()))
            loads = sim.hand_out(np.array([fleet_kwh]))[0]
        record = sim.step(Decisions(net_load_kwh=loads, bids_kwh=bids))[0]
        expected = oracle.step(loads.tolist(), bids.tolist())
        off = np.abs(record - [expected.get(name, 0.0) for name in TERMS]) > 1e-9
        assert not off.any(), {name: expected.get(name, 0.0) for name in np.array(TERMS)[off]}
    assert sim.done[0]
    assert_same_lot(sim, oracle)
