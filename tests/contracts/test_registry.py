"""The registry: one class makes a family known everywhere, and a missing part is refused."""

from __future__ import annotations

import pickle
import runpy
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import pytest
from pydantic import Field

import vpp_gym
from tests.envs.test_api import busy_world
from tests.worlds import plain_world
from vpp_gym.arrays import Records
from vpp_gym.contracts.families import (
    FAMILIES,
    PARTS,
    ActionParameter,
    ContractFamily,
    SingleOffer,
    designed_offers,
    offer_labels,
    register,
)
from vpp_gym.contracts.offer import OFFER, OFFER_FIELDS, offers
from vpp_gym.envs.fields import FAR_H
from vpp_gym.envs.offer_actions import OfferShape
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT, VPPParams, as_params
from vpp_gym.params.contract import ContractParams, offer
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.training.options import environment_options

DOCS = Path(__file__).parents[2] / "docs"


class FlatFee(SingleOffer):
    """The VPP may discharge at any time during the stay, for one fee.

    fee_eur: paid on departure.
    """

    name = "flat_fee"
    action_parameters = (ActionParameter("fee_eur", "EUR", 0.0, 3.0, "linear", "the fee"),)

    fee_eur: float = Field(default=1.0, ge=0, le=100)
    hours: ClassVar[float] = inf

    def offers(self, params: VPPParams) -> Records:
        return offers(1, payoff_eur=self.fee_eur, keep_soc=0.3)

    def in_words(self) -> str:
        return f"flat fee of {self.fee_eur:g} EUR"

    @property
    def longest_window_h(self) -> float:
        return self.hours


@pytest.fixture
def flat_fee() -> Iterator[type[FlatFee]]:
    register(FlatFee)
    yield FlatFee
    del FAMILIES["flat_fee"]


@pytest.mark.usefixtures("flat_fee")
class TestANewFamily:
    """Nothing but the class names it."""

    def test_has_parameters(self):
        params = as_params({"contract": offer("flat_fee", fee_eur=2.0)})
        assert params.contract.section("flat_fee").fee_eur == 2.0
        assert params.contract.flat_fee.fee_eur == 2.0
        assert params.replace(guarantee=True).contract == params.contract
        assert pickle.loads(pickle.dumps(params)) == params
        with pytest.raises(InvalidInputError) as refused:
            params.replace(contract={"flat_fee": {"fee_eur": -1}})
        assert refused.value.field == "params.contract.flat_fee.fee_eur"

    def test_has_its_defaults_in_parameters_made_before(self):
        assert DEFAULT.contract.section("flat_fee").fee_eur == 1.0

    def test_is_evaluated(self):
        policy = rolling_mpc(contract=offer("flat_fee"))
        days = vpp_gym.evaluate(policy, busy_world(72, seed=3)).days
        assert days["contracts_flat_fee"].sum() > 0
        assert days["contracts_flat_fee"].sum() == days["contracts"].sum()
        assert days["payoff_eur"].sum() < 0

    def test_is_offered_beside_others(self):
        params = as_params({"contract": {"families": ("flat_fee", "fixed_term")}})
        assert offer_labels(params) == [
            "flat_fee",
            "type_1",
            "type_2",
            "type_3",
            "type_4",
            "type_5",
        ]
        assert designed_offers(params)["payoff_eur"][0] == 1.0
        assert params.contract.in_words() == "flat fee of 1 EUR or fixed-term menu of 3 h"

    def test_is_shaped_by_an_agent(self):
        world = busy_world(96, seed=3)
        env = gym.make("VPPContracts-v0", scenario=world, family="flat_fee", episode_days=2)
        assert env.action_space.shape == (1,)
        env.reset(seed=0, options={"start_day": 0})
        no_fee = env.step(np.array([-1.0]))[4]["contracts"]
        env.reset(seed=0, options={"start_day": 0})
        assert env.step(np.array([1.0]))[4]["contracts"] > no_fee
        shape = OfferShape(DEFAULT, "flat_fee")
        fees = [shape.offers(np.array([entry]))["payoff_eur"][0] for entry in (-1.0, 0.0, 1.0)]
        assert fees == [0.0, 1.0, 3.0]

    @pytest.mark.parametrize(("hours", "seen_h"), [(inf, FAR_H), (5.0, 5.0)])
    def test_scales_observations_by_its_window(self, monkeypatch, hours, seen_h):
        monkeypatch.setattr(FlatFee, "hours", hours)
        params = {"contract": offer("flat_fee"), "site": {"n_chargers": 1}}
        env = gym.make(
            "VPPDayAhead-v0", scenario=plain_world(96), params=params, observation="dict"
        )
        assert env.observation_space["contract_left"].high[0] == pytest.approx(11 * seen_h)

    def test_is_documented(self):
        page = runpy.run_path(str(DOCS / "build.py"))["page"]()
        assert "| flat_fee | 0 | `fee_eur` | EUR | 0 | 1 | 3 | linear | the fee |" in page


def parts_of_flat_fee() -> dict[str, Any]:
    """What the class of the flat fee defines, beside its parameter."""
    return {name: vars(FlatFee)[name] for name in PARTS if name in vars(FlatFee)} | {
        "name": "other_fee",
        "action_parameters": FlatFee.action_parameters,
        "labels": SingleOffer.labels,
        "__module__": __name__,
        "__annotations__": {"fee_eur": float},
        "fee_eur": 1.0,
        "hours": inf,
    }


def family(**changes: Any) -> type[ContractFamily]:
    """A class like that of the flat fee, with other parts; None leaves one out."""
    parts = {
        name: part
        for name, part in (parts_of_flat_fee() | changes).items()
        if part is not None and name != "hours"
    }
    return type(ContractFamily)("OtherFee", (ContractFamily,), parts)


@pytest.mark.usefixtures("registered")
def test_a_whole_family_is_registered():
    assert register(family()) is FAMILIES["other_fee"]


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("part", PARTS)
def test_a_missing_part_is_refused_by_name(part):
    with pytest.raises(InvalidInputError) as refused:
        register(family(**{part: None}))
    assert refused.value.field == f"OtherFee.{part}"
    assert PARTS[part] in refused.value.remedy
    assert "other_fee" not in FAMILIES


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "fixed_term"}, "OtherFee.name"),
        ({"name": "other fee"}, "OtherFee.name"),
        ({"action_parameters": ()}, "OtherFee.action_parameters"),
        (
            {"action_parameters": (ActionParameter("fee", "EUR", 0, 1, "linear", ""),)},
            "OtherFee.action_parameters",
        ),
        ({"fee_eur": Field(gt=0)}, "OtherFee.fee_eur"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(changes, field):
    with pytest.raises(InvalidInputError) as refused:
        register(family(**changes))
    assert refused.value.field == field
    assert refused.value.remedy
    assert "other_fee" not in FAMILIES


@pytest.mark.usefixtures("registered")
def test_labels_are_as_many_as_offers():
    register(family(labels=lambda self, params: ["one", "two"]))
    with pytest.raises(InvalidInputError) as refused:
        offer_labels(as_params({"contract": {"families": ("other_fee",)}}))
    assert refused.value.field == "other_fee.labels"


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("made", [None, [1.0], np.zeros(3)])
def test_a_family_makes_offers_and_nothing_else(made):
    register(family(offers=lambda self, params: made))
    with pytest.raises(InvalidInputError) as refused:
        designed_offers(as_params({"contract": {"families": ("other_fee",)}}))
    assert refused.value.field == "offers"


@pytest.mark.parametrize(
    ("contract", "field", "remedy"),
    [
        ({"families": ("flat_fee",)}, "params.contract.families.0", "use one of fixed_term"),
        ({"families": ("pricebased",)}, "params.contract.families.0", "did you mean price_based?"),
        ({"flat_fee": {"fee_eur": 1.0}}, "params.contract.flat_fee", "price_based"),
        ({"fixed_term": {"term_h": 1}}, "params.contract.fixed_term", "term_h"),
        ({"price_based": {"fee": 1.0}}, "params.contract.price_based.fee", "unknown field"),
        ({"price_based": 1.0}, "params.contract.price_based", "dictionary"),
    ],
)
def test_what_is_no_family_is_refused(contract, field, remedy):
    with pytest.raises(InvalidInputError) as refused:
        as_params({"contract": contract})
    assert refused.value.field == field
    assert remedy in refused.value.remedy


@pytest.mark.parametrize("ask", [offer, ContractParams().section])
def test_families_are_asked_for_by_name(ask):
    with pytest.raises(InvalidInputError, match="family: got 'flat'"):
        ask("flat")


def test_the_record_of_an_offer_has_the_fields_of_the_table():
    assert OFFER.names == tuple(field.name for field in OFFER_FIELDS)
    one = offers(1)[0]
    for field in OFFER_FIELDS:
        assert one[field.name] == field.default
        assert field.meaning


def test_parameters_of_every_family_can_be_set_in_training():
    known = environment_options("VPPDayAhead-v0")
    for name, kind in FAMILIES.items():
        section = f"{name}." if kind.has_section else ""
        for field in kind.model_fields:
            assert known[f"params.contract.{section}{field}"].meaning
