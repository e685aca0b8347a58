"""The mean of the worst share."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.risk import check_weight, tail_mean


def test_whole_and_part_of_a_value():
    values = [4.0, 1.0, 3.0, 2.0]
    assert tail_mean(values, 0.25) == 1.0
    assert tail_mean(values, 0.5) == 1.5
    assert tail_mean(values, 0.375) == pytest.approx((1.0 + 0.5 * 2.0) / 1.5)
    assert tail_mean(values, 0.01) == 1.0
    assert tail_mean(values, 1.0) == np.mean(values)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.1, float("nan")])
def test_shares_out_of_range_are_refused(alpha):
    with pytest.raises(InvalidInputError, match="alpha"):
        tail_mean([1.0], alpha)


def test_no_values_are_refused():
    with pytest.raises(InvalidInputError, match="values"):
        tail_mean([], 0.5)


def test_weights_are_shares():
    for beta in (0.0, 0.3, 1.0):
        check_weight(beta)
    for beta in (-0.1, 1.5, float("nan")):
        with pytest.raises(InvalidInputError, match="beta"):
            check_weight(beta)
