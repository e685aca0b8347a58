"""EVs to plan: one with round numbers, and random ones."""

from __future__ import annotations

from typing import Any

import numpy as np

PLAIN: dict[str, Any] = {
    "energy_kwh": 10.0,
    "min_kwh": 2.0,
    "max_kwh": 40.0,
    "target_kwh": 20.0,
    "charge_kwh": 10.0,
    "discharge_kwh": 10.0,
    "discharge_steps": 99,
    "contract_kwh": 99.0,
    "charge_eff": 1.0,
    "discharge_eff": 1.0,
    "shortfall_eur_per_kwh": 1000.0,
}


def plain(prices: list[float], **changes: Any) -> dict[str, Any]:
    """The plain EV at one price for both directions."""
    return {**PLAIN, "buy": np.array(prices), "sell": np.array(prices), **changes}


def random_case(
    seed: int, *, negative: bool = False, outside: bool = False, max_steps: int = 12
) -> dict[str, Any]:
    """A random EV.

    Args:
        seed: of the draw.
        negative: prices of either sign, and a limit behind the contract's window.
        outside: energy that may start outside its window.
        max_steps: longest stay.
    """
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, max_steps + 1))
    prices = rng.normal(0.02, 0.06, n) if negative else rng.gamma(2.0, 0.03, n)
    prices = np.round(prices, rng.choice([1, 2, 8]))
    spread = rng.choice([0.0, 0.02]) * rng.random(n)
    max_kwh, min_kwh = rng.choice([20.0, 40.0, 77.6]), rng.choice([0.0, 2.4])
    energy = rng.uniform(min_kwh, max_kwh)
    if outside:
        energy = rng.choice([max_kwh + rng.uniform(0, 15), min_kwh * rng.random()])
    case = {
        "buy": prices + spread,
        "sell": prices - spread if negative else np.maximum(prices - spread, 0.0),
        "energy_kwh": energy,
        "min_kwh": min_kwh,
        "max_kwh": max_kwh,
        "target_kwh": rng.choice([max_kwh, rng.uniform(min_kwh, max_kwh), 1.1 * max_kwh]),
        "charge_kwh": rng.uniform(0, 11, n) if rng.random() < 0.2 else rng.choice([2.75, 11.0]),
        "discharge_kwh": rng.choice([0.0, 2.75, 11.0]),
        "discharge_steps": rng.integers(0, n + 2),
        "contract_kwh": rng.choice([0.0, 3.3, 7.6, 20.4, 999.0]),
        "charge_eff": rng.choice([0.9, 0.98, 1.0]),
        "discharge_eff": rng.choice([0.9, 0.98, 1.0]),
        "shortfall_eur_per_kwh": rng.choice([0.0, 0.05, 0.5, 10.0]),
    }
    if negative and rng.random() < 0.5:
        case["late_max_kwh"] = min(case["target_kwh"], max_kwh)
    return case


def under_contract(case: dict[str, Any], seed: int, *, keep_from_below: bool = False) -> dict:
    """The case with the terms that contract families add.

    Limits of discharging per step, an owner who is paid for each kWh, often no cap,
    and a level of stored energy to keep.

    Args:
        case: from `random_case`.
        seed: of the draw.
        keep_from_below: the EV may start below the level to keep.
    """
    rng = np.random.default_rng((seed, 1))
    n, sell = len(case["buy"]), np.asarray(case["sell"])
    allowed = rng.random(n) < rng.choice([0.2, 0.6, 1.0])
    most_kwh = rng.uniform(0, 15, n) if rng.random() < 0.3 else rng.choice([2.75, 11.0])
    tariff, margin = rng.choice([0.0, 0.02]) * rng.random(), rng.choice([0.0, 0.5])
    keep_kwh = rng.choice([0.0, 0.5, 0.8]) * case["max_kwh"]
    if not keep_from_below:
        keep_kwh = min(keep_kwh, case["energy_kwh"])
    return {
        **case,
        "sell": sell - tariff - margin * np.maximum(sell - 0.04, 0.0),
        "discharge_kwh": allowed * most_kwh,
        "discharge_steps": rng.integers(n // 2, n + 2),
        "contract_kwh": np.inf if rng.random() < 0.5 else case["contract_kwh"],
        "min_kwh": max(case["min_kwh"], keep_kwh),
    }
