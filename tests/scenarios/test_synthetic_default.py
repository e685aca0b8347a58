"""Worlds stay as they are: trained agents and leaderboards stand on them."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest

from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import PRESETS, SyntheticParams

RESOLUTION = 1e-9
"""Finer than any price matters, coarser than the last bits that differ between processors."""
EARLIER = {"calibration": "dutch_2018_2019"}
RECORDED_EARLIER = {
    ("train", 1.0, 0): "fc5d167a4ab3ba38",
    ("train", 1.0, 31): "8b7add08417fedf6",
    ("train", 0.25, 0): "cbe1dd8782e00296",
    ("validation", 1.0, 0): "eed9e6148ad05384",
    ("validation", 0.25, 0): "0b1ae44f3d580d5e",
    ("test", 1.0, 0): "9ab03acf97e193f1",
    ("test", 0.25, 0): "e02019eb1d3f4546",
}
MIX = {"site": {"public": 0.5, "workplace": 0.3, "home": 0.2}}
CHANGED = {"default": {}, "mix": MIX} | {
    name: preset.model_dump() for name, preset in PRESETS.items() if name != "default"
}
REFERENCE = {"demand": "reference"}
DRAWN_WITHOUT_KERNELS = {
    ("default", 1.0, 1): "d11412075303e8a8",
    ("default", 1.0, 2): "640f30d9fa25ca07",
    ("default", 1.0, 3): "1d069c682ca35ff3",
    ("default", 0.25, 1): "a5c0fa94c372db24",
    ("default", 0.25, 2): "dc6f41951e9a5a3a",
    ("default", 0.25, 3): "39ffea02f71b2ad9",
    ("home", 1.0, 7): "ebeea2653bf32326",
    ("home", 0.25, 7): "5a8240051d4220e9",
    ("price_crisis", 1.0, 7): "9012964e6503af28",
    ("price_crisis", 0.25, 7): "9d17cde63efbe4a0",
    ("more_renewables", 1.0, 7): "01a7c1f4927dc7f3",
    ("more_renewables", 0.25, 7): "5fd40588c8b2cfb1",
    ("mix", 1.0, 7): "6fba287b22e3459f",
    ("mix", 0.25, 7): "e30bb3dba576d279",
}
"""Training years as a program of plain NumPy calls drew them: kernels leave them as they are."""


def digest(scenario):
    found = sha256()
    prices = (
        scenario.da_eur_per_kwh,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    sessions = vars(scenario.sessions).copy()
    assert sessions.pop("taper_share").min(initial=1) == sessions.pop("taper_soc").min(initial=1)
    assert (sessions.pop("driver") < 0).all()
    for column in (*sessions.values(), *prices):
        finite = np.where(np.isfinite(column), column, -1)
        found.update(np.rint(finite / RESOLUTION).astype(np.int64).tobytes())
    return found.hexdigest()[:16]


@pytest.mark.parametrize(("split", "dt_h", "index"), RECORDED_EARLIER)
def test_worlds_of_the_earlier_calibration_are_the_recorded_ones(split, dt_h, index):
    source = SyntheticSource(split, dt_h=dt_h, params=REFERENCE, **EARLIER)
    assert source.name == f"synthetic:{split}:reference_demand+dutch_2018_2019"
    assert digest(source.scenario(index)) == RECORDED_EARLIER[split, dt_h, index]


@pytest.mark.parametrize(("name", "dt_h", "index"), DRAWN_WITHOUT_KERNELS)
def test_kernels_draw_the_years_of_the_plain_program(name, dt_h, index):
    params = CHANGED[name] | REFERENCE
    source = SyntheticSource("train", params=params, dt_h=dt_h, **EARLIER)
    assert digest(source.scenario(index)) == DRAWN_WITHOUT_KERNELS[name, dt_h, index]


@pytest.mark.parametrize(
    "params", [None, {}, "default", "metered", SyntheticParams(), PRESETS["default"]]
)
def test_default_parameters_change_no_bit(params):
    plain, same = (SyntheticSource("test", days=30, **given) for given in ({}, {"params": params}))
    assert same.name == plain.name == "synthetic:test"
    one, other = plain.scenario(0), same.scenario(0)
    assert one.notes == other.notes
    assert digest(one) == digest(other)
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
