"""The learned forecast: what it knows, what it never sees, and planners that use it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.worlds import random_sessions
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.files.archives import read_arrays
from vpp_gym.params import DEFAULT
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import LEARNED_NAMES, baseline
from vpp_gym.policies.forecast_net import STEPS_AHEAD, Net, correction_of, inputs_of, net_of
from vpp_gym.policies.forecasters import DayAheadAnchored, day_ahead_anchor
from vpp_gym.policies.learned import LearnedForecaster, embedded_net, net_from
from vpp_gym.policies.market_path import Anchoring, Moment, anchored_path
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.views import HISTORY_DAYS, Decisions

PER_DAY, CHANGE = 96, 5 * 96 + 37
IDLE = DEFAULT.replace(guarantee=False)
"""Prices pass, and no car has to be charged."""


def world(future_seed: int = 1) -> Scenario:
    """Eight days of quarters; from `CHANGE` on prices and cars follow the seed.

    Day-ahead prices do from the second midnight behind it on: earlier ones are known.
    """
    past, future = np.random.default_rng(0), np.random.default_rng(future_seed)
    n, behind = 8 * PER_DAY, 7 * PER_DAY
    da, short, gap = past.normal(0.05, 0.02, n), past.normal(0.05, 0.04, n), past.random(n) * 0.01
    da[behind:] = future.normal(0.05, 0.02, n - behind)
    short[CHANGE:] = future.normal(0.05, 0.04, n - CHANGE)
    sessions = random_sessions(past, 120, CHANGE, 4)
    sessions["departure_step"] = np.minimum(sessions["departure_step"], n)
    return Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_short_eur_per_kwh=short,
        im_long_eur_per_kwh=short - gap,
        sessions=sessions,
        dt_h=0.25,
        start="2019-03-28",
        timezone="Europe/Amsterdam",
    )


@pytest.fixture(scope="module")
def month() -> Scenario:
    return SyntheticSource("validation", days=28, dt_h=0.25).scenario(0)


def snapshots(scenario: Scenario, steps: list[int]) -> dict:
    sim = Simulation(scenario, IDLE)
    sim.reset()
    seen = {}
    for step in range(max(steps) + 1):
        if step in steps:
            seen[step] = sim.snapshot()
        sim.advance(np.zeros((1, sim.n_chargers)))
    return seen


def test_it_never_sees_the_future():
    steps = [0, 3, 200, CHANGE - 1, CHANGE]
    one, other = snapshots(world(1), steps), snapshots(world(2), steps)
    forecaster = LearnedForecaster()
    for step in steps:
        for mine, theirs in zip(
            forecaster.forecast(one[step], 300), forecaster.forecast(other[step], 300), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)
            assert np.isfinite(mine).all()
    assert (world(1).im_short_eur_per_kwh[CHANGE:] != world(2).im_short_eur_per_kwh[CHANGE:]).all()


def test_it_loads_and_forecasts_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['stable_baselines3'] = None\n"
        "from vpp_gym.policies.learned import LearnedForecaster\n"
        "assert LearnedForecaster().net.mean.shape == (65,)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_nearer_to_validation_prices_than_the_anchored_forecast(month):
    """Over a day ahead, and most in the next quarters."""
    sim = Simulation(month, IDLE)
    sim.reset()
    mid = 0.5 * (month.im_short_eur_per_kwh + month.im_long_eur_per_kwh)
    errors: dict[str, list] = {"anchored": [], "learned": []}
    forecasters = {"anchored": DayAheadAnchored(), "learned": LearnedForecaster()}
    for t in range(26 * PER_DAY):
        if t > 7 * PER_DAY and t % 5 == 0:
            snapshot = sim.snapshot()
            for name, forecaster in forecasters.items():
                short, long = forecaster.forecast(snapshot, STEPS_AHEAD)
                errors[name].append(0.5 * (short + long) - mid[t : t + STEPS_AHEAD])
        sim.advance(np.zeros((1, sim.n_chargers)))
    anchored, learned = (np.square(errors[name]).mean(axis=0) for name in errors)
    assert learned[0] < 0.97 * anchored[0]
    assert learned.mean() < anchored.mean()


@pytest.mark.parametrize("step", [0, 1, 5, 96, 400, 767])
def test_the_path_from_arrays_is_that_from_the_snapshot(step):
    """To the last bit, also where the horizon is longer than what is known of prices."""
    scenario = world()
    sim = Simulation(scenario, IDLE)
    sim.reset(start_step=step)
    snapshot, data, base = sim.snapshot(), sim.dataset, DayAheadAnchored()
    at = Moment(
        since=max(0, step - HISTORY_DAYS * PER_DAY),
        t=step,
        known=step + snapshot.n_known,
        end=step + len(snapshot.period),
        periods=PER_DAY,
    )
    anchor, mid = anchored_path(
        data.da_eur_per_kwh,
        data.da_forecast_eur_per_kwh,
        data.period,
        data.residual_eur_per_kwh,
        at,
        400,
        Anchoring(*base.settings(0.25)),
    )
    np.testing.assert_array_equal(anchor, day_ahead_anchor(snapshot, 400))
    np.testing.assert_array_equal(mid, base.path(snapshot, 400)[0])


def test_beyond_a_day_it_is_the_anchored_forecast(month):
    snapshot = snapshots(month, [900])[900]
    learned, anchored = LearnedForecaster(), DayAheadAnchored()
    long_ahead = learned.forecast(snapshot, 300)
    for one, other in zip(long_ahead, anchored.forecast(snapshot, 300), strict=True):
        np.testing.assert_array_equal(one[STEPS_AHEAD:], other[STEPS_AHEAD:])
        assert (one[:STEPS_AHEAD] != other[:STEPS_AHEAD]).all()
    for few, many in zip(learned.forecast(snapshot, 3), long_ahead, strict=True):
        np.testing.assert_array_equal(few, many[:3])


def test_a_price_known_now_is_in_its_place(snapshot_of):
    snapshot = snapshot_of(dt_h=0.25, hour=7, im_now=0.3, da_past=[0.04] * 50, im_past=[0.05] * 50)
    short, long = LearnedForecaster().forecast(snapshot, 4)
    assert (short[0], long[0]) == (0.3, 0.3)


def test_hours_are_refused(snapshot_of):
    with pytest.raises(InvalidInputError, match="dt_h"):
        LearnedForecaster().forecast(snapshot_of(), 3)


def test_the_network_by_hand():
    """A network without hidden layers that sees the last residual only passes it on."""
    residual = np.array([0.01, 0.02, 0.03, -0.02])
    anchor = np.full(96, 0.045)
    inputs = inputs_of(residual, anchor, anchor + 0.01, 2, 5, 0.001, 0.002)
    assert inputs[:4] == pytest.approx([-0.4, 0.6, 0.4, 0.2])
    assert inputs[12] == pytest.approx(20 * (0.03 - 0.02) / 2)  # the two quarters of this hour
    assert inputs[13] == pytest.approx(20 * (0.01 + 0.02) / 2)  # what there is of the hour before
    assert inputs[-2:] == pytest.approx([0.02, 0.04])
    zeros = {name: np.zeros_like(values) for name, values in embedded_net()._asdict().items()}
    linear = zeros["linear"]
    linear[0, :] = 0.5
    net = Net(**{**zeros, "std": np.ones(65), "linear": linear})
    assert correction_of(inputs, net) == pytest.approx(np.full(96, 0.5 * -0.02))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("weight_0", lambda w: w[:-1]),
        ("bias_2", lambda b: b * np.nan),
        ("std", lambda s: 0.0 * s),
    ],
)
def test_arrays_that_make_no_network_are_refused(name, wrong):
    arrays = embedded_net()._asdict()
    with pytest.raises(InvalidInputError, match=name):
        net_of({**arrays, name: wrong(arrays[name])}, "net.npz")


def test_a_file_without_weights_is_refused(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, mean=np.zeros(65))
    with pytest.raises(InvalidInputError, match="std"):
        net_from(path)
    assert set(Net._fields) == set(read_embedded())


def read_embedded() -> dict:
    from importlib.resources import as_file, files

    with as_file(files("vpp_gym.policies") / "imbalance_net.npz") as path:
        return read_arrays(path)


@pytest.mark.parametrize("name", LEARNED_NAMES)
def test_planners_with_it_do_not_see_the_future(name):
    """All they decide before the change is the same, whatever follows."""
    decided = []
    for seed in (1, 2):
        policy, scenario = baseline(name), world(seed)
        assert (policy.name, policy.privileged) == (name, False)
        start = CHANGE - 20 if "+" not in name else CHANGE - 80
        sim = Simulation(scenario, with_offer(policy, DEFAULT))
        sim.reset(start_step=start)
        state, taken = None, []
        for _ in range(start, CHANGE):
            decisions, state = policy.predict(sim.snapshot(), state)
            taken.append(decisions)
            sim.step(decisions)
        decided.append(taken)
    for one, other in zip(*decided, strict=True):
        np.testing.assert_array_equal(one.net_load_kwh, other.net_load_kwh)
        assert (one.bids_kwh is None) == (other.bids_kwh is None)
        if one.bids_kwh is not None:
            np.testing.assert_array_equal(one.bids_kwh, other.bids_kwh)
    assert any(np.abs(one.net_load_kwh).max() > 0 for one in decided[0])


def test_the_planner_earns_more_with_it(month):
    """On four weeks of a year that the network was not trained on."""
    anchored, learned = (
        evaluate(baseline(name), month, DEFAULT).days["profit_eur"].sum()
        for name in ("hazard_mpc", "learned_mpc")
    )
    assert learned > anchored + 5


def test_decisions_are_those_of_the_simulator(month):
    """A planner with the forecast respects every limit."""
    policy = baseline("stochastic_learned_mpc_tariff")
    evaluate(policy, month, DEFAULT, end_step=400)
    assert policy.repair_kwh < 1e-6
    assert isinstance(policy.predict(snapshots(month, [300])[300])[0], Decisions)
