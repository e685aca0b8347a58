"""A real year through the simulator, against numbers found without it."""

from __future__ import annotations

import os

import pytest

from tests.worlds import plain
from vpp_gym.kernels import COMPILED
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.scenarios.real import real_source
from vpp_gym.simulation import Simulation

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not os.environ.get("VPP_GYM_DATA"), reason="VPP_GYM_DATA is not set"),
    pytest.mark.skipif(not COMPILED, reason="a year takes a minute in plain Python"),
]


@pytest.mark.parametrize(
    ("guarantee", "limit", "cost_eur"),
    [(False, "hi_kwh", 11_937.7), (True, "lo_kwh", 11_251.8)],
    ids=["charge on arrival", "charge at the deadline"],
)
def test_cost_of_charging_in_2019(guarantee, limit, cost_eur):
    """10,000 sessions under the reference's demand rule; nobody is turned away.

    All that can be taken now is to charge on arrival; the least that keeps the
    targets within reach, to charge at the deadline.
    """
    sim = Simulation(
        real_source(None, dt_h=1.0, demand_rule="reference").scenario(0),
        plain(site={"n_chargers": 40}, contract={"term_h": 0}, guarantee=guarantee),
    )
    sim.reset()
    total = 0.0
    while not sim.done[0]:
        total = total + sim.advance(getattr(sim, limit))[0]
    assert -total[COLUMN.im_eur] == pytest.approx(cost_eur, abs=0.05)
    assert total[COLUMN.da_eur] == 0
    assert (total[COLUMN.arrivals], total[COLUMN.departures], total[COLUMN.turned_away]) == (
        10_000,
        10_000,
        0,
    )
