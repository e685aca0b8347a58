"""What a policy earned more than another, on days made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.comparison import gains
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival
from vpp_gym.scenarios.synthetic import SyntheticSource


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    scenario = SyntheticSource("validation", 1, days=21).scenario(0)
    policies = ChargeOnArrival(), ChargeAtDeadline()
    return pd.concat([evaluate(one, scenario).days for one in policies])


def test_gains_are_differences_of_profit(days: pd.DataFrame):
    names = ["charge_on_arrival", "charge_at_deadline"]
    table = gains(days, names, over="charge_on_arrival").set_index("policy")
    profit_eur = days.groupby("policy")["profit_eur"].sum()
    expected = profit_eur["charge_at_deadline"] - profit_eur["charge_on_arrival"]
    row = table.loc["charge_at_deadline"]
    assert row["gain_eur"] == pytest.approx(expected)
    assert row["gain_eur_low"] < row["gain_eur"] < row["gain_eur_high"]
    itself = table.loc["charge_on_arrival", ["gain_eur", "gain_eur_low", "gain_eur_high"]]
    np.testing.assert_array_equal(itself, 0.0)


def test_policies_that_did_not_run_are_refused(days: pd.DataFrame):
    with pytest.raises(InvalidInputError, match="nobody"):
        gains(days, ["nobody"], over="charge_on_arrival")
