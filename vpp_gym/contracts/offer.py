"""An offer and a contract of any family, as records that kernels read.

Families of contracts differ in four things (Park Lee et al. 2018, Sec. 3): when the car is
available, what activates it, how much energy is kept, and what is paid. An offer states them
for everybody; a contract is an offer signed by one owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Records
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import records

ANY_TYPE = -1


class OfferField(NamedTuple):
    """One field of an offer.

    Attributes:
        name: its ending is its unit.
        default: value that sets no condition, no limit and no pay; whole numbers are int.
        meaning: what the field says.
        least: smallest value.
        most: largest value.
        may_be_infinite: whether it may be infinite.
        remedy: what to give instead of a value outside these limits.
    """

    name: str
    default: float
    meaning: str
    least: float = 0.0
    most: float = inf
    may_be_infinite: bool = False
    remedy: str = "give zero or more"


def _share(name: str, meaning: str) -> OfferField:
    return OfferField(name, 0.0, meaning, most=1.0, remedy="give a share of 0 to 1")


OFFER_FIELDS = (
    OfferField("family", 0, "number of the family, whose offers stand together", least=-inf),
    OfferField(
        "owner_type",
        ANY_TYPE,
        "place of the type of owner that it is designed for; -1: every type",
        least=ANY_TYPE,
        remedy="give the place of a type, or -1 for all",
    ),
    OfferField("delay_h", 0.0, "availability: the window opens so long after the arrival"),
    OfferField(
        "term_h",
        inf,
        "availability: the window lasts so long; inf: to the declared departure",
        may_be_infinite=True,
    ),
    OfferField(
        "min_price_eur_per_kwh",
        -inf,
        "activation: least market price at which the VPP may discharge; -inf: any price",
        least=-inf,
        may_be_infinite=True,
    ),
    OfferField("markup", 0.0, "activation: least price as a multiple of the perceived wear; 0: no"),
    OfferField(
        "energy_kwh",
        inf,
        "energy: most that may be discharged, at the meter; inf: no limit",
        may_be_infinite=True,
    ),
    _share("keep_soc", "energy: level that stays in the battery, share of the capacity"),
    OfferField("tariff_eur_per_kwh", 0.0, "pay per kWh discharged, on top of a least price"),
    _share("margin", "pay: share of what the market price exceeds the least price by"),
    OfferField("payoff_eur", 0.0, "pay for signing"),
    OfferField("eur_per_h", 0.0, "pay per hour of the window"),
    OfferField("eur_per_kwh_arrival", 0.0, "pay per kWh stored on arrival above keep_soc"),
)
"""The fields of an offer.

The window is counted from the arrival of the car: an offer can say "3 hours, from 2 hours
after you plug in" but not "from 22:00 to 6:00". All prices and shares are constant over the
stay. A family that needs a clock time, or a pay that changes over the day, needs new fields
here and kernels that read them.
"""

OFFER = np.dtype(
    [
        (field.name, np.int64 if isinstance(field.default, int) else np.float64)
        for field in OFFER_FIELDS
    ],
    align=True,
)
"""One offer to everybody who arrives, as a record."""
FIELDS_BY_NAME = {field.name: field for field in OFFER_FIELDS}
UNCONDITIONAL = np.array(tuple(field.default for field in OFFER_FIELDS), dtype=OFFER)
"""Sets no condition, no limit and no pay."""


class Arrival(NamedTuple):
    """What is known of an EV and its owner when a contract is offered.

    Attributes:
        own_type: index of the owner's type.
        perceived_eur_per_kwh: wear of discharging a kWh as the owner perceives it.
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
        start_h: availability: the window in which the VPP may discharge opens.
        end_h: availability: the window closes.
        min_price_eur_per_kwh: activation: least day-ahead price to discharge at; -inf: any.
        energy_kwh: most that may be discharged in all, at the meter; inf: no limit.
        keep_kwh: level of the battery below which it is not discharged.
        tariff_eur_per_kwh: pay for every kWh discharged.
        margin: further pay per kWh: this share of what the day-ahead price exceeds
            min_price_eur_per_kwh by.
        payoff_eur: pay for signing, whether the contract is used or not.
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
    """Some offers; a field that is not given sets no condition, no limit and no pay.

    Args:
        n: number of offers.
        columns: (n,) values or one value for fields of `OFFER_FIELDS`.

    Raises:
        InvalidInputError: an unknown field, NaN, a negative number, a share above one.

    >>> offers(1, term_h=3.0, energy_kwh=7.0, payoff_eur=0.1)["energy_kwh"].tolist()
    [7.0]
    """
    table = records(n, OFFER)
    table[:] = UNCONDITIONAL
    for name, value in columns.items():
        field = FIELDS_BY_NAME.get(name)
        if field is None:
            remedy = f"use {', '.join(FIELDS_BY_NAME)}"
            raise InvalidInputError(f"offer.{name}", value, remedy)
        column = table[name]
        try:
            column[:] = value
        except (TypeError, ValueError) as error:
            remedy = f"give a number, or {n} of them"
            raise InvalidInputError(f"offer.{name}", value, remedy) from error
        if column.dtype.kind == "i" and (column != value).any():
            raise InvalidInputError(f"offer.{name}", value, "give whole numbers")
        _check_column(field, column)
    return table


def check_offers(table: Records) -> None:
    """Refuse a list of offers that cannot be shown to owners.

    Raises:
        InvalidInputError: naming the field, the value and the remedy.
    """
    if not isinstance(table, np.ndarray) or table.dtype != OFFER or table.ndim != 1:
        raise InvalidInputError("offers", table, "make them with vpp_gym.contracts.offer.offers")
    for field in OFFER_FIELDS:
        _check_column(field, table[field.name])
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
    """One list of all offers: a hybrid menu, from which the owner picks.

    Args:
        families: (k,) OFFER records of each family, in the order in which ties are broken.
    """
    if not families:
        return records(0, OFFER)
    ends = np.cumsum([0, *map(len, families)]).tolist()
    table = records(ends[-1], OFFER)
    for k, (first, end) in enumerate(pairwise(ends)):
        table[first:end] = families[k]
        table["family"][first:end] = k
    return table


def _check_column(field: OfferField, column: NDArray[Any]) -> None:
    # Environments make an offer for each action: NumPy takes longer for so few numbers.
    values = column.tolist()
    if all(field.least <= value <= field.most for value in values) and (
        field.may_be_infinite or all(map(isfinite, values))
    ):
        return
    wrong, remedy = np.isnan(column), "give a number"
    if not field.may_be_infinite:
        wrong |= ~np.isfinite(column)
        remedy = "give a finite number"
    outside = (column < field.least) | (column > field.most)
    if outside.any():
        wrong |= outside
        remedy = field.remedy
    if wrong.any():
        raise InvalidInputError(f"offer.{field.name}", column[wrong][0].item(), remedy)
