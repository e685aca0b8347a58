"""Numbers that threads share are taken one at a time, compiled and as plain Python."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from vpp_gym import signals
from vpp_gym.kernels import njit

N = 20_000


@njit(nogil=True)
def take_all(numbers, mine, n):
    """Mark the numbers below n that this thread takes."""
    while True:
        number = signals.taken(numbers, 0)
        if number >= n:
            return
        mine[number] += 1


def take_all_in_turn(numbers, mine, n):
    while (number := signals._taken_in_turn(numbers, 0)) < n:
        mine[number] += 1


def shared_by(take):
    """How often each of two threads has taken each number."""
    numbers, mine = np.zeros(1, np.int64), np.zeros((2, N), np.int64)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda own: take(numbers, own, N), mine))
    return mine


def test_every_number_is_taken_once():
    for take in (take_all, take_all_in_turn):
        np.testing.assert_array_equal(shared_by(take).sum(axis=0), 1)
