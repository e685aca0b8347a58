"""An offer and a contract of any family, as records that kernels read.

What tells the families apart is four things (Park Lee et al. 2018, Sec. 3): when the
car is available, what activates it, how much energy is kept, and what is paid. An
offer states them for everybody; a contract is an offer signed by one owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Records
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import by_field, records

ANY_TYPE = -1

OFFER = np.dtype(
    [
        ("family", np.int64),  # offers of one family stand together, its number
        ("owner_type", np.int64),  # that it is meant for; ANY_TYPE: for all
        ("delay_h", np.float64),  # availability: the window opens so long after arrival
        ("term_h", np.float64),  # and lasts so long; inf: to the departure
        ("min_price_eur_per_kwh", np.float64),  # activation: least market price; -inf: any
        ("markup", np.float64),  # or this multiple of the owner's perceived wear; 0: not
        ("energy_kwh", np.float64),  # most that is discharged, at the meter; inf: no limit
        ("keep_soc", np.float64),  # energy kept: share of the capacity
        ("tariff_eur_per_kwh", np.float64),  # pay per kWh discharged, beside the minimum price
        ("margin", np.float64),  # pay: share of what the market price exceeds the minimum by
        ("payoff_eur", np.float64),  # pay for signing
        ("eur_per_h", np.float64),  # pay per hour of the window
        ("eur_per_kwh_arrival", np.float64),  # pay per kWh stored on arrival beyond what is kept
    ],
    align=True,
)
"""One line of what the VPP offers to everybody who arrives."""

NOTHING: dict[str, Any] = {
    "family": 0,
    "owner_type": ANY_TYPE,
    "delay_h": 0.0,
    "term_h": np.inf,
    "min_price_eur_per_kwh": -np.inf,
    "markup": 0.0,
    "energy_kwh": np.inf,
    "keep_soc": 0.0,
    "tariff_eur_per_kwh": 0.0,
    "margin": 0.0,
    "payoff_eur": 0.0,
    "eur_per_h": 0.0,
    "eur_per_kwh_arrival": 0.0,
}
"""What an offer says where nothing is said: no condition, no limit, no pay."""

AT_LEAST_ZERO = (
    "delay_h",
    "term_h",
    "markup",
    "energy_kwh",
    "keep_soc",
    "tariff_eur_per_kwh",
    "margin",
    "payoff_eur",
    "eur_per_h",
    "eur_per_kwh_arrival",
)
AT_MOST_ONE = ("keep_soc", "margin")
MAY_BE_INFINITE = ("term_h", "energy_kwh", "min_price_eur_per_kwh")


class Arrival(NamedTuple):
    """What is known of an EV and its owner when a contract is offered.

    Attributes:
        own_type: index of the owner's type.
        perceived_eur_per_kwh: what the owner thinks that discharging a kWh wears.
        stay_h: declared stay.
        stored_kwh: energy in the battery.
        capacity_kwh: of the battery.
        discharge_kw: of car and charger.
        dischargeable_kwh: most that can be exported and still recharged by
            departure; negative where the target is out of reach.
    """

    own_type: int
    perceived_eur_per_kwh: float
    stay_h: float
    stored_kwh: float
    capacity_kwh: float
    discharge_kw: float
    dischargeable_kwh: float


class Contract(NamedTuple):
    """What an owner signed; hours are counted from the arrival.

    Attributes:
        start_h: availability: the VPP may discharge from here
        end_h: to here,
        min_price_eur_per_kwh: activation: while the day-ahead price covers this (-inf: at
            any price),
        energy_kwh: up to so much in all, at the meter (inf: no limit),
        keep_kwh: energy kept: and not below this level of the battery.
        tariff_eur_per_kwh: pay: for every kWh discharged,
        margin: with this share of what the day-ahead price exceeds the minimum by,
        payoff_eur: and this sum, used or not.
    """

    start_h: float
    end_h: float
    min_price_eur_per_kwh: float
    energy_kwh: float
    keep_kwh: float
    tariff_eur_per_kwh: float
    margin: float
    payoff_eur: float


def offers(n: int, **columns: Any) -> Records:
    """Some offers; a column that is not given conditions, limits and pays nothing.

    Args:
        n: number of offers.
        columns: (n,) or one value for fields of `OFFER`.

    Raises:
        InvalidInputError: an unknown field, NaN, a negative number, a share above one.

    >>> offers(1, term_h=3.0, energy_kwh=7.0, payoff_eur=0.1)["energy_kwh"].tolist()
    [7.0]
    """
    table = records(n, OFFER)
    for name, value in (NOTHING | columns).items():
        if name not in NOTHING:
            raise InvalidInputError(f"offer.{name}", value, f"use {', '.join(NOTHING)}")
        try:
            table[name] = value
        except (TypeError, ValueError) as error:
            remedy = f"give a number, or {n} of them"
            raise InvalidInputError(f"offer.{name}", value, remedy) from error
        if table[name].dtype.kind == "i" and (table[name] != value).any():
            raise InvalidInputError(f"offer.{name}", value, "give whole numbers")
        _check_column(name, table[name])
    return table


def check_offers(table: Records) -> None:
    """Refuse offers that mean nothing, whoever made them.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.
    """
    if not isinstance(table, np.ndarray) or table.dtype != OFFER or table.ndim != 1:
        raise InvalidInputError("offers", table, "make them with vpp_gym.contracts.offer.offers")
    for name in NOTHING:
        _check_column(name, table[name])
    starts = np.flatnonzero(np.diff(table["family"], prepend=-1) != 0)
    if len(set(table["family"][starts].tolist())) < len(starts):
        remedy = "offers of one family stand together: use side_by_side"
        raise InvalidInputError("offers.family", table["family"].tolist(), remedy)
    same_family = np.diff(table["family"]) == 0
    falls = same_family & (np.diff(table["owner_type"]) < 0)
    if falls.any():
        place = int(np.argmax(falls)) + 1
        value = int(table["owner_type"][place])
        raise InvalidInputError(f"offers[{place}].owner_type", value, "types rise within a family")


def side_by_side(families: Sequence[Records]) -> Records:
    """One list of all offers: a hybrid menu. The owner picks among the families."""
    if not families:
        return records(0, OFFER)
    table = by_field(np.concatenate(families))
    table["family"] = np.repeat(np.arange(len(families)), [len(one) for one in families])
    return table


def _check_column(name: str, column: NDArray[Any]) -> None:
    wrong = np.isnan(column)
    remedy = "give a number"
    if name not in MAY_BE_INFINITE:
        wrong |= ~np.isfinite(column)
        remedy = "give a finite number"
    if name in AT_LEAST_ZERO:
        wrong |= column < 0
        remedy = "give zero or more"
    if name == "owner_type":
        wrong |= column < ANY_TYPE
        remedy = "give the place of a type, or -1 for all"
    if name in AT_MOST_ONE:
        wrong |= column > 1
        remedy = "give a share of 0 to 1"
    if wrong.any():
        raise InvalidInputError(f"offer.{name}", column[wrong][0].item(), remedy)
