"""Several files as one: prices of one market, and sessions, each once."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.session_rows import COLUMNS, SessionRows
from vpp_gym.scenarios.files.stays import check_overlaps, earlier_records

WITHOUT = "without"
"""How the sequence of an area with only one auction begins, which fits any other."""


def common_zone(files: Sequence[PriceRows]) -> str | None:
    """The zone that all files share.

    Raises:
        InvalidInputError: they do not.
    """
    zones = {one.zone for one in files}
    if len(zones) != 1:
        names = {one.report.file: one.zone or "24 hours on every day" for one in files}
        raise InvalidInputError("clock", names, "build a world from files on one clock")
    return zones.pop()


def joined_prices(files: Sequence[PriceRows]) -> PriceRows:
    """Files of one market as one; rows that two files share are kept once.

    Raises:
        InvalidInputError: the files contradict one another, or are of several
            bidding zones or auctions.
    """
    zone = common_zone(files)
    for option in ("Area", "Sequence"):
        _check_alike(files, option)
    rows = pd.concat([one.rows for one in files], ignore_index=True).drop_duplicates()
    rows = rows.sort_values("start", kind="stable", ignore_index=True)
    twice = rows.duplicated(["start", "dt_h"])
    if twice.any():
        names = [one.report.file for one in files]
        when = str(rows["start"][twice.idxmax()])
        raise InvalidInputError("prices", names, f"they give {when} different prices: choose one")
    return PriceRows(rows, zone, files[0].report)


def _check_alike(files: Sequence[PriceRows], option: str) -> None:
    """Refuse files of one kind that differ in an option.

    XML names an area by another code than CSV does: those two are not compared.
    """
    stated = {
        one.report.file: (one.report.kind, value)
        for one in files
        if (value := one.report.options.get(option)) and not value.casefold().startswith(WITHOUT)
    }
    kinds = [kind for kind, _ in set(stated.values())]
    if len(kinds) > len(set(kinds)):
        values = {file: value for file, (_, value) in stated.items()}
        raise InvalidInputError(option, values, "keep the files of one, and take out the others")


def distinct_sessions(
    files: Sequence[SessionRows],
) -> tuple[list[SessionRows], dict[str, int]]:
    """Files of one kind without the sessions that another file of the kind has, too.

    Of two records of one stay the longer is kept, if its energy is no less: one file may end
    while a car is still connected.

    Returns:
        The files, and how many sessions each of them has lost, and how many stays of
        different files overlap on one connector.

    Raises:
        InvalidInputError: two files give one id different sessions, or too many stays
            overlap.
    """
    counts: dict[str, int] = {}
    lost: dict[int, pd.Series] = {}
    for kind in dict.fromkeys(one.report.kind for one in files):
        numbers = [i for i, one in enumerate(files) if one.report.kind == kind]
        rows = pd.concat([files[i].rows for i in numbers], keys=numbers, names=["file"])
        rows = rows.reindex(columns=list(COLUMNS))
        again = rows.duplicated()
        shorter = _shorter(rows[~again]).reindex(rows.index, fill_value=False)
        _check_ids(rows[~again & ~shorter], files)
        for number in numbers:
            name = files[number].report.file
            counts[f"{name}: sessions that another file has, too"] = int(again[number].sum())
            counts[f"{name}: stays that another file continues"] = int(shorter[number].sum())
            lost[number] = (again | shorter)[number]
        if len(numbers) > 1:
            names = ", ".join(files[i].report.file for i in numbers)
            overlaps = check_overlaps(rows[~again & ~shorter].reset_index(drop=True), names)
            counts[f"{names}: stays that begin while another is on the connector"] = overlaps
    kept = [
        SessionRows(one.rows[~lost[number].to_numpy()], one.zone, one.report)
        for number, one in enumerate(files)
    ]
    return kept, counts


def _shorter(rows: pd.DataFrame) -> pd.Series:
    """Which rows a record of another file continues."""
    rows = rows.reset_index()
    first = earlier_records(rows, ["id", "plug", "start"])
    rest = earlier_records(rows[~first], ["plug", "card", "start"])
    marks = first | rest.reindex(rows.index, fill_value=False)
    return marks.set_axis(pd.MultiIndex.from_frame(rows.iloc[:, :2]))


def _check_ids(rows: pd.DataFrame, files: Sequence[SessionRows]) -> None:
    clash = rows.duplicated(["id"])
    if clash.any():
        number, _ = clash.idxmax()
        value = f"{rows['id'][clash.idxmax()]} in {files[number].report.file}"
        remedy = "another file gives this id to another session: keep one, or number them apart"
        raise InvalidInputError("session id", value, remedy)
