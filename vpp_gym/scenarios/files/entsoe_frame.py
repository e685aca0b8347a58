"""Prices in memory: series and frames as the client `entsoe-py` returns them."""

from __future__ import annotations

import hashlib

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.price_rows import CONVERTED, PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH, known_zone

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
        InvalidInputError: no series, an index without time zone, text among the
            prices, another unit, or steps shorter than dt_h.
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
    if not isinstance(frame, pd.DataFrame):
        raise InvalidInputError("imbalance", type(frame).__name__, "give a frame of pandas")
    for name in ("Long", "Short"):
        if name not in frame:
            raise InvalidInputError("imbalance columns", list(frame), f"add the column {name}")
    columns = {"im_short_eur_per_kwh": frame["Short"], "im_long_eur_per_kwh": frame["Long"]}
    return _from_columns(columns, dt_h, zone, trust_unit)


def _from_columns(
    columns: dict[str, pd.Series], dt_h: float, zone: str, trust_unit: bool
) -> PriceRows:
    for name, values in columns.items():
        if not isinstance(values, pd.Series):
            raise InvalidInputError(name, type(values).__name__, "give one series of pandas")
    index = next(iter(columns.values())).index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InvalidInputError("index", str(index.dtype), "give times with a time zone")
    rows = pd.DataFrame({"start": index.tz_convert("UTC").as_unit("s"), "dt_h": float(dt_h)})
    for name, values in columns.items():
        rows[name] = eur_per_kwh(_numbers(values), rows["dt_h"], field=name, trust_unit=trust_unit)
    shortest_h = rows["start"].drop_duplicates().sort_values().diff().min() / pd.Timedelta(hours=1)
    if shortest_h < dt_h:
        remedy = f"some prices are {shortest_h:g} h apart: give each resolution by itself"
        raise InvalidInputError("dt_h", dt_h, remedy)
    digest = hashlib.sha256(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    report = FileReport(
        file=KIND,
        kind=KIND,
        sha256=digest.hexdigest(),
        options={"dt_h": f"{dt_h:g}"},
        changed={CONVERTED: len(rows)},
    )
    return price_rows(rows, Tally(KIND, len(rows)), report, zone=known_zone(zone))


def _numbers(values: pd.Series) -> pd.Series:
    """Prices as floats, NaN where there is none; text is refused."""
    numbers = pd.to_numeric(values, errors="coerce")
    text = (numbers.isna() & values.notna()).to_numpy()
    if text.any():
        place = int(text.argmax())
        field = f"{values.name or 'prices'} at {values.index[place]}"
        raise InvalidInputError(field, values.iloc[place], "give numbers in EUR/MWh")
    return pd.Series(numbers.to_numpy(dtype="float64"))
