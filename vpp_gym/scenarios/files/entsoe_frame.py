"""Prices in memory: series and frames as the client `entsoe-py` returns them."""

from __future__ import annotations

import hashlib

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.currency import (
    conversions,
    currency_of,
    rate_options,
    rates,
    stated_unit,
)
from vpp_gym.scenarios.files.options import PriceRules, checked
from vpp_gym.scenarios.files.price_rows import PriceRows, eur_per_kwh, price_rows
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.tally import Tally
from vpp_gym.scenarios.files.times import DUTCH
from vpp_gym.scenarios.zones import known_zone

KIND = "entsoe-py"


def day_ahead_from_series(
    series: pd.Series,
    *,
    dt_h: float,
    zone: str = DUTCH,
    currency: str | None = None,
    eur_per_unit: float | None = None,
    area: str | None = None,
    rules: PriceRules | None = None,
) -> PriceRows:
    """Day-ahead prices of `EntsoePandasClient.query_day_ahead_prices`.

    Args:
        series: prices per MWh with time zone in its index.
        dt_h: hours of each price, 1.0, 0.5 or 0.25: the series itself does not
            say how long its last one holds.
        zone: time zone of the market.
        currency: of the prices, which the client does not say. None: EUR, for zones of
            countries that have the euro; elsewhere it must be stated, EUR as well.
        eur_per_unit: what one unit of another currency than EUR is worth.
        area: bidding zone, such as "NL"; compared with that of other files.
        rules: what else is accepted of prices.

    Raises:
        InvalidInputError: no series, an index without time zone, text among the
            prices, another unit or currency, or steps shorter than dt_h.
    """
    return _from_columns(
        {"da_eur_per_kwh": series}, dt_h, zone, area, _rules(rules, currency, eur_per_unit)
    )


def imbalance_from_frame(
    frame: pd.DataFrame,
    *,
    dt_h: float = 0.25,
    zone: str = DUTCH,
    currency: str | None = None,
    eur_per_unit: float | None = None,
    area: str | None = None,
    rules: PriceRules | None = None,
) -> PriceRows:
    """Imbalance prices of `EntsoePandasClient.query_imbalance_prices`.

    Args:
        frame: columns Long and Short per MWh, with time zone in its index.
        dt_h: hours of each price.
        zone: as above; so are the other arguments.
        currency: as above.
        eur_per_unit: as above.
        area: as above.
        rules: as above.

    Raises:
        InvalidInputError: as above, or a missing column.
    """
    if not isinstance(frame, pd.DataFrame):
        raise InvalidInputError("imbalance", type(frame).__name__, "give a frame of pandas")
    for name in ("Long", "Short"):
        if name not in frame:
            raise InvalidInputError("imbalance columns", list(frame), f"add the column {name}")
    columns = {"im_short_eur_per_kwh": frame["Short"], "im_long_eur_per_kwh": frame["Long"]}
    return _from_columns(columns, dt_h, zone, area, _rules(rules, currency, eur_per_unit))


def _rules(
    rules: PriceRules | None, currency: str | None, eur_per_unit: float | None
) -> PriceRules:
    """The rules with the currency that is stated beside them."""
    given = (rules or PriceRules()).model_dump()
    if currency is not None or eur_per_unit is not None:
        given |= {"currency": currency, "eur_per_unit": eur_per_unit}
    return checked(PriceRules, **given)


def _from_columns(
    columns: dict[str, pd.Series], dt_h: float, zone: str, area: str | None, rules: PriceRules
) -> PriceRows:
    for name, values in columns.items():
        if not isinstance(values, pd.Series):
            raise InvalidInputError(name, type(values).__name__, "give one series of pandas")
    index = next(iter(columns.values())).index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise InvalidInputError("index", str(index.dtype), "give times with a time zone")
    rows = pd.DataFrame({"start": index.tz_convert("UTC").as_unit("s"), "dt_h": float(dt_h)})
    codes = pd.Series(currency_of(known_zone(zone), rules), index=rows.index)
    rate = rates(codes, rules, field="currency")
    for name, values in columns.items():
        rows[name] = eur_per_kwh(_numbers(values), rows["dt_h"], field=name, rules=rules, rate=rate)
    shortest_h = rows["start"].drop_duplicates().sort_values().diff().min() / pd.Timedelta(hours=1)
    if shortest_h < dt_h:
        remedy = f"some prices are {shortest_h:g} h apart: give each resolution by itself"
        raise InvalidInputError("dt_h", dt_h, remedy)
    digest = hashlib.sha256(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    report = FileReport(
        file=KIND,
        kind=KIND,
        sha256=digest.hexdigest(),
        options={
            "dt_h": f"{dt_h:g}",
            **({} if area is None else {"Area": area}),
            **rate_options(codes, rules),
        },
        changed=conversions(codes),
        facts={"unit": stated_unit(codes)},
    )
    return price_rows(rows, Tally(KIND, len(rows)), report, zone=zone, rules=rules)


def _numbers(values: pd.Series) -> pd.Series:
    """Prices as floats, NaN where there is none; text is refused."""
    numbers = pd.to_numeric(values, errors="coerce")
    text = (numbers.isna() & values.notna()).to_numpy()
    if text.any():
        place = int(text.argmax())
        field = f"{values.name or 'prices'} at {values.index[place]}"
        raise InvalidInputError(field, values.iloc[place], "give numbers in EUR/MWh")
    return pd.Series(numbers.to_numpy(dtype="float64"))
