"""The bank: scenarios laid end to end in flat arrays that the kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import applied_prices, reference_price
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.outlook import day_ahead_outlook
from vpp_gym.scenarios.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Bank(NamedTuple):
    """Flat arrays over all steps (T) and sessions (S) of all scenarios (K).

    A position is an index into the steps; `first_step[k]` is where scenario k
    begins. Departures are positions.
    """

    first_step: Ints  # (K + 1,)
    da_eur_per_kwh: Floats  # (T,)
    short_eur_per_kwh: Floats  # (T,) after the pricing rule
    long_eur_per_kwh: Floats  # (T,) after the pricing rule
    reference_eur_per_kwh: Floats  # (T,)
    outlook_eur_per_kwh: Floats  # (T,) day-ahead forecast made the day before
    line: Ints  # (T,) place in the clock day
    weekday: Ints  # (T,) 0 = Monday
    day: Ints  # (T,) number of the local day
    today_end: Ints  # (T,) position at which the local day ends
    tomorrow_end: Ints  # (T,) position at which the next local day ends
    first_session: Ints  # (T + 1,) sessions that arrive at t: first[t] to first[t + 1]
    departure: Ints  # (S,) position
    arrival_kwh: Floats  # (S,)
    target_kwh: Floats  # (S,) capped at the battery's upper limit
    min_kwh: Floats  # (S,)
    ceiling_kwh: Floats  # (S,) the battery's upper limit
    charge_kw: Floats  # (S,) of car and charger
    discharge_kw: Floats  # (S,) of car and charger
    owner_draw: Floats  # (S,) quantile of the owner's type


def build_bank(scenarios: Sequence[Scenario], params: VPPParams) -> Bank:
    """Flat arrays of some scenarios under the given rules.

    Raises:
        InvalidInputError: no scenario, or scenarios of unequal dt_h.
    """
    if not scenarios:
        raise InvalidInputError("scenarios", scenarios, "give at least one")
    steps = {s.dt_h for s in scenarios}
    if len(steps) > 1:
        raise InvalidInputError("scenarios", sorted(steps), "give scenarios of one dt_h")
    lengths = [s.n_steps for s in scenarios]
    first_step = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    parts = [
        {**_steps(s, params, offset), **_sessions(s, params, offset)}
        for s, offset in zip(scenarios, first_step[:-1], strict=True)
    ]
    flat: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    arrivals = flat.pop("arrival")
    flat["first_session"] = np.searchsorted(arrivals, np.arange(first_step[-1] + 1))
    return Bank(first_step=first_step, **flat)


def _steps(scenario: Scenario, params: VPPParams, offset: int) -> dict[str, Any]:
    short, long = applied_prices(
        params.market.imbalance_pricing,
        scenario.da_eur_per_kwh,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    day = scenario.day
    end_of_day = np.searchsorted(day, np.arange(day[-1] + 1), side="right")
    weekday = (scenario.clock.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return {
        "da_eur_per_kwh": scenario.da_eur_per_kwh,
        "short_eur_per_kwh": short,
        "long_eur_per_kwh": long,
        "reference_eur_per_kwh": reference_price(scenario.da_eur_per_kwh, short, long),
        "outlook_eur_per_kwh": day_ahead_outlook(scenario.da_eur_per_kwh, day, scenario.line),
        "line": scenario.line,
        "weekday": weekday,
        "day": day,
        "today_end": offset + end_of_day[day],
        "tomorrow_end": offset + end_of_day[np.minimum(day + 1, day[-1])],
    }


def _sessions(scenario: Scenario, params: VPPParams, offset: int) -> dict[str, Any]:
    sessions, site, battery = scenario.sessions, params.site, params.battery
    ceiling_kwh = battery.max_soc * sessions.capacity_kwh
    return {
        "arrival": sessions.arrival_step + offset,
        "departure": sessions.departure_step + offset,
        "arrival_kwh": sessions.arrival_soc * sessions.capacity_kwh,
        "target_kwh": np.minimum(sessions.target_soc * sessions.capacity_kwh, ceiling_kwh),
        "min_kwh": battery.min_soc * sessions.capacity_kwh,
        "ceiling_kwh": ceiling_kwh,
        "charge_kw": np.minimum(sessions.charge_kw, site.charge_kw),
        "discharge_kw": np.minimum(sessions.discharge_kw, site.discharge_kw),
        "owner_draw": sessions.owner_draw,
    }
