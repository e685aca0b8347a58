"""The comparisons of bidders and of forecasters on a few days."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bidding import incomes
from benchmarks.forecasts import HORIZONS, asked, forecasters, losses, pinball
from vpp_gym.evaluation import evaluate
from vpp_gym.params import DEFAULT
from vpp_gym.policies.bidders import ExpectedLoadBidder
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policies.two_stage import TwoStage
from vpp_gym.scenarios.scenario import Scenario

DAYS = 5


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Five days, two imbalance prices in some quarters."""
    rng = np.random.default_rng(0)
    n = 96 * DAYS
    short = rng.normal(0.04, 0.03, n)
    arrival = rng.integers(0, n - 48, 60)
    return Scenario.from_arrays(
        da_eur_per_kwh=rng.normal(0.04, 0.01, n),
        im_short_eur_per_kwh=short,
        im_long_eur_per_kwh=short - rng.choice([0.0, 0.02], n),
        dt_h=0.25,
        sessions={
            "arrival_step": arrival,
            "departure_step": arrival + rng.integers(1, 48, 60),
            "arrival_soc": rng.uniform(0.2, 0.9, 60),
        },
    )


@pytest.mark.parametrize("bidder", [ExpectedLoadBidder, TwoStage])
def test_incomes_are_those_of_the_world(scenario, bidder):
    params = DEFAULT.replace(market={"imbalance_pricing": "dual"})
    own, seconds = incomes(scenario, params, risk=False)[bidder().name]
    days = evaluate(Operator(rolling_mpc(0), bidder()), scenario, params).days
    np.testing.assert_allclose(own, days["da_eur"] + days["im_eur"], atol=1e-9)
    assert seconds > 0


def test_every_forecaster_is_scored_over_every_horizon(scenario):
    rows = losses(scenario)
    names, horizons = {row["forecaster"] for row in rows}, {row["horizon"] for row in rows}
    assert names == {forecaster.name for forecaster in forecasters()}
    assert horizons == {*HORIZONS, "day-ahead at gate"}
    assert len(rows) == len(names) * len(horizons)
    assert all(np.isfinite([row["mae"], row["pinball"]]).all() for row in rows)


def test_the_gate_asks_for_tomorrow():
    assert asked(48, 48)["day-ahead at gate"] == slice(48, 144)
    assert asked(49, 49) == {}
    assert set(asked(50, 50)) == set(HORIZONS)


def test_pinball_by_hand():
    quantiles = np.array([[1.0], [2.0], [3.0]])
    # Truth 4 lies above all: 0.1 * 3, 0.5 * 2 and 0.9 * 1; truth 0 below all.
    assert pinball(quantiles, np.array([4.0])) == pytest.approx((0.3 + 1.0 + 0.9) / 3)
    assert pinball(quantiles, np.array([0.0])) == pytest.approx((0.9 + 1.0 + 0.3) / 3)
