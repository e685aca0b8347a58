"""The plan of an EV that tapers as a linear program with cuts, sharing nothing with the solver.

How far a step at full power comes is concave in the energy at its beginning, so that every
tangent is a limit of what a step may store. Tangents are added where the last answer breaks the
taper, until none does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

BROKEN_KWH = 2e-6
"""Of the taper, which the answer may: what HiGHS allows a limit to be broken by."""


@dataclass(frozen=True)
class Taper:
    """Full power up to one energy, from there on a line down to another; per step.

    Attributes:
        full_kwh: stored in a step at the charger's power.
        knee_kwh: stored energy at which the battery's own limit begins to fall.
        knee_power_kwh: that limit up to there, per step.
        top_kwh: stored energy of the full battery.
        top_power_kwh: the limit there, per step.
    """

    full_kwh: float
    knee_kwh: float
    knee_power_kwh: float
    top_kwh: float
    top_power_kwh: float

    @property
    def curve(self) -> np.ndarray:
        powers = [self.knee_power_kwh, self.top_power_kwh]
        return np.array([[self.knee_kwh, self.top_kwh], powers])

    @property
    def decay(self) -> float:
        """Share of the power that a step at falling power loses, in the exponent."""
        width = self.top_kwh - self.knee_kwh
        return (self.knee_power_kwh - self.top_power_kwh) / width

    def after(self, energy_kwh: float) -> tuple[float, float]:
        """Stored after a step at full power, and the slope of that in the energy."""
        flat = min(self.full_kwh, self.knee_power_kwh)
        if self.decay <= 0.0:
            return energy_kwh + flat, 1.0
        end = self.knee_kwh + self.knee_power_kwh / self.decay  # where the line is at zero
        bend = end - flat / self.decay
        flat_steps = min(max((bend - energy_kwh) / flat, 0.0), 1.0)
        if flat_steps == 1.0:
            return energy_kwh + flat, 1.0
        begin = max(energy_kwh, bend)
        left = (end - begin) * math.exp(-self.decay * (1.0 - flat_steps))
        return end - left, left / (end - begin)


def taper_limit(case: dict[str, Any]) -> Taper:
    """Of a case of `tapered_case`."""
    return Taper(case["charge_kwh"] * case["charge_eff"], *case["taper"])


def tapered_case(seed: int, *, negative: bool = False, max_steps: int = 8) -> dict[str, Any]:
    """A random EV whose battery tapers, as `plan_ev` takes it, and `taper`."""
    rng = np.random.default_rng((seed, 7))
    n = int(rng.integers(1, max_steps + 1))
    prices = rng.normal(0.02, 0.06, n) if negative else rng.gamma(2.0, 0.03, n)
    prices = np.round(prices, rng.choice([1, 2, 8]))
    spread = rng.choice([0.0, 0.02]) * rng.random(n)
    capacity = rng.choice([20.0, 40.0, 80.0])
    max_kwh, min_kwh = 0.97 * capacity, rng.choice([0.0, 2.4])
    power = rng.choice([2.75, 11.0, 30.0])
    own_power = power * rng.choice([1.0, 1.0, 0.6, 1.5, 3.0])
    knee = rng.choice([0.3, 0.6, 0.8, 0.95]) * capacity
    return {
        "buy": prices + spread,
        "sell": prices - spread if negative else np.maximum(prices - spread, 0.0),
        "energy_kwh": rng.uniform(min_kwh, max_kwh),
        "min_kwh": min_kwh,
        "max_kwh": max_kwh,
        "target_kwh": rng.choice([max_kwh, rng.uniform(min_kwh, max_kwh)]),
        "charge_kwh": power,
        "discharge_kwh": rng.choice([0.0, 2.75, 11.0]),
        "discharge_steps": rng.integers(0, n + 2),
        "contract_kwh": rng.choice([0.0, 3.3, 7.6, 20.4, 999.0]),
        "charge_eff": rng.choice([0.9, 0.98, 1.0]),
        "discharge_eff": rng.choice([0.9, 0.98, 1.0]),
        "shortfall_eur_per_kwh": rng.choice([0.0, 0.05, 0.5, 10.0]),
        "taper": (knee, own_power, capacity, own_power * rng.choice([0.02, 0.3, 0.7])),
    }


def weights(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """(n + 1,) chance of being there in a step or at the end, and (n,) of leaving behind it."""
    hazard = case.get("hazard", np.zeros(len(case["buy"])))
    stays = np.r_[1.0, np.cumprod(1.0 - hazard)]
    return stays, stays[:-1] * hazard


def tapered_cost_eur(case: dict[str, Any], rounds: int = 60) -> float:
    """Least cost of a case, by HiGHS and cuts; with binaries where prices are negative.

    Columns: charge and discharge at the meter, stored energy before each step and at the end,
    shortfall, which way a step goes, and what is missing to what is due behind it.
    """
    n, limit = len(case["buy"]), taper_limit(case)
    eff, back = case["charge_eff"], case["discharge_eff"]
    m = 5 * n + 2
    stays, leaves = weights(case)
    due, missing_eur = case.get("due_kwh", np.zeros(n)), case.get("missing_eur_per_kwh", 0.0)
    end_eur = case["shortfall_eur_per_kwh"] * stays[-1]
    cost = np.r_[stays[:-1] * case["buy"], -stays[:-1] * case["sell"], np.zeros(n + 1), end_eur]
    cost = np.r_[cost, np.zeros(n), missing_eur * leaves[:-1], 0.0]
    may_fall = np.arange(n) < case["discharge_steps"]
    fall = np.where(may_fall, case["discharge_kwh"], 0.0)
    high = np.r_[np.full(n, case["charge_kwh"]), fall, np.full(n + 1, case["max_kwh"]), np.inf]
    low = np.r_[np.zeros(2 * n), np.full(n + 1, case["min_kwh"]), 0.0]
    low[2 * n] = high[2 * n] = case["energy_kwh"]
    high, low = np.r_[high, np.ones(n), np.full(n, np.inf)], np.r_[low, np.zeros(2 * n)]
    rows, least, most = [], [], []

    def add(entries: dict[int, float], lb: float, ub: float) -> None:
        row = np.zeros(m)
        for column, value in entries.items():
            row[column] = value
        rows.append(row)
        least.append(lb)
        most.append(ub)

    for i in range(n):
        up, down, before, after, way = i, n + i, 2 * n + i, 2 * n + i + 1, 3 * n + 2 + i
        add({before: 1.0, up: eff, down: -1.0 / back, after: -1.0}, 0.0, 0.0)
        add({up: 1.0, way: -case["charge_kwh"]}, -np.inf, 0.0)
        add({down: 1.0, way: fall[i]}, -np.inf, fall[i])
        add({after: 1.0, 4 * n + 2 + i: 1.0}, due[i], np.inf)
        for energy in np.linspace(case["min_kwh"], case["max_kwh"], 12):
            _cut(add, limit, energy, (up, before), eff)
    add({3 * n: 1.0, 3 * n + 1: 1.0}, case["target_kwh"], np.inf)
    add(dict.fromkeys(range(n, 2 * n), 1.0), -np.inf, case["contract_kwh"])
    negative = min(case["buy"].min(), case["sell"].min()) < 0.0
    whole = np.r_[np.zeros(3 * n + 2), np.full(n, float(negative)), np.zeros(n)]
    for _ in range(rounds):
        answer = milp(
            cost,
            constraints=LinearConstraint(np.array(rows), least, most),
            bounds=Bounds(low, high),
            integrality=whole,
            options={"mip_rel_gap": 0.0},
        )
        assert answer.status == 0, answer.message
        broken = False
        for i in range(n):
            charge, energy = answer.x[i], answer.x[2 * n + i]
            if energy + eff * charge > limit.after(energy)[0] + BROKEN_KWH:
                _cut(add, limit, energy, (i, 2 * n + i), eff)
                broken = True
        if not broken:
            return float(answer.fun)
    raise AssertionError("cuts do not end")


def _cut(add: Any, limit: Taper, energy: float, columns: tuple[int, int], eff: float) -> None:
    after, slope = limit.after(energy)
    add({columns[0]: eff, columns[1]: 1.0 - slope}, -np.inf, after - slope * energy)


def broken_kwh(net_load: np.ndarray, case: dict[str, Any]) -> float:
    """By how much a plan breaks a limit."""
    limit, energy, worst = taper_limit(case), case["energy_kwh"], 0.0
    given = 0.0
    for i, load in enumerate(net_load):
        if load >= 0:
            stored = energy + load * case["charge_eff"]
            worst = max(worst, stored - max(limit.after(energy)[0], energy))
            worst = max(worst, load - case["charge_kwh"])
        else:
            stored = energy + load / case["discharge_eff"]
            worst = max(worst, -load - case["discharge_kwh"] * (i < case["discharge_steps"]))
            given -= load
        worst = max(worst, stored - case["max_kwh"], case["min_kwh"] - stored)
        energy = stored
    return max(worst, given - case["contract_kwh"])
