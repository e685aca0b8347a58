"""Fleets to schedule, and what their EVs would cost one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vpp_gym.solvers.schedule_data import ScheduleData, ScheduleRules
from vpp_gym.solvers.single_ev import plan_cost, plan_fleet
from vpp_gym.solvers.solution import Solution

EV_FIELDS = (
    "steps",
    "energy_kwh",
    "min_kwh",
    "max_kwh",
    "target_kwh",
    "charge_kwh",
    "discharge_kwh",
    "discharge_steps",
    "contract_kwh",
)
SOFT = ScheduleRules(charge_eff=0.98, discharge_eff=0.97, shortfall_eur_per_kwh=0.5)


def random_fleet(
    seed: int, n: int = 6, horizon: int = 8, *, negative: bool = False
) -> ScheduleData:
    """n EVs whose targets are in reach, half of them with a contract."""
    rng = np.random.default_rng(seed)
    prices = rng.normal(0.0, 0.05, horizon) if negative else rng.gamma(2.0, 0.03, horizon)
    spread = rng.choice([0.0, 0.01])
    steps = rng.integers(1, horizon + 1, n)
    target = rng.uniform(30.0, 77.6, n)
    return ScheduleData(
        buy_eur_per_kwh=prices + spread,
        sell_eur_per_kwh=prices - spread,
        steps=steps,
        energy_kwh=np.maximum(target - rng.random(n) * 10.0 * steps, 10.0 * rng.random(n) + 3.0),
        min_kwh=2.4,
        max_kwh=77.6,
        target_kwh=np.minimum(target, 13.0 + 10.0 * steps),
        charge_kwh=11.0,
        discharge_kwh=11.0,
        discharge_steps=rng.integers(0, horizon, n),
        contract_kwh=np.where(rng.random(n) < 0.5, rng.choice([3.3, 13.3, 29.0], n), 0.0),
    )


def under_contracts(data: ScheduleData, seed: int, *, outside: bool = False) -> ScheduleData:
    """The fleet with own selling prices, limits per step, and contracts without a cap.

    Args:
        data: from `random_fleet`.
        seed: of the draw.
        outside: some EVs start below the level of energy that they keep.
    """
    rng = np.random.default_rng((seed, 1))
    n, horizon = len(np.atleast_1d(data.steps)), np.size(data.buy_eur_per_kwh)
    energy = np.asarray(data.energy_kwh)
    return replace(
        data,
        sell_eur_per_kwh=data.sell_eur_per_kwh - 0.02 * rng.random((n, 1)),
        discharge_kwh=rng.choice([0.0, 5.0, 11.0], (n, horizon)),
        contract_kwh=np.where(rng.random(n) < 0.5, np.inf, data.contract_kwh),
        min_kwh=np.where(rng.random(n) < 0.5, np.minimum(energy + 3.0 * outside, 70.0), 2.4),
    )


def ev_columns(data: ScheduleData) -> dict[str, np.ndarray]:
    """The limits of each EV, all (n,), but (n, H) where they differ by step."""
    n = len(np.atleast_1d(data.steps))
    limits = {name: np.asarray(getattr(data, name)) for name in EV_FIELDS}
    return {
        name: limit if limit.ndim > 1 else np.broadcast_to(limit, n)
        for name, limit in limits.items()
    }


def cost_one_by_one_eur(data: ScheduleData, rules: ScheduleRules) -> float:
    """Cost of the exact plans of all EVs."""
    columns = ev_columns(data)
    shared = {
        "charge_eff": rules.charge_eff,
        "discharge_eff": rules.discharge_eff,
        "shortfall_eur_per_kwh": rules.shortfall_eur_per_kwh,
    }
    prices = data.buy_eur_per_kwh, data.sell_eur_per_kwh
    plans = plan_fleet(*prices, **columns, **shared)
    own_sell = np.broadcast_to(prices[1], plans.shape)
    return sum(
        plan_cost(plan, prices[0], sell, energy_kwh=energy, target_kwh=target, **shared)
        for plan, sell, energy, target in zip(
            plans, own_sell, columns["energy_kwh"], columns["target_kwh"], strict=True
        )
    )


def violation_kwh(solution: Solution, data: ScheduleData, rules: ScheduleRules) -> float:
    """Largest violation of any limit of the EVs and the site."""
    net_load, column = solution.net_load_kwh, ev_columns(data)
    time = np.arange(net_load.shape[1])
    charge, discharge = np.maximum(net_load, 0.0), np.maximum(-net_load, 0.0)
    here = time < column["steps"][:, None]
    window = here & (time < column["discharge_steps"][:, None])
    most_kwh = column["discharge_kwh"]
    most_kwh = most_kwh if most_kwh.ndim > 1 else most_kwh[:, None]
    rise = rules.charge_eff * charge - discharge / rules.discharge_eff
    energy = column["energy_kwh"][:, None] + np.cumsum(rise, axis=1)
    parts: list[Any] = [
        charge - here * column["charge_kwh"][:, None],
        discharge - window * most_kwh,
        discharge.sum(axis=1) - column["contract_kwh"],
        energy - column["max_kwh"][:, None],
        np.where(discharge > 0, column["min_kwh"][:, None] - energy, 0.0),
        np.abs(net_load.sum(axis=0)) - rules.site_limit_kwh,
    ]
    if rules.shortfall_eur_per_kwh is None:
        parts.append(column["target_kwh"] - energy[:, -1] - 1e-3)
    return max(float(np.max(part)) for part in parts)
