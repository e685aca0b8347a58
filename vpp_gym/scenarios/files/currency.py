"""Prices in other currencies: converted at a stated rate, or refused; never taken as EUR."""

from __future__ import annotations

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.options import EURO, PriceRules

EURO_ZONES = frozenset(
    (
        *(
            f"Europe/{city}"
            for city in (
                *("Amsterdam", "Athens", "Berlin", "Bratislava", "Brussels", "Busingen"),
                *("Dublin", "Helsinki", "Lisbon", "Ljubljana", "Luxembourg", "Madrid", "Malta"),
                *("Paris", "Riga", "Rome", "Tallinn", "Vienna", "Vilnius", "Zagreb"),
            )
        ),
        *("Asia/Nicosia", "Atlantic/Canary", "Atlantic/Madeira", "Atlantic/Azores", "Africa/Ceuta"),
        "Europe/Nicosia",
    )
)
"""Time zones of the countries that have the euro; prices from elsewhere may be in another."""


def rates(codes: pd.Series, rules: PriceRules, *, field: str, unit: str = "") -> pd.Series:
    """EUR per unit of the currency of each row.

    Args:
        codes: currency of each row as the file states it.
        rules: with the currency that may be converted, and its rate.
        field: for the error.
        unit: that follows the currency there, such as "/MWh".

    Raises:
        InvalidInputError: a currency without a stated rate.

    >>> danish = PriceRules(currency="DKK", eur_per_unit=0.134)
    >>> rates(pd.Series(["DKK", "EUR"]), danish, field="a.csv").tolist()
    [0.134, 1.0]
    """
    known = {EURO: 1.0}
    if rules.currency is not None and rules.eur_per_unit is not None:
        known[rules.currency] = rules.eur_per_unit
    found = codes.str.upper().map(known)
    if (unknown := found.isna()).any():
        line = unknown.idxmax()
        place = f"{field}, line {line}" if codes.nunique() > 1 else field
        code = str(codes[line])
        remedy = (
            f"give prices in EUR{unit}, or state the options currency {code} and eur_per_unit, "
            "the EUR that one of it is worth"
        )
        raise InvalidInputError(place, f"{code}{unit}", remedy)
    return found.astype("float64")


def conversions(codes: pd.Series) -> dict[str, int]:
    """How many rows were converted from which unit.

    >>> conversions(pd.Series(["DKK", "DKK", "EUR"]))
    {'DKK/MWh to EUR/kWh': 2, 'EUR/MWh to EUR/kWh': 1}
    """
    counts = codes.str.upper().value_counts()
    return {f"{code}/MWh to EUR/kWh": int(counts[code]) for code in sorted(counts.index)}


def rate_options(codes: pd.Series, rules: PriceRules) -> dict[str, str]:
    """The rate that was used, if one was."""
    if rules.currency in (None, EURO) or rules.currency not in set(codes.str.upper()):
        return {}
    return {f"EUR per {rules.currency}": f"{rules.eur_per_unit:g}"}


def stated_unit(codes: pd.Series) -> str:
    """Units of the prices as stated."""
    return ", ".join(f"{code}/MWh" for code in sorted(codes.str.upper().unique()))


def currency_of(zone: str, rules: PriceRules) -> str:
    """Currency of prices that do not state one: the one given, or EUR where it is at home.

    Raises:
        InvalidInputError: the zone has another currency, and none was given.
    """
    if rules.currency is not None:
        return rules.currency
    if zone not in EURO_ZONES:
        remedy = f"prices of {zone} may be in another than EUR: state it, EUR as well"
        raise InvalidInputError("currency", None, remedy)
    return EURO
