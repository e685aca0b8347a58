"""`VPPContracts-v0`: what entries of the action mean to owners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envs.test_api import QUICK, WORLD, busy_world
from tests.worlds import examples, plain, plain_world
from vpp_gym.contracts.families import FAMILIES, designed_offers
from vpp_gym.contracts.menu import ic_residuals, ir_residuals
from vpp_gym.envs.contracts import VPPContractsEnv, VPPContractsVectorEnv
from vpp_gym.envs.offer_actions import OfferShape, post_each
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT, as_params
from vpp_gym.simulation import Simulation

each_family = pytest.mark.parametrize("family", list(FAMILIES))
ENTRY = st.floats(-1, 1)


@examples(40)
@given(st.tuples(ENTRY, ENTRY, ENTRY, ENTRY))
def test_every_action_offers_a_menu_that_owners_sign_truthfully(entries):
    """Incentive compatibility and individual rationality of program (7)."""
    shape = OfferShape(DEFAULT, "fixed_term")
    world = shape.params(np.array(entries))
    menu = world.contract.section("fixed_term").menu(world)
    assert ic_residuals(menu).min() >= -1e-9
    assert ir_residuals(menu).min() >= -1e-9


@each_family
def test_an_action_of_zero_offers_what_the_world_says(family):
    for changes in ({}, {"term_h": 10, "kappa_eur": 0.31, "control_based": {"keep_soc": 0.35}}):
        world = DEFAULT.replace(contract={"families": (family,), **changes})
        shape = OfferShape(world, family)
        np.testing.assert_array_equal(
            shape.offers(np.zeros(len(shape.parameters))), designed_offers(world)
        )


@each_family
def test_without_a_name_the_action_shapes_the_family_that_is_offered(family):
    world = DEFAULT.replace(contract={"families": (family,)})
    assert OfferShape(world, None).family == family


@each_family
def test_offers_of_many_actions_are_those_of_the_parameters_of_each(family):
    shape = OfferShape(DEFAULT, family)
    actions = np.random.default_rng(0).uniform(-1.2, 1.2, (9, len(shape.parameters)))
    for table, action in zip(shape.offers_of(actions), actions, strict=True):
        np.testing.assert_array_equal(table, designed_offers(shape.params(action)))


def test_offers_that_owners_cannot_be_shown_are_refused_among_many(monkeypatch):
    shape = OfferShape(DEFAULT, "control_based")
    sound = shape.offers(np.zeros(len(shape.parameters)))
    wrong = sound.copy()
    wrong["tariff_eur_per_kwh"] = np.nan
    tables = iter((sound, wrong))
    monkeypatch.setattr(type(shape._section), "offers", lambda *_: next(tables))
    with pytest.raises(InvalidInputError, match="tariff_eur_per_kwh"):
        shape.offers_of(np.zeros((2, len(shape.parameters))))


def test_each_run_is_offered_its_own_list_as_one_after_the_other():
    """Of lists that are longer than what there is room for, and shorter."""
    menu, single = (OfferShape(DEFAULT, name) for name in ("fixed_term", "control_based"))
    tables = [menu.offers(np.full(4, 0.3)), single.offers(np.zeros(2)), menu.offers(np.zeros(4))]
    runs = np.array([3, 0, 2])
    together, each = (Simulation([WORLD], DEFAULT, n_envs=4) for _ in range(2))
    post_each(together, tables, runs)
    for table, run in zip(tables, runs, strict=True):
        each.post_offers(table, [run])
    for name in ("offers", "accepted", "run"):
        one, other = (getattr(simulation.state, name) for simulation in (together, each))
        np.testing.assert_array_equal(one, other)


def test_where_nothing_is_offered_the_action_shapes_the_menu():
    assert OfferShape(DEFAULT.replace(contract={"families": ()}), None).family == "fixed_term"


def test_of_several_families_the_action_shapes_the_first():
    world = DEFAULT.replace(contract={"families": ("price_based", "fixed_term")})
    assert OfferShape(world, None).family == "price_based"


@each_family
@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_ends_of_the_action_are_those_of_the_table(family, end):
    shape = OfferShape(DEFAULT, family)
    contract = shape.params(np.full(len(shape.parameters), end)).contract
    neutral = shape.neutral.contract
    for parameter in shape.parameters:
        values = [getattr(one.section(family), parameter.name) for one in (contract, neutral)]
        limit = parameter.least if end < 0 else parameter.most
        expected = values[1] * limit if parameter.kind == "ratio" else limit
        assert values[0] == pytest.approx(expected)


@each_family
def test_entries_rise_from_end_to_end(family):
    shape = OfferShape(DEFAULT, family)
    for place, parameter in enumerate(shape.parameters):
        values = []
        for entry in np.linspace(-1, 1, 41):
            action = np.zeros(len(shape.parameters))
            action[place] = entry
            section = shape.params(action).contract.section(family)
            values.append(getattr(section, parameter.name))
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_the_window_is_in_whole_hours_and_may_be_none():
    shape = OfferShape(DEFAULT, "fixed_term")
    for entry, term_h in [(-1, 0), (-0.9, 0), (-0.5, 2), (0, 3), (0.1, 5), (1, 24)]:
        offers = shape.offers(np.array([0.0, 0.0, entry, 0.5]))
        assert (offers["term_h"] == term_h).all()
        assert (offers["delay_h"] == 6).all()


def daily_signed(env, actions) -> list[float]:
    env.reset(seed=0, options={"start_day": 0})
    return [env.step(action)[4]["contracts"] for action in actions]


def test_offers_are_for_those_who_come_after_the_gate():
    """None for those who come the first day, the paper's for those of the second."""
    sessions = {
        "arrival_step": [12, 20, 36, 40],
        "departure_step": [30, 44, 60, 66],
        "arrival_soc": [0.9] * 4,
        "owner_draw": [0.9] * 4,
    }
    world = plain_world(96, sessions=sessions)
    nothing, usual = np.array([0.0, 0.0, -1.0, 0.0]), np.zeros(4)
    env = VPPContractsEnv(world, plain(), **QUICK, episode_days=3, observation="dict")
    # The car of step 12 is there before the first decision: it signs what 0 offers. The one
    # of step 36 comes in the step of the second gate, before it.
    assert daily_signed(env, [nothing, usual, usual]) == [1.0, 1.0, 0.0]
    assert daily_signed(env, [usual, nothing, usual]) == [3.0, 0.0, 0.0]
    assert daily_signed(env, [nothing, nothing, nothing]) == [1.0, 0.0, 0.0]


def test_signatures_are_shown_by_offer():
    env = VPPContractsEnv(
        busy_world(96, seed=3), plain(), **QUICK, episode_days=3, observation="dict"
    )
    seen, _ = env.reset(seed=0)
    assert not seen["signed_last_day"].any()
    for _ in range(3):
        seen, _, _, _, info = env.step(np.zeros(4))
        assert seen["signed_last_day"].sum() == pytest.approx(info["contracts"])
        assert seen["arrivals_last_day"][0] == pytest.approx(info["arrivals"])


def test_more_generous_tariffs_are_signed_by_more_owners():
    def signed(entry: float) -> float:
        env = VPPContractsEnv(
            busy_world(96, seed=3), **QUICK, family="control_based", episode_days=3
        )
        return sum(daily_signed(env, [np.array([entry, 0.0])] * 3))

    assert signed(-1.0) <= signed(0.0) < signed(1.0) or signed(-1.0) < signed(0.0)


def test_offers_of_one_run_are_not_those_of_another():
    env = VPPContractsVectorEnv(2, WORLD, plain(), **QUICK, episode_days=2)
    env.reset(seed=0)
    env.step(np.array([[0, 0, -1, 0], [0, 0, 1, 0]], dtype=float))
    assert (env.core.simulation.offers["term_h"] == [[0], [24]]).all()


def test_a_new_episode_begins_with_what_zero_offers():
    env = VPPContractsEnv(WORLD, plain(), **QUICK, episode_days=2)
    env.reset(seed=0)
    env.step(np.array([1.0, -1.0, 1.0, 1.0]))
    env.reset(seed=0)
    np.testing.assert_array_equal(env.core.simulation.offers[0], designed_offers(plain()))


def test_a_refused_reset_leaves_the_offers():
    env = VPPContractsEnv(WORLD, plain(), **QUICK, episode_days=2)
    env.reset(seed=0)
    env.step(np.array([1.0, -1.0, 1.0, 1.0]))
    before = env.core.simulation.offers
    with pytest.raises(InvalidInputError):
        env.reset(options={"start_day": 99})
    np.testing.assert_array_equal(env.core.simulation.offers, before)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"family": "fixed"}, "family"),
        ({"bidder": "expected"}, "bidder"),
        (
            {"params": {"preset": "plain", "contract": {"saturation_kwh": 4_000}}},
            "params.contract.saturation_kwh",
        ),
    ],
)
def test_bad_arguments(arguments, field):
    with pytest.raises(InvalidInputError) as refused:
        VPPContractsEnv(WORLD, **arguments)
    assert refused.value.field == field
    assert refused.value.remedy


def test_a_world_beyond_the_table_is_the_end_of_its_scale():
    shape = OfferShape(as_params({"contract": {"term_h": 30}}), "fixed_term")
    assert shape.most.contract.term_h == 30
    assert shape.neutral.contract.term_h == 30
    assert shape.least.contract.term_h == 0
