"""Corrections of the prices that the built-in planner believes, and gains over it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tests.worlds import AMSTERDAM, plain_world, random_sessions
from vpp_gym.envs.columns import COLUMNS
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import EnvironmentAgent, evaluate
from vpp_gym.markets.ledger import COLUMN, MONEY
from vpp_gym.params import DEFAULT, PLAIN
from vpp_gym.params.contract import hybrid, offer
from vpp_gym.planning.planner import CorrectedForecast
from vpp_gym.policies.forecasters import DayAheadAnchored
from vpp_gym.policies.learned import LearnedForecaster
from vpp_gym.policies.scheduler import hazard_mpc
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation

IDS = ("VPPDispatch-v0", "VPPDayAhead-v0")
FORECASTERS = {"hazard_mpc": DayAheadAnchored, "learned_mpc": LearnedForecaster}


def world(
    days: int = 4,
    dt_h: float = 0.25,
    seed: int = 0,
    future_seed: int = 0,
    tapers: bool = False,
) -> Scenario:
    """Busy days with the clock change in them; the last one follows another seed."""
    rng, n = np.random.default_rng(seed), round(24 * days / dt_h) - round(1 / dt_h)
    behind = n - round(24 / dt_h)
    da, short = rng.normal(0.05, 0.03, n), rng.normal(0.05, 0.05, n)
    gap = rng.exponential(0.02, n) * (rng.random(n) < 0.3)
    other = np.random.default_rng([future_seed, 1])
    short[behind:] = other.normal(0.05, 0.05, n - behind)
    sessions = random_sessions(rng, 25 * days, n, round(1 / dt_h))
    sessions["departure_step"] = np.minimum(sessions["departure_step"], n)
    if tapers:
        sessions["taper_soc"] = np.full(25 * days, 0.6)
        sessions["taper_share"] = np.full(25 * days, 0.2)
    return plain_world(
        n,
        da=da,
        short=short,
        long=short - gap,
        sessions=sessions,
        dt_h=dt_h,
        start="2019-03-30",
        timezone=AMSTERDAM,
    )


OFFERS: dict[str, Any] = {
    "tariff": {},
    "price": offer("price_based", markup=1.0, margin=0.3),
    "volume": offer("volume_based", delay_h=1, term_h=4),
    "hybrid": hybrid(offer("fixed_term", term_h=2), offer("price_based"), offer("control_based")),
    "none": {"families": ()},
}
RULES: dict[str, dict[str, Any]] = {
    "default": {},
    "open": {"guarantee": False},
    "certain": {"owner": {"early_departure_prob": 0.0}},
    "known_price": {"market": {"imbalance_lag_steps": 0}},
    "dual": {"market": {"imbalance_pricing": "dual"}},
    "cheap_wear": {"owner": {"wear_eur_per_kwh": 0.005}},
    "tapered": {"battery": {"taper": ((0.6, 1.0), (0.9, 0.5), (1.0, 0.05))}},
    "cars_that_taper": {},
}
CASES = [("hazard_mpc", offered, "cheap_wear") for offered in OFFERS]
CASES += [("learned_mpc", "hybrid", rules) for rules in RULES]


def total_eur(record: np.ndarray) -> float:
    return float(record[..., : len(MONEY)].sum())


@pytest.mark.parametrize(("planner", "offered", "rules"), CASES)
def test_an_action_of_0_is_the_planner_bit_for_bit(planner, offered, rules):
    """Against the policy that reads snapshots, in the same simulator; and with corrections."""
    params = DEFAULT.changed({**RULES[rules], "contract": OFFERS[offered]})
    scenario, rng = world(tapers=rules == "cars_that_taper"), np.random.default_rng(1)
    env = gym.make(
        "VPPDispatch-v0",
        scenario=scenario,
        params=params,
        control="price",
        planner=planner,
        bidder="zero",
        episode_days=None,
    ).unwrapped
    env.reset(seed=0)
    forecast = CorrectedForecast(FORECASTERS[planner]())
    policy = hazard_mpc(None, forecast, name=planner)
    start = env.core.simulation.state.run["start"][0]
    twin = Simulation(scenario, params)
    twin.reset(start_step=start)
    over, step, moved = False, 0, 0.0
    while not over:
        action = np.zeros(2) if step % 3 else rng.uniform(-1, 1, 2)
        forecast.more_eur_per_kwh = tuple(0.03 * action)
        decisions = policy.decide(twin.snapshot())
        record = twin.step(decisions)[0]
        _, _, _, over, info = env.step(action)
        np.testing.assert_array_equal(record, list(info.values()))
        for name in ("energy_kwh", "contract_kwh", "lo_kwh", "hi_kwh"):
            np.testing.assert_array_equal(
                env.core.simulation.state.ev[name], twin.state.ev[name], err_msg=f"step {step}"
            )
        moved += record[COLUMN.discharge_kwh] if offered != "none" else record[COLUMN.charge_kwh]
        step += 1
    assert moved > 1.0
    assert step > 300


@pytest.mark.parametrize("planner", FORECASTERS)
def test_an_agent_that_does_nothing_earns_what_the_planner_earns(planner):
    """Deployed in `evaluate`, on the same days."""

    class Nothing:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return np.zeros(2), state

    settings = {"control": "price", "planner": planner, "bidder": "zero"}
    agent = EnvironmentAgent(Nothing(), name="0", env_id="VPPDispatch-v0", settings=settings)
    policy = hazard_mpc(None, FORECASTERS[planner](), name="0")
    one, other = (evaluate(each, world()).days for each in (agent, policy))
    booked = [name for name in one.columns if not name.startswith("solve_ms")]
    assert one[booked].equals(other[booked])


def test_hours_work_with_the_anchored_planner_only():
    arguments = {"scenario": world(dt_h=1.0), "control": "price", "episode_days": 1}
    env = gym.make("VPPDispatch-v0", **arguments)
    env.reset(seed=0)
    assert np.isfinite(env.step(np.ones(2))[0]).all()
    with pytest.raises(InvalidInputError, match="planner"):
        gym.make("VPPDispatch-v0", planner="learned_mpc", **arguments)


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("n_chargers", [1, 18, 200])
def test_the_action_is_the_same_for_any_fleet(env_id, n_chargers):
    env = gym.make(
        env_id,
        scenario=world(),
        params={"site": {"n_chargers": n_chargers}},
        control="price",
        reward="planner_gain",
        columns=tuple(COLUMNS),
        episode_days=1,
    )
    assert env.action_space.shape == ((2,) if env_id == "VPPDispatch-v0" else (3,))
    check_env(env.unwrapped, skip_render_check=True)


def test_the_guarantee_holds_whatever_the_action():
    params = DEFAULT.changed({"guarantee": True, "owner": {"early_departure_prob": 0.0}})
    unserved = {}
    for bold in (False, True):
        env = gym.make(
            "VPPDispatch-v0",
            scenario=world(),
            params=params,
            control="price",
            price_scale=1.0,
            episode_days=None,
        )
        env.reset(seed=0)
        over, total, rng = False, 0.0, np.random.default_rng(0)
        while not over:
            action = rng.choice([-1.0, 1.0], 2) if bold else np.zeros(2)
            _, _, _, over, info = env.step(action)
            total += info["unserved_kwh"]
        unserved[bold] = total
    assert unserved[True] == pytest.approx(unserved[False], abs=1e-6)


def test_what_follows_does_not_change_what_is_done_or_shown():
    """Two worlds that are alike until the last day."""
    taken = []
    for seed in (1, 2):
        scenario = world(future_seed=seed)
        env = gym.make(
            "VPPDispatch-v0",
            scenario=scenario,
            control="price",
            planner="learned_mpc",
            columns=tuple(COLUMNS),
            episode_days=None,
        ).unwrapped
        observation, _ = env.reset(seed=0)
        steps = scenario.n_steps - 96 - int(env.core.simulation.state.run["start"][0])
        rng, told = np.random.default_rng(0), [observation]
        for _ in range(steps):
            observation, _, _, _, info = env.step(rng.uniform(-1, 1, 2))
            told += [observation, np.array([info["charge_kwh"], info["discharge_kwh"]])]
        taken.append(told)
    for one, other in zip(*taken, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("control", ["price", "fleet", "per_ev"])
def test_a_batch_is_its_environments_bit_for_bit(env_id, control):
    worlds = [world(seed=3), world(5, seed=4)]
    arguments = {
        "scenario": worlds,
        "control": control,
        "planner": "learned_mpc",
        "reward": "planner_gain",
        "columns": ("margins", "forecast", "stays"),
        "episode_days": 1,
    }
    batch = gym.make_vec(env_id, 3, vectorization_mode="vector_entry_point", threads=2, **arguments)
    single = [gym.make(env_id, **arguments) for _ in range(3)]
    shown, _ = batch.reset(seed=5)
    first = [env.reset(seed=5 + k)[0] for k, env in enumerate(single)]
    np.testing.assert_array_equal(shown, first)
    rng = np.random.default_rng(0)
    for _ in range(95):
        actions = rng.uniform(-1, 1, batch.action_space.shape)
        shown, rewards, _, _, _ = batch.step(actions)
        for k, env in enumerate(single):
            observation, reward, _, _, _ = env.step(actions[k])
            np.testing.assert_array_equal(shown[k], observation)
            assert rewards[k] == reward


def test_a_copy_goes_on_alike():
    env = gym.make(
        "VPPDispatch-v0",
        scenario=world(),
        control="price",
        reward="planner_gain",
        columns=("margins",),
        episode_days=2,
    )
    env.reset(seed=0)
    for _ in range(5):
        env.step(np.full(2, 0.4))
    for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        mine = copy.deepcopy(env)
        for _ in range(20):
            one, other = (each.step(np.full(2, -0.3)) for each in (mine, twin))
            np.testing.assert_array_equal(one[0], other[0])
            assert one[1:3] == other[1:3]


def run_gain(action: np.ndarray, control: str, **more: Any) -> tuple[float, float, float]:
    """Sum of gains, profit, and profit of the planner, in a world without surprises."""
    params = PLAIN.changed(
        {
            "guarantee": True,
            "market": {"imbalance_lag_steps": 0, "imbalance_pricing": "single"},
            "contract": {"families": ("control_based",), "control_based": {"keep_soc": 0.1}},
            **more,
        }
    )
    rng = np.random.default_rng(2)
    n = 24 * 4
    prices = 0.05 + 0.03 * np.sin(np.arange(n) * 2 * np.pi / 24)
    arrival = np.sort(rng.integers(12, 48, 12))
    sessions = {
        "arrival_step": arrival,
        "departure_step": arrival + rng.integers(5, 20, 12),
        "arrival_soc": rng.uniform(0.3, 0.6, 12),
    }
    scenario = plain_world(n, da=prices, short=prices, sessions=sessions)
    earned = {}
    gains = 0.0
    for name in ("own", "planner"):
        env = gym.make(
            "VPPDispatch-v0",
            scenario=scenario,
            params=params,
            control=control if name == "own" else "price",
            reward="planner_gain",
            bidder="zero",
            episode_days=None,
        )
        env.reset(seed=0)
        over, profit = False, 0.0
        while not over:
            own = action if name == "own" else np.zeros(2)
            _, reward, _, over, info = env.step(own)
            profit += sum(info[term] for term in MONEY)
            if name == "own":
                gains += reward
            else:
                assert reward == 0.0
        earned[name] = profit
    return gains, earned["own"], earned["planner"]


@pytest.mark.parametrize(
    ("action", "control"),
    [(np.array([0.6, -0.2]), "price"), (np.array([1.0]), "fleet"), (np.array([0.0]), "fleet")],
)
def test_gains_add_up_to_what_is_earned_beyond_the_planner(action, control):
    """With certain departures and prices as expected, the planner's values are the truth."""
    gains, own, planner = run_gain(action, control)
    assert gains == pytest.approx(own - planner, abs=1e-6)
    assert abs(own - planner) > 0.01


def test_the_margins_tell_what_the_planner_does():
    """One car that has time: the planner charges only where it shows a margin below 0."""
    rng = np.random.default_rng(0)
    n = 96 * 3
    da = rng.normal(0.05, 0.02, n)
    sessions = {"arrival_step": [48], "departure_step": [48 + 96], "arrival_soc": [0.2]}
    env = gym.make(
        "VPPDispatch-v0",
        scenario=plain_world(n, da=da, short=da, sessions=sessions, dt_h=0.25),
        params={"contract": {"families": ()}, "owner": {"late_departure_prob": 0.0}},
        control="price",
        columns=("margins",),
        observation="dict",
        episode_days=None,
    )
    shown, _ = env.reset(seed=0)
    told = {True: 0, False: 0}
    for _ in range(90):
        room = shown["envelope"][2] > 0.5
        planned, margin = shown["planned_load"][0], shown["charge_margin"][0]
        shown, _, _, _, info = env.step(np.zeros(2))
        if not room:
            break
        assert planned == pytest.approx(info["charge_kwh"], abs=1e-5)
        charges = info["charge_kwh"] > 0.1
        assert margin < 1e-5 if charges else margin > -1e-5
        told[charges] += 1
    assert min(told.values()) > 3


def test_columns_are_appended_and_leave_the_others_alone():
    arguments: dict[str, Any] = {"scenario": world(), "episode_days": 1, "control": "fleet"}
    plain = gym.make("VPPDispatch-v0", **arguments)
    more = gym.make("VPPDispatch-v0", columns=("hour_so_far", "da_steps"), **arguments)
    one, other = plain.reset(seed=1)[0], more.reset(seed=1)[0]
    size = len(one)
    assert len(other) == size + 1 + 96
    for _ in range(30):
        one, other = (env.step(np.array([0.5]))[0] for env in (plain, more))
        np.testing.assert_array_equal(one, other[:size])
    core = more.unwrapped.core
    simulation = core.simulation
    t = int(simulation.state.run["position"][0])
    named = core.layout.named(other)
    passed = int(simulation.dataset.period[t]) % 4
    settled = simulation.dataset.residual_eur_per_kwh[t - passed : t]
    expected = settled.mean() if passed else 0.0
    assert named["im_residual_hour_so_far"][0] == pytest.approx(expected, abs=1e-6)
    da = simulation.snapshot(0).da_eur_per_kwh[:4]
    np.testing.assert_allclose(np.diff(named["da_steps"][:4]), np.diff(da), atol=1e-6)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("columns", {"columns": ("future",)}),
        ("price_scale", {"price_scale": -1.0}),
        ("planner", {"planner": "oracle"}),
        ("reward", {"reward": "gain"}),
        ("control", {"control": "prices"}),
    ],
)
def test_wrong_settings_are_refused(field, wrong):
    with pytest.raises(InvalidInputError, match=field):
        gym.make("VPPDispatch-v0", scenario=world(), **wrong)


def test_gains_are_refused_where_there_is_a_site():
    """The planner values cars alone."""
    with pytest.raises(InvalidInputError, match="reward"):
        gym.make(
            "VPPDispatch-v0",
            scenario=world(),
            params={"connection": {"import_limit_kw": 50.0}},
            reward="planner_gain",
        )
