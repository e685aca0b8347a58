"""Prices in memory: series and frames as the client `entsoe-py` returns them."""

from __future__ import annotations

import hashlib

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.price_rows import CONVERTED, PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH

KIND = "entsoe-py"


def day_ahead_from_series(
    series: pd.Series, *, dt_h: float, zone: str = DUTCH, trust_unit: bool = False
) -> PriceRows:
    """Day-ahead prices of `EntsoePandasClient.query_day_ahead_prices`.

    Args:
        series: EUR/MWh with time zone in its index.
        dt_h: hours of each price, 1.0, 0.5 or 0.25: the series itself does not
            say how long its last one holds.
        zone: of the market.
        trust_unit: take the numbers as EUR/MWh whatever they look like.

    Raises:
        InvalidInputError: an index without time zone, another unit, or steps
            shorter than dt_h.
    """
    return _from_columns({"da_eur_per_kwh": series}, dt_h, zone, trust_unit)


def imbalance_from_frame(
    frame: pd.DataFrame, *, dt_h: float = 0.25, zone: str = DUTCH, trust_unit: bool = False
) -> PriceRows:
    """Imbalance prices of `EntsoePandasClient.query_imbalance_prices`.

    Args:
        frame: columns Long and Short in EUR/MWh, with time zone in its index.
        dt_h: hours of each price.
        zone: of the market.
        trust_unit: take the numbers as EUR/MWh whatever they look like.

    Raises:
        InvalidInputError: as above, or a missing column.
    """
    for name in ("Long", "Short"):
        if name not in frame:
            raise InvalidInputError("imbalance columns", list(frame), f"add the column {name}")
    columns = {"im_short_eur_per_kwh": frame["Short"], "im_long_eur_per_kwh": frame["Long"]}
    return _from_columns(columns, dt_h, zone, trust_unit)


def _from_columns(
    columns: dict[str, pd.Series], dt_h: float, zone: str, trust_unit: bool
) -> PriceRows:
    index = next(iter(columns.values())).index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InvalidInputError("index", str(index.dtype), "give times with a time zone")
    rows = pd.DataFrame({"start": index.tz_convert("UTC").as_unit("s"), "dt_h": float(dt_h)})
    for name, values in columns.items():
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype="float64")
        rows[name] = eur_per_kwh(
            pd.Series(numbers), rows["dt_h"], field=name, trust_unit=trust_unit
        )
    shortest_h = rows["start"].drop_duplicates().sort_values().diff().min() / pd.Timedelta(hours=1)
    if shortest_h < dt_h:
        raise InvalidInputError("dt_h", dt_h, f"some prices are {shortest_h:g} h apart")
    digest = hashlib.sha256(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    report = FileReport(
        file=KIND,
        kind=KIND,
        sha256=digest.hexdigest(),
        options={"dt_h": f"{dt_h:g}"},
        changed={CONVERTED: len(rows)},
    )
    return price_rows(rows, Tally(KIND, len(rows)), report, zone=zone)
