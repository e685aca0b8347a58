"""Charging sessions from the open transactions of ElaadNL.

Source: ElaadNL open charging transactions, public stations in the Netherlands.
"""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.csv_columns import number_column, read_columns, time_column
from vpp_gym.scenarios.demand import (
    CAPACITY_KWH,
    CHARGE_EFF,
    CHARGE_KW,
    TARGET_SOC,
    DemandRule,
    metered_arrival_soc,
    reference_arrival_soc,
)

Clock = Literal["local", "utc"]

_UNITS = {"ConnectedTime": "h", "ChargeTime": "h", "TotalEnergy": "kWh"}
_TIMES = ("UTCTransactionStart", "UTCTransactionStop")
_COLUMNS = ("TransactionId", *_TIMES, *_UNITS)


def read_transactions(
    path: str | os.PathLike[str], *, day_first: bool, clock: Clock, separator: str = ","
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Transactions of an ElaadNL file, and what was dropped.

    Args:
        path: a CSV file with the ten columns of the open data.
        day_first: dates are 27/8/2019 (True) or 8/27/2019 (False); never guessed.
        clock: "local" takes the recorded times as Dutch clock time; "utc"
            converts them, as the column's name promises. Users of the 2019 file
            report that it holds local time.
        separator: between columns.

    Returns:
        Table with start (naive local clock), stay_h, charge_h, metered_kwh, in
        file order; and the counts of dropped rows by reason.

    Raises:
        InvalidInputError: unreadable file or date, or a wrong unit or date order:
            more than one stay in twenty disagrees with its own start and stop.
    """
    if clock not in ("local", "utc"):
        raise InvalidInputError("clock", clock, "use 'local' or 'utc'")
    raw = read_columns(path, _COLUMNS, separator=separator)
    form = "%d/%m/%Y %H:%M" if day_first else "%m/%d/%Y %H:%M"
    remedy = f"dates must read {form} with day_first={day_first}"
    start, stop = (time_column(raw, name, form=form, remedy=remedy) for name in _TIMES)
    numbers = {name: number_column(raw, name, unit=unit) for name, unit in _UNITS.items()}
    if (median := numbers["TotalEnergy"].median()) > 200:
        raise InvalidInputError("TotalEnergy", f"median {median:g}", "give kWh, not Wh")
    table = pd.DataFrame(
        {
            "start": start,
            "stay_h": numbers["ConnectedTime"],
            "charge_h": numbers["ChargeTime"],
            "metered_kwh": numbers["TotalEnergy"],
        }
    )
    odd = _stays_that_disagree(table["stay_h"], (stop - start) / pd.Timedelta(hours=1))
    table, report = _drop(table, raw["TransactionId"].duplicated())
    report |= {"rows": len(raw), "stay_differs_from_times": odd, "clock": clock}
    if clock == "utc":
        zoned = table["start"].dt.tz_localize("UTC").dt.tz_convert("Europe/Amsterdam")
        table["start"] = zoned.dt.tz_localize(None)
    return table.reset_index(drop=True), report


def sessions_table(
    transactions: pd.DataFrame,
    *,
    start: str | np.datetime64,
    n_steps: int,
    dt_h: float = 1.0,
    demand_rule: DemandRule,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Sessions on the clock of a scenario, ready for `Scenario.from_arrays`.

    A car arrives in the step that contains its start and stays for the recorded
    time, rounded up to steps.

    Args:
        transactions: from `read_transactions`.
        start: local clock time of step 0.
        n_steps: sessions that begin outside of these steps are dropped.
        dt_h: hours per step.
        demand_rule: "reference": the cars charged at 11 kW for the recorded
            charge time (Rahman et al. 2023 and its published code): battery
            energy min(charge, stay) * 11 * 0.98, at most 77.6 kWh, arrival SoC
            1 - energy / 80. "metered": arrival SoC such that reaching the target
            takes the metered energy, as far as the stay at 11 kW and a battery
            of 80 kWh allow.

    Returns:
        Columns arrival_step, departure_step, arrival_soc, target_soc,
        capacity_kwh; and the counts of dropped and changed rows.
    """
    if demand_rule not in ("reference", "metered"):
        raise InvalidInputError("demand_rule", demand_rule, "use 'reference' or 'metered'")
    since_start = (transactions["start"] - pd.Timestamp(start)) / pd.Timedelta(hours=dt_h)
    arrival = np.floor(since_start.to_numpy()).astype(np.int64)
    inside = (arrival >= 0) & (arrival < n_steps)
    kept = transactions[inside]
    soc, capped = _arrival_soc(kept, demand_rule)
    stay_steps = np.ceil(kept["stay_h"].to_numpy() / dt_h).astype(np.int64)
    table = pd.DataFrame(
        {
            "arrival_step": arrival[inside],
            "departure_step": arrival[inside] + stay_steps,
            "arrival_soc": soc,
            "target_soc": TARGET_SOC,
            "capacity_kwh": CAPACITY_KWH,
        }
    )
    return table, {
        "demand_rule": demand_rule,
        "sessions": len(table),
        "outside_period": int((~inside).sum()),
        "demand_capped": capped,
    }


def _arrival_soc(
    transactions: pd.DataFrame, demand_rule: DemandRule
) -> tuple[NDArray[np.float64], int]:
    """(n,) state of charge on arrival, and how many demands had to be capped."""
    stay_h = transactions["stay_h"].to_numpy()
    if demand_rule == "reference":
        hours = transactions["charge_h"].to_numpy()
        soc = reference_arrival_soc(hours, stay_h)
        uncapped = 1 - hours * CHARGE_KW * CHARGE_EFF / CAPACITY_KWH
    else:
        metered_kwh = transactions["metered_kwh"].to_numpy()
        soc = metered_arrival_soc(metered_kwh, stay_h)
        uncapped = TARGET_SOC - metered_kwh * CHARGE_EFF / CAPACITY_KWH
    return soc, int((soc > uncapped + 1e-12).sum())


def _drop(table: pd.DataFrame, duplicated: pd.Series) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table without unusable rows, each counted under its first reason."""
    reasons = {
        "duplicate_id": duplicated,
        "not_a_number": table[["stay_h", "charge_h", "metered_kwh"]].isna().any(axis=1),
        "stay_not_positive": table["stay_h"] <= 0,
        "negative_charge": (table["charge_h"] < 0) | (table["metered_kwh"] < 0),
    }
    gone = pd.Series(False, index=table.index)
    report: dict[str, Any] = {}
    for reason, rows in reasons.items():
        report[f"dropped_{reason}"] = int((rows & ~gone).sum())
        gone |= rows
    return table[~gone], report


def _stays_that_disagree(stay_h: pd.Series, from_times_h: pd.Series) -> int:
    """How many stays differ from stop - start by more than 0.1 h; refused if many."""
    odd = int(((stay_h - from_times_h).abs() > 0.1).sum())
    if odd > len(stay_h) / 20:
        raise InvalidInputError(
            "ConnectedTime",
            f"{odd} of {len(stay_h)} stays differ from stop - start",
            "give hours, and check day_first",
        )
    return odd
