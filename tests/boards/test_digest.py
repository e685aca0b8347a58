"""Digests of worlds: the same on every processor, and another for every other world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.boards.digest import same_worlds, world_digest
from vpp_gym.scenarios.synthetic import SyntheticSource


@pytest.fixture(scope="module")
def year():
    return SyntheticSource("train", 1, dt_h=0.25, days=3).scenario(0)


def changed(year, factor: float):
    return replace(year, da_eur_per_kwh=year.da_eur_per_kwh * factor)


@pytest.mark.parametrize("factor", [1.0, 1.0 + 1e-15, 1.0 - 1e-15])
def test_the_last_bits_make_no_other_world(year, factor):
    assert world_digest(changed(year, factor)) == world_digest(year)


@pytest.mark.parametrize("factor", [1.0 + 1e-6, 0.5, -1.0])
def test_other_prices_do(year, factor):
    other = world_digest(changed(year, factor))
    assert not same_worlds([other], [world_digest(year)])
    mine, theirs = (text.split() for text in (other, world_digest(year)))
    differ = {one.partition("=")[0] for one, two in zip(mine, theirs, strict=True) if one != two}
    assert differ == {"da_eur_per_kwh"}


def test_no_sign_of_nothing_makes_another_world(year):
    nothing = np.zeros_like(year.da_eur_per_kwh)
    one, other = (replace(year, da_eur_per_kwh=some) for some in (nothing, -nothing))
    assert world_digest(one) == world_digest(other)
