"""What stands out in the prices of a world, as counts beside those of building it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vpp_gym.scenarios.files.joined import area_of
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.schema import DAY_AHEAD, IMBALANCE

TOLD = ("runs of", "hours with a price of another")
"""How those facts of a file begin that a world tells, too."""


def price_notes(prices: Sequence[PriceRows]) -> dict[str, int]:
    """Runs of equal prices and hours left out of each file, and zones that differ."""
    reports = [one.report for one in prices]
    return {**_told(reports), **_zones(prices)}


def _told(reports: Iterable[FileReport]) -> dict[str, int]:
    return {
        f"{one.file}: {what}": round(value)
        for one in reports
        for what, value in one.facts.items()
        if isinstance(value, int | float) and value and what.startswith(TOLD)
    }


def _zones(prices: Sequence[PriceRows]) -> dict[str, int]:
    """How many bidding zones there are, where day-ahead and imbalance prices differ in them."""
    day_ahead, imbalance = (
        {area_of(one.report) for one in prices if set(columns) <= set(one.columns)} - {None}
        for columns in (DAY_AHEAD, IMBALANCE)
    )
    if not day_ahead or not imbalance or day_ahead == imbalance:
        return {}
    here, there = (", ".join(sorted(map(str, areas))) for areas in (day_ahead, imbalance))
    name = f"day-ahead of {here} with imbalance of {there}, bidding zones"
    return {name: len(day_ahead | imbalance)}
