"""Moments from text cells, on the clock and in the form that a map of columns states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_map import Table
from vpp_gym.scenarios.files.columns_parts import ISO, STATED_CLOCK, UTC_CLOCK, TimeColumns
from vpp_gym.scenarios.files.numbers import MISSING, whole_cells
from vpp_gym.scenarios.files.schema import FIRST_YEAR, LAST_YEAR
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import (
    Moments,
    as_timedelta,
    moments,
    moments_in_order,
    on_clock_change_day,
)
from vpp_gym.time_steps import STEPS_MIN

RESOLUTION_H = {f"PT{minutes}M": minutes / 60 for minutes in STEPS_MIN}
ISO_TIME = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})"
MOST_PERIODS = 25
SKIPPED, UNKNOWN = "clock_skips_this_time", "which_of_two_hours_unknown"


def clock_cells(
    cells: pd.DataFrame, names: Sequence[str], time: TimeColumns, *, file: str, missing: bool
) -> pd.Series:
    """Times as they are written: in UTC, or naive where the clock is local.

    Args:
        cells: text.
        names: columns that make up a time: of it, or of its date and its clock time.
        time: form and clock.
        file: name, for the error.
        missing: whether a row may be without time; it is NaT then.

    Raises:
        InvalidInputError: a cell that is written otherwise.
    """
    text = cells[names[0]].str.cat([cells[name] for name in names[1:]], sep=" ").rename(names[0])
    absent = text.isin(MISSING) if missing else pd.Series(False, index=text.index)
    local = time.clock not in (UTC_CLOCK, STATED_CLOCK)
    written = text.where(~absent, text[~absent].iloc[0] if (~absent).any() else "")
    times = _iso_times(written, time.clock) if time.format == ISO else _formed_times(written, time)
    times = times.mask(absent)
    wrong = times.isna() & ~absent
    if wrong.any():
        line = wrong.idxmax()
        carries = {STATED_CLOCK: " with its offset", UTC_CLOCK: ""}.get(
            time.clock, " without offset"
        )
        remedy = f"the map states {time.format}{carries}, clock {time.clock}"
        raise InvalidInputError(f"{file} line {line}, {text.name}", text[line], remedy)
    odd = times.notna() & ~times.dt.year.between(FIRST_YEAR, LAST_YEAR)
    if odd.any():
        line = odd.idxmax()
        years = f"years are {FIRST_YEAR} to {LAST_YEAR}"
        raise InvalidInputError(f"{file} line {line}, {text.name}", text[line], years)
    return times.astype("datetime64[s]" if local else "datetime64[s, UTC]")


def _iso_times(text: pd.Series, clock: str) -> pd.Series:
    offset = {STATED_CLOCK: OFFSET, UTC_CLOCK: "(?:Z|[+-]00:?00)?"}.get(clock, "")
    fits = text.str.fullmatch(ISO_TIME + offset)
    utc = clock in (UTC_CLOCK, STATED_CLOCK)
    return pd.to_datetime(text.where(fits), format="ISO8601", errors="coerce", utc=utc)


def _formed_times(text: pd.Series, time: TimeColumns) -> pd.Series:
    utc = time.clock in (UTC_CLOCK, STATED_CLOCK)
    if ("%z" in time.format) != (time.clock == STATED_CLOCK):
        value = f"{time.format}, clock {time.clock}"
        raise InvalidInputError("time.format", value, "use %z with the clock stated, and only then")
    return pd.to_datetime(text, format=time.format, errors="coerce", utc=utc)


def price_times(cells: pd.DataFrame, table: Table, tally: Tally) -> pd.DataFrame:
    """Start in UTC and hours of each row; those that cannot be placed are left out.

    Raises:
        InvalidInputError: times of another form or clock, or rows of another length than
            the map states.
    """
    time, file = table.time, tally.file
    stated_h = RESOLUTION_H[table.resolution] if table.resolution else None
    if time.period is not None:
        assert stated_h is not None, "the map was validated"
        return pd.DataFrame(
            {"start": _period_starts(cells, table, stated_h, file), "dt_h": stated_h}
        )
    given = time.start or time.end or ()
    written = clock_cells(cells, given, time, file=file, missing=False)
    dt_h = _lengths(cells, written, table, stated_h, file)
    rows = _on_the_clock(pd.DataFrame({"start": written, "dt_h": dt_h}), time, tally)
    if time.start is None:
        rows = rows.assign(start=rows["start"] - as_timedelta(rows["dt_h"]))
    return rows


def _on_the_clock(rows: pd.DataFrame, time: TimeColumns, tally: Tally) -> pd.DataFrame:
    if time.clock in (UTC_CLOCK, STATED_CLOCK):
        return rows
    found = in_file_order(rows["start"], time.clock, tally.file)
    if found.skipped.any():
        line = found.skipped.idxmax()
        remedy = f"the clock of {time.clock} skips this time: is the clock another, or utc?"
        raise InvalidInputError(f"{tally.file} line {line}", str(rows["start"][line]), remedy)
    utc = found.utc
    if time.repeated_hour == "drop":
        utc = utc.mask(found.repeated)
    return tally.without(rows.assign(start=utc), UNKNOWN, utc.isna())


def in_file_order(local: pd.Series, zone: str, file: str) -> Moments:
    """Moments of local times in the order of the file, forwards or backwards.

    Raises:
        InvalidInputError: the rows of a repeated hour do not follow one another in time.
    """
    backwards = local.iloc[0] > local.iloc[-1]
    ordered = local[::-1] if backwards else local
    found = moments_in_order(ordered, zone)
    if not found.utc[found.repeated].dropna().is_monotonic_increasing:
        line = found.repeated.idxmax()
        remedy = "rows of a repeated hour must follow in time: or state repeated_hour: drop"
        raise InvalidInputError(f"{file} line {line}", str(local[line]), remedy)
    return Moments(*(part[local.index] for part in (found.utc, found.skipped, found.repeated)))


def _lengths(
    cells: pd.DataFrame, written: pd.Series, table: Table, stated_h: float | None, file: str
) -> pd.Series:
    """Hours of each row; on a day on which the clock changes, those of the row before."""
    time = table.time
    if time.start is None or time.end is None:
        return pd.Series(float(stated_h or 0.0), index=cells.index)
    end = clock_cells(cells, time.end, time, file=file, missing=False)
    dt_h = (end - written) / pd.Timedelta(hours=1)
    allowed = list(RESOLUTION_H.values()) if stated_h is None else [stated_h]
    odd = ~dt_h.isin(allowed)
    change = pd.Series(False, index=cells.index)
    if time.clock not in (UTC_CLOCK, STATED_CLOCK):
        change = on_clock_change_day(written, time.clock)
    if (wrong := odd & ~change).any():
        line = wrong.idxmax()
        remedy = f"the map states {table.resolution or '5, 15, 30 or 60 min'}"
        raise InvalidInputError(f"{file} line {line}", f"a row of {dt_h[line]:g} h", remedy)
    return dt_h.mask(odd, stated_h if stated_h is not None else np.nan).ffill().bfill()


def _period_starts(cells: pd.DataFrame, table: Table, dt_h: float, file: str) -> pd.Series:
    """UTC at which each period begins, by its local day and number."""
    time = table.time
    assert time.date is not None, "the map was validated"
    assert time.period is not None, "the map was validated"
    day = clock_cells(cells, [time.date], time, file=file, missing=False)
    if (wrong := day != day.dt.normalize()).any():
        line = wrong.idxmax()
        remedy = "with a period, date is the local day alone"
        raise InvalidInputError(f"{file} line {line}, {time.date}", str(day[line]), remedy)
    most = round(MOST_PERIODS / dt_h) - 1 + time.first_period
    number = whole_cells(cells[time.period], file=file, least=time.first_period, most=most)
    midnight = moments(day, time.clock).utc
    start = midnight + as_timedelta((number - time.first_period) * dt_h)
    late = start.dt.tz_convert(time.clock).dt.tz_localize(None).dt.normalize() != day
    if late.any():
        line = late.idxmax()
        value = f"period {number[line]} of {day[line].date()}"
        raise InvalidInputError(f"{file} line {line}", value, "that day has fewer periods")
    return start.astype("datetime64[s, UTC]")


def session_times(
    cells: pd.DataFrame, table: Table, tally: Tally
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Start and end of each session in UTC, NaT where there is no end; and what was chosen.

    Raises:
        InvalidInputError: times of another form or clock.
    """
    time, counts = table.time, {}
    rows = pd.DataFrame(index=cells.index)
    for name, columns in (("start", time.start), ("end", time.end)):
        if columns is None:
            rows[name] = pd.Series(pd.NaT, index=cells.index, dtype="datetime64[s, UTC]")
            continue
        written = clock_cells(cells, columns, time, file=tally.file, missing=name == "end")
        if time.clock in (UTC_CLOCK, STATED_CLOCK):
            rows[name] = written
            continue
        rows[name], skipped, repeated = _chosen_moments(written, time)
        rows[f"bad_{name}"] = skipped
        if time.repeated_hour == "drop":
            rows[f"bad_{name}"] |= repeated
        counts[f"{name}s in the repeated hour"] = int(repeated.sum())
    bad = rows.filter(like="bad_").any(axis=1)
    rows = rows[["start", "end"]]
    if bad.any():
        rows = tally.without(rows, "clock_skips_or_repeats_this_time", bad)
    return rows, {name: count for name, count in counts.items() if count}


def _chosen_moments(local: pd.Series, time: TimeColumns) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Moments, and which local times the clock skips and repeats."""
    found = moments(local, time.clock)
    if time.repeated_hour != "second":
        return found.utc, found.skipped, found.repeated
    late = local.dt.tz_localize(
        time.clock, ambiguous=np.zeros(len(local), dtype=bool), nonexistent="NaT"
    )
    return late.dt.tz_convert("UTC").astype("datetime64[s, UTC]"), found.skipped, found.repeated
