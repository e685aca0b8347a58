"""The eleven rows of Table 2, to the cent, under the rules that made them.

Golden values: found by an independent implementation of the case study on the same data.
"""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.reproduction.rahman2023.published import ACCEPTED, TABLE_2
from vpp_gym.reproduction.rahman2023.study import Study

pytestmark = pytest.mark.data

ROWS = list(TABLE_2)
GOLDEN = {  # profit, transfer, payoff
    "No-Control": (21_544.87, -7_318.95, 0),
    "No-V2G": (22_014.11, -6_849.71, 0),
    "V2G 1 h, uniform": (24_004.10, -4_190.75, -668.97),
    "V2G 2 h, uniform": (24_059.12, -4_139.52, -665.17),
    "V2G 3 h, uniform": (24_162.44, -4_109.30, -592.07),
    "V2G 1 h, low": (24_044.16, -4_202.25, -617.41),
    "V2G 2 h, low": (24_110.17, -4_173.34, -580.30),
    "V2G 3 h, low": (24_224.10, -4_139.99, -499.73),
    "V2G 1 h, high": (23_951.93, -4_189.13, -722.75),
    "V2G 2 h, high": (23_984.64, -4_135.65, -743.53),
    "V2G 3 h, high": (24_101.93, -4_083.75, -678.13),
}
IMBALANCE = {  # bought, sold
    "No-Control": (-5_739.39, 2_362.27),
    "No-V2G": (-5_518.56, 2_610.68),
    "V2G 1 h, uniform": (-10_323.85, 2_465.14),
    "V2G 2 h, uniform": (-10_416.81, 2_609.33),
    "V2G 3 h, uniform": (-10_470.88, 2_693.63),
}
BY_TYPE = {
    "V2G 1 h, uniform": (4516, 1079, 507, 477, 541),
    "V2G 2 h, uniform": (3472, 1291, 785, 315, 252),
    "V2G 3 h, uniform": (2369, 1254, 777, 401, 161),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(study: Study, row):
    outcome = study.outcome(row)
    money = (outcome.profit_eur, outcome.transfer_eur, outcome.payoff_eur)
    assert money == pytest.approx(GOLDEN[row.name], abs=0.011)
    printed = TABLE_2[row]
    assert np.round(money) == pytest.approx(
        (printed.profit_eur, printed.transfer_eur, printed.payoff_eur), abs=0
    )
    assert outcome.revenue_eur == pytest.approx(28_863.82, abs=0.006)
    assert outcome.da_eur == pytest.approx(3_667.96 if row.term_h else -3_941.82, abs=0.006)
    assert outcome.position_eur == pytest.approx(5_677.51 if row.term_h else 2_998.85, abs=0.006)
    if row.name in IMBALANCE:
        traded = (outcome.im_buy_eur, outcome.im_sell_eur)
        assert traded == pytest.approx(IMBALANCE[row.name], abs=0.05)
    if row.name in BY_TYPE:
        assert outcome.accepted == BY_TYPE[row.name]
        assert sum(outcome.accepted) == ACCEPTED[row.term_h]
    assert outcome.result.days["arrivals"].sum() == 9_249
    assert outcome.result.days["turned_away"].sum() == 0
