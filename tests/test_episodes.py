"""Episodes drawn many at once are those drawn one by one."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

from tests.envs.test_api import busy_world
from vpp_gym.episodes import EpisodeDays, EpisodeTable, draw_episode
from vpp_gym.errors import InvalidInputError

BIT_GENERATORS = [
    np.random.PCG64,
    np.random.PCG64DXSM,
    np.random.MT19937,
    np.random.Philox,
    np.random.SFC64,
]


def days_of(*n_days: int) -> list[EpisodeDays]:
    """Scenarios of so many days from noon to noon, each with some steps more."""
    return [EpisodeDays(12 + 24 * np.arange(n + 1), 24 * n + 20) for n in n_days]


@pytest.mark.parametrize("bits", BIT_GENERATORS)
@pytest.mark.parametrize("length", [None, 1, 2, 7])
@pytest.mark.parametrize(
    "days",
    [days_of(7), days_of(8), days_of(365), days_of(7, 7), days_of(7, 30, 8), days_of(*[9] * 17)],
    ids=lambda days: "-".join(str(len(one.start) - 1) for one in days[:3]),
)
def test_a_table_draws_what_is_drawn_one_by_one(bits, length, days):
    table = EpisodeTable(days, length)
    assert table.complete
    ours, theirs = ([np.random.Generator(bits(seed)) for seed in range(40)] for _ in range(2))
    for _ in range(10):
        drawn = table.draw(ours)
        alone = [draw_episode(one, {}, len(days), length, days.__getitem__) for one in theirs]
        assert list(drawn) == alone
        assert len(drawn) == len(alone)
        for a, b in zip(ours, theirs, strict=True):
            assert data_equivalence(a.bit_generator.state, b.bit_generator.state, exact=True)


@pytest.mark.parametrize("bits", BIT_GENERATORS)
def test_of_one_alone_nothing_is_drawn(bits):
    generator = np.random.Generator(bits(0))
    before = generator.bit_generator.state
    assert generator.integers(1) == 0
    assert data_equivalence(generator.bit_generator.state, before, exact=True)


@pytest.mark.parametrize(("length", "complete"), [(None, True), (2, True), (3, False), (9, False)])
def test_a_table_knows_whether_all_scenarios_have_episodes(length, complete):
    assert EpisodeTable(days_of(4, 2), length).complete is complete


def test_what_cannot_be_drawn_is_told_by_who_draws_it_and_nothing_is_drawn():
    worlds = [busy_world(24 * days, seed=days) for days in (2, 6)]
    envs = gym.make_vec(
        "VPPDayAhead-v0",
        3,
        vectorization_mode="vector_entry_point",
        scenario=worlds,
        episode_days=3,
    )
    core, runs, n_refused = envs.unwrapped.core, np.arange(3), 0
    for seed in range(20):
        generators = [np.random.default_rng(seed + run) for run in range(3)]
        before = [one.bit_generator.state for one in generators]
        if all(np.random.default_rng(seed + run).integers(2) for run in range(3)):
            core.place(runs, generators, None)
            continue
        n_refused += 1
        with pytest.raises(InvalidInputError, match="got 3; the scenario allows 1 to 1"):
            core.place(runs, generators, None)
        assert [one.bit_generator.state for one in generators] == before
    assert 0 < n_refused < 20


@pytest.mark.parametrize("options", [[], 0, ""])
def test_options_that_are_no_mapping_are_refused_also_where_they_say_nothing(options):
    envs = gym.make_vec(
        "VPPDayAhead-v0",
        2,
        vectorization_mode="vector_entry_point",
        scenario=busy_world(96, seed=0),
        episode_days=1,
    )
    with pytest.raises(InvalidInputError, match="give a mapping, or None"):
        envs.unwrapped.core.place(np.arange(2), [np.random.default_rng(0)] * 2, options)
    with pytest.raises(InvalidInputError, match="give each once"):
        envs.unwrapped.core.place(np.array([1, 1]), [np.random.default_rng(0)] * 2, None)


@pytest.mark.parametrize("contract", [{}, {"families": ("price_based",)}])
def test_a_run_that_begins_anew_is_as_one_of_a_new_batch(contract):
    """No car of the episode before is left, whether what owners sign was known before or not."""
    settings = {
        "vectorization_mode": "vector_entry_point",
        "scenario": [busy_world(24 * days, seed=days) for days in (3, 5)],
        "params": {"contract": contract, "site": {"n_chargers": 4}},
        "episode_days": 1,
    }
    used, new = (gym.make_vec("VPPDayAhead-v0", 5, **settings) for _ in range(2))
    used.action_space.seed(0)
    used.reset(seed=1)
    for _ in range(60):
        used.step(used.action_space.sample())
    assert used.unwrapped.core.simulation.state.occupied.any()
    shown, expected = used.reset(seed=7)[0], new.reset(seed=7)[0]
    np.testing.assert_array_equal(shown, expected)
    for name in ("run", "occupied", "ev", "da_sold_kwh", "accepted", "pending", "site"):
        mine = getattr(used.unwrapped.core.simulation.state, name)
        np.testing.assert_array_equal(
            mine, getattr(new.unwrapped.core.simulation.state, name), err_msg=name
        )
