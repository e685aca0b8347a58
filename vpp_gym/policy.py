"""The protocol that every policy of every world follows: Stable-Baselines3's `predict`."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from vpp_gym.errors import InvalidInputError, suggestion

ObservationT = TypeVar("ObservationT")
DecisionT = TypeVar("DecisionT")
MadeT = TypeVar("MadeT")
Seen = TypeVar("Seen", contravariant=True)
Decided = TypeVar("Decided", covariant=True)

PREDICT = "def predict(self, observation, state=None, episode_start=None, deterministic=True)"


@runtime_checkable
class Policy(Protocol[Seen, Decided]):
    """Turns what is known into a decision.

    Attributes:
        name: row label in results.
        privileged: it may see the future, see `Privileged`.
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
        """The decision, and the policy's own state for the next one.

        Args:
            observation: what is known: a snapshot, or an environment's observation.
            state: what this method returned last; None at the start of a run.
            episode_start: (1,) whether a run starts.
            deterministic: no exploration.
        """
        ...


@runtime_checkable
class Privileged(Protocol):
    """A policy, bidder or forecaster that is shown the whole scenario before a run."""

    def reveal(self, scenario: Any, params: Any, start_step: int, end_step: int) -> None:
        """Receive the future.

        Args:
            scenario: what will happen.
            params: rules of the run, with what the policy offers.
            start_step: step of the scenario at which the run begins.
            end_step: first step of the scenario after the run.
        """
        ...


class StatelessPolicy(ABC, Generic[ObservationT, DecisionT]):
    """Base of policies that remember nothing: the decision follows from the snapshot alone.

    Attributes:
        name: row label in results.
        privileged: it may see the future.
    """

    name: str
    privileged: bool = False

    @abstractmethod
    def decide(self, snapshot: ObservationT) -> DecisionT:
        """The decision."""

    def predict(
        self,
        observation: ObservationT,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[DecisionT, Any]:
        """The decision, and the state as it came."""
        return self.decide(observation), state


def check_policy(policy: Any) -> None:
    """Refuse what does not follow `Policy`.

    Raises:
        InvalidInputError: a class, or an object without one of the attributes.
    """
    if isinstance(policy, type):
        remedy = f"this is the class: give an object of it, such as {policy.__name__}()"
        raise InvalidInputError("policy", policy, remedy)
    for attribute in ("name", "privileged", "predict"):
        if not hasattr(policy, attribute):
            remedy = (
                f"it has no {attribute}: follow vpp_gym.policy.Policy, give a baseline's name, "
                "or wrap a trained model in vpp_gym.evaluation.EnvironmentAgent"
            )
            raise InvalidInputError("policy", policy, remedy)
    check_predict("policy.predict", policy.predict)
    if policy.privileged and not isinstance(policy, Privileged):
        raise InvalidInputError("policy.privileged", True, f"give {policy.name} a reveal method")


def check_predict(field: str, predict: Any) -> None:
    """Refuse a method that cannot be called as `Policy.predict` is.

    Raises:
        InvalidInputError: it takes other arguments.
    """
    try:
        signature = inspect.signature(predict)
    except ValueError:  # compiled methods need not tell
        return
    try:
        signature.bind("observation", "state", "episode_start", True)
    except TypeError as error:
        raise InvalidInputError(field, f"predict{signature}", f"write it as {PREDICT}") from error


def made_by_name(makers: Mapping[str, Callable[[], MadeT]], name: str) -> MadeT:
    """A fresh policy by its name.

    Args:
        makers: what makes each policy, by name.
        name: one of them.

    Raises:
        InvalidInputError: there is none of that name.
    """
    if name not in makers:
        known = f"use one of {', '.join(makers)}"
        raise InvalidInputError("policy", name, f"{suggestion(str(name), makers)}{known}")
    return makers[name]()
