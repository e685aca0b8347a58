"""The next 24 hours of a microgrid as its operator expects them, as numbers of a program."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.program import Cells, MicrogridInstance
from vpp_gym.fcev.microgrid.snapshot import MicrogridSnapshot
from vpp_gym.fcev.microgrid.state import Rules, rules_of
from vpp_gym.fcev.microgrid.stock_value import trained_stock_value

NOON = 12
"""Hour at which cars are away: a stay of the night ends before it, the next begins after it."""
DEFICIT_MEMORY, SURPLUS_MEMORY, WIND_MEMORY = 0.70, 0.87, 0.88
"""Autocorrelation, from one hour to the next, of what differs from the mean of the same hours
of the week before; in years of `synthetic:train`."""


class Ahead(NamedTuple):
    """Energy of this hour and as expected of the 23 ahead.

    Attributes:
        deficit_kwh: (24,).
        surplus_kwh: (24,).
        wind_kwh: (24,).
    """

    deficit_kwh: Floats
    surplus_kwh: Floats
    wind_kwh: Floats


class UsualStays(NamedTuple):
    """Stays of the next 24 hours by the usual schedule.

    Attributes:
        number: (n, 24) of the stay in whose interval an hour lies, -1 for none.
        car: (S,).
        under_way: (S,) now.
        back_hour: (n,) in which the next stay of a car begins; 24: none does.
    """

    number: Ints
    car: Ints
    under_way: Bools
    back_hour: Ints


def energy_ahead(snapshot: MicrogridSnapshot) -> Ahead:
    """Means of the week before, and what differs from them now, fading."""
    past = snapshot.past
    return Ahead(
        _persisting(snapshot.expected_deficit_kwh, past.deficit_kwh, DEFICIT_MEMORY),
        _persisting(snapshot.expected_surplus_kwh, past.surplus_kwh, SURPLUS_MEMORY),
        _persisting(snapshot.expected_wind_kwh, past.wind_kwh, WIND_MEMORY),
    )


def _persisting(mean_kwh: Floats, past_kwh: Floats, memory: float) -> Floats:
    """(24,) kWh, of means whose first number is this hour as it is."""
    same_hours = past_kwh[-1 - HOURS :: -HOURS]
    if len(same_hours) == 0:
        return mean_kwh
    differs_kwh = past_kwh[-1] - same_hours.mean()
    ahead = mean_kwh + differs_kwh * memory ** np.arange(HOURS)
    ahead[0] = past_kwh[-1]
    return np.maximum(ahead, 0.0)


def usual_stays(snapshot: MicrogridSnapshot) -> UsualStays:
    """Stays whose interval touches the next 24 hours."""
    is_open = snapshot.usual_open
    begins = is_open.copy()
    begins[:, 1:] &= ~is_open[:, :-1]
    number = np.cumsum(begins.ravel()).reshape(begins.shape) - 1
    car, hour = np.nonzero(begins)
    of_day = snapshot.hour % HOURS
    noon = NOON - of_day if of_day < NOON else NOON + HOURS - of_day
    under_way = snapshot.home[car] & (hour < noon)
    back_hour = np.full(len(is_open), HOURS)
    np.minimum.at(back_hour, car[~under_way], hour[~under_way])
    return UsualStays(np.where(is_open, number, -1), car, under_way, back_hour)


def expected_instance(snapshot: MicrogridSnapshot, volume_factor: float = 1.0) -> MicrogridInstance:
    """The next 24 hours as expected.

    A car is back, and refills, when its next interval begins. What tanks lack that are
    not back in time is owed by the store, whose hydrogen is worth what it earned in
    training years.

    Args:
        snapshot: what is known.
        volume_factor: on maxVolume of the stays to come.
    """
    rules, stays, ahead = rules_of(snapshot.params), usual_stays(snapshot), energy_ahead(snapshot)
    back_hour = stays.back_hour
    soon, lacking_kg = back_hour < HOURS, rules.tank_kg - snapshot.tank_kg
    refill = np.where(soon, np.maximum(back_hour - 1, 0), HOURS)
    fixed_kg = np.bincount(refill[soon], (lacking_kg + rules.trip_kg)[soon], HOURS).astype(float)
    return MicrogridInstance(
        deficit_kwh=ahead.deficit_kwh,
        made_kwh=ahead.surplus_kwh + ahead.wind_kwh * rules.wind_serves_houses,
        wind_kwh=ahead.wind_kwh * (not rules.wind_serves_houses),
        import_eur_per_kwh=snapshot.import_eur_per_kwh,
        export_eur_per_kwh=snapshot.export_eur_per_kwh,
        cells=_usual_cells(stays, rules),
        budget_kwh=_budgets_kwh(snapshot, stays, rules, volume_factor),
        refill_hour=np.where(stays.under_way, refill[stays.car], HOURS),
        fixed_refill_kg=fixed_kg,
        stock_kg=snapshot.stock_kg,
        owed_kg=float(lacking_kg[~soon].sum()),
        worth=trained_stock_value(snapshot.params).at(snapshot.hour + HOURS),
    )


def _usual_cells(stays: UsualStays, rules: Rules) -> Cells:
    car, hour = np.nonzero(stays.number >= 0)
    most_kwh = np.full(len(hour), rules.v2g_kw)
    return Cells(hour, stays.number[car, hour], most_kwh, np.zeros(len(hour)))


def _budgets_kwh(
    snapshot: MicrogridSnapshot, stays: UsualStays, rules: Rules, volume_factor: float
) -> Floats:
    """(S,) what volume and fuel leave of a stay under way, and allow in one to come."""
    full_kg = rules.tank_kg - rules.guaranteed_kg
    above_kg = np.maximum(snapshot.tank_kg - rules.guaranteed_kg, 0.0)
    now_kwh = np.minimum(snapshot.left_kwh, above_kg * rules.kwh_per_kg)
    later_kwh = np.minimum(volume_factor * snapshot.next_kwh, full_kg * rules.kwh_per_kg)
    budgets: Floats = np.where(stays.under_way, now_kwh[stays.car], later_kwh[stays.car])
    return budgets
