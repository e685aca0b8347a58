"""One `evaluate` for every world: names, what belongs to which, and what is refused."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd
import pytest

import vpp_gym
from tests.fcev.car_parks import random_park
from tests.fcev.microgrids import random_grid
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, evaluate
from vpp_gym.evaluation.agent import ENVIRONMENTS
from vpp_gym.evaluation.rollout import modules_behind
from vpp_gym.evaluation.worlds import WORLDS, baseline, baseline_names, scale_of, world_named
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival
from vpp_gym.policy import StatelessPolicy
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.sources import PACKAGE, Sources
from vpp_gym.views import Decisions

SOURCES = Sources({"vpp_gym": PACKAGE})
FEW_CARS = {"n_cars": 20}


def belongs_to(world: str) -> tuple[str, Any, Any]:
    """A baseline, a scenario and the parameters of a world."""
    if world == "ev":
        return "charge_on_arrival", SyntheticSource("test", days=3, dt_h=1.0).scenario(0), None
    small = random_park(1, n_days=3) if world == "car_park" else random_grid(1, n_days=3)
    return "article", small.scenarios[0], small.params


def rows_of(result: Any) -> pd.DataFrame:
    """Without what differs from run to run."""
    return result.days.drop(columns=[name for name in result.days if name.startswith("solve_ms")])


# Names


def test_a_policy_and_a_scenario_may_be_named():
    named = evaluate("charge_on_arrival", "synthetic:test", end_step=48)
    given = evaluate(ChargeOnArrival(), SyntheticSource("test", dt_h=0.25).scenario(0), end_step=48)
    pd.testing.assert_frame_equal(rows_of(named), rows_of(given))
    assert vpp_gym.evaluate is evaluate


@pytest.mark.parametrize("world", ["car_park", "microgrid"])
def test_a_prefix_names_the_world_of_fuel_cell_cars(world):
    result = evaluate("article", f"{world}:synthetic:validation", FEW_CARS, end_step=48)
    assert set(result.days["scenario"]) == {f"{world}:synthetic:validation+dutch_2018_2019:0:0"}
    assert result.metadata["params"]["n_cars"] == 20
    assert len(result.days) == 2


@pytest.mark.parametrize(
    ("policy", "scenario", "said"),
    [
        ("roling_mpc", "synthetic:test", r"policy.*did you mean rolling_mpc\? use one of"),
        ("article", "synthetic:test", r"policy.*belongs to the car park.*car_park:synthetic:test"),
        (
            "rolling_mpc",
            "microgrid:synthetic:test",
            r"policy.*belongs to the virtual power plant of EVs",
        ),
        ("no_v2g", "sinthetic:test", r"scenario.*did you mean synthetic:test\?"),
        ("article", "car_park:sinthetic:test", r"scenario.*did you mean synthetic:test\?"),
    ],
)
def test_an_unknown_name_is_refused_with_a_hint(policy, scenario, said):
    with pytest.raises(InvalidInputError, match=said):
        evaluate(policy, scenario)


@pytest.mark.parametrize("scenario", [None, 3, SyntheticSource, object()])
def test_what_is_no_scenario_is_refused(scenario):
    with pytest.raises(InvalidInputError, match=r"scenario.*CarParkScenario.*microgrid:synthetic"):
        evaluate("no_v2g", scenario)


def test_a_source_is_refused_with_the_way_to_its_scenarios():
    with pytest.raises(InvalidInputError, match=r"source\.scenario\(0\)"):
        evaluate("no_v2g", SyntheticSource("test"))


def test_a_world_file_may_be_named(tmp_path):
    from tests.scenarios.files import samples
    from vpp_gym.scenarios.files.options import ReadOptions
    from vpp_gym.scenarios.world import build_world
    from vpp_gym.scenarios.world_file import write_world
    from vpp_gym.scenarios.world_header import WorldOptions

    samples.write(tmp_path / "entsoe.csv", samples.entsoe_new("2024-03-28", 9))
    samples.write(tmp_path / "tennet.csv", samples.tennet_new("2024-03-28", 9))
    samples.write(tmp_path / "elaad.csv", samples.elaad("2024-03-28"))
    read = ReadOptions(elaad_clock="local", elaad_dates="month-first")
    world = build_world(tmp_path, read, WorldOptions(dt_h=0.25))
    path = write_world(tmp_path / "world.parquet", world)
    result = evaluate("charge_on_arrival", f"{path}:all", end_step=96)
    assert result.days["steps"].tolist() == [96]  # quarter hours, as in the file


# What every world gives back


@pytest.mark.parametrize("world", list(WORLDS))
def test_a_run_tells_its_days_where_they_come_from_and_what_is_left(world):
    policy, scenario, params = belongs_to(world)
    seen: list[tuple[int, int]] = []
    result = evaluate(
        policy,
        scenario,
        params,
        start_step=24,
        seed=5,
        keep_records=True,
        progress=lambda done, of: seen.append((done, of)),
    )
    assert list(result.days)[:5] == ["policy", "scenario", "seed", "day", "date"]
    assert result.days["day"].tolist() == [1, 2]
    assert result.days["date"].tolist() == ["2019-01-02", "2019-01-03"]
    assert seen == [(1, 2), (2, 2)]
    assert {"policy", "privileged", "params", "start_step", "versions"} <= set(result.metadata)
    terms = list(world_named(world).ledger.names)
    sums = result.records.sum(axis=0)
    kept = [at for at, name in enumerate(terms) if name not in ("fairness", "self_sufficiency")]
    days = result.days[terms].sum().to_numpy()
    np.testing.assert_allclose(days[kept], sums[kept], atol=1e-9)
    hours = 36 if world == "car_park" else 48
    assert len(result.records) == hours
    assert type(result.simulation).__name__ in ("Simulation", "CarPark", "Microgrid")


class Watcher(StatelessPolicy[Any, Any]):
    """Decides as a baseline does, and keeps how it was called."""

    name, privileged = "watcher", True

    def __init__(self, baseline: Any) -> None:
        self.baseline, self.starts, self.revealed = baseline, [], ()

    def reveal(self, scenario, params, start_step, end_step):
        self.revealed = scenario, params, start_step, end_step

    def decide(self, snapshot):
        return self.baseline.predict(snapshot)[0]

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        assert (state is None) == bool(episode_start[0])
        self.starts.append(bool(episode_start[0]))
        return self.decide(observation), len(self.starts)


@pytest.mark.parametrize("world", list(WORLDS))
def test_every_world_follows_one_protocol(world):
    name, scenario, params = belongs_to(world)
    watcher = Watcher(baseline(world, name))
    evaluate(watcher, scenario, params, start_step=24, end_step=72)
    decisions = 2 if world == "car_park" else 48
    assert watcher.starts == [True] + [False] * (decisions - 1)
    shown, rules, *span = watcher.revealed
    assert shown is scenario
    assert span == [24, 72]
    assert type(rules).__name__ in ("VPPParams", "CarParkParams", "MicrogridParams")


def test_a_policy_that_says_nothing_of_offers_leaves_them_to_the_world():
    class Plain:
        name, privileged = "plain", False

        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            assert not hasattr(self, "term_h")
            return ChargeAtDeadline().predict(observation)[0], state

    scenario = SyntheticSource("test", days=3).scenario(0)
    offered = evaluate(Plain(), scenario, {"preset": "plain", "contract": {"term_h": 7}})
    assert offered.metadata["params"]["contract"]["term_h"] == 7
    assert offered.days["contracts"].sum() > 0


@pytest.mark.parametrize("world", ["car_park", "microgrid"])
@pytest.mark.parametrize("span", [{"start_step": 12}, {"end_step": 25}])
def test_fuel_cell_cars_run_for_whole_days(world, span):
    policy, scenario, params = belongs_to(world)
    with pytest.raises(InvalidInputError, match=r"_step.*multiple of 24"):
        evaluate(policy, scenario, params, **span)


@pytest.mark.parametrize("world", ["car_park", "microgrid"])
@pytest.mark.parametrize("span", [(24, 24), (-24, 24), (0, 96)])
def test_fuel_cell_cars_stay_within_the_scenario(world, span):
    policy, scenario, params = belongs_to(world)
    with pytest.raises(InvalidInputError, match=r"start_step|end_step"):
        evaluate(policy, scenario, params, start_step=span[0], end_step=span[1])


# Refusals


class FewArguments(ChargeOnArrival):
    def predict(self, snapshot):
        return super().predict(snapshot)


class OnlyADecision(ChargeOnArrival):
    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return super().predict(observation)[0]


class Unable(ChargeOnArrival):
    privileged = True


class Unnamed:
    privileged = False


class OwnAggregator(StatelessPolicy[CarParkSnapshot, CarParkOrders]):
    name = "own"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkOrders:
        raise AssertionError("nobody asks")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (ChargeOnArrival, r"policy.*the class.*ChargeOnArrival\(\)"),
        (FewArguments(), r"policy\.predict.*episode_start"),
        (OnlyADecision(), r"policy\.predict.*a pair: decision and state"),
        (Unable(), r"privileged.*reveal"),
        (Unnamed(), r"no name.*EnvironmentAgent"),
        (object(), r"no name.*vpp_gym\.policy\.Policy"),
        (OwnAggregator(), r"reads CarParkSnapshot.*the car park.*CarParkScenario"),
    ],
)
def test_what_is_no_policy_of_the_world_is_refused(policy, said):
    with pytest.raises(InvalidInputError, match=said):
        evaluate(policy, SyntheticSource("test", days=2).scenario(0))


@pytest.mark.parametrize("world", list(WORLDS))
@pytest.mark.parametrize("other", list(WORLDS))
def test_baselines_are_told_apart_by_world(world, other):
    """None of another world is run, and each of this one is taken for one of it."""
    _, scenario, params = belongs_to(world)
    for policy in (baseline(other, name) for name in baseline_names(other)):
        if world != other:
            with pytest.raises(InvalidInputError, match=WORLDS[other].title):
                evaluate(policy, scenario, params)


@pytest.mark.parametrize(
    ("world", "decision", "said"),
    [
        ("ev", CarParkOrders(np.zeros(24, int), np.zeros(24, int), 0.0, 0.0), "Decisions"),
        ("car_park", Decisions(), "CarParkOrders"),
        ("microgrid", 3.0, "MicrogridDecision"),
        ("car_park", MicrogridDecision(0.0, 0.0), "CarParkOrders"),
    ],
)
def test_a_decision_of_another_world_is_refused(world, decision, said):
    class Confused:
        name, privileged = "confused", False

        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return decision, state

    _, scenario, params = belongs_to(world)
    with pytest.raises(InvalidInputError, match=said):
        evaluate(Confused(), scenario, params)


# Agents


SIZES = {
    "VPPDayAhead-v0": 2,
    "VPPDispatch-v0": 1,
    "VPPBidding-v0": 24,
    "VPPContracts-v0": 2,
    "FCEVCarPark-v0": 48,
    "FCEVMicrogrid-v0": 2,
}
"""Entries of an action."""
QUICK = {env_id: {"scheduler": "charge_on_arrival"} for env_id in list(SIZES)[2:4]}
"""Settings with which a decision takes no time."""


class Idle:
    def __init__(self, size: int) -> None:
        self.action = np.zeros(size, dtype=np.float32)

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return self.action, state


def idle_agent(env_id: str) -> EnvironmentAgent:
    settings = QUICK.get(env_id, {})
    return EnvironmentAgent(Idle(SIZES[env_id]), name="idle", env_id=env_id, settings=settings)


def test_agents_of_every_environment_can_be_evaluated():
    registered = {env_id for env_id in gym.registry if env_id.startswith(("VPP", "FCEV"))}
    assert set(ENVIRONMENTS) == registered == {*SIZES, "VPPStay-v0"}  # tests/envs/test_stay.py


@pytest.mark.parametrize("env_id", list(SIZES))
def test_an_agent_is_evaluated_in_the_world_of_its_environment(env_id):
    agent = idle_agent(env_id)
    for world in WORLDS:
        _, scenario, params = belongs_to(world)
        if world == agent.world:
            assert len(evaluate(agent, scenario, params).days) == 3
        else:
            said = f"plays {env_id}.*{WORLDS[agent.world].title}"
            with pytest.raises(InvalidInputError, match=said):
                evaluate(agent, scenario, params)


@pytest.mark.parametrize("env_id", list(ENVIRONMENTS))
def test_settings_are_checked_when_an_agent_is_made(env_id):
    with pytest.raises(InvalidInputError, match="volume_"):
        EnvironmentAgent(ChargeOnArrival(), name="x", env_id=env_id, settings={"volume_": 1})


@pytest.mark.parametrize(
    ("env_id", "settings", "said"),
    [
        ("VPPDispatch-v0", {"control": "some"}, "control"),
        ("FCEVCarPark-v0", {"control": "hourli"}, "control.*hourly or shape"),
        ("FCEVCarPark-v0", {"control": "shape", "offer_price": "action"}, "offer_price"),
        ("FCEVMicrogrid-v0", {"volumes": "yes"}, r"volumes.*True or False"),
        ("FCEVMicrogrid-v0", {"volume": True}, r"did you mean volumes\?"),
        ("VPPDayahead-v0", {}, r"env_id.*did you mean VPPDayAhead-v0\?"),
    ],
)
def test_a_wrong_setting_is_named(env_id, settings, said):
    with pytest.raises(InvalidInputError, match=said):
        EnvironmentAgent(ChargeOnArrival(), name="x", env_id=env_id, settings=settings)


@pytest.mark.parametrize(
    "asked", [{"term_h": 3}, {"contract": {"delay_h": 1}}, {"guarantee": True}, {"dt_h": 0.25}]
)
@pytest.mark.parametrize("env_id", ["FCEVCarPark-v0", "FCEVMicrogrid-v0"])
def test_agents_of_fuel_cell_cars_cannot_ask_for_what_only_evs_have(env_id, asked):
    with pytest.raises(InvalidInputError, match=next(iter(asked))):
        EnvironmentAgent(ChargeOnArrival(), name="x", env_id=env_id, **asked)


def test_a_predictor_with_other_arguments_is_refused():
    with pytest.raises(InvalidInputError, match=r"predictor\.predict.*episode_start"):
        EnvironmentAgent(FewArguments(), name="x")


# What a run rests on


@pytest.mark.parametrize("world", list(WORLDS))
def test_the_table_of_worlds_names_what_there_is(world):
    entry = WORLDS[world]
    module, _, name = entry.scenario.rpartition(".")
    assert isinstance(belongs_to(world)[1], getattr(import_module(module), name))
    assert scale_of(world).low in baseline_names(world)


@pytest.mark.parametrize("world", list(WORLDS))
def test_a_run_rests_on_no_environment_and_on_no_other_world(world):
    behind = SOURCES.closure(modules_behind(world))
    own = {"ev": "vpp_gym.simulation", "car_park": "vpp_gym.fcev.car_park"}
    own["microgrid"] = "vpp_gym.fcev.microgrid"
    assert own.pop(world) in behind
    foreign = (*own.values(), "vpp_gym.envs", "vpp_gym.env.", *(["vpp_gym.fcev"] * (world == "ev")))
    assert [module for module in behind if module.startswith(foreign)] == []


@pytest.mark.parametrize("env_id", list(ENVIRONMENTS))
def test_the_environment_of_an_agent_is_behind_its_runs(env_id):
    modules = modules_behind(ENVIRONMENTS[env_id].world, env_id)
    assert gym.spec(env_id).entry_point.partition(":")[0] in modules
    assert set(modules) <= set(SOURCES.modules())
    is_ev = ENVIRONMENTS[env_id].world == "ev"
    foreign = "vpp_gym.fcev" if is_ev else "vpp_gym.simulation"
    assert [one for one in SOURCES.closure(modules) if one.startswith(foreign)] == []
