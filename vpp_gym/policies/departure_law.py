"""How likely drivers are to leave early: given with the world, or learnt from a policy's past."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.params.owner import OwnerParams
from vpp_gym.policies.base import Dispatcher
from vpp_gym.views import Decisions, Snapshot

Departures = Literal["declared", "law", "learnt"]
DEPARTURES = ("declared", "law", "learnt")

PRIOR_PROB, PRIOR_STAYS = 0.1, 10.0
"""Share of early drivers before any stay was seen, and how many stays that counts for."""
PRIOR_EXPONENT, PRIOR_EARLY = 1.0, 5.0
"""Exponent before any early driver was seen, and how many of them that counts for."""
LARGEST_EXPONENT = 100.0


class DepartureLaw(NamedTuple):
    """Share of drivers who leave early, and the exponent of when they do.

    As `vpp_gym.params.OwnerParams` has them.
    """

    early_prob: float
    early_exponent: float

    @classmethod
    def of(cls, owner: OwnerParams) -> DepartureLaw:
        """That of the world's owners."""
        return cls(owner.early_departure_prob, owner.early_exponent)


class DepartureRecord(NamedTuple):
    """What a policy saw of departures since its run began.

    Attributes:
        step: of the last snapshot.
        session: (n,) EVs that were connected then.
        connected: (n,) steps since the arrival of each.
        left: (n,) steps to the declared departure of each; 1 for those who are late.
        stays: that have ended.
        early: of them before the declared departure.
        log_share: sum of -ln x over those, for the share x of the declared stay.
    """

    step: int
    session: Ints
    connected: Ints
    left: Ints
    stays: int
    early: int
    log_share: float

    @classmethod
    def at(cls, snapshot: Snapshot) -> DepartureRecord:
        """An empty record that begins with the snapshot."""
        return cls.beginning(snapshot.step, *_connected(snapshot))

    @classmethod
    def beginning(cls, step: int, session: Ints, connected: Ints, left: Ints) -> DepartureRecord:
        """An empty record that begins with a step: see its attributes."""
        return cls(step, session, connected, left, 0, 0, 0.0)

    def after(self, snapshot: Snapshot) -> DepartureRecord:
        """With those who left since the last snapshot.

        Raises:
            InvalidInputError: it is not that of the next step.
        """
        if snapshot.step != self.step + 1:
            remedy = "ask the policy in every step, and give its state back"
            raise InvalidInputError("snapshot.step", snapshot.step, remedy)
        return self.followed_by(*_connected(snapshot))

    def followed_by(self, session: Ints, connected: Ints, left: Ints) -> DepartureRecord:
        """With those who left since, by who is connected in the next step: see its attributes."""
        gone = gone_from(self.session, session)
        early = gone & (self.left > 1)
        steps, stay = self.connected[early] + 1, (self.connected + self.left)[early]
        shares = (steps - 0.5) / (stay - 1)
        return DepartureRecord(
            self.step + 1,
            session,
            connected,
            left,
            self.stays + int(gone.sum()),
            self.early + int(early.sum()),
            self.log_share - float(np.log(shares).sum()),
        )

    def law(self) -> DepartureLaw:
        """The most likely law, from the past and a weak prior.

        The share is the mean of a beta distribution. The exponent of x ** exponent is the
        number of early drivers by the sum of their -ln x: the maximum of its likelihood.
        """
        prob = (self.early + PRIOR_PROB * PRIOR_STAYS) / (self.stays + PRIOR_STAYS)
        log_share = self.log_share + PRIOR_EARLY / PRIOR_EXPONENT
        exponent = (self.early + PRIOR_EARLY) / max(log_share, 1.0 / LARGEST_EXPONENT)
        return DepartureLaw(prob, math.ceil(exponent * 1e3) / 1e3)


def gone_from(before: Ints, now: Ints) -> Bools:
    """(n,) which of the n sessions before are not there now."""
    there = set(now.tolist())  # of few: several times as fast as to sort them
    return np.array([one not in there for one in before.tolist()], np.bool_)


def _connected(snapshot: Snapshot) -> tuple[Ints, Ints, Ints]:
    return snapshot.session, snapshot.steps_connected, snapshot.steps_to_departure


class DepartureAware(Dispatcher):
    """Base of dispatchers that weigh how likely drivers are to leave early.

    Attributes:
        departures: what they expect of drivers: "declared" takes them at their word, "law"
            knows the law of the world's owners, "learnt" estimates it from the stays that
            have ended since the run began, see `DepartureRecord`.
        learnt: what was learnt until now.
    """

    departures: Departures = "declared"
    learnt: DepartureLaw | None = None

    def law_in(self, snapshot: Snapshot) -> DepartureLaw | None:
        """The law to plan with; None where drivers are taken at their word."""
        if self.departures == "declared":
            return None
        if self.departures == "law":
            return DepartureLaw.of(snapshot.params.owner)
        return self.learnt or DepartureRecord.at(snapshot).law()

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The decision; with learnt departures the state is the record of them."""
        if self.departures != "learnt":
            return super().predict(observation, state, episode_start, deterministic)
        record = DepartureRecord.at(observation) if state is None else state.after(observation)
        self.learnt = record.law()
        return self.decide(observation), record


def checked_departures(departures: Any) -> Departures:
    """What a plan may expect of drivers.

    Raises:
        InvalidInputError: something else.
    """
    if departures not in DEPARTURES:
        raise InvalidInputError("departures", departures, f"use {' or '.join(DEPARTURES)}")
    known: Departures = departures
    return known
