"""Every column of the observation, recomputed in plain Python from the snapshot."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.oracle_charging import Pace
from tests.worlds import examples, params, plain, plain_world, scenarios
from vpp_gym.envs.day_ahead import VPPDayAheadEnv, VPPDayAheadVectorEnv
from vpp_gym.envs.fields import CHARGER_FIELDS, FLEET_FIELDS
from vpp_gym.observation import Field
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Snapshot

SEED = st.integers(0, 2**32 - 1)
CONTROL = st.sampled_from(["fleet", "per_ev"])


def value_at(values: np.ndarray, i: int) -> float:
    return float(values[i]) if i < len(values) else 0.0


def mean(values: np.ndarray) -> float:
    """0 of nothing."""
    return float(sum(values) / len(values)) if len(values) else 0.0


def market_fields(snapshot: Snapshot) -> dict[str, list[float]]:
    """What the snapshot says about time and prices."""
    hour = round(1 / snapshot.dt_h)
    midnight = snapshot.time.astype("datetime64[D]")
    turn = 2 * math.pi * float((snapshot.time - midnight) / np.timedelta64(24, "h"))
    week = 2 * math.pi * midnight.astype(object).weekday() / 7
    short, long = snapshot.im_short_past_eur_per_kwh, snapshot.im_long_past_eur_per_kwh
    residual = ((short + long) / 2 - snapshot.da_past_eur_per_kwh)[::-1]
    spread = (short - long)[::-1]
    now = 0.0
    if snapshot.im_short_now_eur_per_kwh is not None:
        both = snapshot.im_short_now_eur_per_kwh + snapshot.im_long_now_eur_per_kwh
        now = both / 2 - snapshot.da_eur_per_kwh[0]
    prices = snapshot.da_eur_per_kwh[: 24 * hour : hour]
    level = mean(prices)
    return {
        "clock": [math.sin(turn), math.cos(turn)],
        "hour_passed": [snapshot.time.astype("datetime64[m]").astype(int) % 60 / 60],
        "weekday": [math.sin(week), math.cos(week)],
        "da_level": [level],
        "da_ahead": [*(price - level for price in prices), *[0.0] * (24 - len(prices))],
        "da_known": [snapshot.n_known * snapshot.dt_h],
        "im_residual_past": [value_at(residual, k) for k in range(12)],
        "im_residual_hours": [mean(residual[k * hour : (k + 1) * hour]) for k in range(6)],
        "im_residual_day": [mean(residual[: 24 * hour])],
        "im_residual_now": [now],
        "im_spread_past": [value_at(spread, 0)],
        "da_sold_ahead": [value_at(snapshot.da_sold_kwh, h * hour) for h in range(24)],
    }


def pace_of(snapshot: Snapshot, i: int) -> Pace:
    """How fast a car charges."""
    full_kw = snapshot.params.site.charge_eff * snapshot.charge_kw[i]
    return Pace(full_kw, list(zip(*snapshot.curves[i].tolist(), strict=True)))


def fleet_fields(snapshot: Snapshot, scenario: Scenario) -> dict[str, list[float]]:
    """What the snapshot says about the fleet."""
    earliest, latest = [0.0] * 24, [0.0] * 24
    for i in range(len(snapshot.session)):
        left_h = snapshot.steps_to_departure[i] * snapshot.dt_h
        stored_kwh, target_kwh = snapshot.energy_kwh[i], snapshot.target_kwh[i]
        if stored_kwh >= target_kwh:
            continue
        pace, eff = pace_of(snapshot, i), snapshot.params.site.charge_eff
        hours = min(pace.hours(stored_kwh, target_kwh), left_h)
        wait_h = left_h - hours
        for h in range(24):
            early, late = (
                [pace.after(stored_kwh, min(max(end - start, 0.0), hours)) for end in (h, h + 1)]
                for start in (0.0, wait_h)
            )
            earliest[h] += (early[1] - early[0]) / eff
            latest[h] += (late[1] - late[0]) / eff
    return {
        "connected": [len(snapshot.session) / snapshot.params.site.n_chargers],
        "envelope": [sum(snapshot.lo_kwh), sum(snapshot.idle_kwh), sum(snapshot.hi_kwh)],
        "due_gap": [sum(due_gap_kwh(snapshot, scenario, i) for i in range(len(snapshot.session)))],
        "earliest_load": earliest,
        "latest_load": latest,
        **contract_fields(snapshot),
    }


def contract_fields(snapshot: Snapshot) -> dict[str, list[float]]:
    """What the snapshot says about the contracts of all EVs together."""
    evs = [i for i in range(len(snapshot.session)) if snapshot.contract_steps[i] > 0]
    left_kwh = {i: usable_kwh(snapshot, i) for i in evs}
    total_kwh = sum(left_kwh.values())

    def by_energy(value: Callable[[Snapshot, int], float]) -> float:
        return sum(left_kwh[i] * value(snapshot, i) for i in evs) / (total_kwh or 1.0)

    return {
        "contract_left": [total_kwh],
        "contract_waiting": [sum(left_kwh[i] for i in evs if snapshot.contract_wait[i] > 0)],
        "contract_pay": [by_energy(pay_eur_per_kwh)],
        "contract_min_price": [by_energy(min_price_eur_per_kwh)],
    }


def pay_eur_per_kwh(snapshot: Snapshot, i: int) -> float:
    """Owed to the owner for a kWh at the price of now, 20 EUR at most."""
    pay, least = snapshot.tariff_eur_per_kwh[i], snapshot.min_price_eur_per_kwh[i]
    if snapshot.margin[i] > 0 and math.isfinite(least):
        pay += snapshot.margin[i] * max(0.0, snapshot.da_eur_per_kwh[0] - least)
    return min(pay, 20.0)


def min_price_eur_per_kwh(snapshot: Snapshot, i: int) -> float:
    """Least price at which the contract may be used, within 20 EUR."""
    least = snapshot.min_price_eur_per_kwh[i]
    return max(-20.0, min(20.0, least)) if math.isfinite(least) else 0.0


def usable_kwh(snapshot: Snapshot, i: int) -> float:
    """What the contract allows, but no more than full power gives in its window, 48 h at most."""
    open_h = (snapshot.contract_steps[i] - snapshot.contract_wait[i]) * snapshot.dt_h
    return min(snapshot.contract_kwh[i], snapshot.discharge_kw[i] * min(open_h, 48.0))


def due_gap_kwh(snapshot: Snapshot, scenario: Scenario, i: int) -> float:
    """What a driver would be short of who left now: of the target, or what was in reach."""
    session, connected = snapshot.session[i], snapshot.steps_connected[i]
    now = scenario.sessions.arrival_step[session] + connected
    reach_kwh = pace_of(snapshot, i).after(snapshot.arrival_kwh[i], connected * snapshot.dt_h)
    due_kwh = snapshot.target_kwh[i]
    if now < scenario.sessions.departure_step[session]:
        due_kwh = min(due_kwh, reach_kwh)
    return max(due_kwh - snapshot.energy_kwh[i], 0.0)


def charger_fields(snapshot: Snapshot, scenario: Scenario) -> dict[str, list[float]]:
    """What the snapshot says about each charger."""
    n = snapshot.params.site.n_chargers
    fields = {field.name: [0.0] * n for field in CHARGER_FIELDS}
    for i, place in enumerate(snapshot.charger):
        capacity_kwh = scenario.sessions.capacity_kwh[snapshot.session[i]]
        battery_max_kwh = snapshot.params.battery.max_soc * capacity_kwh
        values = (
            1.0,
            snapshot.energy_kwh[i] / battery_max_kwh,
            snapshot.target_kwh[i] / battery_max_kwh,
            min(48.0, snapshot.steps_to_departure[i] * snapshot.dt_h),
            due_gap_kwh(snapshot, scenario, i) / battery_max_kwh,
            max(-48.0, min(48.0, snapshot.laxity_h[i])),
            snapshot.lo_kwh[i],
            snapshot.hi_kwh[i],
            usable_kwh(snapshot, i),
            *terms_of_contract(snapshot, i, battery_max_kwh),
        )
        for name, value in zip(fields, values, strict=True):
            fields[name][place] = float(value)
    return fields


def terms_of_contract(snapshot: Snapshot, i: int, battery_max_kwh: float) -> tuple[float, ...]:
    """Wait, level kept, pay and least price; zeros once the contract has run out."""
    if snapshot.contract_steps[i] == 0:
        return 0.0, 0.0, 0.0, 0.0
    return (
        min(48.0, snapshot.contract_wait[i] * snapshot.dt_h),
        min(1.0, snapshot.keep_kwh[i] / battery_max_kwh),
        pay_eur_per_kwh(snapshot, i),
        min_price_eur_per_kwh(snapshot, i),
    )


def unit_of(field: Field, world: VPPParams, dt_h: float) -> float:
    """What a field is divided by in the flat form: of the fleet, a quarter is taken to be there."""
    site = world.site
    busy = site.n_chargers / 4
    power_kw = max(site.charge_kw, site.discharge_kw)
    contract_kwh = site.discharge_kw * longest_window_h(world) or 1.0
    units: dict[Any, float] = {
        "price": 0.05,
        "spread": 0.02,
        "power": busy * power_kw * dt_h,
        "hourly": busy * power_kw,
        "charger": power_kw * dt_h,
        "contract": busy * contract_kwh,
        "own contract": contract_kwh,
        "soc": 1 / world.battery.max_soc,
    }
    return units.get(field.scale, field.scale)


def longest_window_h(world: VPPParams) -> float:
    windows = {
        "fixed_term": world.contract.term_h,
        "volume_based": world.contract.volume_based.term_h,
    }
    return max((windows.get(family, 48.0) for family in world.contract.families), default=0.0)


def expected_observation(env: VPPDayAheadEnv, scenario: Scenario, per_ev: bool) -> np.ndarray:
    snapshot = env.core.simulation.snapshot()
    values = market_fields(snapshot) | fleet_fields(snapshot, scenario)
    fields = FLEET_FIELDS
    if per_ev:
        fields, values = (
            (*FLEET_FIELDS, *CHARGER_FIELDS),
            values | charger_fields(snapshot, scenario),
        )
    assert [field.name for field in fields] == list(values)
    return np.concatenate(
        [
            np.array(values[field.name]) / unit_of(field, snapshot.params, snapshot.dt_h)
            for field in fields
        ]
    )


@examples(25)
@given(
    scenarios(), params(), SEED, CONTROL, st.sampled_from(["schedule", "period", "expected_load"])
)
def test_observation_says_what_the_snapshot_says(scenario, world, seed, control, bids):
    env = VPPDayAheadEnv(scenario, world, control=control, bids=bids, episode_days=None)
    env.action_space.seed(seed)
    observation, _ = env.reset(seed=seed)
    over = False
    while not over:
        expected = expected_observation(env, scenario, control == "per_ev")
        assert observation.dtype == np.float32
        assert observation in env.observation_space
        np.testing.assert_allclose(observation, expected, rtol=2e-6, atol=2e-6)
        observation, _, _, over, _ = env.step(env.action_space.sample())
    assert observation in env.observation_space


@examples(10)
@given(scenarios(), params(), SEED, CONTROL)
def test_named_form_is_the_flat_one_in_units(scenario, world, seed, control):
    both = [
        VPPDayAheadEnv(scenario, world, control=control, observation=form, episode_days=None)
        for form in ("flat", "dict")
    ]
    flat_env, named_env = both
    flat, named = (env.reset(seed=seed)[0] for env in both)
    slices, scale = flat_env.core.layout.slices, flat_env.core.layout.scale.astype(np.float32)
    flat_env.action_space.seed(seed)
    over = False
    while not over:
        assert list(named) == list(slices)
        assert set(named) == set(named_env.observation_space)
        assert named in named_env.observation_space
        for name, part in slices.items():
            np.testing.assert_array_equal(named[name], flat[part] * scale[part], err_msg=name)
        action = flat_env.action_space.sample()
        flat, _, _, over, _ = flat_env.step(action)
        named = named_env.step(action)[0]


@pytest.mark.parametrize("pricing", ["dutch", "dual"])
@pytest.mark.parametrize("control", ["fleet", "per_ev"])
def test_the_wildest_prices_and_fullest_lot_stay_inside_the_space(pricing, control):
    wild = np.arange(72) % 3 == 0  # most prices are plain, or the unit would be doubted
    turn = np.arange(72) % 2
    sessions = {
        "arrival_step": [0] * 4 + [30] * 4,
        "departure_step": [70] * 4 + [31, 40, 50, 72],
        "arrival_soc": [1.0, 0.0, 0.97, 0.5] * 2,
    }
    scenario = plain_world(
        72,
        da=np.where(wild, 20.0 - 40.0 * turn, 0.05),
        short=np.where(wild, 20.0, 0.05),
        long=np.where(wild, 40.0 * turn - 20.0, 0.05),
        sessions=sessions,
    )
    rules = {
        "site": {"n_chargers": 4},
        "market": {"imbalance_pricing": pricing, "imbalance_lag_steps": 0},
    }
    for share in (-1, 1):
        env = VPPDayAheadEnv(scenario, rules, control=control, bid_scale=1.0, episode_days=None)
        observation, _ = env.reset(seed=0)
        over = False
        while not over:
            assert observation in env.observation_space
            action = np.full(env.action_space.shape, share, dtype=np.float32)
            observation, _, _, over, _ = env.step(action)
        assert observation in env.observation_space


@pytest.mark.parametrize("form", ["flat", "dict"])
@pytest.mark.parametrize("make", [VPPDayAheadEnv, VPPDayAheadVectorEnv])
def test_observations_are_new_and_never_change(form, make):
    env = make(scenario=plain_world(72), observation=form, episode_days=1)
    seen = [env.reset(seed=0)[0]]
    for _ in range(24):
        seen.append(env.step(np.zeros(env.action_space.shape))[0])
        if len(seen) == 2:
            kept = [parts(one) for one in seen]
            kept = [[part.copy() for part in one] for one in kept]
    everything = [part for one in seen for part in parts(one)]
    by_step = [parts(one) for one in seen]
    for i, ours in enumerate(by_step):
        for theirs in by_step[i + 1 :]:
            assert not any(np.shares_memory(a, b) for a in ours for b in theirs)
    for before, now in zip(kept, by_step, strict=False):
        for a, b in zip(before, now, strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(part.flags.writeable for part in everything)


def parts(observation: Any) -> list[np.ndarray]:
    return list(observation.values()) if isinstance(observation, dict) else [observation]


def test_size_depends_on_the_chargers_only_where_each_is_shown():
    sizes = {}
    for n in (1, 25, 300):
        for control in ("fleet", "per_ev"):
            world = DEFAULT.replace(site={"n_chargers": n})
            env = VPPDayAheadEnv(plain_world(48), world, control=control, episode_days=None)
            sizes[n, control] = env.observation_space.shape[0]
    base = sizes[1, "fleet"]
    assert sizes == {
        **{(n, "fleet"): base for n in (1, 25, 300)},
        **{(n, "per_ev"): base + 13 * n for n in (1, 25, 300)},
    }


def test_names_are_unique_and_units_said():
    fields = (*FLEET_FIELDS, *CHARGER_FIELDS)
    assert len({field.name for field in fields}) == len(fields)
    assert all(field.unit and field.meaning and field.low < field.high for field in fields)


@pytest.mark.parametrize("max_soc", [0.8, 1.0, 1.2, 1.5])
@pytest.mark.parametrize("form", ["flat", "dict"])
def test_batteries_that_hold_more_than_their_capacity_stay_inside_the_space(max_soc, form):
    """EVs under a contract that lets them be filled to the upper limit."""
    env = VPPDayAheadEnv(
        params=plain(battery={"max_soc": max_soc}, contract={"families": ("control_based",)}),
        dt_h=1.0,
        control="per_ev",
        bids="expected_load",
        observation=form,
    )
    observation, _ = env.reset(seed=0)
    part = env.core.layout.slices["ev_stored"]
    fullest, over = 0.0, False
    while not over:
        assert observation in env.observation_space
        stored = observation["ev_stored"] if form == "dict" else observation[part]
        fullest = max(fullest, float(stored.max()))
        observation, _, _, over, _ = env.step(np.ones(25, dtype=np.float32))
    full = 1.0 if form == "dict" else min(max_soc, 1.0)
    assert fullest > 0.999 * full  # some arrive with more than a low limit
