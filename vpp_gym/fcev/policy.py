"""What policies of the fuel-cell worlds have in common: a decision for every snapshot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

SnapshotT = TypeVar("SnapshotT")
DecisionT = TypeVar("DecisionT")
Seen = TypeVar("Seen", contravariant=True)
Decided = TypeVar("Decided", covariant=True)


class FCEVPolicy(Protocol[Seen, Decided]):
    """Turns what is known into a decision, as Stable-Baselines3's `predict` does.

    Attributes:
        name: row label in results.
        privileged: it may see the future.
    """

    name: str
    privileged: bool

    def predict(
        self,
        observation: Seen,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decided, Any]:
        """The decision, and the policy's own state for the next one."""
        ...


class Strategy(ABC, Generic[SnapshotT, DecisionT]):
    """A policy without a memory: its decision follows from the snapshot alone.

    Attributes:
        name: row label in results.
        privileged: it may see the future.
    """

    name: str
    privileged: bool = False

    @abstractmethod
    def decide(self, snapshot: SnapshotT) -> DecisionT:
        """The decision."""

    def predict(
        self,
        observation: SnapshotT,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[DecisionT, Any]:
        """The decision, and the state as it came."""
        return self.decide(observation), state
