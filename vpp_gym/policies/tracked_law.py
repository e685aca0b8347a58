"""Planners that learn from the past of their run who leaves early, and when.

The log-odds that a driver leaves early are taken for a sum of few terms: one, the hour of arrival
around the clock, the logarithm of the declared stay, and of a driver who was seen before how early
that driver left. Their weights begin at the law that the parameters state, follow every stay that
ends, and may drift: a logistic regression that is updated as an extended Kalman filter.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.departure_law import DepartureRecord, gone_from
from vpp_gym.policies.forecasters import Forecaster
from vpp_gym.policies.learned import LearnedForecaster
from vpp_gym.policies.scheduler import RollingScheduler, early_hazards, leaving_with
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.shifting import early_prob
from vpp_gym.views import Decisions, Snapshot

N_TERMS = 5
PRIOR_VARIANCE = 1.0
"""Of every weight before any stay has ended."""
DRIFT_PER_DAY = 0.005
"""By which the variance of every weight grows in a day."""
TYPICAL_STAY_H = 6.0
"""Stays are counted from here, so that the first weight stands for a common one."""
FEW_VISITS = 2.0
"""A driver's own past counts half after so many visits."""
PRIOR_EARLY = 20.0
"""Early drivers for which the stated exponent of when they leave counts."""
LARGEST_LOG_ODDS = 8.0
PROB_DECIMALS, EXPONENT_DECIMALS = 2, 1
"""Roundings of what a plan believes, so that equal cars are worked out once."""


class TrackedLaw(NamedTuple):
    """What a run has shown of departures.

    Attributes:
        seen: which cars were connected last, and what was counted of those that left.
        terms: (n, N_TERMS) of each connected car, as it was when it came.
        weight: (N_TERMS,) of the log-odds.
        variance: (N_TERMS, N_TERMS) of the weights.
    """

    seen: DepartureRecord
    terms: Floats
    weight: Floats
    variance: Floats

    @classmethod
    def at(cls, snapshot: Snapshot) -> TrackedLaw:
        """What is known before any stay has ended: what the parameters state."""
        prob = min(max(snapshot.params.owner.early_departure_prob, 1e-3), 1.0 - 1e-3)
        weight = np.zeros(N_TERMS)
        weight[0] = math.log(prob / (1.0 - prob))
        variance = PRIOR_VARIANCE * np.eye(N_TERMS)
        return cls(DepartureRecord.at(snapshot), terms_of(snapshot), weight, variance)

    def after(self, snapshot: Snapshot) -> TrackedLaw:
        """With the stays that ended since the last snapshot.

        Raises:
            InvalidInputError: it is not that of the next step.
        """
        before, seen = self.seen, self.seen.after(snapshot)
        weight = self.weight
        variance = self.variance + DRIFT_PER_DAY * snapshot.dt_h / 24.0 * np.eye(N_TERMS)
        stay = before.connected + before.left
        # Nobody can leave a stay of one step early.
        ended = gone_from(before.session, snapshot.session) & (stay > 1)
        for k in np.flatnonzero(ended).tolist():
            weight, variance = updated(weight, variance, self.terms[k], bool(before.left[k] > 1))
        return TrackedLaw(seen, self._kept_terms(snapshot), weight, variance)

    def _kept_terms(self, snapshot: Snapshot) -> Floats:
        """(n, N_TERMS) as they were when each car came: who is late has no longer stay by that."""
        if np.array_equal(snapshot.session, self.seen.session):
            return self.terms
        terms = terms_of(snapshot)
        place = {session: k for k, session in enumerate(self.seen.session.tolist())}
        for row, session in enumerate(snapshot.session.tolist()):
            if session in place:
                terms[row] = self.terms[place[session]]
        return terms

    def prob(self) -> Floats:
        """(n,) probability that each connected car leaves early."""
        return probability(self.terms @ self.weight)

    def exponent(self, stated: float) -> float:
        """Of the distribution of when early drivers leave: the past, and what is stated."""
        early, log_share = self.seen.early, self.seen.log_share
        exponent = (early + PRIOR_EARLY) / (log_share + PRIOR_EARLY / stated)
        return max(round(exponent, EXPONENT_DECIMALS), 10.0**-EXPONENT_DECIMALS)


def terms_of(snapshot: Snapshot) -> Floats:
    """(n, N_TERMS) what the log-odds of each connected car are a sum of."""
    hour = (snapshot.time - snapshot.time.astype("datetime64[D]")) / np.timedelta64(1, "h")
    angle = 2 * np.pi * (hour - snapshot.steps_connected * snapshot.dt_h) / 24.0
    stay_h = (snapshot.steps_connected + snapshot.steps_to_departure) * snapshot.dt_h
    seen = snapshot.driver_visits / (snapshot.driver_visits + FEW_VISITS)
    usual_h = np.maximum(snapshot.driver_stay_h, 1.0)
    terms: Floats = np.column_stack(
        [
            np.ones(len(stay_h)),
            np.cos(angle),
            np.sin(angle),
            np.log(stay_h / TYPICAL_STAY_H),
            seen * np.clip(snapshot.driver_early_h / usual_h, -1.0, 1.0),
        ]
    )
    return terms


def updated(
    weight: Floats, variance: Floats, terms: Floats, left_early: bool
) -> tuple[Floats, Floats]:
    """Weights and their variance after a stay has ended: a step of an extended Kalman filter.

    Args:
        weight: (k,) of the log-odds.
        variance: (k, k) of the weights.
        terms: (k,) of the car.
        left_early: whether its driver did.
    """
    prob = float(probability(np.atleast_1d(terms @ weight))[0])
    shown = variance @ terms
    variance = variance - np.outer(shown, shown) / (
        1.0 / (prob * (1.0 - prob)) + float(terms @ shown)
    )
    return weight + (variance @ terms) * (float(left_early) - prob), variance


def probability(log_odds: Floats) -> Floats:
    """The probabilities behind log-odds, none of them nearly certain."""
    inside = np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
    found: Floats = 1.0 / (1.0 + np.exp(-inside))
    return found


class DriverByDriver(RollingScheduler):
    """A scheduler that believes of every car how likely it is to leave early.

    Args:
        name: row label in results.
        forecaster: of imbalance prices; None: the learned one, in quarter hours.
        term_h: term of the fixed-term menu on offer; 0 offers nothing, None what is in `params`.
        contract: what is on offer instead of that menu.
    """

    def __init__(
        self,
        *,
        name: str,
        forecaster: Forecaster | None = None,
        term_h: int | None = 0,
        contract: ContractChanges | None = None,
    ) -> None:
        super().__init__(
            name=name,
            forecaster=LearnedForecaster() if forecaster is None else forecaster,
            term_h=term_h if contract is None else None,
            contract=contract,
        )

    def believed(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(n,) probability of leaving early of each connected car, and the exponent of when."""
        raise NotImplementedError

    def _stays(self, snapshot: Snapshot, rows: Ints, da: Floats) -> dict[str, Any]:
        stays = super()._stays(snapshot, rows, da)
        if snapshot.params.owner.early_departure_prob == 0.0:
            return stays
        prob, exponent = self.believed(snapshot)
        connected, left = snapshot.steps_connected[rows], snapshot.steps_to_departure[rows]
        rounded = [round(one, PROB_DECIMALS) for one in prob[rows].tolist()]
        hazard = early_hazards(connected, left, int(left.max()), rounded, exponent)
        stays["leaving"] = leaving_with(snapshot, rows, hazard)
        return stays


class TrackingScheduler(DriverByDriver):
    """A scheduler that learns, as its run goes on, which drivers leave early.

    Its state is a `TrackedLaw`: give it back in every step, as `evaluate` does.
    """

    _law: TrackedLaw | None = None

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The decision, and what is known by now."""
        law = TrackedLaw.at(observation) if state is None else state.after(observation)
        self._law = law
        return self.decide(observation), law

    def believed(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(n,) probability of leaving early of each connected car, and the exponent of when."""
        law = TrackedLaw.at(snapshot) if self._law is None else self._law
        return law.prob(), law.exponent(snapshot.params.owner.early_exponent)


class ToldHabits(DriverByDriver):
    """The same scheduler, told how likely each driver is to leave early. Privileged."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.privileged = True
        self._prob: Floats | None = None

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Work out the habits of a scenario."""
        super().reveal(scenario, params, start_step, end_step)
        self._prob = early_prob(scenario)

    def believed(self, snapshot: Snapshot) -> tuple[Floats, float]:
        """(n,) probability of leaving early of each connected car, and the exponent of when."""
        if self._prob is None:
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        return self._prob[snapshot.session], snapshot.params.owner.early_exponent
