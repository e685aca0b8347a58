"""References that know the law: they find it, and refuse prices whose law nobody knows."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate, profit_parts
from vpp_gym.params import DEFAULT
from vpp_gym.policies.bidders import ExpectedLoadBidder
from vpp_gym.policies.exact import (
    ExactBids,
    ExactForecast,
    exact_forecast,
    exact_forecast_and_bids,
    law_of,
)
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.scenarios.price_expectations import price_law
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation


@pytest.mark.parametrize("params", [None, "more_renewables"])
def test_the_law_of_a_year_is_found(params):
    source = SyntheticSource("train", 3, dt_h=0.25, days=3, seed=5, params=params)
    law = law_of(source.scenario(2))
    assert law.next_im() == pytest.approx(price_law(source, 2).next_im())


def test_other_scenarios_are_refused():
    year = SyntheticSource("train", 1, dt_h=0.25, days=2).scenario(0)
    changed = Scenario.from_arrays(
        da_eur_per_kwh=year.da_eur_per_kwh + 0.01,
        im_eur_per_kwh=year.im_long_eur_per_kwh,
        dt_h=0.25,
        name=year.name,
        notes=year.notes,
    )
    plain = Scenario.from_arrays(da_eur_per_kwh=np.ones(96), im_eur_per_kwh=np.ones(96), dt_h=0.25)
    for scenario in (changed, plain):
        with pytest.raises(InvalidInputError, match="SyntheticSource"):
            exact_forecast().reveal(scenario, DEFAULT, 0, 96)


def test_the_forecast_knows_the_law_and_not_the_future():
    source = SyntheticSource("train", 1, dt_h=0.25, days=3)
    scenario = source.scenario(0)
    forecaster = ExactForecast()
    with pytest.raises(InvalidInputError, match="reveal"):
        forecaster.forecast(Simulation(scenario, DEFAULT).snapshot, 1)
    forecaster.reveal(scenario, DEFAULT, 40, 200)
    sim = Simulation(scenario, DEFAULT)
    sim.reset(0, 40, 200)
    sim.advance(np.zeros((1, sim.n_chargers)), checked=True)
    short, long = forecaster.forecast(sim.snapshot(), 8)
    expected = price_law(source, 0).expectations_from(41, 8)
    assert short == pytest.approx(expected)
    assert long == pytest.approx(expected)
    assert forecaster.privileged


@pytest.mark.slow
def test_exact_bets_gain_and_leave_operations_alone():
    gained = []
    source = SyntheticSource("train", 6, dt_h=0.25, days=21)
    for index in range(6):
        bets = Operator(ChargeOnArrival(), ExactBids())
        neutral = Operator(ChargeOnArrival(), ExpectedLoadBidder())
        parts = [
            profit_parts(evaluate(one, source.scenario(index)).days).sum()
            for one in (bets, neutral)
        ]
        gained.append(parts[0]["position_eur"] - parts[1]["position_eur"])
        assert parts[0]["load_value_eur"] == pytest.approx(parts[1]["load_value_eur"])
    assert np.mean(gained) > 0
    policy = exact_forecast_and_bids()
    assert (policy.name, policy.privileged) == ("exact_forecast+exact_bids", True)
