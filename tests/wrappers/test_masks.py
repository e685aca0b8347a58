"""A dead entry of an action changes nothing, to the last bit; levels and masks fit together."""

from __future__ import annotations

from copy import deepcopy

import gymnasium as gym
import numpy as np
import pytest

import vpp_gym
from vpp_gym.errors import InvalidInputError
from vpp_gym.wrappers import ActionMask, DiscreteActions, VectorActionMask, live_entries

FEW = {"episode_days": 2}
PER_EV = {"control": "per_ev", **FEW}
BATTERY = {"params": {"storage": {"kwh": 50.0, "kw": 20.0}}}
KINDS = {
    "fleet": ("VPPDispatch-v0", FEW),
    "per_ev": ("VPPDispatch-v0", PER_EV),
    "price": ("VPPDispatch-v0", {"control": "price", "params": {"site": {"n_chargers": 1}}, **FEW}),
    "battery": ("VPPDispatch-v0", {**PER_EV, **BATTERY}),
    "schedule": ("VPPDayAhead-v0", {"bids": "schedule", **FEW}),
    "period": ("VPPDayAhead-v0", {"bids": "period", **PER_EV}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_dead_entries_change_nothing(kind):
    env_id, arguments = KINDS[kind]
    env = gym.make(env_id, disable_env_checker=True, **arguments).unwrapped
    env.reset(seed=1)
    rng, dead_seen, live_seen = np.random.default_rng(0), 0, 0
    for step in range(100):
        action = rng.uniform(-1, 1, env.action_space.shape)
        live = live_entries(env.core)[0]
        if step % 9 == 0 and not live.all():
            twin, other = deepcopy(env), np.where(live, action, rng.uniform(-1, 1, live.shape))
            ours, theirs = env.step(action), twin.step(other)
            np.testing.assert_array_equal(ours[0], theirs[0])
            assert ours[1:] == theirs[1:]
            later = rng.uniform(-1, 1, (8, len(action)))
            ours = [deepcopy(env).step(one) for one in later[:1]]
            theirs = [twin.step(one) for one in later[:1]]
            assert ours[0][1:] == theirs[0][1:]
        else:
            env.step(action)
        dead_seen += int((~live).sum())
        live_seen += int(live.sum())
    assert dead_seen > 0
    assert live_seen > 0


def test_every_live_charger_counts():
    env = gym.make("VPPDispatch-v0", disable_env_checker=True, **PER_EV).unwrapped
    env.reset(seed=1)
    for _ in range(90):
        env.step(np.zeros(env.action_space.shape))
    live = np.flatnonzero(live_entries(env.core)[0])
    assert 0 < len(live) < env.action_space.shape[0]
    for entry in live:
        loads = []
        for value in (-1.0, 1.0):
            action = np.zeros(env.action_space.shape)
            action[entry] = value
            info = deepcopy(env).step(action)[-1]
            loads.append(info["charge_kwh"] - info["discharge_kwh"])
        assert loads[0] < loads[1]


def test_the_mask_is_in_the_info_of_the_step_before():
    env = ActionMask(gym.make("VPPDayAhead-v0", bids="schedule", **FEW))
    _, info = env.reset(seed=0)
    at_gate = []
    for _ in range(97):
        mask = info["action_mask"]
        assert mask.shape == env.action_space.shape
        at_gate.append(bool(mask[1:].all()))
        assert set(mask[1:]) in ({0}, {1})
        *_, info = env.step(np.zeros(env.action_space.shape))
    assert [step for step, is_gate in enumerate(at_gate) if is_gate] == [0, 96]


def test_a_batch_has_the_masks_of_its_environments():
    batch = VectorActionMask(
        gym.make_vec("VPPDispatch-v0", 2, vectorization_mode="vector_entry_point", **PER_EV)
    )
    alone = [ActionMask(gym.make("VPPDispatch-v0", **PER_EV)) for _ in range(2)]
    _, infos = batch.reset(seed=5)
    seen = [env.reset(seed=5 + run)[1] for run, env in enumerate(alone)]
    for _ in range(60):
        np.testing.assert_array_equal(infos["action_mask"], [one["action_mask"] for one in seen])
        actions = batch.action_space.sample()
        *_, infos = batch.step(actions)
        seen = [env.step(action)[-1] for env, action in zip(alone, actions, strict=True)]
    assert infos["_action_mask"].all()


def test_every_entry_of_a_day_counts():
    env = gym.make("VPPContracts-v0", scheduler="charge_on_arrival")
    env.reset(seed=0)
    assert live_entries(env.unwrapped.core).all()


def test_levels_stand_for_numbers_and_dead_entries_keep_the_middle_one():
    plain = gym.make("VPPDispatch-v0", **PER_EV)
    env = DiscreteActions(gym.make("VPPDispatch-v0", **PER_EV), levels=3)
    env.reset(seed=2)
    plain.reset(seed=2)
    rng = np.random.default_rng(0)
    for _ in range(40):
        live = live_entries(env.unwrapped.core)[0]
        masks = env.action_masks().reshape(-1, 3)
        np.testing.assert_array_equal(masks.all(axis=1), live)
        assert (masks[~live] == [False, True, False]).all()
        chosen = rng.integers(3, size=len(live))
        assert env.step(chosen)[1] == plain.step(chosen - 1.0)[1]
    for levels in (1, 4, 2.5):
        with pytest.raises(InvalidInputError, match="odd number"):
            DiscreteActions(plain, levels)


def test_maskable_ppo_learns_with_masks_and_is_judged_without(tmp_path):
    contrib = pytest.importorskip("sb3_contrib", reason="sb3-contrib is not installed")
    env = DiscreteActions(gym.make("VPPDispatch-v0", scenario="synthetic:train", **PER_EV))
    model = contrib.MaskablePPO("MlpPolicy", env, n_steps=32, batch_size=32, seed=0, device="cpu")
    model.learn(64)
    zipped = vpp_gym.save(model, tmp_path / "maskable.zip")
    given = {"scenario": "synthetic:validation", "end_step": 96 * 2, "trust": True}
    judged = vpp_gym.evaluate(zipped, env, **given).days["profit_eur"].sum()
    assert judged == vpp_gym.evaluate(model, **{**given, "trust": False}).days["profit_eur"].sum()

    class Masked:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            masks = self.env.action_masks()
            return model.predict(observation, deterministic=True, action_masks=masks)[0], None

    whole = DiscreteActions(
        gym.make("VPPDispatch-v0", scenario="synthetic:validation", control="per_ev")
    )
    masked = Masked()
    masked.env = whole
    observation, _ = whole.reset(options={"scenario": 0, "start_day": 0})
    plain = deepcopy(whole)
    ours, theirs = observation, plain.reset(options={"scenario": 0, "start_day": 0})[0]
    for _ in range(96):
        ours, reward, *_ = whole.step(masked.predict(ours)[0])
        theirs, other, *_ = plain.step(model.predict(theirs, deterministic=True)[0])
        assert reward == other
