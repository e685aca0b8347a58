"""Small worlds: hand-made ones with plain numbers, and random ones that spare nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from vpp_gym.params import PLAIN, VPPParams
from vpp_gym.params.site import SiteParams
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
    "departure_draw",
    "interest_draw",
    "taper_soc",
    "taper_share",
)
FIXED, PRICE, VOLUME, CONTROL = "fixed_term", "price_based", "volume_based", "control_based"
MENUS = (
    (FIXED,),
    (PRICE,),
    (VOLUME,),
    (CONTROL,),
    (FIXED, PRICE, VOLUME, CONTROL),
    (CONTROL, VOLUME, FIXED),
    (PRICE, FIXED),
    (VOLUME, FIXED),
    (),
)
"""What may be on offer: each family alone, hybrids in different orders, nothing."""


def examples(number: int) -> settings:
    """That many examples; twenty times as many with `--hypothesis-profile=search`."""
    return settings(max_examples=max(number * settings.default.max_examples // 100, 1))


def plain(**changes: Any) -> VPPParams:
    """Rules of the preset "plain", changed: for what is not about the default world."""
    return PLAIN.changed(changes)


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
        "departure_draw": rng.random(n),
        "interest_draw": rng.random(n),
    }


def random_tapers(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Columns of n sessions, of which some say how their cars taper."""
    own = rng.random(n) < 0.5
    return {
        "taper_soc": np.where(own, rng.choice([0.2, 0.5, 0.8, 0.95], n), 1.0),
        "taper_share": np.where(own, rng.choice([0.02, 0.3, 0.8], n), 1.0),
    }


TAPERS = ((), ((0.8, 1.0), (1.0, 0.1)), ((0.0, 0.9), (0.5, 0.7), (0.9, 0.4), (1.0, 0.02)))
"""Of the parameters: none, of two knots, of four."""


@st.composite
def scenarios(
    draw: st.DrawFn, *, dt_h: float | None = None, n_steps: int | None = None, tapers: bool = True
) -> Scenario:
    """World of one to three days, its prices of either sign and short >= long."""
    dt = draw(st.sampled_from([1.0, 0.25, 0.5, 1 / 12])) if dt_h is None else dt_h
    steps_per_hour = round(1 / dt)
    most_h = 60 if steps_per_hour <= 4 else 36
    length = draw(st.integers(20, most_h)) * steps_per_hour if n_steps is None else n_steps
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    da, one, other = rng.normal(0.05, 0.1, (3, length)).round(4)
    one_price = rng.random(length) < 0.5
    n_sessions = draw(st.sampled_from([20, 35, 6, 0]))
    sessions = random_sessions(rng, n_sessions, length, steps_per_hour)
    if tapers and draw(st.booleans()):
        sessions |= random_tapers(rng, n_sessions)
    return Scenario.from_arrays(
        da_eur_per_kwh=da,
        im_short_eur_per_kwh=np.where(one_price, one, np.maximum(one, other)),
        im_long_eur_per_kwh=np.where(one_price, one, np.minimum(one, other)),
        sessions=sessions,
        dt_h=dt,
        start=draw(st.sampled_from(["2019-03-30", "2019-10-26", "2019-06-03"])),
        timezone=draw(st.sampled_from([None, AMSTERDAM])),
    )


def random_contracts(rng: np.random.Generator) -> dict[str, Any]:
    """Changes of ContractParams: any family, window, level kept and pay."""

    def one_of(*values: Any) -> Any:
        return values[rng.integers(len(values))]

    def shared() -> dict[str, float]:
        return {
            "keep_soc": one_of(0.0, 0.2, 0.5),
            "tariff_eur_per_kwh": one_of(0.006, 0.02, 0.04),
            "eur_per_h": one_of(0.0, 0.05, 0.2),
        }

    return {
        "families": one_of(*MENUS),
        "term_h": one_of(1, 2, 3, 0),
        "delay_h": one_of(0, 0, 2),
        "saturation_kwh": one_of(1.0, 4.0),
        "payoff_rule": one_of("all_or_nothing", "pro_rata"),
        PRICE: {
            "markup": one_of(1.0, 3.0),
            "margin": one_of(0.25, 0.0, 1.0),
            "keep_soc": one_of(0.0, 0.2, 0.5),
        },
        VOLUME: shared()
        | {
            "delay_h": one_of(0, 2),
            "term_h": one_of(1, 4, 8),
            "energy_kwh": one_of(3.0, 12.0),
            "eur_per_kwh": one_of(0.0, 0.01),
        },
        CONTROL: shared() | {"eur_per_kwh_arrival": one_of(0.0, 0.005)},
    }


def random_owners(rng: np.random.Generator) -> dict[str, Any]:
    """Changes of OwnerParams: any behaviour, and types that never come."""
    early = rng.choice([0.0, 0.4, 1.0])
    return {
        "type_prob": ((0.2,) * 5, (0.5, 0.0, 0.3, 0.0, 0.2))[rng.integers(2)],
        "wear_eur_per_kwh": rng.choice([0.01, 0.04]),
        "early_departure_prob": early,
        "early_exponent": rng.choice([1.0, 1.8]),
        "late_departure_prob": rng.choice([0.0, 0.5, 1.0]) * (1 - early),
        "late_mean_h": rng.choice([1.0, 5.0]),
        "participation": rng.choice([1.0, 0.8]),
        "participation_memory": int(rng.choice([0, 3])),
        "pleasing_eur": rng.choice([0.0, 0.07]),
        "participation_floor": rng.choice([0.0, 0.3]),
    }


STANDBY = ({}, {}, {"least_kw": 4.14}, {"least_kw": 1.38, "standby_kw": 0.2},
           {"least_kw": 4.14, "standby_kw": 0.4})  # fmt: skip
"""Changes of SiteParams: three of five take nothing beside what is charged or discharged."""


def standby_kwh(loads_kwh: Any, site: SiteParams, dt_h: float) -> np.ndarray:
    """(n,) kWh that chargers take in a step beside these net loads at the meter [kWh].

    Below the least power a charger is on for a part of the step, and idle it takes nothing.
    """
    loads = np.abs(np.asarray(loads_kwh, dtype=float))
    if site.standby_kw == 0:
        return np.zeros_like(loads)
    return site.standby_kw * dt_h * np.minimum(1.0, loads / (site.least_kw * dt_h))


@st.composite
def params(draw: st.DrawFn, **fixed: Any) -> VPPParams:
    """Rules: any pricing, offers, owners, guarantee and disaggregation, at few chargers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_chargers, charge_kw = draw(st.sampled_from([6, 3, 1])), draw(st.sampled_from([11.0, 22.0]))
    each_kw = tuple(rng.choice([charge_kw, 7.4, 3.7], n_chargers).tolist())
    changes: dict[str, Any] = {
        "site": {
            "n_chargers": n_chargers,
            "charge_kw": charge_kw,
            "charger_kw": draw(st.sampled_from([None, each_kw])),
            "discharge_kw": draw(st.sampled_from([11.0, 7.0, 0.0])),
            "charge_eff": draw(st.sampled_from([0.98, 0.9, 1.0])),
            "discharge_eff": draw(st.sampled_from([0.98, 0.9, 1.0])),
        }
        | draw(st.sampled_from(STANDBY)),
        "battery": draw(
            st.sampled_from([{"min_soc": 0.03, "max_soc": 0.97}, {"min_soc": 0.0, "max_soc": 1.0}])
        )
        | {"taper": draw(st.sampled_from(TAPERS))},
        "market": {
            "imbalance_pricing": draw(st.sampled_from(["dutch", "single", "dual"])),
            "imbalance_lag_steps": draw(st.sampled_from([1, 0])),
            "bid_limit": draw(st.sampled_from(["chargers", "expected_cars"])),
            "bid_limit_kw": draw(st.sampled_from([None, 9.0])),
        },
        "driver": {
            "shortfall_da_factor": draw(st.sampled_from([0.0, 10.0])),
            "early_shortfall_share": draw(st.sampled_from([1.0, 0.1])),
        },
        "contract": random_contracts(rng),
        "owner": random_owners(rng),
        "guarantee": draw(st.booleans()),
        "disaggregation": draw(
            st.sampled_from(["least_laxity", "proportional", "earliest_departure"])
        ),
    }
    return plain(**changes).replace(**fixed)


def random_bids(rng: np.random.Generator, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Bids anywhere between what may be bought and what may be sold."""
    return least + rng.random(np.shape(least)) * (most - least)


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
