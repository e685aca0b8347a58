"""What charging alone costs in a scenario: three marks that need no simulator."""

from __future__ import annotations

import numpy as np

from vpp_gym.scenarios.demand import CHARGE_EFF, CHARGE_KW
from vpp_gym.scenarios.scenario import Scenario


def charging_cost(scenario: Scenario) -> dict[str, float]:
    """Cost of meeting every demand at 11 kW and imbalance prices, cars one by one.

    No limit on chargers, no contracts, no day-ahead position. The price is the
    mean of the short and the long one.

    Returns:
        on_arrival_eur, at_the_deadline_eur, hindsight_eur (the cheapest hours of
        each stay) and load_kwh, at the meter.
    """
    sessions = scenario.sessions
    price = (scenario.im_short_eur_per_kwh + scenario.im_long_eur_per_kwh) / 2
    step_kwh = CHARGE_KW * scenario.dt_h
    missing_soc = np.maximum(0, sessions.target_soc - sessions.arrival_soc)
    stay_kwh = (sessions.departure_step - sessions.arrival_step) * step_kwh
    need_kwh = np.minimum(missing_soc * sessions.capacity_kwh / CHARGE_EFF, stay_kwh)
    total = np.zeros(3)
    rows = zip(sessions.arrival_step, sessions.departure_step, need_kwh, strict=True)
    for arrival, departure, need in rows:
        stay = price[arrival:departure]
        load = np.clip(need - step_kwh * np.arange(len(stay)), 0, step_kwh)
        total += load @ stay, load @ stay[::-1], load @ np.sort(stay)
    names = ("on_arrival_eur", "at_the_deadline_eur", "hindsight_eur")
    return {
        **dict(zip(names, total.tolist(), strict=True)),
        "load_kwh": float(need_kwh.sum()),
    }
