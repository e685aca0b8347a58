"""A scenario: realised prices and sessions on a common clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vpp_gym.arrays import Floats, Ints, close_arrays, read_only
from vpp_gym.errors import InvalidInputError
from vpp_gym.params.site import LEAST_SHARE
from vpp_gym.scenarios.calendar import Calendar, calendar_of, repeated_minutes
from vpp_gym.scenarios.columns import float_column, price_series, step_column, whole
from vpp_gym.scenarios.site_series import SiteSeries
from vpp_gym.scenarios.zones import known_zone
from vpp_gym.time_steps import checked_step_h, step_minutes

LARGEST_KWH, LARGEST_KW = 5_000.0, 5_000.0
"""No battery and no car is larger: what is, has another unit."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""In which a scenario may begin: a year is added without leaving what a clock can show."""

NOBODY = -1
"""Driver of a car that nobody knows."""
REQUIRED_COLUMNS = ("arrival_step", "departure_step", "arrival_soc")
OPTIONAL_COLUMNS = {
    "target_soc": 0.97,
    "capacity_kwh": 80.0,
    "charge_kw": np.inf,
    "discharge_kw": np.inf,
    "owner_draw": None,
    "departure_draw": None,
    "interest_draw": None,
    "taper_soc": 1.0,
    "taper_share": 1.0,
    "driver": NOBODY,
}
MOST_DRIVERS = 1_000_000
"""Every run remembers each of them."""
DRAWS = ("owner_draw", "departure_draw", "interest_draw")


NOT_STATED: Floats = read_only(np.zeros(0))
"""Of a column of sessions that was left out: 1 for every car."""
NOT_KNOWN: Ints = read_only(np.zeros(0, dtype=np.int64))
"""The same of drivers: nobody is known."""
ONE: Floats = read_only(np.ones(()))
NONE: Ints = read_only(np.full((), NOBODY))


@dataclass(frozen=True)
class Sessions:
    """Charging sessions, sorted by arrival (stable), one row per stay.

    A session is connected in the steps arrival_step <= t < departure_step.

    Attributes:
        arrival_step: (n,) step of arrival.
        departure_step: (n,) first step in which the charger is free again.
        arrival_soc: (n,) fraction in [0, 1].
        target_soc: (n,) fraction in [0, 1] the driver declares on arrival.
        capacity_kwh: (n,) kWh.
        charge_kw: (n,) kW limit of the car itself; inf: the charger limits.
        discharge_kw: (n,) kW limit of the car itself.
        owner_draw: (n,) in [0, 1): quantile of the owner's type, so that one
            scenario serves any distribution of types.
        departure_draw: (n,) in [0, 1): whether and when the owner leaves early or late,
            see `vpp_gym.scenarios.departures`.
        interest_draw: (n,) in [0, 1): the owner considers offers if it is below the
            participation.
        taper_soc: (n,) fraction in [0, 1]: above this state of charge the car charges ever
            more slowly than with its own `charge_kw`.
        taper_share: (n,) share of `charge_kw` that it still takes when it is full, in (0, 1];
            between the two, power is on a line. 1: nothing is known of the car, and it tapers
            as `vpp_gym.params` has it. See docs/cars.md.
        driver: (n,) number of the driver, from 0 on, so that stays of one car are known to be
            of one; -1: nobody is known.
    """

    arrival_step: Ints
    departure_step: Ints
    arrival_soc: Floats
    target_soc: Floats
    capacity_kwh: Floats
    charge_kw: Floats
    discharge_kw: Floats
    owner_draw: Floats
    departure_draw: Floats
    interest_draw: Floats
    taper_soc: Floats = field(default_factory=lambda: NOT_STATED)
    taper_share: Floats = field(default_factory=lambda: NOT_STATED)
    driver: Ints = field(default_factory=lambda: NOT_KNOWN)

    def __post_init__(self) -> None:
        for name in ("taper_soc", "taper_share"):
            if getattr(self, name) is NOT_STATED:
                object.__setattr__(self, name, np.broadcast_to(ONE, len(self)))
        if self.driver is NOT_KNOWN:
            object.__setattr__(self, "driver", np.broadcast_to(NONE, len(self)))
        close_arrays(self)

    def __len__(self) -> int:
        return len(self.arrival_step)

    def take(self, rows: NDArray[Any]) -> Sessions:
        """The sessions of the given rows (indices or mask), in that order."""
        return Sessions(**{name: column[rows] for name, column in vars(self).items()})


def sessions_from_table(table: Mapping[str, ArrayLike] | Any, seed: int = 0) -> Sessions:
    """Validated sessions from a mapping of columns or a DataFrame.

    Args:
        table: columns arrival_step, departure_step, arrival_soc; optional
            target_soc (0.97), capacity_kwh (80), charge_kw, discharge_kw (inf),
            owner_draw, departure_draw, interest_draw (uniform from `seed`), taper_soc,
            taper_share (1).
        seed: of those draws which the table does not have.

    Raises:
        InvalidInputError: unknown or missing column, unequal lengths, NaN,
            a stay shorter than one step, a fraction outside [0, 1].
    """
    if not hasattr(table, "keys") or not hasattr(table, "__getitem__"):
        raise InvalidInputError("sessions", table, "give a mapping of columns or a DataFrame")
    columns = {str(name): table[name] for name in table}
    allowed = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
    for name in columns:
        if name not in allowed:
            raise InvalidInputError(
                "sessions", name, f"unknown column; use only {', '.join(allowed)}"
            )
    for name in REQUIRED_COLUMNS:
        if name not in columns:
            raise InvalidInputError("sessions", sorted(columns), f"add the column {name}")
    n = np.size(columns["arrival_step"])
    steps: dict[str, Any] = {
        name: step_column(f"sessions.{name}", columns[name], n)
        for name in ("arrival_step", "departure_step")
    }
    floats: dict[str, Any] = {}
    steps["driver"] = np.broadcast_to(NONE, n)
    if "driver" in columns:
        steps["driver"] = step_column("sessions.driver", columns["driver"], n)
    for name in ("arrival_soc", *(name for name in OPTIONAL_COLUMNS if name != "driver")):
        default = OPTIONAL_COLUMNS.get(name)
        if name in columns:
            floats[name] = float_column(
                f"sessions.{name}", columns[name], n, inf=name.endswith("_kw")
            )
        elif name in DRAWS:
            floats[name] = _draw(name, whole("seed", seed, least=0), n)
        else:
            floats[name] = np.full(n, default, dtype=np.float64)
    sessions = Sessions(**steps, **floats)
    _check_sessions(sessions)
    return sessions.take(np.argsort(sessions.arrival_step, kind="stable"))


@dataclass(frozen=True)
class Scenario:
    """What happens: prices of every step and the sessions that arrive.

    Build it with `Scenario.from_arrays`, which validates.

    Attributes:
        da_eur_per_kwh: (T,) day-ahead price.
        im_short_eur_per_kwh: (T,) imbalance price paid by a short party.
        im_long_eur_per_kwh: (T,) imbalance price received by a long party;
            equal to the short price but in hours of dual pricing.
        sessions: who comes, and what they need.
        start: local clock time of step 0, a midnight.
        dt_h: hours per step: 1, 0.5, 0.25 or 1/12, which 0.0833 stands for, too.
        timezone: IANA name; None means a clock without summer time.
        name: label in results.
        notes: provenance, e.g. how many rows were dropped and why.
        params: what this world says of its own parameters, as changes of the default; see
            `vpp_gym.params.as_params`.
        site: sun, building load and limits of the site; None: there are only chargers.
    """

    da_eur_per_kwh: Floats
    im_short_eur_per_kwh: Floats
    im_long_eur_per_kwh: Floats
    sessions: Sessions
    start: np.datetime64
    dt_h: float = 1.0
    timezone: str | None = None
    name: str = "scenario"
    notes: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    site: SiteSeries | None = None

    def __post_init__(self) -> None:
        close_arrays(self)

    @classmethod
    def from_arrays(
        cls,
        *,
        da_eur_per_kwh: ArrayLike,
        im_eur_per_kwh: ArrayLike | None = None,
        im_short_eur_per_kwh: ArrayLike | None = None,
        im_long_eur_per_kwh: ArrayLike | None = None,
        sessions: Mapping[str, ArrayLike] | Sessions | Any | None = None,
        start: str | np.datetime64 = "2019-01-01",
        dt_h: float = 1.0,
        timezone: str | None = None,
        name: str = "scenario",
        seed: int = 0,
        notes: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        site: SiteSeries | Mapping[str, Any] | None = None,
    ) -> Scenario:
        """Scenario from plain arrays.

        Give either `im_eur_per_kwh` (one imbalance price) or both the short and
        the long price. A session that would depart after the last step departs
        at the end; `notes` counts these as "departures_clipped". `site` is a `SiteSeries`, or a
        mapping of what `SiteSeries.from_arrays` takes.

        Raises:
            InvalidInputError: naming the field, the value and the remedy.
        """
        dt_h = checked_step_h(dt_h)
        da = price_series("da_eur_per_kwh", da_eur_per_kwh)
        if im_eur_per_kwh is not None:
            if im_short_eur_per_kwh is not None or im_long_eur_per_kwh is not None:
                raise InvalidInputError(
                    "im_eur_per_kwh", "together with short/long", "give one price or the pair"
                )
            im_short_eur_per_kwh = im_long_eur_per_kwh = im_eur_per_kwh
        if im_short_eur_per_kwh is None or im_long_eur_per_kwh is None:
            raise InvalidInputError(
                "im_eur_per_kwh", None, "give im_eur_per_kwh, or both the short and the long price"
            )
        short = price_series("im_short_eur_per_kwh", im_short_eur_per_kwh, len(da))
        long = price_series("im_long_eur_per_kwh", im_long_eur_per_kwh, len(da))
        if (wrong := np.flatnonzero(short < long)).size:
            raise InvalidInputError(
                f"im_short_eur_per_kwh[{wrong[0]}]",
                float(short[wrong[0]]),
                "a short party never pays less than a long one gets: were the two swapped?",
            )
        if isinstance(sessions, Sessions):
            sessions = vars(sessions)
        elif sessions is None:
            sessions = {name: [] for name in REQUIRED_COLUMNS}
        table = sessions_from_table(sessions, seed)
        if notes is not None and not isinstance(notes, Mapping):
            raise InvalidInputError("notes", notes, "give a mapping")
        if params is not None and not isinstance(params, Mapping):
            raise InvalidInputError("params", params, "give a mapping of changes")
        table, notes = _clip_to_horizon(table, len(da), dict(notes or {}))
        zone = None if timezone is None else known_zone(timezone)
        behind = None if site is None else SiteSeries.of(site, len(da), dt_h)
        clock = _midnight(start), dt_h, zone
        return cls(da, short, long, table, *clock, name, notes, dict(params or {}), behind)

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.n_steps} steps of {self.dt_h:g} h, {len(self.sessions)} sessions>"
        )

    @property
    def n_steps(self) -> int:
        """Number of steps T."""
        return len(self.da_eur_per_kwh)

    @property
    def periods_per_day(self) -> int:
        """Periods of a day of 24 hours: 24 of an hour, 96 of a quarter, 288 of 5 minutes."""
        return round(24 / self.dt_h)

    @cached_property
    def calendar(self) -> Calendar:
        """The local clock in each step; scenarios with the same clock share its arrays."""
        return calendar_of(self.start, self.n_steps, self.dt_h, self.timezone)

    @property
    def clock(self) -> NDArray[np.datetime64]:
        """(T,) local clock time at which each step begins.

        With a time zone, a clock hour is skipped in spring and repeated in autumn.
        """
        return self.calendar.clock

    @property
    def period(self) -> Ints:
        """(T,) delivery period of each step: its place on the clock of the local day."""
        return self.calendar.period

    @property
    def slot(self) -> Ints:
        """(T,) place of each step in the bid schedule of its day.

        It is the period; a time that the clock shows again, as in the autumn night, has a place
        of its own behind the last period of the day.
        """
        return self.calendar.slot

    @property
    def slots_per_day(self) -> int:
        """Places of a bid schedule: the periods of 24 hours, and those of a repeated hour.

        With a time zone whose clock is put back there is room for a day of 25 hours.
        """
        repeated = -(-repeated_minutes(self.timezone) // step_minutes(self.dt_h))
        return max(self.periods_per_day + repeated, int(self.slot.max()) + 1)

    @property
    def day(self) -> Ints:
        """(T,) number of the local day, 0 for the first."""
        return self.calendar.day


def stated_params(scenarios: Sequence[Any], params: Any = None) -> Mapping[str, Any]:
    """What scenarios say of their parameters: the same in all of them.

    Args:
        scenarios: what is none says nothing.
        params: that are asked for: an object or a preset's name leaves nothing open.

    Raises:
        InvalidInputError: naming the first that says something else.
    """
    if params is not None and not isinstance(params, Mapping):
        return {}
    said = [one.params for one in scenarios if isinstance(one, Scenario)]
    for i, one in enumerate(said):
        if one != said[0]:
            remedy = f"the first states {dict(said[0])}: give all the same, or a preset as params"
            raise InvalidInputError(f"scenarios[{i}].params", dict(one), remedy)
    return said[0] if said else {}


def _midnight(start: str | np.datetime64) -> np.datetime64:
    text = str(start)
    try:
        moment = np.datetime64(text) if text[:4].isdigit() and "Z" not in text else None
    except ValueError:
        moment = None
    if moment is None or np.isnat(moment):
        raise InvalidInputError(
            "start", start, "give an ISO date such as 2019-01-01, local and without a zone"
        )
    if not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        raise InvalidInputError("start", start, f"give a year from {FIRST_YEAR} to {LAST_YEAR}")
    if moment != moment.astype("datetime64[D]"):
        raise InvalidInputError("start", start, "a scenario starts at a local midnight")
    return moment.astype("datetime64[m]")


def _draw(name: str, seed: int, n: int) -> Floats:
    """(n,) quantiles, each kind from a stream of its own."""
    kind = DRAWS.index(name)
    return np.random.default_rng([seed, kind] if kind else seed).random(n)


def _check_sessions(sessions: Sessions) -> None:
    def refuse(name: str, wrong: NDArray[np.bool_], remedy: str) -> None:
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            value = getattr(sessions, name)[row]
            raise InvalidInputError(f"sessions.{name}[{row}]", float(value), remedy)

    refuse("arrival_step", sessions.arrival_step < 0, "arrivals are at step 0 or later")
    refuse(
        "departure_step",
        sessions.departure_step <= sessions.arrival_step,
        "a stay lasts at least one step: departure_step > arrival_step",
    )
    for name in ("arrival_soc", "target_soc"):
        column = getattr(sessions, name)
        refuse(name, (column < 0) | (column > 1), "a state of charge is a fraction in [0, 1]")
    refuse("capacity_kwh", ~(sessions.capacity_kwh > 0), "a battery holds more than 0 kWh")
    refuse("capacity_kwh", sessions.capacity_kwh > LARGEST_KWH, "batteries are in kWh, not Wh")
    refuse("charge_kw", ~(sessions.charge_kw > 0), "a car charges with more than 0 kW")
    for name in ("charge_kw", "discharge_kw"):
        column = getattr(sessions, name)
        refuse(name, np.isfinite(column) & (column > LARGEST_KW), "power is in kW, not W")
    remedy = f"number the drivers from 0, below {MOST_DRIVERS:,}; -1: nobody is known"
    refuse("driver", (sessions.driver < NOBODY) | (sessions.driver >= MOST_DRIVERS), remedy)
    refuse("discharge_kw", sessions.discharge_kw < 0, "give 0 or more kW")
    for name in DRAWS:
        column = getattr(sessions, name)
        refuse(name, (column < 0) | (column >= 1), "a quantile is in [0, 1)")
    soc, share = sessions.taper_soc, sessions.taper_share
    refuse("taper_soc", (soc < 0) | (soc > 1), "a state of charge is a fraction in [0, 1]")
    remedy = f"a full car takes a share of {LEAST_SHARE:g} to 1 of its charge_kw"
    refuse("taper_share", (share < LEAST_SHARE) | (share > 1), remedy)
    refuse("taper_soc", (share < 1) & (soc == 1), "a car whose power falls does so below 1")


def _clip_to_horizon(
    sessions: Sessions, n_steps: int, notes: dict[str, Any]
) -> tuple[Sessions, dict[str, Any]]:
    if (late := np.flatnonzero(sessions.arrival_step >= n_steps)).size:
        raise InvalidInputError(
            "sessions.arrival_step",
            int(sessions.arrival_step[late[0]]),
            f"the prices end at step {n_steps}: drop later arrivals or add prices",
        )
    clipped = sessions.departure_step > n_steps
    if clipped.any():
        notes["departures_clipped"] = int(clipped.sum())
        departure = np.minimum(sessions.departure_step, n_steps)
        sessions = Sessions(**{**vars(sessions), "departure_step": departure})
    return sessions, notes
