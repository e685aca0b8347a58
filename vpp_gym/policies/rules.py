"""Rule-based policies: charge on arrival, at the deadline, or when prices are low."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.policies.base import (
    Dispatcher,
    charging_of,
    idle_until_forced_kwh,
    to_target_kwh,
)
from vpp_gym.views import Snapshot


class ChargeOnArrival(Dispatcher):
    """Every EV charges at full power from its arrival until it reaches its target.

    The reference of every score ("No-Control"). It never discharges.

    Source: Rahman et al. 2023, Sec. 7, baseline No-Control.
    """

    name = "charge_on_arrival"
    term_h: int | None = 0

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        return to_target_kwh(snapshot)


class ChargeAtDeadline(Dispatcher):
    """Every EV charges as late as possible, and only what cannot wait.

    The first step of charging takes what full power in the remaining ones leaves.
    """

    name = "charge_at_deadline"
    term_h: int | None = 0

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        later = snapshot.steps_to_departure - 1
        later_kwh = charging_of(snapshot).gain_before_kwh(snapshot.target_kwh, later)
        missing_kwh = snapshot.target_kwh - snapshot.energy_kwh - later_kwh
        now_kwh = missing_kwh / snapshot.params.site.charge_eff
        return np.clip(now_kwh, snapshot.idle_kwh, snapshot.hi_kwh)


class PriceThreshold(Dispatcher):
    """Charge in steps whose day-ahead price is low for the season, wait otherwise.

    Low means: below a quantile of the day-ahead prices of the last days and of
    those already known ahead. EVs without time left charge at any price.
    """

    name = "price_threshold"
    term_h: int | None = 0

    def __init__(self, *, quantile: float = 0.4, days: int = 7) -> None:
        if not 0 <= quantile <= 1:
            raise InvalidInputError("quantile", quantile, "give a fraction in [0, 1]")
        if days < 1:
            raise InvalidInputError("days", days, "give at least one day")
        self.quantile, self.days = quantile, days

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        steps = self.days * len(snapshot.expected_load_kwh)
        recent = snapshot.da_past_eur_per_kwh[-steps:]
        known = snapshot.da_eur_per_kwh[: snapshot.n_known]
        bound = np.quantile(np.concatenate([recent, known]), self.quantile)
        if snapshot.da_eur_per_kwh[0] <= bound:
            return to_target_kwh(snapshot)
        return idle_until_forced_kwh(snapshot)
