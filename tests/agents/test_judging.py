"""One way to judge any model: the world of its training is read, not said again."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import (
    FlattenObservation,
    FrameStackObservation,
    NormalizeObservation,
    RescaleAction,
    TimeAwareObservation,
    TransformObservation,
)
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack, VecNormalize

import vpp_gym
from vpp_gym.agents import agent_of, pretrained, setting_of
from vpp_gym.agents.setting import _test_split
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import StayAgent
from vpp_gym.evaluation.agent import ENVIRONMENTS, EnvironmentAgent
from vpp_gym.evaluation.rollout import evaluate as plain_evaluate
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.training.environments import make_batch
from vpp_gym.training.vec_env import BatchVecEnv

DISPATCH = "VPPDispatch-v0"
D1 = {"guarantee": False, "params": {"contract": {"families": ()}, "site": {"n_chargers": 6}}}
"""Arguments that are not the default, and change what an agent is shown and earns."""
FEW = {"n_steps": 32, "batch_size": 32, "n_epochs": 1, "device": "cpu", "seed": 0}
EV_DAYS, FCEV_DAYS = 2, 7


@pytest.fixture(scope="module")
def days():
    """Four synthetic days of another split than agents are trained on."""
    return SyntheticSource("validation", n_scenarios=1, days=4).scenario(0)


@pytest.fixture(scope="module")
def short():
    """Some days to train on."""
    return SyntheticSource("train", n_scenarios=1, days=4)


class Reads:
    """An action that depends on every column of what it is shown, and remembers how often."""

    def __init__(self, size=1):
        self.size, self.seen = size, []

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        self.seen.append(np.array(observation))
        total = float(np.abs(np.asarray(observation, dtype=np.float64)).sum())
        return np.sin(total + np.arange(self.size)), None


def profit_eur(result):
    return result.days["profit_eur"].sum()


def dispatch(scenario, **more):
    return gym.make(DISPATCH, scenario=scenario, episode_days=1, **{**D1, **more})


def trained(env, **more):
    return PPO("MlpPolicy", env, **{**FEW, **more}).learn(32)


@pytest.fixture(scope="module")
def normalised(short):
    """PPO behind VecNormalize, in settings that are not the default."""
    batch = BatchVecEnv(DISPATCH, 2, scenario=short, episode_days=1, **D1)
    return trained(VecNormalize(batch))


def stated(model, setting):
    """The same by hand: every setting said again, observations scaled outside."""
    statistics = model.get_env()

    class Scaled:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            seen = statistics.normalize_obs(observation[None])
            return model.predict(seen, deterministic=True)[0][0], None

    return EnvironmentAgent(Scaled(), name="by_hand", env_id=DISPATCH, settings=setting.settings)


def test_every_way_to_judge_gives_the_number_of_settings_said_by_hand(normalised, days, tmp_path):
    env = normalised.get_env()
    setting = setting_of(env)
    by_hand = plain_evaluate(stated(normalised, setting), days, setting.params)
    zipped = vpp_gym.save(normalised, tmp_path / "ppo.zip")
    statistics = tmp_path / "vecnormalize.pkl"
    env.save(str(statistics))
    bare = gym.make(DISPATCH, **D1)
    runs = {
        "held": vpp_gym.evaluate(normalised, scenario=days),
        "scenario": vpp_gym.evaluate(normalised, days),
        "batch": vpp_gym.evaluate(normalised, env, scenario=days),
        "file": vpp_gym.evaluate(zipped, scenario=days, trust=True),
        "id": vpp_gym.evaluate(zipped, DISPATCH, scenario=days, trust=True),
        "env": vpp_gym.evaluate(str(zipped), bare, scenario=days, trust=True),
        "pickle": vpp_gym.evaluate(
            zipped, bare, scenario=days, vecnormalize=statistics, trust=True
        ),
    }
    for way, run in runs.items():
        assert profit_eur(run) == profit_eur(by_hand), way
        assert run.metadata["params"] == by_hand.metadata["params"], way
    default = plain_evaluate(EnvironmentAgent(Reads(), name="x", env_id=DISPATCH), days)
    assert default.metadata["params"] != by_hand.metadata["params"]


def test_a_file_without_card_needs_the_environment_and_its_statistics(normalised, days, tmp_path):
    zipped = tmp_path / "ppo.zip"
    normalised.save(zipped)
    with pytest.raises(InvalidInputError, match=r"vpp_gym\.save"):
        vpp_gym.evaluate(zipped, scenario=days, trust=True)
    with pytest.raises(InvalidInputError, match=r"reads .*; VPPDispatch-v0 as it is set shows"):
        vpp_gym.evaluate(zipped, gym.make(DISPATCH, control="per_ev"), scenario=days, trust=True)
    statistics = tmp_path / "vecnormalize.pkl"
    normalised.get_env().save(str(statistics))
    given = {"vecnormalize": statistics, "trust": True}
    run = vpp_gym.evaluate(zipped, gym.make(DISPATCH, **D1), scenario=days, **given)
    assert profit_eur(run) == profit_eur(vpp_gym.evaluate(normalised, days))


def test_pickles_need_the_users_word(normalised, days, tmp_path):
    zipped = vpp_gym.save(normalised, tmp_path / "ppo.zip")
    with pytest.raises(InvalidInputError, match=r"run any code.*--trust"):
        vpp_gym.evaluate(zipped, scenario=days)
    statistics = tmp_path / "vecnormalize.pkl"
    normalised.get_env().save(str(statistics))
    with pytest.raises(InvalidInputError, match=r"vecnormalize: .*--trust"):
        vpp_gym.evaluate(normalised, days, vecnormalize=statistics)
    with pytest.raises(InvalidInputError, match="--trust"):
        vpp_gym.load(zipped)
    assert vpp_gym.load(zipped, trust=True).env_id == DISPATCH


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"guarantee": True}, r"params\.guarantee: trained with False, here True"),
        ({"params": {}}, r"params\.site\.n_chargers: trained with 6, here 18"),
        ({"bidder": "zero"}, "bidder: trained with 'expected_load', here 'zero'"),
        ({"control": "per_ev"}, "control: trained with 'fleet', here 'per_ev'"),
    ],
)
def test_another_setting_than_that_of_the_training_is_named(
    normalised, days, tmp_path, arguments, named
):
    zipped = vpp_gym.save(normalised, tmp_path / "ppo.zip")
    other = gym.make(DISPATCH, **{**D1, **arguments})
    for model in (normalised, zipped):
        with pytest.raises(InvalidInputError, match=named):
            vpp_gym.evaluate(model, other, scenario=days, trust=True)
    with pytest.raises(InvalidInputError, match="its card says VPPDispatch-v0"):
        vpp_gym.evaluate(zipped, "VPPDayAhead-v0", scenario=days, trust=True)
    with pytest.raises(InvalidInputError, match="did you mean VPPDispatch-v0"):
        vpp_gym.evaluate(zipped, "VPPDispach-v0", scenario=days, trust=True)


def test_an_agent_that_states_other_settings_than_its_model_has_is_refused(normalised, days):
    agent = EnvironmentAgent(normalised, name="defaults", env_id=DISPATCH)
    with pytest.raises(InvalidInputError, match=r"trained in another setting.*guarantee"):
        vpp_gym.evaluate(agent, days)


def test_a_card_that_was_edited_or_is_of_another_file_is_refused(normalised, tmp_path):
    zipped = vpp_gym.save(normalised, tmp_path / "ppo.zip")
    card = tmp_path / "ppo.card.json"
    whole = card.read_text()
    card.write_text(whole.replace('"n_chargers": 6', '"n_chargers": 7'))
    with pytest.raises(InvalidInputError, match="not what was written"):
        agent_of(zipped, trust=True)
    card.write_text(whole)
    normalised.save(zipped)  # other bytes: a new optimiser state or time stamp
    with zipped.open("ab") as file:
        file.write(b" ")
    with pytest.raises(InvalidInputError, match="not the file that it was written for"):
        agent_of(zipped, trust=True)


def test_a_setting_that_no_card_can_say_is_refused_before_anything_is_written(short, tmp_path):
    class Own:
        name, privileged = "own", False

        def bids(self, snapshot):
            return None

    model = PPO("MlpPolicy", dispatch(short, bidder=Own), **FEW)
    with pytest.raises(InvalidInputError, match=r"settings\.bidder"):
        vpp_gym.save(model, tmp_path / "ppo.zip")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidInputError, match=r"goes to a \.zip"):
        vpp_gym.save(model, tmp_path / "ppo.pt")


WRAPPED = {
    "frames": lambda env: FrameStackObservation(env, 3),
    "scaled": lambda env: TransformObservation(
        env, lambda observation: 0.5 * observation, env.observation_space
    ),
    "actions": lambda env: RescaleAction(env, np.float32(-2), np.float32(2)),
    "both": lambda env: RescaleAction(FrameStackObservation(env, 2), np.float32(0), np.float32(1)),
    "statistics": NormalizeObservation,
}


def small(observation):
    """An action between 0 and 1, which every wrapper here takes."""
    return np.array([0.5 + 0.5 * np.sin(float(np.abs(observation).sum()))], dtype=np.float32)


@pytest.mark.parametrize("name", WRAPPED)
def test_wrappers_are_those_of_training(short, days, name):
    env = WRAPPED[name](dispatch(short))
    env.reset(seed=0)
    for _ in range(5):
        env.step(env.action_space.sample() * 0)
    own = Reads()
    own.predict = lambda observation, *_: (
        own.seen.append(observation),
        (small(observation), None),
    )[1]
    run = vpp_gym.evaluate(own, env, scenario=days, start_step=48, keep_records=True)

    again = WRAPPED[name](gym.make(DISPATCH, scenario=days, episode_days=None, **D1))
    if name == "statistics":
        again.obs_rms, again.update_running_mean = env.obs_rms, False
    observation, _ = again.reset(seed=0)
    over, seen, profit = False, [], 0.0
    while not over:
        seen.append(np.array(observation))
        observation, _, _, over, info = again.step(small(observation))
        profit += sum(
            info[term] for term in again.unwrapped.core.terms[: again.unwrapped.core.n_money]
        )
    assert len(own.seen) == len(seen)
    for mine, theirs in zip(own.seen, seen, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert profit_eur(run) == pytest.approx(profit)


def test_the_environment_of_training_is_left_as_it_is(short, days):
    env = FrameStackObservation(dispatch(short), 2)
    env.reset(seed=0)
    before, _ = env.reset(seed=0)
    vpp_gym.evaluate(small, env, scenario=days)
    after = env.step(np.zeros(1))[0]
    np.testing.assert_array_equal(after[0], before[1])


def test_wrappers_of_episodes_are_refused(short, days):
    env = TimeAwareObservation(gym.make(DISPATCH, scenario=short, episode_days=1))
    with pytest.raises(InvalidInputError, match=r"TimeAwareObservation.*train without it"):
        vpp_gym.evaluate(small, env, scenario=days)


def test_a_model_behind_wrappers_is_saved_with_their_names(short, days, tmp_path):
    env = FlattenObservation(FrameStackObservation(dispatch(short), 2))
    model = trained(env)
    zipped = vpp_gym.save(model, tmp_path / "ppo.zip")
    with pytest.raises(InvalidInputError, match="behind FlattenObservation, FrameStackObservation"):
        vpp_gym.evaluate(zipped, scenario=days, trust=True)
    with pytest.raises(InvalidInputError, match="wrappers: trained behind"):
        vpp_gym.evaluate(zipped, dispatch(short), scenario=days, trust=True)
    run = vpp_gym.evaluate(zipped, env, scenario=days, trust=True)
    assert profit_eur(run) == profit_eur(vpp_gym.evaluate(model, days))


@pytest.mark.parametrize("order", ["stacked", "scaled"])
def test_frames_and_statistics_of_batches_are_kept(short, days, tmp_path, order):
    batch = DummyVecEnv([lambda: dispatch(short)])
    env = (
        VecNormalize(VecFrameStack(batch, 3))
        if order == "stacked"
        else VecFrameStack(VecNormalize(batch), 3)
    )
    model = trained(env)
    zipped = vpp_gym.save(model, tmp_path / "ppo.zip")
    mine = vpp_gym.evaluate(zipped, scenario=days, start_step=48, trust=True)

    again = DummyVecEnv(
        [lambda: gym.make(DISPATCH, scenario=days, episode_days=None, **{**D1, "reward": "profit"})]
    )
    scaled = env if order == "stacked" else env.venv
    theirs = VecFrameStack(again, 3) if order == "stacked" else None
    theirs = VecNormalize(theirs or again, training=False, norm_reward=False)
    theirs.obs_rms = scaled.obs_rms
    theirs = theirs if order == "stacked" else VecFrameStack(theirs, 3)
    observation, profit, over = theirs.reset(), 0.0, [False]
    while not over[0]:
        observation, reward, over, _ = theirs.step(
            model.predict(observation, deterministic=True)[0]
        )
        profit += float(reward[0])
    assert profit_eur(mine) == pytest.approx(profit, abs=1e-3)


def test_modules_and_functions_are_judged(short, days, tmp_path):
    import torch

    env = dispatch(short)
    module = torch.nn.Linear(env.observation_space.shape[0], 1)
    weight, bias = (one.detach().numpy() for one in module.parameters())
    by_module = vpp_gym.evaluate(module, env, scenario=days)
    function = lambda seen: np.clip(weight @ seen + bias, -1.0, 1.0)  # noqa: E731
    by_function = vpp_gym.evaluate(function, env, scenario=days, name="line")
    assert by_module.days["policy"].unique() == ["Linear"]
    assert by_function.days["policy"].unique() == ["line"]
    assert profit_eur(by_module) == pytest.approx(profit_eur(by_function), abs=1e-2)
    saved = vpp_gym.save(module, tmp_path / "line.pt", env)
    assert profit_eur(vpp_gym.evaluate(saved, scenario=days, trust=True)) == profit_eur(by_module)


def test_a_baseline_is_judged_under_the_rules_of_the_environment(short, days):
    run = vpp_gym.evaluate("charge_on_arrival", dispatch(short), scenario=days)
    assert run.metadata["params"]["site"]["n_chargers"] == 6
    assert run.metadata["params"]["guarantee"] is False


def test_what_is_no_environment_of_the_package_is_refused(days):
    with pytest.raises(InvalidInputError, match="give an environment of this package"):
        vpp_gym.evaluate(small, gym.make("CartPole-v1"), scenario=days)
    with pytest.raises(InvalidInputError, match="is not known"):
        vpp_gym.evaluate(small)
    with pytest.raises(InvalidInputError, match="give an object with predict"):
        vpp_gym.evaluate(3, gym.make(DISPATCH), scenario=days)
    with pytest.raises(InvalidInputError, match="existing file"):
        vpp_gym.evaluate(Path("nowhere.zip"), scenario=days, trust=True)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("synthetic", "synthetic:test"),
        ("synthetic:train", "synthetic:test"),
        ("synthetic:train:price_crisis", "synthetic:test:price_crisis"),
        ("real:train", "real:test"),
        ("a:b/world.parquet:train", "a:b/world.parquet:test"),
        ("world.parquet:all", "world.parquet:all"),
    ],
)
def test_agents_are_judged_on_the_test_split(name, split):
    assert _test_split(name) == split


def test_the_batch_of_training_knows_its_scenarios_and_arguments():
    batch = make_batch(DISPATCH, 2, scenario="synthetic:train", **D1)
    setting = setting_of(batch)
    assert setting.scenario == "synthetic:train"
    assert setting.params.site.n_chargers == D1["params"]["site"]["n_chargers"]
    assert gym.spec(DISPATCH).kwargs == {}, "the registered spec stays as it is"


def test_sac_is_recognised(short, days, tmp_path):
    model = SAC("MlpPolicy", dispatch(short), learning_starts=1, buffer_size=100, device="cpu")
    zipped = vpp_gym.save(model, tmp_path / "sac.zip")
    run = vpp_gym.evaluate(zipped, scenario=days, trust=True)
    assert profit_eur(run) == profit_eur(vpp_gym.evaluate(model, days))


@pytest.mark.parametrize("name", ["TQC", "RecurrentPPO"])
def test_models_of_sb3_contrib_are_judged_with_their_memory(short, days, tmp_path, name):
    contrib = pytest.importorskip("sb3_contrib")
    policy = "MlpLstmPolicy" if name == "RecurrentPPO" else "MlpPolicy"
    model = getattr(contrib, name)(policy, dispatch(short), seed=0, device="cpu")
    zipped = vpp_gym.save(model, tmp_path / "model.zip")
    run = vpp_gym.evaluate(zipped, scenario=days, trust=True)
    assert profit_eur(run) == profit_eur(vpp_gym.evaluate(model, days))
    assert type(agent_of(zipped, trust=True).predictor).__name__ == name


def test_pretrained_agents_are_there_by_name():
    names = pretrained()
    assert {"ppo_synthetic", "ppo_real"} <= set(names)
    assert {vpp_gym.load(name).env_id for name in names} <= set(ENVIRONMENTS)
    assert vpp_gym.load("ppo_synthetic", seed=3).seed == 3
    with pytest.raises(InvalidInputError, match="did you mean ppo_synthetic"):
        vpp_gym.load("ppo_synthetc")
    with pytest.raises(InvalidInputError, match="has 0, 1, 2, 3, 4"):
        vpp_gym.load("ppo_synthetic", seed=9)


def test_a_pretrained_agent_is_judged_as_its_card_says(days):
    agent = vpp_gym.load("ppo_synthetic")
    by_name = vpp_gym.evaluate("ppo_synthetic", scenario=days)
    assert profit_eur(by_name) == profit_eur(plain_evaluate(agent, days))
    with pytest.raises(InvalidInputError, match="bids"):
        vpp_gym.evaluate(agent, gym.make("VPPDayAhead-v0", bids="schedule"), scenario=days)


def test_an_agent_of_fuel_cell_cars_runs_under_the_rules_of_its_card():
    agent = vpp_gym.load("ppo_synthetic_car_park_random")
    run = vpp_gym.evaluate(agent, "car_park:synthetic:validation", end_step=24 * 3)
    assert run.metadata["params"]["contract"]["min_price"] == "random"
    other = vpp_gym.evaluate(agent, "car_park:synthetic:validation", {}, end_step=24 * 3)
    assert other.metadata["params"]["contract"]["min_price"] == "equal"


STAYS = "VPPStay-v0"
NO_OFFER = {"params": {"contract": {"families": ()}}}


def test_agents_of_single_stays_are_judged_on_a_fleet(days, tmp_path):
    env = VecNormalize(BatchVecEnv(STAYS, 2, scenario="synthetic:train", **NO_OFFER))
    model = trained(env)
    zipped = vpp_gym.save(model, tmp_path / "stay.zip")
    runs = [
        vpp_gym.evaluate(model, days),
        vpp_gym.evaluate(zipped, scenario=days, trust=True),
        vpp_gym.evaluate(model, gym.make(STAYS, **NO_OFFER), scenario=days),
    ]

    class Scaled:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            return model.predict(env.normalize_obs(observation), deterministic=True)

    by_hand = plain_evaluate(StayAgent(Scaled(), name="x", contract={"families": ()}), days)
    assert by_hand.days["arrivals"].sum() > 20
    for run in runs:
        assert profit_eur(run) == profit_eur(by_hand)
        assert run.metadata["params"]["site"] == by_hand.metadata["params"]["site"]
    with pytest.raises(InvalidInputError, match="trained with"):
        vpp_gym.evaluate(zipped, gym.make(STAYS), scenario=days, trust=True)
    with pytest.raises(InvalidInputError, match="its card says VPPStay-v0"):
        vpp_gym.evaluate(zipped, DISPATCH, scenario=days, trust=True)


def test_functions_and_modules_charge_every_car_of_a_fleet(days):
    import torch

    env = gym.make(STAYS)
    module = torch.nn.Linear(env.observation_space.shape[0], 1)
    weight, bias = (one.detach().numpy() for one in module.parameters())
    line = lambda seen: np.clip(weight @ seen + bias, -1.0, 1.0)  # noqa: E731
    by_module, by_line = (vpp_gym.evaluate(one, env, scenario=days) for one in (module, line))
    assert profit_eur(by_module) == pytest.approx(profit_eur(by_line), abs=1e-2)


def test_a_model_that_cannot_see_every_car_by_itself_is_refused(days):
    stacked = FrameStackObservation(gym.make(STAYS), 2)
    with pytest.raises(InvalidInputError, match="every car is shown by itself"):
        vpp_gym.evaluate(small, stacked, scenario=days)
    with pytest.raises(InvalidInputError, match="with 'flat'"):
        vpp_gym.evaluate(small, gym.make(STAYS, observation="dict"), scenario=days)
    with_memory = Reads()
    with_memory.policy = type("Policy", (), {"lstm_actor": None})()
    with pytest.raises(InvalidInputError, match="train one without memory"):
        vpp_gym.evaluate(with_memory, gym.make(STAYS), scenario=days)


def test_the_same_agent_earns_the_same_whether_its_settings_are_said_or_read(short, days):
    """They once had to be said by hand, and what was forgotten was another world, in silence."""
    asked = {"guarantee": True, "params": {"contract": {"families": ()}}}
    model = trained(gym.make(DISPATCH, scenario=short, episode_days=1, **asked))
    read = vpp_gym.evaluate(model, days)
    said = EnvironmentAgent(
        model, name="said", env_id=DISPATCH, contract={"families": ()}, guarantee=True
    )
    assert profit_eur(vpp_gym.evaluate(said, days)) == profit_eur(read)
    forgotten = EnvironmentAgent(model, name="forgotten", env_id=DISPATCH)
    with pytest.raises(InvalidInputError, match=r"contract\.families: trained with \[\]"):
        vpp_gym.evaluate(forgotten, days)


def test_an_agent_of_a_site_is_judged_at_sites_without_being_told():
    result = vpp_gym.evaluate("imitated_site", end_step=96)
    assert result.metadata["scenario"].startswith("site:synthetic:test")
    assert result.days["storage_charge_kwh"].sum() > 0
