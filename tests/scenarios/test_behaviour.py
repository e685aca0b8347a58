"""When owners really leave."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.behaviour import leaving_step
from vpp_gym.scenarios.scenario import sessions_from_table


def sessions(draw, stay=9):
    n = len(draw)
    return sessions_from_table(
        {
            "arrival_step": [5] * n,
            "departure_step": [5 + stay] * n,
            "arrival_soc": [0.5] * n,
            "departure_draw": draw,
        }
    )


EVEN = np.arange(8_000) / 8_000


def test_nobody_leaves_early_unless_some_do():
    assert (leaving_step(sessions(EVEN), 0.0) == 14).all()


@pytest.mark.parametrize("prob", [0.25, 0.5, 1.0])
def test_every_step_in_between_is_equally_likely(prob):
    steps, counts = np.unique(leaving_step(sessions(EVEN), prob), return_counts=True)
    on_time = 8_000 - round(8_000 * prob)
    assert steps.tolist() == list(range(6, 14)) + [14] * (prob < 1)
    np.testing.assert_allclose(counts[:8], 1_000 * prob, atol=1)
    assert counts[8:].sum() == pytest.approx(on_time, abs=1)


def test_whoever_leaves_early_at_a_low_probability_does_so_at_a_higher_one():
    rare, frequent = (leaving_step(sessions(EVEN), prob) < 14 for prob in (0.2, 0.6))
    assert frequent[rare].all()
    assert rare.sum() < frequent.sum()


def test_a_stay_of_one_step_cannot_be_cut_short():
    assert (leaving_step(sessions(EVEN, stay=1), 1.0) == 6).all()
    assert (leaving_step(sessions(EVEN, stay=2), 1.0) == 6).all()


@pytest.mark.parametrize("column", ["departure_draw", "interest_draw", "owner_draw"])
@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_draws_are_quantiles(column, value):
    table = {"arrival_step": [0], "departure_step": [3], "arrival_soc": [0.5], column: [value]}
    with pytest.raises(InvalidInputError, match=rf"sessions\.{column}"):
        sessions_from_table(table)
