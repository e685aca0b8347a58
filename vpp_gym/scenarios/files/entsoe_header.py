"""What the first line of a day-ahead CSV file of ENTSO-E says: clock, unit, currency and zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.raw import RawFile, header_cells
from vpp_gym.scenarios.files.times import DUTCH

CLOCKS = {"CET/CEST": DUTCH, "CET": DUTCH, "UTC": "UTC"}
"""What the platform calls CET has summer time, too."""

PRICE = re.compile(r"Day-ahead Price [\[(](?P<unit>.+)[\])]")
MARKET_UNIT = re.compile(r"MTU \((?P<clock>.+)\)")
UNIT = re.compile(r"(?P<currency>[A-Za-z]{3}|Currency) ?/ ?MWh")
ZONE = re.compile(r"[A-Z]{2,4}\|.+")
PER_MWH = re.compile(r" ?/ ?MWh$")
CURRENCY, AREA = "Currency", "Area"
IN_COLUMN = "CURRENCY"
"""Stands in the unit where the column of currencies says which."""


@dataclass(frozen=True)
class Header:
    """What the first line says.

    Attributes:
        time: column of the market time units.
        clock: on which they are.
        price: column of the prices.
        currency: of the unit there; empty where it refers to the column of currencies.
        zone: bidding zone that the name of a column states; None: none does.
        commas_free: whether cells are separated by something else than commas.
    """

    time: str
    clock: str
    price: str
    currency: str
    zone: str | None
    commas_free: bool

    def currencies(self, table: pd.DataFrame) -> tuple[pd.Series, str]:
        """Currency of each row, and the column that says so."""
        stated = pd.Series(self.currency, index=table.index)
        if CURRENCY not in table:
            return stated, self.price
        codes = table[CURRENCY].str.replace(PER_MWH, "", regex=True)
        return codes.where(codes != "", stated), CURRENCY

    def per(self, column: str) -> str:
        """What follows the currency in that column."""
        return "" if column == CURRENCY else "/MWh"

    def areas(self, table: pd.DataFrame) -> pd.Series | None:
        """Bidding zone of each row; None where the file does not say."""
        if AREA in table:
            return table[AREA]
        return None if self.zone is None else pd.Series(self.zone, table.index, name=AREA)


def recognises(header: Sequence[str]) -> bool:
    """Whether the first line of a CSV file names the columns of this kind."""
    return all(any(form.fullmatch(cell) for cell in header) for form in (PRICE, MARKET_UNIT))


def header_of(raw: RawFile) -> Header:
    """What the first line of a file says.

    Raises:
        InvalidInputError: a column is missing, the clock or the unit is another, or
            columns name several zones.
    """
    cells = header_cells(raw)
    found = [[form.fullmatch(cell) for cell in cells] for form in (MARKET_UNIT, PRICE)]
    time, price = (next((one for one in matches if one), None) for matches in found)
    if time is None or price is None:
        remedy = "the first line must name MTU (CET/CEST) and Day-ahead Price (EUR/MWh)"
        raise InvalidInputError(f"{raw.name} columns", list(cells), remedy)
    if time["clock"] not in CLOCKS:
        raise InvalidInputError(time[0], time["clock"], f"use one of {', '.join(CLOCKS)}")
    unit = UNIT.fullmatch(price["unit"])
    if unit is None:
        raise InvalidInputError(price[0], price["unit"], "give prices in EUR/MWh")
    currency = unit["currency"].upper()
    return Header(
        time=time[0],
        clock=time["clock"],
        price=price[0],
        currency="" if currency == IN_COLUMN else currency,
        zone=_zone(cells, raw.name),
        commas_free="," not in raw.text.split("\n", 1)[0],
    )


def _zone(cells: Sequence[str], file: str) -> str | None:
    """Zone that a column is named after: the old export writes it last, above empty cells."""
    zones = [cell for cell in cells if ZONE.fullmatch(cell)]
    if len(zones) > 1:
        raise InvalidInputError(f"{file} columns", zones, "give a file of one bidding zone")
    return zones[0] if zones else None
