"""One row for each stay: records that say the same stay again, and stays that overlap.

Back ends write a record while a car is still connected and another when it has left, or one
at each midnight; the energy of the later one includes that of the earlier. On a plug there is
one car at a time.
"""

from __future__ import annotations

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.tally import Tally

REPEATED, EARLIER, JOINED = "repeated_id", "earlier_record_of_the_stay", "continues_the_stay_before"

MOST_OVERLAPPING_SHARE = 0.4
"""Where every stay has two records, half of them begin while another is connected. None of
the 10,000 sessions of ElaadNL's 2019 does, nor of 25,198 of ACN-Data on 105 stations."""

TOUCHING = pd.Timedelta(minutes=2)
"""By which the times of two stays that follow one another may differ: starts come in minutes,
durations in hundredths of an hour."""

METER_KWH = 0.05
"""Differences below are rounding."""

MOST_FALLING_SHARE = 0.1
"""Of records that go on without a gap: where energy falls more often, it is not cumulative."""

CLEAR_CHAIN = 2
"""Such records in a row, beyond the first, that make one stay wherever they meet; a single one
does at midnight only."""


def one_row_a_stay(rows: pd.DataFrame, tally: Tally, zone: str) -> pd.DataFrame:
    """The rows, with the records of one stay as one.

    Of records with one id and start, or with one plug, card and start, whose energy grows
    with the stay, the last is kept. Records without a gap between them become one stay if
    they bear one id; or if they are of one card on one plug, hold cumulative energy, and meet
    at midnight or are three and more. Energy that falls is that of the parts, and added up.

    Args:
        rows: id, start (UTC), stay_h, charge_h, metered_kwh, max_kw, plug and card (None:
            unknown).
        tally: of what is left out.
        zone: local clock of the chargers.

    Raises:
        InvalidInputError: one id stands for stays that contradict one another.
    """
    rows = tally.without(rows, REPEATED, rows.duplicated())
    rows = tally.without(rows, EARLIER, earlier_records(rows, ["id", "plug", "start"]))
    rows = _joined(*_in_order(rows, ["id", "plug"]), tally)
    again = rows["id"].duplicated(keep=False)
    if again.any():
        name = rows["id"][again.idxmax()]
        starts = sorted(rows["start"][rows["id"] == name])
        value = f"{name} from {starts[0]:%Y-%m-%d %H:%M} and from {starts[1]:%Y-%m-%d %H:%M}"
        remedy = "records of one id that cannot be one stay: keep one, or number them apart"
        raise InvalidInputError(f"{tally.file} session id", value, remedy)
    rows = tally.without(rows, EARLIER, earlier_records(rows, ["plug", "card", "start"]))
    return _joined(*_cumulative(rows, zone), tally)


def earlier_records(rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Which rows a later record of the same keys includes: it lasts longer, and took no less.

    Args:
        rows: as of `one_row_a_stay`.
        keys: columns that are alike in all records of a stay; without a known plug only
            those with one id are compared.
    """
    known = rows if "id" in keys else rows[rows["plug"].notna()]
    order = known.sort_values(["stay_h", "metered_kwh"], na_position="first", kind="stable")
    group = order.groupby(keys, sort=False, dropna=False).ngroup()
    falls = order["metered_kwh"].groupby(group).diff() < -METER_KWH
    contradicts = falls.groupby(group).transform("any")
    return _among(rows, group.duplicated(keep="last") & ~contradicts)


def _in_order(rows: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, pd.Series]:
    """Rows by their keys and start, and which of them begin when the one before them ends."""
    order = rows.sort_values([*keys, "start"], kind="stable")
    group = order.groupby(keys, sort=False, dropna=False).ngroup()
    gap = order["start"] - ends_of(order).groupby(group).shift()
    return order, gap.abs() <= TOUCHING


def _joined(order: pd.DataFrame, goes_on: pd.Series, tally: Tally) -> pd.DataFrame:
    """The rows, each with those behind it that go on with it."""
    if not goes_on.any():
        return order.sort_index()
    chain = (~goes_on).cumsum()
    parts = order.assign(end=ends_of(order)).groupby(chain)
    falls = (goes_on & (order["metered_kwh"].diff() < -METER_KWH)).groupby(chain).any()
    kept = tally.without(order, JOINED, goes_on).copy()
    for name in ("metered_kwh", "charge_h"):
        whole = parts[name].last().where(~falls, parts[name].sum(min_count=1))
        kept[name] = whole.to_numpy()
    kept["max_kw"] = parts["max_kw"].max().to_numpy()
    lasting = parts["end"].max() - parts["start"].min()
    kept["stay_h"] = (lasting / pd.Timedelta(hours=1)).to_numpy()
    return kept.sort_index()


def _cumulative(rows: pd.DataFrame, zone: str) -> tuple[pd.DataFrame, pd.Series]:
    """Rows by plug, card and start, and which of them hold the energy of the one before, too."""
    order, linked = _in_order(rows, ["plug", "card"])
    linked &= order["plug"].notna()
    grown = order["metered_kwh"].diff()
    falls = linked & (grown < -METER_KWH)
    if falls.sum() > MOST_FALLING_SHARE * linked.sum():
        return order, linked & False
    linked &= ~falls
    chain = (~linked).cumsum()
    many = linked.groupby(chain).transform("sum") >= CLEAR_CHAIN
    clear = linked & (many | _at_midnight(order["start"], zone))
    chain = (~clear).cumsum()
    grows = (clear & (grown > METER_KWH)).groupby(chain).transform("any")
    return order, clear & grows


def _at_midnight(start: pd.Series, zone: str) -> pd.Series:
    """Whether the clock of the chargers or that of UTC shows midnight."""
    clocks = (start.dt.tz_convert(one).dt.tz_localize(None) for one in (zone, "UTC"))
    local, utc = ((clock - clock.dt.round("D")).abs() <= TOUCHING for clock in clocks)
    return local | utc


def overlapping(rows: pd.DataFrame) -> pd.Series:
    """Which rows begin while another car is connected to their plug.

    Args:
        rows: start, stay_h and plug (None: unknown).
    """
    order = rows[rows["plug"].notna()].sort_values("start", kind="stable")
    latest = ends_of(order).groupby(order["plug"]).cummax().groupby(order["plug"]).shift()
    return _among(rows, order["start"] < latest - TOUCHING)


def check_overlaps(rows: pd.DataFrame, file: str) -> int:
    """How many stays begin while another car is connected to their plug.

    Raises:
        InvalidInputError: too many for records of stays.
    """
    overlaps, known = overlapping(rows), int(rows["plug"].notna().sum())
    if overlaps.sum() > MOST_OVERLAPPING_SHARE * known:
        first = rows.loc[overlaps.idxmax()]
        value = (
            f"{int(overlaps.sum())} of {known} stays begin while another is connected to the same "
            f"connector, as id {first['id']} at {first['plug']}"
        )
        remedy = (
            "give one record a stay; where one connector is several, number them or leave out "
            "the column of the charge point"
        )
        raise InvalidInputError(f"{file} sessions", value, remedy)
    return int(overlaps.sum())


def ends_of(rows: pd.DataFrame) -> pd.Series:
    """When each stay ends."""
    return rows["start"] + pd.to_timedelta(rows["stay_h"], unit="h").dt.round("s")


def _among(rows: pd.DataFrame, some: pd.Series) -> pd.Series:
    """A mask of some rows as one of all."""
    return some.reindex(rows.index, fill_value=False).astype(bool)
