"""The simulator against the same world in plain Python, step by step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.oracle import Oracle
from tests.worlds import examples, params, random_point, scenarios
from vpp_gym.contracts.design import design_menu
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.simulation import Simulation
from vpp_gym.views import Decisions


def menu_of(world: VPPParams) -> list[tuple[float, float]]:
    contract = world.contract
    if contract.term_h == 0:
        return []
    menu = design_menu(
        contract.owner_types,
        contract.type_prob,
        kappa_eur=contract.kappa_eur,
        wear_eur_per_kwh=contract.wear_eur_per_kwh,
        energy_cap_kwh=world.site.discharge_kw * contract.term_h,
    )
    return list(zip(menu.energy_kwh.tolist(), menu.payoff_eur.tolist(), strict=True))


def assert_same_lot(sim: Simulation, oracle: Oracle) -> None:
    ev = sim.state.ev[0]
    for place, car in enumerate(oracle.lot):
        assert sim.state.occupied[0, place] == (car is not None)
        if car is None:
            assert (ev["lo_kwh"][place], ev["hi_kwh"][place]) == (0.0, 0.0)
            continue
        running = oracle.t < car.contract_end
        assert ev["session"][place] == car.session
        assert running == (oracle.t < ev["contract_end"][place])
        expected = {
            "stored_kwh": car.stored_kwh,
            "target_kwh": car.target_kwh,
            "payoff_eur": car.payoff_eur,
            "laxity_h": oracle.laxity_h(car),
            **dict(zip(("lo_kwh", "hi_kwh"), oracle.limits(car), strict=True)),
            **({"contract_kwh": car.contract_kwh} if running else {}),
        }
        off = [name for name, value in expected.items() if abs(ev[name][place] - value) > 1e-9]
        assert not off, (expected, ev[place])


@examples(60)
@given(data=st.data(), scenario=scenarios(), world=params(), seed=st.integers(0, 2**32 - 1))
def test_every_step_of_a_random_world_is_that_of_the_oracle(data, scenario, world, seed):
    rng = np.random.default_rng(seed)
    start = data.draw(st.integers(0, scenario.n_steps - 1))
    end = data.draw(st.integers(start + 1, scenario.n_steps))
    per_ev = data.draw(st.booleans())
    sim, oracle = Simulation(scenario, world), Oracle(scenario, world, menu_of(world), start, end)
    sim.reset(start_step=start, end_step=end)
    for _ in range(start, end):
        assert_same_lot(sim, oracle)
        bids = rng.uniform(-1, 1, sim.lines) * sim.bid_limit_kwh
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
