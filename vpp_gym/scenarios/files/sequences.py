"""Auctions of one bidding zone: which one's price a time takes.

ENTSO-E numbers the auctions of a zone that has several as sequences. The label may
change on the way: a zone without sequences gets one, or the numbers change. Choosing
one label alone would then cut the other times off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.report import Fact

WITHOUT, NONE = "without", "none"
"""How the label of a zone with one auction begins; and how a choice ends that leaves times out."""
ORDER = "Sequences in order"
"""Option of a report: several labels that were asked for."""
QUARTER_S = 900
MOST_LOST_H = 1.0
"""Times that only another auction has: more are refused, up to that they are counted."""


def label(text: str) -> str:
    """One spelling of a label.

    >>> label("Sequence 1"), label("1"), label("Without Sequence"), label("Sequence Sequence 2")
    ('1', '1', 'without', '2')
    """
    plain = text.casefold().strip()
    return (
        WITHOUT if not plain or plain.startswith(WITHOUT) else plain.replace("sequence", "").strip()
    )


@dataclass(frozen=True)
class Chosen:
    """Rows of the auctions that were chosen.

    Attributes:
        rows: of the first choice, and those of others at times that it has no price for.
        first: label of the first choice, as the file writes it.
        hours: with a price, by label.
        lost_h: hours that have a price of an auction only that was not chosen.
    """

    rows: pd.DataFrame
    first: str
    hours: dict[str, float]
    lost_h: float

    def options(self, wanted: str | None) -> dict[str, str]:
        """The labels that were used, and the order if several were asked for."""
        order = {ORDER: wanted} if wanted is not None and "," in wanted else {}
        return {"Sequence": ", ".join(self.hours), **order}

    @property
    def facts(self) -> dict[str, Fact]:
        """Hours of each auction, if there are several, and of those left out, if any."""
        several = self.hours if len(self.hours) > 1 else {}
        lost = {"hours with a price of another sequence only": self.lost_h} if self.lost_h else {}
        return {**{f"hours of {name}": h for name, h in several.items()}, **lost}


def chosen_rows(rows: pd.DataFrame, wanted: str | None, *, price: str, file: str) -> Chosen:
    """Rows of one auction, and of the next one for the times that it does not have.

    Args:
        rows: start (UTC), dt_h, Sequence, and the price, NaN where there is none.
        wanted: labels in order of preference, with commas between; "none" at the end
            leaves out the times that no label before it has. None: the only label, or a
            label and the times before or after it that have none.
        price: name of the column.
        file: name, for the error.

    Raises:
        InvalidInputError: no such label, several to choose from, or a choice that would
            lose times of which the file has a price.
    """
    order, rest_left_out = _order(rows, wanted, file)
    parts = {one: rows[rows["Sequence"] == one] for one in order}
    taken, covered = [], np.empty(0, dtype=np.int64)
    hours: dict[str, float] = {}
    for number, (name, part) in enumerate(parts.items()):
        if number:
            part = part[part[price].notna() & ~_touches(part, covered)]
        priced = part[part[price].notna()]
        hours[name] = float(priced["dt_h"].sum())
        covered = np.union1d(covered, _quarters(priced))
        taken.append(part)
    others = rows[~rows["Sequence"].isin(order) & rows[price].notna()]
    lost_h = len(np.setdiff1d(_quarters(others), covered)) * QUARTER_S / 3600
    if lost_h > MOST_LOST_H and not rest_left_out:
        _refuse_loss(order, sorted(others["Sequence"].unique()), hours, lost_h, file)
    used = {name: h for name, h in hours.items() if h or name == order[0]}
    return Chosen(pd.concat(taken), order[0], used, lost_h)


def _order(rows: pd.DataFrame, wanted: str | None, file: str) -> tuple[list[str], bool]:
    """Labels of the file in order of preference, and whether other times are left out."""
    there = {label(one): one for one in sorted(rows["Sequence"].unique())}
    if wanted is None:
        return _only_one(rows, there, file), False
    asked = [label(one) for one in wanted.split(",") if one.strip()]
    rest_left_out = bool(asked) and asked[-1] == NONE
    order = [there[one] for one in dict.fromkeys((*asked, WITHOUT)) if one in there]
    if not order:
        raise InvalidInputError("Sequence", wanted, f"{file} has {', '.join(there.values())}")
    return order, rest_left_out


def _only_one(rows: pd.DataFrame, there: dict[str, str], file: str) -> list[str]:
    """The only label; or one, and the times without any, if it never has a price for both."""
    if len(there) == 1:
        return list(there.values())
    if len(there) == 2 and WITHOUT in there:
        with_label = next(one for one in there.values() if one != there[WITHOUT])
        one, other = (_quarters(rows[rows["Sequence"] == name]) for name in there.values())
        if not np.intersect1d(one, other).size:
            return [with_label, there[WITHOUT]]
    remedy = (
        "choose one with the option sequence; if the label changes on the way, name several "
        "with commas, the one to prefer first"
    )
    raise InvalidInputError(f"{file} Sequence", sorted(there.values()), remedy)


def _refuse_loss(
    order: list[str], others: list[str], hours: dict[str, float], lost_h: float, file: str
) -> None:
    named = ", ".join(order)
    value = f"{sum(hours.values()):g} h of {named}, {lost_h:g} h of {', '.join(others)} only"
    remedy = (
        f"use the option sequence '{', '.join([*order, *others])}' to take these times from "
        f"there, or '{named}, none' to do without them"
    )
    raise InvalidInputError(f"{file} Sequence", value, remedy)


def _quarters(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Numbers of the quarters of an hour that rows cover."""
    first = rows["start"].dt.as_unit("s").astype("int64").to_numpy() // QUARTER_S
    repeats = (rows["dt_h"].to_numpy() * 3600 / QUARTER_S).round().astype(np.int64)
    within = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    return np.repeat(first, repeats) + within


def _touches(rows: pd.DataFrame, covered: NDArray[np.int64]) -> pd.Series:
    """Which rows share a quarter with those covered."""
    repeats = (rows["dt_h"].to_numpy() * 3600 / QUARTER_S).round().astype(np.int64)
    row = np.repeat(np.arange(len(rows)), repeats)
    hit = np.zeros(len(rows), dtype=bool)
    np.logical_or.at(hit, row, np.isin(_quarters(rows), covered))
    return pd.Series(hit, index=rows.index)
