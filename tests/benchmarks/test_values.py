"""Digests of values: everything that an object holds counts, and nothing else does."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass, replace
from enum import Enum
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from pydantic import BaseModel

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.values import modules_of, value_digest
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.kernels import njit
from vpp_gym.params import DEFAULT
from vpp_gym.policies.bidders import WaitAndSee
from vpp_gym.policies.forecasters import HourOfDayMean
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.scenarios.scenario import Scenario


class Pair(NamedTuple):
    one: Any
    other: Any


class Names(NamedTuple):
    first: Any
    other: Any


class Model(BaseModel):
    size: int = 3


class Colour(Enum):
    RED = 1
    BLUE = 2


class Slots:
    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


@dataclass
class Tuned:
    share: float = 0.3
    inner: Any = None
    names: list[str] = field(default_factory=list)

    @cached_property
    def double(self) -> float:
        return 2 * self.share


@njit
def kernel(x):
    return x


def shifted(by: float) -> Callable[[float], float]:
    return lambda x: x + by


DIFFERENT = [
    *(None, False, 0, 0.0, "0", b"0", np.float64(0), np.float32(0), -0.0),
    *([], (), {}, set(), [0], [0, 0], (0,), {"a": 0}, {"b": 0}, {0}, [[0], 0], [[0, 0]]),
    *(np.zeros(2), np.zeros(2, np.float32), np.zeros((2, 1)), np.zeros((1, 2)), np.ones(2)),
    *(np.zeros(2, "datetime64[h]"), np.zeros(2, "datetime64[D]"), np.datetime64("2019-01-01")),
    *(np.zeros(1, [("a", float)]), np.zeros(1, [("b", float)]), np.array([None, "x"], object)),
    *(Pair(1, 2), Names(1, 2), Model(), Model(size=4), Slots(1), Slots(2), Colour.RED, Colour.BLUE),
    *(Tuned(), Tuned(0.4), Tuned(inner=Tuned()), Tuned(inner=Tuned(0.4)), Tuned(names=["a"])),
    *(np.random.default_rng(0), np.random.default_rng(1), Tuned, Slots, np.sin, len, range(3)),
    *(shifted(1.0), shifted(2.0), partial(max, 1), partial(max, 2), kernel, Slots(1).__init__),
]


def test_no_two_different_values_have_the_same_digest():
    digests = [value_digest(value) for value in DIFFERENT]
    assert len(set(digests)) == len(DIFFERENT)


def test_equal_values_have_the_same_digest():
    assert value_digest({"a": 1, "b": 2}) == value_digest({"b": 2, "a": 1})
    assert value_digest({"x", "y", "z"}) == value_digest({"z", "y", "x"})
    assert value_digest(np.arange(6).reshape(2, 3).T) == value_digest(
        np.ascontiguousarray(np.arange(6).reshape(2, 3).T)
    )
    assert value_digest(Tuned()) == value_digest(replace(Tuned()))
    assert value_digest(DEFAULT) == value_digest(DEFAULT.replace(guarantee=DEFAULT.guarantee))
    assert value_digest(1, 2) != value_digest([1, 2], None)


def test_what_an_object_has_only_computed_does_not_count():
    tuned = Tuned()
    before = value_digest(tuned)
    assert tuned.double == 0.6
    assert value_digest(tuned) == before


def test_padding_between_fields_does_not_count():
    dtype = np.dtype([("a", np.int8), ("b", np.float64)], align=True)
    clean, content = np.zeros(2, dtype), bytearray(b"\x07" * 2 * dtype.itemsize)
    dirty = np.frombuffer(content, dtype)  # a copy would not have to keep the padding
    dirty["a"], dirty["b"] = 0, 0
    assert clean.tobytes() != content
    assert value_digest(clean) == value_digest(dirty)


def test_an_object_may_hold_itself():
    tuned, other = Tuned(), Tuned()
    tuned.inner, other.inner = tuned, other
    assert value_digest(tuned) == value_digest(other) != value_digest(Tuned())


@pytest.mark.parametrize("value", [object(), io.BytesIO(), (one for one in ())])
def test_what_has_no_value_is_refused_with_its_place(value):
    with pytest.raises(InvalidInputError, match=r"\.inner"):
        value_digest(Tuned(inner=value))


def toy_scenario() -> Scenario:
    return Scenario.from_arrays(
        da_eur_per_kwh=np.zeros(24),
        im_eur_per_kwh=np.zeros(24),
        sessions={"arrival_step": [1], "departure_step": [9], "arrival_soc": [0.5]},
    )


def test_a_new_array_of_a_scenario_changes_its_digest():
    """A field more, an attribute more, and a column more of what the scenario holds."""
    scenario = toy_scenario()
    before = value_digest(scenario)
    assert before == value_digest(toy_scenario())
    more = [("pv_kwh", Any, None)]
    sunny = make_dataclass(Scenario.__name__, more, bases=(Scenario,), frozen=True)
    values = dict(vars(scenario))
    one, other = sunny(**values, pv_kwh=np.zeros(24)), sunny(**values, pv_kwh=np.ones(24))
    assert len({before, value_digest(one), value_digest(other)}) == 3

    class Windy(Scenario):
        pass

    Windy.__qualname__ = Scenario.__qualname__
    windy = Windy(**values)
    assert value_digest(windy) == before
    object.__setattr__(windy, "wind_kwh", np.zeros(24))
    assert value_digest(windy) != before
    column = replace(scenario.sessions)
    object.__setattr__(column, "colour", np.zeros(1))
    assert value_digest(replace(scenario, sessions=column)) != before


@pytest.mark.parametrize(
    "changed", [{"n_cars": 10}, {"contract": {"min_price": "random"}}, {"market": {"lot_kw": 500}}]
)
def test_every_rule_of_a_world_counts(changed):
    assert value_digest(CarParkParams()) != value_digest(CarParkParams().changed(changed))


def test_the_modules_behind_a_policy_are_those_of_all_its_parts():
    policy = Operator(rolling_mpc(0), WaitAndSee(HourOfDayMean()))
    assert modules_of(policy) >= {
        "vpp_gym.policies.operator",
        "vpp_gym.policies.scheduler",
        "vpp_gym.policies.bidders",
        "vpp_gym.policies.forecasters",
    }
    assert "vpp_gym.policies.two_stage" not in modules_of(policy)
    mine = Tuned.__module__
    assert mine in modules_of({"key": [Tuned]})
    assert mine in modules_of(partial(shifted, 1.0))
    assert mine in modules_of(kernel)
