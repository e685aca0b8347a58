"""What the environments of every world have in common: arguments, infos, specs and copies."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings
from itertools import pairwise
from typing import Any, get_type_hints

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.wrappers import TimeAwareObservation, TimeLimit

import vpp_gym
from vpp_gym.errors import InvalidInputError

PARK = {"n_cars": 60, "price_year": {"spread": 4.0}}
GRID = {"n_cars": 8, "household": {"n_houses": 30}}
SMALL: dict[str, dict[str, Any]] = {
    "VPPDayAhead-v0": {},
    "VPPDispatch-v0": {},
    "VPPBidding-v0": {"scheduler": "charge_on_arrival"},
    "VPPContracts-v0": {"scheduler": "charge_on_arrival"},
    "FCEVCarPark-v0": {"params": PARK, "n_scenarios": 2},
    "FCEVMicrogrid-v0": {"params": GRID, "n_scenarios": 2},
}
"""Arguments that make each environment quick to build."""
STEPS_A_DAY = {
    "VPPDayAhead-v0": 96,
    "VPPDispatch-v0": 96,
    "VPPBidding-v0": 1,
    "VPPContracts-v0": 1,
    "FCEVCarPark-v0": 1,
    "FCEVMicrogrid-v0": 24,
}
each_id = pytest.mark.parametrize("env_id", list(SMALL))
each_class = pytest.mark.parametrize(
    "entry",
    [
        getattr(gym.spec(env_id), entry)
        for env_id in SMALL
        for entry in ("entry_point", "vector_entry_point")
    ],
)


def make(env_id: str, **more: Any) -> Any:
    return gym.make(env_id, **{**SMALL[env_id], **more})


def make_batch(env_id: str, num_envs: int = 2, **more: Any) -> Any:
    return gym.make_vec(
        env_id,
        num_envs=num_envs,
        vectorization_mode="vector_entry_point",
        **{**SMALL[env_id], **more},
    )


def length(env: Any, **reset: Any) -> int:
    """Steps of an episode."""
    env.reset(seed=0, **reset)
    action, steps, over = np.zeros(env.action_space.shape, np.float32), 0, False
    while not over:
        steps, over = steps + 1, env.step(action)[3]
    return steps


def test_all_ids_are_covered():
    assert vpp_gym.__version__
    ours = {name for name, spec in gym.registry.items() if "vpp_gym" in str(spec.entry_point)}
    assert ours == {*SMALL, "VPPStay-v0"}  # which has no days: tests/envs/test_stay.py


@each_id
def test_gymnasiums_check_passes_on_a_machine_without_a_screen(env_id):
    """In full, with every render mode: a window that cannot be opened is a warning."""
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    env = make(env_id).unwrapped
    assert set(env.metadata["render_modes"]) == {"human", "rgb_array"}
    with pytest.warns(UserWarning, match="nothing is shown") as told:
        check_env(env)
    assert len(told) == 1, [str(one.message) for one in told]


@each_id
def test_the_info_of_a_reset_has_the_keys_of_a_step_and_is_zero(env_id):
    env = make(env_id)
    _, first = env.reset(seed=0)
    info = env.step(env.action_space.sample())[4]
    assert list(first) == list(info) == list(env.unwrapped.core.terms)
    assert set(first.values()) == {0.0}
    assert {type(value) for value in first.values()} == {float}


@each_id
def test_so_has_that_of_a_batch(env_id):
    batch = make_batch(env_id, 3)
    _, first = batch.reset(seed=0)
    info = batch.step(np.zeros(batch.action_space.shape))[4]
    assert list(first) == list(info)
    mask = np.array([False, True, False])
    _, again = batch.reset(options={"reset_mask": mask})
    assert list(again) == list(info)
    for name in env_terms(batch):
        assert info[name].dtype == first[name].dtype
        assert info[f"_{name}"].all()
        assert first[f"_{name}"].all()
        assert not first[name].any()
        np.testing.assert_array_equal(again[f"_{name}"], mask)


def env_terms(env: Any) -> tuple[str, ...]:
    return env.unwrapped.core.terms


@each_id
@pytest.mark.parametrize("days", [2, 28])
def test_the_spec_says_how_long_an_episode_is_and_cuts_none(env_id, days):
    env = make(env_id, episode_days=days)
    steps = days * STEPS_A_DAY[env_id]
    assert env.spec.max_episode_steps == steps
    assert gym.spec(env_id).max_episode_steps is None
    assert not has_time_limit(env)
    if days == 28 and STEPS_A_DAY[env_id] > 1:
        return
    assert length(env) == steps
    assert length(env, options={"episode_days": days + 1}) == steps + STEPS_A_DAY[env_id]


def test_an_episode_of_four_weeks_is_not_cut():
    assert length(make("VPPDayAhead-v0", episode_days=28)) == 28 * 96


def has_time_limit(env: Any) -> bool:
    while env is not env.unwrapped:
        if isinstance(env, TimeLimit):
            return True
        env = env.env
    return False


@each_id
def test_time_can_be_a_part_of_the_observation(env_id):
    env = TimeAwareObservation(make(env_id, episode_days=2), normalize_time=True)
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    over = False
    while not over:
        observation, _, _, over, _ = env.step(np.zeros(env.action_space.shape, np.float32))
    assert observation[-1] == pytest.approx(1.0)


@each_id
def test_a_spec_makes_the_same_environment(env_id):
    env = make(env_id, episode_days=2, observation="dict")
    for spec in (env.spec, EnvSpec.from_json(env.spec.to_json())):
        again = gym.make(spec)
        assert again.spec.max_episode_steps == env.spec.max_episode_steps
        assert again.observation_space == env.observation_space
        assert data_equivalence(env.reset(seed=2), again.reset(seed=2), exact=True)
        over, action = False, np.zeros(env.action_space.shape, np.float32)
        while not over:
            one, other = env.step(action), again.step(action)
            assert data_equivalence(one, other, exact=True)
            over = one[3]
    batch = gym.make_vec(env.spec, num_envs=2, vectorization_mode="vector_entry_point")
    assert batch.single_observation_space == env.observation_space
    assert batch.spec.max_episode_steps == env.spec.max_episode_steps


@each_id
def test_a_batch_is_not_cut_by_the_spec_of_shorter_episodes(env_id):
    spec = make(env_id, episode_days=2).spec
    with pytest.raises(InvalidInputError, match="set episode_days") as refused:
        gym.make_vec(spec, num_envs=2, vectorization_mode="vector_entry_point", episode_days=3)
    assert refused.value.field == "max_episode_steps"


@each_id
def test_copies_go_on_alike_and_pickles_are_small(env_id):
    env = make(env_id, episode_days=3)
    env.reset(seed=1)
    env.action_space.seed(0)
    env.step(env.action_space.sample())
    packed = pickle.dumps(env)
    assert len(packed) < 200_000
    twins = [pickle.loads(packed), copy.deepcopy(env)]
    over = False
    while not over:
        action = env.action_space.sample()
        expected = env.step(action)
        for twin in twins:
            assert data_equivalence(twin.step(action), expected, exact=True)
        over = expected[3]
    expected = env.reset()
    for twin in twins:
        assert data_equivalence(twin.reset(), expected, exact=True)


@each_id
def test_a_batch_pickles_small_and_goes_on_alike(env_id):
    batch = make_batch(env_id, episode_days=1, **few_scenarios(env_id))
    batch.reset(seed=1)
    actions = np.full(batch.action_space.shape, 0.3, np.float32)
    packed = pickle.dumps(batch)
    assert len(packed) < 200_000
    for twin in (pickle.loads(packed), copy.deepcopy(batch)):
        original = pickle.loads(packed)
        for _ in range(3):
            assert data_equivalence(twin.step(actions), original.step(actions), exact=True)


def few_scenarios(env_id: str) -> dict[str, Any]:
    return {} if env_id.startswith("FCEV") else {"scenario": "synthetic:test"}


def test_deep_copies_share_what_never_changes():
    for env_id in SMALL:
        env = make(env_id)
        simulation = env.unwrapped.core.simulation
        twin = copy.deepcopy(env).unwrapped.core.simulation
        assert twin.dataset is simulation.dataset, env_id
        for one, other in zip(twin.state, simulation.state, strict=True):
            assert not np.shares_memory(one, other), env_id


@each_class
@pytest.mark.parametrize("name", ["controls", "n_chargers", "base", "settings"])
def test_a_misspelt_keyword_is_refused_with_those_that_are_known(entry, name):
    kind = load_env_creator(entry)
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'") as refused:
        kind(**{name: 1})
    for known in inspect.signature(kind.__init__).parameters:
        assert known == "self" or known in str(refused.value)


def test_a_misspelt_keyword_is_refused_with_the_one_that_was_meant():
    with pytest.raises(TypeError, match="did you mean episode_days"):
        gym.make("VPPDayAhead-v0", episode_day=3)
    with pytest.raises(TypeError, match="did you mean volumes"):
        gym.make_vec("FCEVMicrogrid-v0", num_envs=2, volume=True)


@each_class
def test_keywords_are_explicit_typed_and_explained(entry):
    kind = load_env_creator(entry)
    parameters = list(inspect.signature(kind).parameters.values())
    hints = get_type_hints(kind.__init__)
    scalar = load_env_creator(entry.replace("VectorEnv", "Env"))
    told = f"{scalar.__doc__} {kind.__doc__} {vpp_gym.env.VectorEnv.__doc__}"
    for parameter in parameters:
        assert parameter.kind is not parameter.VAR_KEYWORD
        assert parameter.name in hints
        assert parameter.name in told or parameter.name in ("num_envs", "n_scenarios")


@each_id
def test_the_keywords_of_a_batch_are_those_of_an_environment_and_its_own(env_id):
    spec = gym.spec(env_id)
    scalar, batch = (
        {
            name: parameter.default
            for name, parameter in inspect.signature(load_env_creator(entry)).parameters.items()
        }
        for entry in (spec.entry_point, spec.vector_entry_point)
    )
    assert scalar.items() <= batch.items()
    own = set(batch) - set(scalar)
    assert own - {"threads"} == {"num_envs", "autoreset_mode", "max_episode_steps"}
    settings = load_env_creator(spec.entry_point).core_kind.settings_kind.model_fields
    for name, field in settings.items():
        assert scalar[name] == field.default, "stated twice, and not alike"


@each_id
def test_reset_options_place_an_episode(env_id):
    env = make(env_id, episode_days=2)
    first, _ = env.reset(seed=3, options={"scenario": 1, "start_day": 40})
    same, _ = env.reset(seed=4, options={"scenario": 1, "start_day": 40})
    np.testing.assert_array_equal(first, same)
    for other in ({"scenario": 0, "start_day": 40}, {"scenario": 1, "start_day": 41}):
        assert not np.array_equal(env.reset(seed=3, options=other)[0], first)
    longer = {"options": {"scenario": 1, "start_day": 40, "episode_days": 3}}
    assert length(env, **longer) == 3 * STEPS_A_DAY[env_id]


@each_id
def test_a_refused_reset_uses_up_no_draws(env_id):
    one, other = make(env_id), make(env_id)
    for env in (one, other):
        env.reset(seed=5)
    for options in ({"scenario": 99}, {"start_day": -1}, {"weather": 3}):
        with pytest.raises(InvalidInputError):
            one.reset(options=options)
    assert data_equivalence(one.reset(), other.reset(), exact=True)


@each_id
def test_both_forms_of_the_observation_hold_the_same_values(env_id):
    flat, named = make(env_id), make(env_id, observation="dict")
    layout = flat.unwrapped.core.layout
    seen, parts = flat.reset(seed=1)[0], named.reset(seed=1)[0]
    for _ in range(5):
        assert parts in named.observation_space
        for name, columns in layout.slices.items():
            unit = layout.scale[columns].astype(np.float32)
            np.testing.assert_array_equal(parts[name], seen[columns] * unit)
        action = flat.action_space.sample()
        seen, parts = flat.step(action)[0], named.step(action)[0]


@pytest.mark.parametrize(
    ("env_id", "prefix"), [("FCEVCarPark-v0", "car_park"), ("FCEVMicrogrid-v0", "microgrid")]
)
def test_years_have_names_with_and_without_the_world(env_id, prefix):
    names = ("synthetic:test", f"{prefix}:synthetic:test")
    first = [make(env_id, scenario=name).reset(seed=0)[0] for name in names]
    np.testing.assert_array_equal(*first)
    trained = make(env_id).reset(seed=0)[0]
    assert not np.array_equal(first[0], trained)
    for wrong in ("synthetic:tset", "ev:synthetic", 5, [], [3], object()):
        with pytest.raises(InvalidInputError) as refused:
            make(env_id, scenario=wrong)
        assert refused.value.field == "scenario"


@pytest.mark.parametrize("env_id", ["FCEVCarPark-v0", "FCEVMicrogrid-v0"])
def test_given_scenarios_are_those_of_the_name(env_id):
    named = make(env_id, n_scenarios=2, first_scenario=7)
    source = named.unwrapped.core.source
    assert (source.n_scenarios, source.dt_h) == (2, 1.0)
    assert source.scenario(1) is source.scenario(1)
    assert source.scenario(1).name.endswith(":8")
    given = [source.scenario(k) for k in range(2)]
    for scenario in (source, given, tuple(given)):
        env = make(env_id, scenario=scenario)
        assert data_equivalence(env.reset(seed=9), named.reset(seed=9), exact=True)
    alone = make(env_id, scenario=given[1])
    options = {"scenario": 1, "start_day": 30}
    expected, _ = named.reset(seed=1, options=options)
    np.testing.assert_array_equal(alone.reset(seed=1, options={"start_day": 30})[0], expected)


@pytest.mark.parametrize("env_id", ["FCEVCarPark-v0", "FCEVMicrogrid-v0"])
def test_scenarios_that_do_not_suit_the_parameters_are_refused(env_id):
    source = make(env_id).unwrapped.core.source
    with pytest.raises(InvalidInputError) as refused:
        gym.make(env_id, scenario=source)
    assert refused.value.field == "params.n_cars"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"episode_days": 0}, "episode_days"),
        ({"episode_days": 400}, "episode_days"),
        ({"n_scenarios": 0}, "n_scenarios"),
        ({"first_scenario": -1}, "first_scenario"),
        ({"observation": "table"}, "observation"),
        ({"render_mode": "ansi"}, "render_mode"),
        ({"params": {"cars": 3}}, "params.cars"),
    ],
)
@pytest.mark.parametrize("env_id", ["FCEVCarPark-v0", "FCEVMicrogrid-v0"])
@pytest.mark.filterwarnings("ignore:.*render_mode:UserWarning")
def test_bad_arguments_of_fuel_cell_environments(env_id, arguments, field):
    with pytest.raises(InvalidInputError) as refused:
        make(env_id, **arguments)
    assert refused.value.field == field
    assert refused.value.remedy


@each_id
def test_a_picture_changes_with_each_step_and_is_the_callers_own(env_id):
    env = make(env_id, render_mode="rgb_array", episode_days=3)
    env.reset(seed=0)
    pictures = [env.render()]
    for _ in range(2):
        env.step(np.full(env.action_space.shape, 0.5, np.float32))
        pictures.append(env.render())
    for before, after in pairwise(pictures):
        assert before.shape == after.shape == (720, 960, 3)
        assert before.dtype == np.uint8
        assert (before != after).any()
    np.testing.assert_array_equal(env.render(), pictures[-1])
    twin = pickle.loads(pickle.dumps(env))
    np.testing.assert_array_equal(twin.render(), pictures[-1])
    env.close()


@each_id
def test_pictures_change_nothing_else(env_id):
    plain = make(env_id, episode_days=1)
    drawn = make(env_id, episode_days=1, render_mode="rgb_array")
    assert data_equivalence(plain.reset(seed=0), drawn.reset(seed=0), exact=True)
    over = False
    while not over:
        action = plain.action_space.sample()
        expected = plain.step(action)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert data_equivalence(drawn.step(action), expected, exact=True)
        over = expected[3]
