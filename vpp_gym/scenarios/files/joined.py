"""Several files as one: prices of one market, and sessions, each once."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.entsoe_areas import area_name, is_known
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.files.report import FileReport
from vpp_gym.scenarios.files.sequences import ORDER, WITHOUT, label
from vpp_gym.scenarios.files.session_rows import COLUMNS, SessionRows
from vpp_gym.scenarios.files.stays import check_overlaps, earlier_records
from vpp_gym.scenarios.files.times import same_clock


def common_zone(files: Sequence[PriceRows]) -> str | None:
    """The zone that all files share, or the first of several whose clocks agree.

    Raises:
        InvalidInputError: the clocks of their zones differ within the time of the files.
    """
    zones = list(dict.fromkeys(one.zone for one in files))
    every = pd.concat([one.rows["start"] for one in files])
    if not all(same_clock(zones[0], zone, every) for zone in zones[1:]):
        names = {one.report.file: one.zone or "24 hours on every day" for one in files}
        raise InvalidInputError("clock", names, "build a world from files on one clock")
    return zones[0]


def joined_prices(files: Sequence[PriceRows]) -> PriceRows:
    """Files of one market as one; rows that two files share are kept once.

    Raises:
        InvalidInputError: the files contradict one another, or are of several
            bidding zones or auctions.
    """
    zone = common_zone(files)
    _check_alike(files)
    rows = pd.concat([one.rows for one in files], ignore_index=True).drop_duplicates()
    rows = rows.sort_values("start", kind="stable", ignore_index=True)
    twice = rows.duplicated(["start", "dt_h"])
    if twice.any():
        names = [one.report.file for one in files]
        when = str(rows["start"][twice.idxmax()])
        raise InvalidInputError("prices", names, f"they give {when} different prices: choose one")
    return PriceRows(rows, zone, files[0].report)


def area_of(report: FileReport) -> str | None:
    """Bidding zone of a file under its common name; None where the file does not say."""
    stated = report.options.get("Area")
    return None if stated is None else area_name(stated)


def _check_alike(files: Sequence[PriceRows]) -> None:
    """Refuse files of several bidding zones, or of several auctions of one.

    A code that is not listed is compared with those of files of its own kind only. The
    label of a zone with one auction fits any other, and so do those named together.
    """
    reports = [one.report for one in files]
    areas = [one for one in reports if "Area" in one.options]
    known = {area_of(one) for one in areas if is_known(one.options["Area"])}
    by_kind = {(one.kind, area_of(one)) for one in areas}
    if len(known) > 1 or len(by_kind) > len({kind for kind, _ in by_kind}):
        _refuse("Area", areas)
    numbered = [one for one in reports if ORDER not in one.options and _labels(one)]
    if len({_labels(one) for one in numbered}) > 1:
        _refuse("Sequence", numbered)


def _labels(report: FileReport) -> tuple[str, ...]:
    """Labels of the auctions of a file, but that of a zone with only one."""
    every = (label(one) for one in report.options.get("Sequence", "").split(","))
    return tuple(one for one in every if one != WITHOUT)


def _refuse(option: str, reports: Sequence[FileReport]) -> None:
    values = [f"{one.file}: {one.options[option]}" for one in reports]
    remedy = "keep the files of one, and take out the others"
    raise InvalidInputError(option, values, remedy)


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
