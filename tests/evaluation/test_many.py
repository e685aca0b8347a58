"""Many runs: the rows of single ones, made once, on any engine."""

from __future__ import annotations

import pandas as pd
import pytest

import vpp_gym
from tests.worlds import plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.many import TIMES, RunsFailedError
from vpp_gym.policies.baselines import baseline

CARS = {"arrival_step": [3, 9], "departure_step": [20, 30], "arrival_soc": [0.3, 0.6]}
WORLD = plain_world(48, sessions=CARS)
OTHER = plain_world(72, name="other")
BOTH = ["charge_on_arrival", "no_v2g"]
KEYS = ["policy", "scenario", "day"]


def failing():
    """A policy that decides nothing."""
    return Nothing()


class Nothing:
    name, privileged = "nothing", False

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return None, state


def same_rows(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """But for what is measured, and the order."""
    assert set(one) == set(other)
    columns = [name for name in one if name not in TIMES]
    pd.testing.assert_frame_equal(
        one.sort_values(KEYS, ignore_index=True)[columns],
        other.sort_values(KEYS, ignore_index=True)[columns],
    )


def test_rows_are_those_of_single_runs():
    runs = vpp_gym.evaluate_many(BOTH, [WORLD, OTHER], workers=0)
    alone = [vpp_gym.evaluate(name, world).days for name in BOTH for world in (WORLD, OTHER)]
    same_rows(runs.days(), pd.concat(alone, ignore_index=True))
    assert (runs.made, runs.kept) == (4, 0)
    assert list(runs.days(["policy", "profit_eur"])) == ["policy", "profit_eur"]


def test_with_a_folder_what_is_there_is_not_made_again(tmp_path):
    told = []
    first = vpp_gym.evaluate_many(BOTH[:1], [WORLD], folder=tmp_path, workers=0)
    both = vpp_gym.evaluate_many(
        BOTH, [WORLD], folder=tmp_path, workers=0, progress=lambda *now: told.append(now)
    )
    assert (first.made, first.kept, both.made, both.kept) == (1, 0, 1, 1)
    assert told == [(2, 2, f"no_v2g in {WORLD.name} 0")]
    same_rows(both.days(), vpp_gym.evaluate_many(BOTH, [WORLD], workers=0).days())
    assert sorted(path.parent.name for path in tmp_path.glob("*/*.parquet")) == [
        "policy=charge_on_arrival",
        "policy=no_v2g",
    ]


@pytest.mark.parametrize(
    "other",
    [{"params": {"site": {"n_chargers": 3}}}, {"params": {"guarantee": False}}],
)
def test_rows_of_other_settings_are_not_mixed_in(tmp_path, other):
    vpp_gym.evaluate_many(BOTH, [WORLD], folder=tmp_path, workers=0)
    with pytest.raises(InvalidInputError) as refused:
        vpp_gym.evaluate_many(BOTH, [WORLD], folder=tmp_path, workers=0, **other)
    assert refused.value.field == "folder"
    longer = plain_world(72, name=WORLD.name)
    with pytest.raises(InvalidInputError):
        vpp_gym.evaluate_many(BOTH, [longer], folder=tmp_path, workers=0)


def test_a_file_that_is_none_is_named(tmp_path):
    vpp_gym.evaluate_many(BOTH[:1], [WORLD], folder=tmp_path, workers=0)
    file = next(tmp_path.glob("*/*.parquet"))
    file.write_bytes(b"no")
    with pytest.raises(InvalidInputError, match="remove it"):
        vpp_gym.evaluate_many(BOTH[:1], [WORLD], folder=tmp_path, workers=0)


def test_a_failure_does_not_end_the_others(tmp_path):
    with pytest.raises(RunsFailedError, match="decisions: got None") as failed:
        vpp_gym.evaluate_many([failing, BOTH[0]], [WORLD], folder=tmp_path, workers=0)
    assert failed.value.runs.made == 1
    assert list(failed.value.runs.failures) == [f"nothing in {WORLD.name} 0"]
    assert failed.value.runs.days()["policy"].unique().tolist() == BOTH[:1]


def test_names_stand_for_all_their_years_and_pairs_for_one():
    runs = vpp_gym.evaluate_many(BOTH[:1], [("synthetic:test", 1)], days=1, workers=0)
    assert runs.days()["scenario"].tolist() == ["synthetic:test:1"]
    every = vpp_gym.evaluate_many(BOTH[:1], ["synthetic:validation"], days=1, workers=0)
    assert every.days()["scenario"].nunique() == every.made > 1


@pytest.mark.parametrize(
    ("policies", "scenarios", "more", "field"),
    [
        ([], [WORLD], {}, "policies"),
        ("no_v2g", [WORLD], {}, "policies"),
        (BOTH, [], {}, "scenarios"),
        (BOTH, "synthetic:test", {}, "scenarios"),
        (BOTH, [WORLD], {"seeds": []}, "seeds"),
        (["no_v2g", baseline("no_v2g")], [WORLD], {}, "policies"),
        (BOTH, [("synthetic:test",)], {}, "scenarios"),
        (BOTH, ["synthetic:tests"], {}, "scenario"),
    ],
)
def test_bad_input_is_named(policies, scenarios, more, field):
    with pytest.raises(InvalidInputError) as refused:
        vpp_gym.evaluate_many(policies, scenarios, workers=0, **more)
    assert refused.value.field == field


@pytest.mark.parametrize("days", [0, 3])
def test_days_that_a_scenario_does_not_have_fail_by_name(days):
    with pytest.raises(RunsFailedError, match="1 to 2"):
        vpp_gym.evaluate_many(BOTH[:1], [WORLD], days=days, workers=0)


@pytest.mark.parametrize("engine", ["local", "ray"])
@pytest.mark.filterwarnings("ignore")
def test_engines_give_the_same_rows(engine, tmp_path):
    if engine == "ray":
        pytest.importorskip("ray", reason='needs Ray: pip install "vpp_gym[ray]"')
    here = vpp_gym.evaluate_many(BOTH, [WORLD, OTHER], workers=0).days()
    there = vpp_gym.evaluate_many(BOTH, [WORLD, OTHER], workers=2, engine=engine, folder=tmp_path)
    same_rows(there.days(), here)
