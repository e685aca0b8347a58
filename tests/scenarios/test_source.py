"""Scenario sources and the names by which they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import FixedSource, ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import PRESETS


def _day(dt_h=1.0, name="a day"):
    price = np.full(round(24 / dt_h), 0.04)
    return Scenario.from_arrays(da_eur_per_kwh=price, im_eur_per_kwh=price, dt_h=dt_h, name=name)


def test_fixed_source_hands_out_what_it_was_given():
    days = [_day(name="one"), _day(name="two")]
    source = FixedSource(days)
    assert (source.name, source.dt_h, source.n_scenarios) == ("one", 1.0, 2)
    assert source.scenario(1) is days[1]
    assert isinstance(source, ScenarioSource)


@pytest.mark.parametrize("index", [-1, 2, 0.5, True, None, "0"])
def test_an_index_outside_is_refused(index):
    with pytest.raises(InvalidInputError, match="scenario index"):
        FixedSource([_day(), _day()]).scenario(index)


@pytest.mark.parametrize("scenarios", [[], [_day(), "synthetic"], [_day(), _day(0.25)]])
def test_fixed_source_refuses_nothing_strangers_and_mixed_steps(scenarios):
    with pytest.raises(InvalidInputError, match="scenarios"):
        FixedSource(scenarios)


def test_as_source_takes_sources_scenarios_and_sequences():
    day = _day()
    assert as_source(day).scenario(0) is day
    assert as_source([day, day]).n_scenarios == 2
    source = FixedSource(day)
    assert as_source(source) is source


@pytest.mark.parametrize(
    ("name", "full_name", "n"),
    [
        (None, "synthetic:train", 32),
        ("synthetic", "synthetic:train", 32),
        ("synthetic:validation", "synthetic:validation", 8),
        ("synthetic:test", "synthetic:test", 24),
    ],
)
def test_names_of_synthetic_splits(name, full_name, n):
    source = as_source(name, 0.25)
    assert isinstance(source, SyntheticSource)
    assert (source.name, source.dt_h, source.n_scenarios) == (full_name, 0.25, n)


def test_the_environment_variable_does_not_change_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("VPP_GYM_DATA", str(tmp_path))
    assert isinstance(as_source(None), SyntheticSource)


@pytest.mark.parametrize("name", ["real", "real:train", "real:test"])
def test_real_data_needs_a_folder(monkeypatch, name):
    monkeypatch.delenv("VPP_GYM_DATA", raising=False)
    with pytest.raises(InvalidInputError, match=r"set VPP_GYM_DATA .* real_source\(folder\)"):
        as_source(name)


@pytest.mark.parametrize("value", ["sinthetic", "synthetic:all", 3, {"a": 1}, b"real"])
def test_as_source_refuses_the_rest(value):
    with pytest.raises(InvalidInputError, match="one of"):
        as_source(value)


def test_as_source_refuses_another_time_step():
    with pytest.raises(InvalidInputError, match=r"dt_h: got 0\.25"):
        as_source(_day(), 0.25)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_split_with_a_preset_names_a_source(preset):
    named = as_source(f"synthetic:test:{preset}")
    direct = SyntheticSource("test", params=preset)
    assert (named.name, named.split, named.params) == (direct.name, direct.split, direct.params)


@pytest.mark.parametrize(
    "name",
    ["synthetic:test:crises", "synthetic:price_crisis", "synthetic::metered", "real:test:metered"],
)
def test_an_unknown_preset_is_refused_with_those_there_are(name):
    with pytest.raises(InvalidInputError, match=r"synthetic:test:PRESET .*price_crisis"):
        as_source(name)
