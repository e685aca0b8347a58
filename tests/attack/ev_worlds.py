"""Random rules and worlds of electric vehicles, wider than any that a user would set."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.scenario import Scenario

FAMILIES = ("fixed_term", "price_based", "volume_based", "control_based")
GATES_H = (4, 5, 12, 13, 22, 23)
"""Hours that no clock change skips or repeats."""


def one_of(rng: np.random.Generator, *values: Any) -> Any:
    return values[rng.integers(len(values))]


def somewhere(rng: np.random.Generator, low: float, high: float, *often: float) -> float:
    """A number between two others, or one of those that are tried often."""
    if often and rng.random() < 0.5:
        return float(often[rng.integers(len(often))])
    return float(rng.uniform(low, high))


def distribution(rng: np.random.Generator, n: int) -> tuple[float, ...]:
    """Shares of n types, some of them nil."""
    weight = rng.random(n) * (rng.random(n) < 0.8)
    weight[rng.integers(n)] += 0.1
    share = weight / weight.sum()
    share[-1] = max(0.0, 1.0 - share[:-1].sum())
    return tuple(share.tolist())


def random_site(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "n_chargers": int(one_of(rng, 1, 2, 3, 5, 8, 12)),
        "charge_kw": somewhere(rng, 0.5, 60, 11.0),
        "discharge_kw": somewhere(rng, 0.0, 60, 11.0, 0.0),
        "charge_eff": somewhere(rng, 0.4, 1.0, 0.98, 1.0),
        "discharge_eff": somewhere(rng, 0.4, 1.0, 0.98, 1.0),
    }


def random_owner(rng: np.random.Generator) -> dict[str, Any]:
    n = int(rng.integers(1, 7))
    early = somewhere(rng, 0, 1, 0.0, 1.0, 0.3)
    return {
        "types": tuple(np.cumsum(rng.uniform(0.05, 1.0, n)).tolist()),
        "type_prob": distribution(rng, n),
        "wear_eur_per_kwh": somewhere(rng, 0.001, 0.2, 0.03),
        "early_departure_prob": early,
        "early_exponent": somewhere(rng, 0.3, 5, 1.0, 1.8),
        "late_departure_prob": (1 - early) * somewhere(rng, 0, 1, 0.0, 1.0),
        "late_mean_h": somewhere(rng, 0.1, 12, 3.0),
        "participation": somewhere(rng, 0.3, 1, 1.0),
        "participation_memory": int(one_of(rng, 0, 1, 3, 100)),
        "pleasing_eur": somewhere(rng, -0.1, 0.3, 0.0, 0.01),
        "participation_floor": somewhere(rng, 0, 1, 0.0, 0.1),
    }


def random_contract(rng: np.random.Generator, n_types: int) -> dict[str, Any]:
    chosen = [name for name in rng.permutation(FAMILIES).tolist() if rng.random() < 0.5]
    return {
        "families": tuple(chosen),
        "payoff_rule": one_of(rng, "all_or_nothing", "pro_rata"),
        "term_h": int(one_of(rng, 0, 1, 2, 3, 6)),
        "delay_h": int(one_of(rng, 0, 1, 3)),
        "kappa_eur": somewhere(rng, 0.01, 2.0, 0.2),
        "saturation_kwh": somewhere(rng, 0.1, 20.0, 1.0),
        "type_prob": one_of(rng, None, distribution(rng, n_types)),
        "price_based": {
            "markup": somewhere(rng, 1, 4, 1.0),
            "margin": somewhere(rng, 0, 1, 0.0, 0.25),
            "keep_soc": somewhere(rng, 0, 1, 0.0),
        },
        "volume_based": {
            "delay_h": int(one_of(rng, 0, 1, 2)),
            "term_h": int(one_of(rng, 1, 2, 5, 10)),
            "energy_kwh": somewhere(rng, 0.1, 40),
            "keep_soc": somewhere(rng, 0, 0.8, 0.0, 0.2),
            "eur_per_h": somewhere(rng, 0, 0.2, 0.0),
            "eur_per_kwh": somewhere(rng, 0, 0.1, 0.0),
            "tariff_eur_per_kwh": somewhere(rng, 0, 0.4, 0.045),
        },
        "control_based": {
            "keep_soc": somewhere(rng, 0, 1, 0.0, 0.2),
            "tariff_eur_per_kwh": somewhere(rng, 0, 0.4, 0.045),
            "eur_per_h": somewhere(rng, 0, 0.2, 0.0),
            "eur_per_kwh_arrival": somewhere(rng, 0, 0.01, 0.0),
        },
    }


def random_params(rng: np.random.Generator) -> VPPParams:
    """Any rules that are allowed; also an upper limit of the battery above its capacity."""
    owner = random_owner(rng)
    low = somewhere(rng, 0, 0.5, 0.03, 0.0)
    return as_params(
        {
            "site": random_site(rng),
            "battery": {"min_soc": low, "max_soc": somewhere(rng, low + 0.01, 2.0, 0.97, 1.0)},
            "market": {
                "imbalance_pricing": one_of(rng, "dutch", "single", "dual"),
                "gate_closure_h": int(one_of(rng, *GATES_H)),
                "imbalance_lag_steps": int(one_of(rng, 0, 1)),
                "bid_limit": one_of(rng, "expected_cars", "expected_cars", "chargers"),
                "bid_limit_kw": one_of(rng, None, None, 0.0, somewhere(rng, 0, 100)),
            },
            "driver": {
                "retail_eur_per_kwh": somewhere(rng, 0, 1, 0.13, 0.0),
                "shortfall_eur_per_kwh": somewhere(rng, 0, 5, 0.5, 0.0),
                "early_shortfall_share": somewhere(rng, 0, 1, 0.0, 0.1, 1.0),
                "shortfall_da_factor": somewhere(rng, 0, 50, 0.0, 10.0),
            },
            "owner": owner,
            "contract": random_contract(rng, len(owner["types"])),
            "guarantee": bool(rng.random() < 0.5),
            "disaggregation": one_of(rng, "least_laxity", "proportional", "earliest_departure"),
        }
    )


def random_sessions(rng: np.random.Generator, n: int, n_steps: int, per_h: int) -> dict[str, Any]:
    arrival = rng.integers(0, n_steps, n)
    stay_h = rng.exponential(6.0, n) * rng.choice([0.1, 1.0, 4.0], n)
    known = {name: rng.random(n) < 0.2 for name in ("arrival", "target")}
    return {
        "arrival_step": arrival,
        "departure_step": arrival + np.ceil(np.maximum(stay_h, 1e-6) * per_h).astype(int),
        "arrival_soc": np.where(known["arrival"], rng.choice([0.0, 0.03, 0.97, 1.0], n),
                                rng.random(n)),
        "target_soc": np.where(known["target"], rng.choice([0.0, 0.97, 1.0], n), rng.random(n)),
        "capacity_kwh": rng.choice([80.0, 41.7, 5.0, 0.3, 300.0], n),
        "charge_kw": rng.choice([np.inf, 22.0, 3.7, 0.2], n),
        "discharge_kw": rng.choice([np.inf, 22.0, 5.0, 0.0], n, p=[0.5, 0.2, 0.2, 0.1]),
        "owner_draw": rng.random(n),
        "departure_draw": rng.random(n),
        "interest_draw": rng.random(n),
    }  # fmt: skip


def random_prices(rng: np.random.Generator, n_steps: int) -> dict[str, np.ndarray]:
    """Of either sign, with peaks, runs of one price, and imbalance prices that often agree."""
    da = rng.normal(0.05, 0.1, n_steps) * rng.choice([0.1, 1.0, 10.0], n_steps, p=[0.2, 0.7, 0.1])
    one, other = rng.normal(0.05, 0.15, (2, n_steps))
    if rng.random() < 0.2:
        da[:] = rng.uniform(-0.1, 0.4)
    one = np.where(rng.random(n_steps) < 0.1, da, one)
    single = rng.random(n_steps) < 0.5
    return {
        "da_eur_per_kwh": da,
        "im_short_eur_per_kwh": np.where(single, one, np.maximum(one, other)),
        "im_long_eur_per_kwh": np.where(single, one, np.minimum(one, other)),
    }


def random_world(rng: np.random.Generator, dt_h: float, days: float = 4.0) -> Scenario:
    """Up to some days, also with a clock change, many cars or none."""
    per_h = round(1 / dt_h)
    n_steps = int(rng.integers(6, round(24 * days))) * per_h
    n_sessions = int(one_of(rng, 0, 5, 20, 60, 60, 150))
    return Scenario.from_arrays(
        **random_prices(rng, n_steps),
        sessions=random_sessions(rng, n_sessions, n_steps, per_h),
        dt_h=dt_h,
        start=one_of(rng, "2019-03-30", "2019-10-26", "2020-02-28", "2019-12-30"),
        timezone=one_of(rng, None, "Europe/Amsterdam", "Europe/London", "America/Los_Angeles"),
    )
