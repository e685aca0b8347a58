"""What spreadsheets put around a table: taken off, or refused with the row of the columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.options import ReadOptions

READ = ReadOptions(elaad_clock="local", elaad_dates="month-first", tennet_dates="month-first")
DAY = "2024-06-05"
TABLES = {
    "entsoe new": samples.entsoe_new(DAY),
    "entsoe old": samples.entsoe_old(DAY),
    "tennet new": samples.tennet_new(DAY),
    "tennet old": samples.tennet_old(DAY),
    "elaad": samples.elaad(DAY),
}


def rows_of(path: Path) -> pd.DataFrame:
    one = found(path, READ)
    assert one.error is None, one.error
    assert one.rows is not None
    return one.rows.rows


def excel(lines: list[str], separator: str) -> list[str]:
    """Lines as Excel writes them with another separator, below a line that names it."""
    plain = [line.replace('"', "").replace(",", separator) for line in lines]
    return [f"sep={separator}", *plain]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;;"])
def test_a_line_that_names_the_separator_is_taken_off(written, table, first):
    plain = rows_of(written(TABLES[table], "plain.csv"))
    lines = [first, *excel(TABLES[table], ";")[1:]]
    pd.testing.assert_frame_equal(rows_of(written(lines, "sep.csv")), plain)
    (written(lines, "mark.csv")).write_bytes(
        b"\xef\xbb\xbf" + ("\r\n".join(lines) + "\r\n").encode()
    )
    marked = written(lines, "sep.csv").with_name("mark.csv")
    pd.testing.assert_frame_equal(rows_of(marked), plain)


def test_errors_below_such_a_line_name_the_line_of_the_file(written):
    lines = excel(samples.elaad(DAY), "\t")
    lines[5] = lines[5].replace("10.5", "much")
    error = found(written(lines), READ).error
    assert error is not None
    assert error.field == "file.csv line 6, TotalEnergy"
    assert lines[5].split("\t")[8] == error.value == "much"


@pytest.mark.parametrize("table", TABLES)
def test_quotes_around_each_whole_line_are_taken_off(written, table):
    plain = rows_of(written(TABLES[table], "plain.csv"))
    lines = [f'"{line.replace(chr(34), chr(34) * 2)}"' for line in TABLES[table]]
    pd.testing.assert_frame_equal(rows_of(written(lines, "quoted.csv")), plain)
    assert found(written([*lines[:-1], lines[-1][:9]], "cut.csv"), READ).error is not None


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("titles", [["Export"], ["Export", "", "of 2024, all"], ["a"] * 19])
def test_titles_above_the_columns_are_refused_with_their_row(written, table, titles):
    error = found(written([*titles, *TABLES[table]]), READ).error
    assert error is not None
    assert f"named in row {len(titles) + 1}" in str(error)
    assert "delete the " in error.remedy


def test_titles_in_a_workbook_are_refused_with_the_row_of_the_columns(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for cells in (["Sessions of the site"], [], samples.ELAAD_HEADER.split(",")):
        book.active.append(cells)
    for line in samples.elaad(DAY)[1:]:
        book.active.append(line.split(","))
    book.save(tmp_path / "titles.xlsx")
    error = found(tmp_path / "titles.xlsx", READ).error
    assert error is not None
    assert "the columns of elaad transactions named in row 3" in str(error)
    assert error.remedy == "the first row must name them: delete the 2 rows above"


def test_other_texts_stay_of_no_known_kind(written):
    for lines in (["sep=;", "a;b", "1;2"], ['"a,b"', '"c,d"'], ["Export", "a,b", "1,2"]):
        one = found(written(lines), READ)
        assert (one.kind, one.error) == (None, None)
