"""The rolling plan against a chain of prices: honest, feasible, right where prices are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.policies.test_information import actions, scenario_with
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.params import PLAIN
from vpp_gym.params.contract import hybrid, offer
from vpp_gym.policies.forecasters import DayAheadAnchored, day_ahead_anchor
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policies.stochastic_mpc import StochasticMPC
from vpp_gym.scenarios.scenario import Scenario


@pytest.mark.parametrize("term_h", [0, 3])
def test_actions_do_not_depend_on_the_future(term_h):
    one = actions(StochasticMPC(term_h), scenario_with(1))
    other = actions(StochasticMPC(term_h), scenario_with(2))
    for (load_1, _), (load_2, _) in zip(one, other, strict=True):
        np.testing.assert_array_equal(load_1, load_2)


def test_without_history_it_charges_when_day_ahead_is_cheapest(snapshot_of):
    row = {"energy_kwh": [77.6 - 2 * 10.78], "steps": [4]}
    cheap_now = snapshot_of(**row, da=[0.02, 0.05, 0.01, 0.06])
    assert StochasticMPC().net_load_kwh(cheap_now) == pytest.approx([11.0])
    dear_now = snapshot_of(**row, da=[0.06, 0.05, 0.01, 0.06])
    assert StochasticMPC().net_load_kwh(dear_now) == pytest.approx([0.0])


def test_an_empty_car_park_has_nothing_to_dispatch(snapshot_of):
    assert StochasticMPC().net_load_kwh(snapshot_of()).shape == (0,)


def history(n: int, seed: int = 0) -> dict[str, list[float]]:
    """Prices of n past hours with a deviation that lasts."""
    rng = np.random.default_rng(seed)
    deviation = np.zeros(n)
    for t in range(1, n):
        deviation[t] = 0.5 * deviation[t - 1] + rng.normal(0.0, 0.03)
    return {"da_past": [0.04] * n, "im_past": list(0.04 + deviation)}


def test_expected_prices_are_those_of_the_anchored_forecast(snapshot_of):
    snapshot = snapshot_of(hour=15, **history(24 * 28))
    anchor = day_ahead_anchor(snapshot, 6)
    path, half_spread, chain = StochasticMPC(volatility=0.0, n_states=300).prices(snapshot, anchor)
    short, _ = DayAheadAnchored().forecast(snapshot, 6)
    assert path[0] + half_spread[0] + chain.now_eur == pytest.approx(short[0], abs=1e-12)
    following = chain.first @ chain.state_eur
    assert path[1] + half_spread[1] + following == pytest.approx(short[1], abs=1e-12)


def test_a_price_known_now_is_taken_as_it_is(snapshot_of):
    snapshot = snapshot_of(hour=15, im_now=-0.3, **history(24 * 28))
    anchor = day_ahead_anchor(snapshot, 6)
    path, half_spread, chain = StochasticMPC().prices(snapshot, anchor)
    assert path[0] + half_spread[0] + chain.now_eur == pytest.approx(-0.3)


def test_where_the_price_is_known_all_innovations_count(snapshot_of):
    def spread(im_now, **settings):
        snapshot = snapshot_of(hour=15, im_now=im_now, **history(24 * 28))
        _, _, chain = StochasticMPC(**settings).prices(snapshot, day_ahead_anchor(snapshot, 6))
        return chain.first @ chain.state_eur**2 - (chain.first @ chain.state_eur) ** 2

    assert spread(0.04) == spread(0.04, volatility=1.0)
    assert spread(None) == spread(None, volatility=0.5)
    assert spread(0.04) > 4 * spread(None)


def world(seed: int) -> Scenario:
    """Ten days with a car park well used and prices of either sign."""
    rng = np.random.default_rng(seed)
    arrival = rng.integers(0, 230, 120)
    return Scenario.from_arrays(
        da_eur_per_kwh=rng.normal(0.04, 0.02, 240),
        im_eur_per_kwh=rng.normal(0.04, 0.05, 240),
        sessions={
            "arrival_step": arrival,
            "departure_step": np.minimum(arrival + rng.integers(1, 30, 120), 240),
            "arrival_soc": rng.uniform(0.1, 1.0, 120),
            "owner_draw": rng.random(120),
        },
    )


OFFERINGS = {
    "nothing": offer("fixed_term", term_h=0),
    "fixed": offer("fixed_term", term_h=8),
    "hybrid": hybrid(offer("fixed_term", term_h=3), offer("control_based")),
    "price": offer("price_based"),
    "volume": offer("volume_based", delay_h=2, term_h=6),
}


@pytest.mark.parametrize("offering", OFFERINGS)
@pytest.mark.parametrize("guarantee", [False, True])
def test_it_stays_within_limits_and_serves_all_that_the_plain_plan_serves(offering, guarantee):
    params = PLAIN.replace(guarantee=guarantee)
    contract = OFFERINGS[offering]
    policy = StochasticMPC(contract=contract)
    days = evaluate(policy, world(0), params).days
    plain = evaluate(rolling_mpc(contract=contract), world(0), params).days
    assert policy.repair_kwh < 1e-6
    assert days["served_kwh"].sum() == pytest.approx(plain["served_kwh"].sum(), abs=1e-6)
    assert (days["discharge_kwh"].sum() > 0) == (plain["discharge_kwh"].sum() > 0)


def test_quarters_work(snapshot_of):
    snapshot = snapshot_of(dt_h=0.25, energy_kwh=[70.0], steps=[20], da=[0.05, 0.02])
    assert StochasticMPC().net_load_kwh(snapshot) == pytest.approx([0.0])


@pytest.mark.parametrize(
    "wrong", [{"volatility": -0.1}, {"n_states": 0}, {"n_shocks": 0}], ids=lambda w: next(iter(w))
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        StochasticMPC(**wrong)
