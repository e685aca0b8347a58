"""What contracts mean for a plan: known limits and prices of discharging."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.policies.contract_terms import discharge_limits, selling_price

DA = np.array([0.03, 0.05, 0.09])
ALL = np.arange(2)


def test_nobody_is_paid_where_no_contract_says_so(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[40.0] * 2)
    sell = np.array([0.04, 0.02, 0.01])
    np.testing.assert_array_equal(selling_price(snapshot, ALL, sell, DA), sell)


def test_plans_subtract_what_the_simulator_will_pay(snapshot_of):
    terms = {"tariff": [0.02, 0.01], "margin": [0.25, 0.5], "min_price": [0.04, -np.inf]}
    snapshot = snapshot_of(energy_kwh=[40.0] * 2, contract_kwh=[5.0] * 2, **terms)
    left = selling_price(snapshot, ALL, np.full(3, 0.1), DA)
    np.testing.assert_allclose(left[0], [0.08, 0.08 - 0.25 * 0.01, 0.08 - 0.25 * 0.05])
    np.testing.assert_allclose(left[1], 0.09)
    for row, (tariff, margin, least) in enumerate(zip(*terms.values(), strict=True)):
        paid = [pay_eur_per_kwh(tariff, margin, least, da) for da in DA]
        np.testing.assert_allclose(0.1 - left[row], paid)


def test_discharging_waits_for_the_window_and_for_the_price(snapshot_of):
    snapshot = snapshot_of(
        energy_kwh=[40.0] * 2,
        contract_kwh=[5.0] * 2,
        contract_steps=[3, 3],
        contract_wait=[1, 0],
        min_price=[-np.inf, 0.05],
        keep_kwh=[10.0, 0.0],
    )
    limits = discharge_limits(snapshot, ALL, DA)
    assert limits["discharge_kwh"].tolist() == [[0.0, 11.0, 11.0], [0.0, 11.0, 11.0]]
    assert limits["min_kwh"].tolist() == pytest.approx([10.0, 0.03 * 80])
    assert limits["discharge_steps"].tolist() == [3, 3]
    assert limits["contract_kwh"].tolist() == [5.0, 5.0]


def test_one_limit_serves_contracts_that_are_open_at_any_price(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[40.0] * 2, contract_kwh=[5.0, 0.0])
    assert discharge_limits(snapshot, ALL, DA)["discharge_kwh"].tolist() == [11.0, 11.0]
