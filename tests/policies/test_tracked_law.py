"""Planners that learn who leaves early: their estimate, and what it is worth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.params import DEFAULT
from vpp_gym.policies import tracked_law
from vpp_gym.policies.baselines import HABIT_NAMES, baseline
from vpp_gym.policies.tracked_law import N_TERMS, TrackedLaw, probability, updated
from vpp_gym.scenarios import ShiftingSource, SyntheticSource
from vpp_gym.scenarios.shifting import early_prob
from vpp_gym.simulation import Simulation

DAYS = ShiftingSource(SyntheticSource("validation", 1, days=6)).scenario(0)


def run_by(policy, scenario, steps):
    """Snapshots and states of a run."""
    simulation, state, found = Simulation(scenario, DEFAULT), None, []
    simulation.reset()
    for _ in range(steps):
        snapshot = simulation.snapshot()
        decisions, state = policy.predict(snapshot, state, None, True)
        found.append((snapshot, state))
        simulation.step(decisions)
    return found


def test_the_filter_finds_the_weights_of_a_logistic_law():
    rng = np.random.default_rng(0)
    true = np.array([-1.0, 0.8, -0.5, 1.2, 0.0])
    weight, variance = np.zeros(N_TERMS), np.eye(N_TERMS)
    for _ in range(6000):
        terms = np.array([1.0, *rng.normal(size=N_TERMS - 1)])
        early = rng.random() < probability(np.atleast_1d(terms @ true))[0]
        weight, variance = updated(weight, variance, terms, bool(early))
    np.testing.assert_allclose(weight, true, atol=0.15)
    assert (np.linalg.eigvalsh(variance) > 0).all()


def test_one_stay_by_hand():
    """At even odds with variance 1 of one weight: 1 - 1 / (4 + 1) = 0.8, and 0.8 * 0.5 = 0.4."""
    terms = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    weight, variance = updated(np.zeros(N_TERMS), np.eye(N_TERMS), terms, True)
    assert weight[0] == pytest.approx(0.4)
    assert variance[0, 0] == pytest.approx(0.8)
    assert (weight[1:] == 0).all()


def test_it_begins_with_the_stated_law_and_counts_every_stay_that_ended():
    found = run_by(baseline("tracking_mpc"), DAYS, 96 * 4)
    first, law = found[0]
    assert isinstance(law, TrackedLaw)
    stated = DEFAULT.owner.early_departure_prob
    assert probability(np.atleast_1d(law.weight[0]))[0] == pytest.approx(stated)
    ended, early = 0, 0
    for (before, _), (after, _) in pairwise(found):
        gone = ~np.isin(before.session, after.session)
        ended += int(gone.sum())
        early += int((gone & (before.steps_to_departure > 1)).sum())
    assert found[-1][1].seen.early == early > 0
    assert ended > early
    assert first.step == 0


def test_the_terms_of_a_car_are_those_of_its_arrival():
    seen = {}
    for snapshot, law in run_by(baseline("tracking_mpc"), DAYS, 96 * 3):
        for session, terms in zip(snapshot.session.tolist(), law.terms, strict=True):
            np.testing.assert_array_equal(seen.setdefault(session, terms), terms)
    assert len(seen) > 20


def test_a_state_of_another_step_is_refused():
    found = run_by(baseline("tracking_mpc"), DAYS, 4)
    with pytest.raises(InvalidInputError, match=r"snapshot\.step"):
        baseline("tracking_mpc").predict(found[3][0], found[1][1], None, True)


def test_a_driver_who_was_seen_before_counts():
    snapshot = run_by(baseline("tracking_mpc"), DAYS, 60)[-1][0]
    n = len(snapshot.session)
    strangers = tracked_law.terms_of(snapshot)
    assert (strangers[:, -1] == 0).all()
    known = replace(
        snapshot,
        driver_visits=np.full(n, 2),
        driver_stay_h=np.full(n, 4.0),
        driver_early_h=np.full(n, 2.0),
    )
    np.testing.assert_allclose(tracked_law.terms_of(known)[:, -1], 0.25)


def test_who_is_told_plans_with_the_habits_and_is_privileged():
    policy = baseline("told_habits_price")
    assert policy.privileged
    snapshot = run_by(baseline("tracking_mpc"), DAYS, 60)[-1][0]
    with pytest.raises(InvalidInputError, match="reveal"):
        policy.believed(snapshot)
    policy.reveal(DAYS, DEFAULT, 0, DAYS.n_steps)
    np.testing.assert_array_equal(policy.believed(snapshot)[0], early_prob(DAYS)[snapshot.session])


@pytest.mark.parametrize("name", HABIT_NAMES)
def test_it_runs_with_its_offer(name):
    run = evaluate(name, DAYS, end_step=96 * 2)
    assert run.metadata["policy"] == name
    assert (run.days["contracts"].sum() > 0) == (name != "tracking_mpc")


def test_drivers_who_keep_their_word_are_planned_as_ever():
    faithful = {"owner": {"early_departure_prob": 0.0, "late_departure_prob": 0.0}}
    own, other = (
        evaluate(name, DAYS, faithful).days["profit_eur"].sum()
        for name in ("tracking_mpc", "learned_mpc")
    )
    assert own == pytest.approx(other, abs=1e-9)


def test_in_a_month_it_tells_apart_who_is_likely_to_leave():
    """Habits by the hour, strong: after four weeks what is believed goes with what is true."""
    strong = {"early_by_hour": 2.0, "early_by_stay": 1.5, "early_by_season": 0.0}
    scenario = ShiftingSource(SyntheticSource("validation", 1, days=35), strong).scenario(0)
    told = early_prob(scenario)
    believed, true = [], []
    for snapshot, law in run_by(baseline("tracking_mpc"), scenario, 96 * 34)[96 * 28 :]:
        believed += law.prob().tolist()
        true += told[snapshot.session].tolist()
    assert np.corrcoef(believed, true)[0, 1] > 0.8
    assert np.abs(np.subtract(believed, true)).mean() < np.abs(np.mean(told) - true).mean() / 1.5
