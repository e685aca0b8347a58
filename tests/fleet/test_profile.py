"""Load of the hours ahead from blocks of constant power."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.fleet.profile import add_block, hourly_load_kwh

HOURS = 6


def load_of(*blocks):
    ramps, load = np.zeros((HOURS + 2, 2)), np.full(HOURS, np.nan)
    for start, end, power in blocks:
        add_block(start, end, power, ramps)
    hourly_load_kwh(ramps, load, 0)
    return load


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ((0.0, 2.5, 10.0), [10, 10, 5, 0, 0, 0]),
        ((1.25, 1.75, 10.0), [0, 5, 0, 0, 0, 0]),
        ((1.5, 3.5, 10.0), [0, 5, 10, 5, 0, 0]),
        ((4.5, 9.0, 10.0), [0, 0, 0, 0, 5, 10]),
        ((7.0, 9.0, 10.0), [0, 0, 0, 0, 0, 0]),
        ((2.0, 2.0, 10.0), [0, 0, 0, 0, 0, 0]),
    ],
)
def test_one_block(block, expected):
    np.testing.assert_allclose(load_of(block), expected, atol=1e-12)


INSTANT = st.one_of(st.sampled_from([0.0, 1.0, 2.0, 5.75, 6.0]), st.floats(0, 9))


@given(st.lists(st.tuples(INSTANT, INSTANT, st.floats(0.1, 50)), max_size=8))
def test_many_blocks_add_up(blocks):
    blocks = [(min(a, b), max(a, b), power) for a, b, power in blocks]
    expected = [
        sum(p * max(0.0, min(end, h + 1) - max(start, h)) for start, end, p in blocks)
        for h in range(HOURS)
    ]
    load = load_of(*blocks)
    np.testing.assert_allclose(load, expected, atol=1e-9)
    assert (load >= 0).all()
