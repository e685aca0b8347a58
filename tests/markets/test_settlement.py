"""Income from imbalance, and the prices that each rule settles at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices, imbalance_eur, reference_price

DA = np.array([0.05, 0.05, -0.02])
SHORT = np.array([0.10, 0.04, -0.01])
LONG = np.array([0.08, -0.06, -0.09])


@pytest.mark.parametrize(
    ("sold_kwh", "short", "long", "eur"),
    [
        (3.0, 0.10, 0.04, 0.12),  # long: sells at the long price
        (-3.0, 0.10, 0.04, -0.30),  # short: buys at the short price
        (3.0, 0.10, -0.04, -0.12),  # negative price: selling costs
        (-3.0, -0.04, -0.10, 0.12),  # negative price: buying earns
        (0.0, 0.10, 0.04, 0.0),
    ],
)
def test_imbalance_worked_out_by_hand(sold_kwh, short, long, eur):
    assert imbalance_eur(sold_kwh, short, long) == pytest.approx(eur, abs=1e-12)


@pytest.mark.parametrize(
    ("pricing", "short", "long"),
    [
        ("dutch", [0.10, 0.04, -0.01], [0.08, -0.06, -0.09]),
        ("single", [0.09, -0.01, -0.05], [0.09, -0.01, -0.05]),
        ("dual", [0.10, 0.05, -0.01], [0.05, -0.06, -0.09]),
    ],
)
def test_prices_of_each_rule(pricing, short, long):
    applied = applied_prices(pricing, DA, SHORT, LONG)
    np.testing.assert_allclose(applied, (short, long), atol=1e-15)


def test_another_rule_is_refused_by_name():
    with pytest.raises(InvalidInputError, match="use dutch, single or dual") as refused:
        applied_prices("triple", DA, SHORT, LONG)
    assert (refused.value.field, refused.value.value) == ("imbalance_pricing", "triple")


def test_reference_price_by_hand():
    np.testing.assert_allclose(reference_price(DA, SHORT, LONG), [0.08, 0.04, -0.02])


PRICE = st.floats(-1, 1, width=16)


@given(PRICE, PRICE, PRICE, st.sampled_from(["dutch", "single", "dual"]))
def test_no_rule_lets_short_be_cheaper_than_long(da, one, other, pricing):
    given_prices = (np.array([max(one, other)]), np.array([min(one, other)]))
    short, long = applied_prices(pricing, np.array([da]), *given_prices)
    assert short[0] >= long[0]
    if pricing == "dual":
        assert long[0] <= da <= short[0]


@given(PRICE, PRICE, PRICE, st.floats(-50, 50, width=16))
def test_reference_price_is_what_a_kwh_more_costs_under_the_best_bid(da, one, other, load):
    short, long = max(one, other), min(one, other)

    def best_income(load_kwh, limit=100.0):
        """Income is concave in the bid with one kink, so its best is at the kink or a limit."""
        return max(
            x * da + imbalance_eur(-x - load_kwh, short, long) for x in (-limit, limit, -load_kwh)
        )

    value = best_income(load) - best_income(load + 1)
    reference = reference_price(*(np.array([price]) for price in (da, short, long)))[0]
    assert value == pytest.approx(reference, abs=1e-9)
