"""Small worlds: hand-made ones with plain numbers, and random ones that spare nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Snapshot

AMSTERDAM = "Europe/Amsterdam"
COLUMNS = (
    "arrival_step",
    "departure_step",
    "arrival_soc",
    "target_soc",
    "capacity_kwh",
    "charge_kw",
    "discharge_kw",
    "owner_draw",
)


def examples(number: int) -> settings:
    """That many examples; twenty times as many with `--hypothesis-profile=search`."""
    return settings(max_examples=number * settings.default.max_examples // 100)


def plain_world(
    n_steps: int = 48,
    *,
    da: float | Sequence[float] = 0.05,
    short: float | Sequence[float] = 0.05,
    long: float | Sequence[float] | None = None,
    sessions: dict[str, Any] | None = None,
    **more: Any,
) -> Scenario:
    """World of constant or given prices; one imbalance price unless `long` is given."""

    def series(price: float | Sequence[float]) -> np.ndarray:
        return np.full(n_steps, price) if np.isscalar(price) else np.asarray(price, dtype=float)

    return Scenario.from_arrays(
        da_eur_per_kwh=series(da),
        im_short_eur_per_kwh=series(short),
        im_long_eur_per_kwh=series(short if long is None else long),
        sessions=sessions,
        **more,
    )


def one_car(arrival: int, departure: int, soc: float, **more: float) -> dict[str, list[float]]:
    """Columns of a single session, at the defaults of a session where nothing is said."""
    return {
        "arrival_step": [arrival],
        "departure_step": [departure],
        "arrival_soc": [soc],
        **{name: [value] for name, value in more.items()},
    }


def random_sessions(
    rng: np.random.Generator, n: int, n_steps: int, steps_per_hour: int
) -> dict[str, np.ndarray]:
    """Columns of n sessions: any battery, car and wish, within reach or not."""
    arrival = rng.integers(0, n_steps, n)
    stay_h = rng.choice([0.25, 1, 3, 6, 9, 14, 30], n) * rng.uniform(0.5, 1, n)
    soc = rng.choice([0.0, 0.02, 0.3, 0.5, 0.9, 0.97, 0.99, 1.0], (2, n))
    soc = np.where(rng.random((2, n)) < 0.6, rng.random((2, n)).round(3), soc)
    return {
        "arrival_step": arrival,
        "departure_step": arrival + np.ceil(stay_h * steps_per_hour).astype(int),
        "arrival_soc": soc[0],
        "target_soc": np.where(rng.random(n) < 0.6, soc[1], 0.97),
        "capacity_kwh": rng.choice([80.0, 40.0, 7.5], n),
        "charge_kw": rng.choice([np.inf, 22.0, 3.7], n),
        "discharge_kw": rng.choice([np.inf, 22.0, 5.0, 0.0], n, p=[0.5, 0.2, 0.2, 0.1]),
        "owner_draw": rng.random(n),
    }


@st.composite
def scenarios(
    draw: st.DrawFn, *, dt_h: float | None = None, n_steps: int | None = None
) -> Scenario:
    """World of one to three days, its prices of either sign and short >= long."""
    dt = draw(st.sampled_from([1.0, 0.25])) if dt_h is None else dt_h
    steps_per_hour = round(1 / dt)
    length = draw(st.integers(20, 60)) * steps_per_hour if n_steps is None else n_steps
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    da, one, other = rng.normal(0.05, 0.1, (3, length)).round(4)
    one_price = rng.random(length) < 0.5
    n_sessions = draw(st.sampled_from([20, 35, 6, 0]))
    return Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_short_eur_per_kwh=np.where(one_price, one, np.maximum(one, other)),
        im_long_eur_per_kwh=np.where(one_price, one, np.minimum(one, other)),
        sessions=random_sessions(rng, n_sessions, length, steps_per_hour),
        dt_h=dt,
        start=draw(st.sampled_from(["2019-03-30", "2019-10-26", "2019-06-03"])),
        timezone=draw(st.sampled_from([None, AMSTERDAM])),
    )


@st.composite
def params(draw: st.DrawFn, **fixed: Any) -> VPPParams:
    """Rules: any pricing, term, guarantee and disaggregation, at few chargers."""
    changes: dict[str, Any] = {
        "site": {
            "n_chargers": draw(st.sampled_from([6, 3, 1])),
            "charge_kw": draw(st.sampled_from([11.0, 22.0])),
            "discharge_kw": draw(st.sampled_from([11.0, 7.0, 0.0])),
            "charge_eff": draw(st.sampled_from([0.98, 0.9, 1.0])),
            "discharge_eff": draw(st.sampled_from([0.98, 0.9, 1.0])),
        },
        "battery": draw(
            st.sampled_from([{"min_soc": 0.03, "max_soc": 0.97}, {"min_soc": 0.0, "max_soc": 1.0}])
        ),
        "market": {
            "imbalance_pricing": draw(st.sampled_from(["dutch", "single", "dual"])),
            "imbalance_lag_steps": draw(st.sampled_from([1, 0])),
        },
        "contract": {"term_h": draw(st.sampled_from([2, 1, 3, 0]))},
        "guarantee": draw(st.booleans()),
        "disaggregation": draw(
            st.sampled_from(["least_laxity", "proportional", "earliest_departure"])
        ),
    }
    return as_params(changes).replace(**fixed)


def by_charger(snapshot: Snapshot, values: np.ndarray) -> np.ndarray:
    """(n_chargers,) from the values of the connected EVs."""
    result = np.zeros(snapshot.params.site.n_chargers)
    result[snapshot.charger] = values
    return result


def random_point(rng: np.random.Generator, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
    """Somewhere between the limits, often at one of them."""
    share = rng.choice([0.0, 1.0, -1.0], size=np.shape(lo))
    share = np.where(share < 0, rng.random(np.shape(lo)), share)
    return np.clip(lo + share * (hi - lo), lo, hi)
