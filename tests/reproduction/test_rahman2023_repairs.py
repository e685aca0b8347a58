"""Quirks taken away one by one: golden values of the repaired case study.

Found by an independent implementation on the same data.
"""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.reproduction.rahman2023.bids import drawn_schedules_kwh
from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, NO_V2G, V2G
from vpp_gym.reproduction.rahman2023.quirks import PAPER
from vpp_gym.reproduction.rahman2023.rules import Rules
from vpp_gym.reproduction.rahman2023.study import Study

pytestmark = pytest.mark.data

OWN_HORIZON = ("price_zero_after_last",)
SOC = ("soc_unbounded",)
BOTH_AND_ENERGY = (*OWN_HORIZON, *SOC, "energy_unplanned")


@pytest.mark.parametrize(
    ("row", "repaired", "profit_eur"),
    [
        (V2G[0], OWN_HORIZON, 24_102.63),
        (V2G[1], OWN_HORIZON, 24_170.69),
        (V2G[2], OWN_HORIZON, 24_236.78),
        (V2G[0], SOC, 24_004.10),
        (V2G[1], SOC, 24_052.01),
        (V2G[2], SOC, 24_153.10),
        (V2G[0], BOTH_AND_ENERGY, 24_102.63),
        (V2G[1], BOTH_AND_ENERGY, 24_173.44),
        (V2G[2], BOTH_AND_ENERGY, 24_242.30),
        (NO_V2G, OWN_HORIZON, 22_108.83),
        (NO_CONTROL, ("ignores_charge_efficiency",), 21_573.75),
        (NO_CONTROL, ("baselines_bid_apart",), 24_223.53),
        (NO_V2G, ("baselines_bid_apart",), 24_692.77),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_profit_of_a_repair(study: Study, row, repaired, profit_eur):
    outcome = study.outcome(row, Rules(PAPER.without(*repaired)))
    assert outcome.profit_eur == pytest.approx(profit_eur, abs=0.05)


def test_negative_prices(study: Study):
    outcome = study.outcome(NO_CONTROL, Rules(PAPER.without("prices_floored")))
    assert outcome.transfer_eur == pytest.approx(-7_135.77, abs=0.006)


def test_without_bids(study: Study):
    outcome = study.outcome(NO_CONTROL, Rules(bids="none"))
    assert outcome.profit_eur == pytest.approx(18_546, abs=0.5)
    assert outcome.position_eur == pytest.approx(0, abs=1e-6)


def test_drawn_bids_add_their_position_whatever_the_load(study: Study):
    own = study.outcome(NO_CONTROL, Rules(bids="drawn", bid_seed=3))
    schedules_kwh = drawn_schedules_kwh(study.case, sells=False, seed=3)
    assert own.position_eur == pytest.approx(study.case.position_eur(schedules_kwh), abs=1e-6)
    assert own.load_value_eur == pytest.approx(study.outcome(NO_CONTROL).load_value_eur)
    assert own.position_eur == pytest.approx(2_998.85, rel=0.1)
    again = drawn_schedules_kwh(study.case, sells=False, seed=3)
    np.testing.assert_array_equal(schedules_kwh, again)
    assert (schedules_kwh <= 0).all()
