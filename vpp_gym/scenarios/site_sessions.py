"""The sessions of a site from one or more files, on the steps of a scenario."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.cut_stays import reachable_target_soc
from vpp_gym.scenarios.files.arrival_hours import arrival_facts
from vpp_gym.scenarios.files.joined import distinct_sessions
from vpp_gym.scenarios.files.report import Fact, FileReport
from vpp_gym.scenarios.files.session_rows import SessionRows, most_at_once
from vpp_gym.scenarios.grid import Span
from vpp_gym.scenarios.session_demand import sessions_in_span, sessions_on_steps
from vpp_gym.scenarios.world_header import Split, WorldOptions

CAPPED = "demands capped by the end of the split"


def site_sessions(
    sessions: Sequence[SessionRows], span: Span, build: WorldOptions, counts: dict[str, int]
) -> tuple[pd.DataFrame, dict[str, Fact]]:
    """Sessions of all files as those of one site.

    Args:
        sessions: of one or more files.
        span: days of the scenario.
        build: options of building.
        counts: of what was left out and changed, to which it adds.

    Returns:
        Columns of `Scenario.from_arrays`, and facts: most cars connected at once, and when
        they arrive.

    Raises:
        InvalidInputError: none of these days or none with energy, or files that contradict
            one another.
    """
    distinct, repeated = distinct_sessions(sessions)
    counts |= repeated
    files = []
    for one in distinct:
        rows, left = sessions_in_span(
            one, span, site_clock=build.site_clock, shift_days=build.shift_days
        )
        files.append(_of_file(rows, one.report))
        counts |= {f"{one.report.file}: {what}": count for what, count in left.items()}
    rows = pd.concat(files, ignore_index=True)
    if rows.empty:
        days = f"{span.first_day.date()} to {span.last_day.date()}"
        remedy = "give sessions of these days, or shift them with shift_days"
        raise InvalidInputError("sessions", f"none from {days}", remedy)
    table, changed = sessions_on_steps(
        rows,
        span,
        dt_h=build.dt_h,
        demand=build.demand,
        car=build.car,
        car_power=build.car_power,
        zero_energy=build.zero_energy,
        stays=build.stays,
        drivers=build.drivers,
    )
    counts |= changed
    if table.empty:
        raise InvalidInputError("sessions", "none with energy", "use zero_energy idle")
    local = rows["start"]
    if span.zone is not None:
        local = local.dt.tz_convert(span.zone).dt.tz_localize(None)
    at_once = most_at_once(rows["start"], rows["stay_h"])
    return table, {"most connected at once": at_once, **arrival_facts(local)}


def _of_file(rows: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    """Rows with the name of their file; their plugs and cards are those of its kind."""
    rows = rows.assign(file=report.file)
    for column in {"plug", "card"} & set(rows):
        named = [f"{report.kind}|{one}" if _is_named(one) else None for one in rows[column]]
        rows = rows.assign(**{column: pd.Series(named, index=rows.index, dtype=object)})
    return rows


def _is_named(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def capped_at_end(
    table: pd.DataFrame, n_steps: int, build: WorldOptions
) -> tuple[pd.DataFrame, int]:
    """Sessions of which those that the end cuts need what they can get, and how many do.

    Args:
        table: columns of `Scenario.from_arrays`.
        n_steps: after which the scenario ends.
        build: options of building.
    """
    columns = {str(name): column.to_numpy() for name, column in table.items()}
    target_soc, capped = reachable_target_soc(
        columns,
        n_steps,
        dt_h=build.dt_h,
        charge_kw=build.charge_kw,
        charge_eff=build.charge_eff,
    )
    return table.assign(target_soc=target_soc), int(capped.sum())


def demands_capped(
    table: pd.DataFrame, splits: Sequence[Split], build: WorldOptions
) -> dict[str, int]:
    """How many demands are capped on reading each split."""
    counts, begin = {}, 0
    for split in splits:
        end = begin + split.n_steps
        cars = table[(table["arrival_step"] >= begin) & (table["arrival_step"] < end)]
        counts[f"{split.name}: {CAPPED}"] = capped_at_end(cars, end, build)[1]
        begin = end
    return counts
