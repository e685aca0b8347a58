"""Charging sessions as a file states them: a row a stay, with its moment, hours and energy."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.arrival_hours import arrival_facts
from vpp_gym.scenarios.files.report import Fact, FileReport
from vpp_gym.scenarios.files.schema import LARGEST_CAR_KW, SESSION_ROWS, checked_rows
from vpp_gym.scenarios.files.stays import EARLIER, check_overlaps, ends_of, one_row_a_stay
from vpp_gym.scenarios.files.tally import MOST_DROPPED_SHARE, Tally

COLUMNS = (
    "id",
    "start",
    "stay_h",
    "charge_h",
    "metered_kwh",
    "max_kw",
    "battery_kwh",
    "plug",
    "card",
)
OPTIONAL = ("plug", "card")
NO_ENERGY_KWH = 0.05
"""Less rounds to 0.0 on a meter; the least of 2019 is 0.1."""
MOST_ODD_SHARE = 0.05
"""More rows that contradict themselves mean swapped columns or another unit."""
LARGEST_LOAD, METER_KWH = 1.05, 0.5
"""Energy over largest power times stay, and what meters may add; no session of 2019 has more."""
TYPICAL_LOAD = (0.5, 1.1)
"""Median of the mean power while charging over the largest power; 0.92 in ElaadNL's 2019."""


@dataclass(frozen=True)
class SessionRows:
    """Sessions of one file.

    Attributes:
        rows: id, start (UTC), stay_h, charge_h, metered_kwh, max_kw and battery_kwh (these
            four NaN where unknown), plug and card (text; None where unknown), in the order of the
            file. A plug is a connector of a charge point: one car at a time.
        zone: local clock of the chargers.
        report: what was dropped and changed.
    """

    rows: pd.DataFrame
    zone: str
    report: FileReport


def session_rows(rows: pd.DataFrame, tally: Tally, report: FileReport, *, zone: str) -> SessionRows:
    """Sessions that can be used, checked.

    Args:
        rows: the columns of `SessionRows`, indexed by line or record; plug and card may
            be missing.
        tally: of what was dropped so far.
        report: of the file, without counts.
        zone: local clock of the chargers.

    Raises:
        InvalidInputError: too many unusable or contradicting rows, or units that cannot be
            right.
    """
    rows = _with_columns(rows)
    lasts = rows["stay_h"] > 0
    begun = ~lasts & rows["id"].isin(rows["id"][lasts])
    just_begun, rows = rows[begun], rows[~begun]
    rows = tally.without(rows, "no_stay", rows["stay_h"].isna())
    rows = tally.without(rows, "stay_not_positive", rows["stay_h"] <= 0)
    negative = (rows[["charge_h", "metered_kwh", "max_kw"]] < 0).any(axis=1)
    rows = tally.without(rows, "negative_charge", negative)
    tally.check()
    _check_energy(rows, report.file)
    tally.without(just_begun, EARLIER, begun[begun])
    rows = one_row_a_stay(rows, tally, zone)
    check_plausible(rows, report.file)
    rows = checked_rows(SESSION_ROWS, rows, report.file)
    report = report.model_copy(update={"rows": tally.rows, "dropped": dict(tally.dropped)})
    overlaps = check_overlaps(rows, report.file)
    report = report.with_facts(**session_facts(rows, zone, overlaps))
    return SessionRows(rows[list(COLUMNS)].reset_index(drop=True), zone, report)


def without_energy(metered_kwh: pd.Series) -> pd.Series:
    """Which sessions took no energy, or nobody knows how much: failed starts, say."""
    return ~(metered_kwh >= NO_ENERGY_KWH)


def _with_columns(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, plug and card None where they are unknown or empty, or half of a plug is."""
    if "battery_kwh" not in rows:
        rows = rows.assign(battery_kwh=float("nan"))
    for name in OPTIONAL:
        cells = rows[name] if name in rows else pd.Series(None, index=rows.index, dtype=object)
        cells = cells.astype(object)
        named = [isinstance(one, str) and one == one.strip(" /") != "" for one in cells]
        rows = rows.assign(**{name: cells.where(named, None)})
    return rows


def _check_energy(rows: pd.DataFrame, file: str) -> None:
    """Refuse a file that seldom says how much energy its sessions took."""
    unknown = int(rows["metered_kwh"].isna().sum())
    if unknown > MOST_DROPPED_SHARE * len(rows):
        value = f"{unknown} of {len(rows)} sessions without a number for their energy"
        raise InvalidInputError(f"{file} metered_kwh", value, "give energy in kWh; 0 if none")


def session_facts(rows: pd.DataFrame, zone: str, overlaps: int) -> dict[str, Fact]:
    """What the sessions are like, how many chargers they need, and when cars arrive."""
    local = rows["start"].dt.tz_convert(zone).dt.tz_localize(None)
    days = local.dt.normalize()
    return {
        "first": str(rows["start"].min()),
        "last": str(rows["start"].max()),
        "sessions": len(rows),
        "days without a session": (days.max() - days.min()).days + 1 - days.nunique(),
        "metered kWh": round(float(rows["metered_kwh"].sum()), 3),
        "median stay h": round(float(rows["stay_h"].median()), 3),
        "longest stay h": round(float(rows["stay_h"].max()), 3),
        "most connected at once": most_at_once(rows["start"], rows["stay_h"]),
        "charge longer than stay": int((rows["charge_h"] > rows["stay_h"]).sum()),
        "unknown charge time": int(rows["charge_h"].isna().sum()),
        "unknown power": int(rows["max_kw"].isna().sum()),
        "no energy": int(without_energy(rows["metered_kwh"]).sum()),
        "more energy than power times stay": int(more_than_possible(rows).sum()),
        "connectors": int(rows["plug"].nunique()) or None,
        "begin while another is on the connector": overlaps,
        **arrival_facts(local),
    }


def most_at_once(start: pd.Series, stay_h: pd.Series) -> int:
    """Largest number of stays that overlap; one that ends frees its charger at once.

    >>> start = pd.Series(pd.to_datetime(["2024-01-01 08:00", "2024-01-01 09:00"]))
    >>> most_at_once(start, pd.Series([1.0, 2.0])), most_at_once(start, pd.Series([1.5, 2.0]))
    (1, 2)
    """
    end = ends_of(pd.DataFrame({"start": start, "stay_h": stay_h}))
    change = pd.concat([pd.Series(1, index=start), pd.Series(-1, index=end)])
    return int(change.groupby(level=0).sum().sort_index().cumsum().max())


def more_than_possible(rows: pd.DataFrame) -> pd.Series:
    """Which sessions took more energy than their largest power gives in their stay."""
    most_kw = rows["max_kw"].fillna(LARGEST_CAR_KW)
    return rows["metered_kwh"] > LARGEST_LOAD * most_kw * rows["stay_h"] + METER_KWH


def check_plausible(rows: pd.DataFrame, file: str) -> None:
    """Refuse sessions whose typical numbers belong to another unit or column.

    Raises:
        InvalidInputError: naming the column.
    """
    for column, most, remedy in (
        ("metered_kwh", 150.0, "energy is in kWh, not Wh"),
        ("max_kw", 150.0, "power is in kW, not W"),
        ("stay_h", 100.0, "stays are in hours, not minutes"),
    ):
        if (median := rows[column].median()) > most:
            raise InvalidInputError(f"{file} {column}", f"median {median:g}", remedy)
    longer = rows["charge_h"] > 1.02 * rows["stay_h"] + 0.05
    if longer.sum() > MOST_ODD_SHARE * len(rows):
        value = f"{int(longer.sum())} of {len(rows)} sessions charge for longer than they stay"
        raise InvalidInputError(file, value, "are columns swapped, or hours minutes?")
    charging = rows[rows["charge_h"] > 0]
    load = (charging["metered_kwh"] / (charging["charge_h"] * charging["max_kw"])).median()
    if load < TYPICAL_LOAD[0] or load > TYPICAL_LOAD[1]:
        value = f"energy is {load:.2f} of power times hours of charging"
        raise InvalidInputError(file, value, "are columns swapped, or in other units?")
    beyond = int(more_than_possible(rows).sum())
    if beyond > MOST_ODD_SHARE * len(rows):
        value = f"{beyond} of {len(rows)} sessions took more than their power gives in the stay"
        raise InvalidInputError(f"{file} metered_kwh", value, "give energy in kWh, power in kW")
