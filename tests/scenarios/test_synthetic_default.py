"""The default worlds stay as they are: trained agents and the leaderboard stand on them."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import PRESETS, SyntheticParams

RESOLUTION = 1e-9
"""Finer than any price matters, coarser than the last bits that differ between processors."""
RECORDED = {
    ("synthetic", 1.0, 0): "fc5d167a4ab3ba38",
    ("synthetic", 1.0, 31): "8b7add08417fedf6",
    ("synthetic", 0.25, 0): "cbe1dd8782e00296",
    ("synthetic:validation", 1.0, 0): "eed9e6148ad05384",
    ("synthetic:validation", 0.25, 0): "0b1ae44f3d580d5e",
    ("synthetic:test", 1.0, 0): "9ab03acf97e193f1",
    ("synthetic:test", 0.25, 0): "e02019eb1d3f4546",
}


def digest(scenario):
    found = sha256()
    prices = (
        scenario.da_eur_per_kwh,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    for column in (*vars(scenario.sessions).values(), *prices):
        finite = np.where(np.isfinite(column), column, -1)
        found.update(np.rint(finite / RESOLUTION).astype(np.int64).tobytes())
    return found.hexdigest()[:16]


@pytest.mark.parametrize(("name", "dt_h", "index"), RECORDED)
def test_named_worlds_are_the_recorded_ones(name, dt_h, index):
    assert digest(as_source(name, dt_h).scenario(index)) == RECORDED[name, dt_h, index]


@pytest.mark.parametrize("params", [None, {}, "default", SyntheticParams(), PRESETS["default"]])
def test_default_parameters_change_no_bit(params):
    plain, same = (SyntheticSource("test", days=30, **given) for given in ({}, {"params": params}))
    assert same.name == plain.name == "synthetic:test"
    one, other = plain.scenario(0), same.scenario(0)
    assert one.notes == other.notes
    assert digest(one) == digest(other)
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
