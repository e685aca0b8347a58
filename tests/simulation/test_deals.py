"""What owners sign of the designed offers is worked out once: it is what they sign if asked."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worlds import one_car, plain, plain_world
from vpp_gym.simulation import Simulation

FAMILIES = ("fixed_term", "price_based", "volume_based", "control_based")
DAYS = 4
N = 12


def world():
    """A dozen cars that stay for 2 to 30 hours, some with an owner who signs nothing."""
    rng = np.random.default_rng(4)
    cars = [
        one_car(
            arrival=int(t),
            departure=int(t + rng.integers(2, 30)),
            soc=float(rng.uniform(0.1, 0.9)),
            owner_draw=float(rng.uniform()),
        )
        for t in np.sort(rng.integers(0, 24 * DAYS - 40, N))
    ]
    columns = {name: [car[name][0] for car in cars] for name in cars[0]}
    return plain_world(24 * DAYS, sessions=columns)


def run_of(sim: Simulation) -> tuple[bytes, bytes]:
    """Records of a run that charges half of what it can, and what contracts it had."""
    rows, signed = [], []
    while not sim.done.all():
        signed.append(sim.state.ev.copy())
        rows.append(sim.advance(sim.hand_out(sim.state.run["fleet_hi_kwh"] / 2)))
    return np.array(rows).tobytes(), np.array(signed).tobytes()


@pytest.mark.parametrize("families", [("fixed_term",), FAMILIES])
def test_deals_are_what_owners_sign_when_they_are_asked(families):
    params = plain(site={"n_chargers": 20}, contract={"families": families})
    known, asked = (Simulation(world(), params) for _ in range(2))
    asked.post_offers(asked.offers[0])  # the same: but now every owner is asked
    for sim in (known, asked):
        sim.reset()
    assert known.dataset.deals["known"].all()
    assert not asked.dataset.deals["known"].any()
    assert run_of(known) == run_of(asked)
    assert known.accepted.sum() > 0


def test_a_deal_is_worked_out_once():
    sim = Simulation(world(), plain(site={"n_chargers": 20}))
    sim.reset()
    sim.dataset.deals["payoff_eur"] = 123.0
    sim.reset()
    assert (sim.dataset.deals["payoff_eur"] == 123.0).all()


def test_deals_wait_for_the_run_that_needs_them():
    sim = Simulation(world(), plain(site={"n_chargers": 20}))
    sim.reset(end_step=24)
    arrival = sim.scenarios[0].sessions.arrival_step
    np.testing.assert_array_equal(sim.dataset.deals["known"] == 1, arrival < 24)


def test_where_chargers_differ_everybody_is_asked():
    sim = Simulation(world(), plain(site={"n_chargers": 2, "charger_kw": (11.0, 3.0)}))
    sim.reset()
    assert not sim.dataset.deals["known"].any()
