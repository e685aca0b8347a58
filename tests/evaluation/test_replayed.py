"""A plan in hindsight that is replayed without snapshots is the policy's own, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.envs.test_price_control import OFFERS, world
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.evaluation.compiled import compiled
from vpp_gym.evaluation.replayed import ReplayedPlan
from vpp_gym.params import DEFAULT, PLAIN
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.hindsight import Hindsight
from vpp_gym.scenarios import SiteSource, SyntheticSource
from vpp_gym.simulation import Simulation


class WithSnapshots(Hindsight):
    """The same policy, which nothing stands in for."""


def alike(scenario: Any, params: Any = None, settings: Any = None, **span: int) -> None:
    """Records, days but for the time they took, and repairs are the same either way."""
    policies = [kind(**(settings or {})) for kind in (Hindsight, WithSnapshots)]
    one, other = (
        evaluate(policy, scenario, params, keep_records=True, **span) for policy in policies
    )
    np.testing.assert_array_equal(one.records, other.records)
    timed = ["solve_ms_mean", "solve_ms_max"]
    assert one.days.drop(columns=timed).equals(other.days.drop(columns=timed))
    assert policies[0].repair_kwh == policies[1].repair_kwh


@pytest.mark.parametrize("bid_bound", ["connected", "limit", "none"])
@pytest.mark.parametrize("offer", OFFERS)
def test_a_replay_without_snapshots_is_the_policys_own(bid_bound, offer):
    alike(world(days=3), settings={"contract": OFFERS[offer], "bid_bound": bid_bound})


@pytest.mark.parametrize(
    ("dt_h", "params", "span"),
    [
        (1.0, PLAIN, {}),
        (1.0, DEFAULT, {"start_step": 24, "end_step": 60}),
        (0.25, DEFAULT.replace(guarantee=True), {"start_step": 37, "end_step": 250}),
        (0.25, DEFAULT.changed({"owner": {"early_departure_prob": 0.0}}), {"end_step": 192}),
        (0.25, DEFAULT.changed({"market": {"imbalance_pricing": "dual"}}), {"end_step": 192}),
        (0.25, DEFAULT.changed({"market": {"bid_limit": "expected_cars"}}), {"start_step": 90}),
    ],
)
def test_in_other_worlds_and_spans(dt_h, params, span):
    alike(world(days=3, dt_h=dt_h), params, **span)


def test_cars_that_taper():
    alike(world(days=2, tapers=True))


def test_behind_a_connection():
    site = SiteSource(SyntheticSource("train", 1, days=2)).scenario(0)
    alike(site, settings={"bid_bound": "limit"})


def test_a_replay_makes_no_snapshots(monkeypatch):
    scenario = world(days=2)
    expected = evaluate("hindsight", scenario, keep_records=True).records
    monkeypatch.delattr(Simulation, "snapshot")
    found = evaluate("hindsight", scenario, keep_records=True).records
    np.testing.assert_array_equal(found, expected)


def test_only_the_policy_itself_is_replayed():
    scenario = world(days=2)
    simulation = Simulation(scenario, DEFAULT)
    simulation.reset()
    decides, _ = compiled(baseline("hindsight"), simulation, scenario.day)
    assert isinstance(decides, ReplayedPlan)
    assert (decides.name, decides.privileged) == ("hindsight", True)
    assert compiled(WithSnapshots(), simulation, scenario.day) is None
    assert compiled(baseline("site_hindsight"), simulation, scenario.day) is None


def run_through(simulation: Simulation, policy: Hindsight, replays: bool) -> None:
    """To the end, or the first decision that is refused."""
    replayed = ReplayedPlan(policy, simulation)
    while not simulation.done[0]:
        if replays:
            (net_load_kwh, _), _ = replayed.predict()
        else:
            net_load_kwh = policy.predict(simulation.snapshot())[0].net_load_kwh[None]
        simulation.advance(net_load_kwh)


@pytest.mark.parametrize("span", [None, (2, 62), (36, 40)])
def test_a_run_that_was_not_revealed_is_refused_as_by_the_policy(span):
    scenario, told = world(days=3, dt_h=1.0), []
    for replays in (False, True):
        policy, simulation = Hindsight(), Simulation(scenario, DEFAULT)
        simulation.reset(0, 30, 60)
        if span is not None:
            policy.reveal(scenario, DEFAULT, *span)
        with pytest.raises(InvalidInputError) as error:
            run_through(simulation, policy, replays)
        told.append(str(error.value))
    assert told[0] == told[1]
    assert "reveal" in told[0]
