"""Units that a map of columns may state, as factors to those of the package."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from vpp_gym.errors import InvalidInputError

EnergyUnit = Literal["kWh", "Wh", "MWh"]
PowerUnit = Literal["kW", "W"]
DurationUnit = Literal["h", "min", "s", "hh:mm:ss"]

KWH: dict[str, float] = {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0}
KW: dict[str, float] = {"W": 0.001, "kW": 1.0}
HOURS: dict[str, float] = {"h": 1.0, "min": 1 / 60, "s": 1 / 3600}

EURO = "EUR"
HUNDREDTH = "ct"
PRICE_UNIT = re.compile(r"(?P<money>[A-Z]{3}|ct)/(?P<energy>MWh|kWh|Wh)")


def price_unit(unit: str) -> str:
    """A price unit as it was given.

    Raises:
        ValueError: there is no such unit.
    """
    if PRICE_UNIT.fullmatch(unit) is None:
        raise ValueError("write currency and energy, as EUR/MWh, GBP/MWh or ct/kWh")
    return unit


def check_price_unit(unit: str, currency: str | None) -> str:
    """The currency of a price unit.

    >>> check_price_unit("GBP/MWh", None), check_price_unit("ct/kWh", "EUR")
    ('GBP', 'EUR')

    Raises:
        ValueError: hundredths without currency, or two currencies.
    """
    money = unit.partition("/")[0]
    if money == HUNDREDTH:
        if currency is None:
            raise ValueError("ct is a hundredth of a currency: add currency, e.g. EUR")
        return currency
    if currency not in (None, money):
        raise ValueError(f"the unit says {money}, currency says {currency}")
    return money


def eur_per_mwh_factor(
    unit: str, currency: str, eur_per_unit: Mapping[str, float], *, field: str
) -> float:
    """EUR/MWh of one in a price unit.

    >>> eur_per_mwh_factor("ct/kWh", "EUR", {}, field="a.csv")
    10.0

    Raises:
        InvalidInputError: another currency than EUR whose rate is not stated.
    """
    money, _, energy = unit.partition("/")
    if currency != EURO and currency not in eur_per_unit:
        remedy = f"state the rate: eur_per_unit: {{{currency}: ...}}; 1 keeps the numbers"
        raise InvalidInputError(f"{field} unit", unit, remedy)
    rate = 1.0 if currency == EURO else eur_per_unit[currency]
    hundredth = 0.01 if money == HUNDREDTH else 1.0
    return rate * hundredth * 1000.0 / KWH[energy]
