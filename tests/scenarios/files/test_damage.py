"""Damaged files: refused with a name and a remedy, or counted; never silently another world."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.folder import Found, files_of, found
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.world import build_world, world_of
from vpp_gym.scenarios.world_header import World, WorldOptions

FIRST, DAYS = "2024-06-03", 9
READ = ReadOptions(elaad_clock="local", elaad_dates="month-first", tennet_dates="month-first")
PRICES, IMBALANCE, SESSIONS = "entsoe.csv", "tennet.csv", "elaad.csv"

Lines = list[str]


def folder_of_good_files(folder: Path) -> Path:
    samples.write(folder / PRICES, samples.entsoe_new(FIRST, DAYS))
    samples.write(folder / IMBALANCE, samples.tennet_new(FIRST, DAYS, dual=(40,)))
    samples.write(folder / SESSIONS, samples.elaad(FIRST))
    return folder


@pytest.fixture(scope="module")
def good_files(tmp_path_factory) -> dict[str, Found]:
    folder = folder_of_good_files(tmp_path_factory.mktemp("good"))
    return {one.path.name: one for one in files_of(folder, READ)}


@pytest.fixture(scope="module")
def good(good_files) -> World:
    return world_of([one.rows for one in good_files.values()], READ)


@pytest.fixture
def built(good_files, tmp_path):
    """The world of the good files, one of which is damaged or another one."""

    def build(file, damage, name=None):
        lines = good_files[file].path.read_text(encoding="utf-8").splitlines()
        content, path = damage(lines), tmp_path / (name or file)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            samples.write(path, content)
        read = found(path, READ)
        if read.error:
            raise read.error
        files = {**good_files, file: read}.values()
        return world_of([one.rows for one in files if one.rows is not None], READ)

    return build


def edit(line: int, old: str, new: str) -> Callable[[Lines], Lines]:
    """Another text in one line, which must hold the old one."""

    def change(lines: Lines) -> Lines:
        assert old in lines[line], lines[line]
        return [*lines[:line], lines[line].replace(old, new, 1), *lines[line + 1 :]]

    return change


def everywhere(pattern: str, new: str | Callable[[re.Match], str]) -> Callable[[Lines], Lines]:
    """A pattern replaced in all lines but the first."""
    return lambda lines: [lines[0], *(re.sub(pattern, new, line, count=1) for line in lines[1:])]


def scaled(column: int, factor: float, separator: str = ",") -> Callable[[Lines], Lines]:
    def change(lines: Lines) -> Lines:
        rows = [line.split(separator) for line in lines[1:]]
        for row in rows:
            row[column] = f"{float(row[column]) * factor:g}"
        return [lines[0], *(separator.join(row) for row in rows)]

    return change


def swapped(one: int, other: int) -> Callable[[Lines], Lines]:
    """The cells of two columns, but not their names, exchanged."""

    def change(lines: Lines) -> Lines:
        rows = [line.split(",") for line in lines[1:]]
        for row in rows:
            row[one], row[other] = row[other], row[one]
        return [lines[0], *(",".join(row) for row in rows)]

    return change


REFUSED = {
    "empty file": (PRICES, lambda _: b"", "entsoe.csv: got 'an empty file'"),
    "header only": (PRICES, lambda lines: lines[:1], "entsoe.csv: got '0 rows'"),
    "cut off in a line": (
        PRICES,
        lambda lines: "\n".join(lines)[:-30],
        "(line 217: got '[12] cells'.*cut off|unexpected end of data)",
    ),
    "cut off after a day": (IMBALANCE, lambda lines: lines[:97], "validation_from, test_from"),
    "line in the middle missing cells": (SESSIONS, edit(4, ",card", ""), "line 5: got '9 cells'"),
    "not UTF-8": (
        PRICES,
        lambda lines: "\n".join(lines).replace("Without", "Sans séq").encode("latin-1"),
        "byte 0xe9 .*save the file as UTF-8",
    ),
    "UTF-16": (PRICES, lambda lines: "\n".join(lines).encode("utf-16"), "save the file as UTF-8"),
    "wrong separator": (
        SESSIONS,
        lambda lines: [line.replace(",", "|") for line in lines],
        r"elaad.csv columns: got 'no TransactionId, .*commas, semicolons or tabs",
    ),
    "missing column": (
        IMBALANCE,
        edit(0, "Price Surplus", "Surplus"),
        "tennet.csv columns: got 'no Price Surplus'; this resembles tennet settlement csv",
    ),
    "column named twice": (
        SESSIONS,
        edit(0, "Connector", "MaxPower"),
        "elaad.csv columns: got .*name each column once",
    ),
    "extra line above the header": (
        PRICES,
        lambda lines: ["Downloaded today", *lines],
        "entsoe.csv: got 'the columns of entsoe day-ahead csv named in row 2'; .*delete the row",
    ),
    "header again in the middle": (
        PRICES,
        lambda lines: [*lines[:50], lines[0], *lines[50:]],
        "(times must read|several|choose one)",
    ),
    "decimal comma": (PRICES, everywhere(r"(\d+)\.0,", r'"\1,0",'), "decimal mark is a comma"),
    "text for a price": (PRICES, edit(7, "46.0", "cheap"), "line 8, Day-ahead .*: got 'cheap'"),
    "infinite price": (PRICES, edit(7, "46.0", "inf"), "line 8, Day-ahead .*: got 'inf'"),
    "prices in EUR/kWh": (PRICES, scaled(3, 0.001), "EUR/MWh and looks like EUR/kWh or ct/kWh"),
    "prices in ct/kWh": (PRICES, scaled(3, 0.1), "EUR/MWh and looks like EUR/kWh or ct/kWh"),
    "prices in ct/MWh": (PRICES, scaled(3, 100), "looks like EUR/GWh or ct/MWh"),
    "header in pounds": (PRICES, edit(0, "EUR/MWh)", "GBP/MWh)"), "got 'GBP/MWh'"),
    "imbalance in EUR/kWh": (
        IMBALANCE,
        lambda lines: scaled(9, 0.001)(scaled(10, 0.001)(lines)),
        "Price Shortage: got 'median .*looks like EUR/kWh",
    ),
    "imbalance unit kWh": (IMBALANCE, everywhere("MWh", "kWh"), "Measurement Unit.*got 'kWh'"),
    "imbalance currency": (IMBALANCE, everywhere("EUR", "GBP"), "Currency Unit.*got 'GBP'"),
    "shortage and surplus swapped": (IMBALANCE, swapped(9, 10), "were the two swapped"),
    "quarter out of range": (IMBALANCE, edit(5, ",5,EUR", ",97,EUR"), "fewer quarters"),
    "quarter zero": (IMBALANCE, edit(1, ",1,EUR", ",0,EUR"), "Isp: got '0'; use 1 to 100"),
    "quarters shifted by one": (
        IMBALANCE,
        everywhere(r",(\d+),EUR", lambda m: f",{max(int(m[1]) - 1, 1)},EUR"),
        "by its number this quarter begins at",
    ),
    "unknown regulation state": (IMBALANCE, edit(5, "35.0,1,", "35.0,3,"), "line 6: got '3'"),
    "a day of imbalance missing": (
        IMBALANCE,
        lambda lines: [*lines[:97], *lines[193:]],
        r"gap: got '24 h from 2024-06-04 00:00:00'; filled are gaps up to 1 h",
    ),
    "two prices for one time": (
        PRICES,
        lambda lines: [*lines, lines[5].replace("44.0", "99.0")],
        "line 218: .*different prices",
    ),
    "month-first market times": (
        PRICES,
        everywhere(r"(\d\d)/(\d\d)/2024 (.*)(\d\d)/(\d\d)/2024", r"\2/\1/2024 \3\5/\4/2024"),
        r"(gap: got|got 'a time of|span: got)",
    ),
    "mixed date formats": (PRICES, edit(9, "03/06/2024", "2024-06-03"), "line 10, MTU"),
    "two-hour market time": (PRICES, edit(9, "09:00:00", "10:00:00"), "line 10: got 'a time of 2"),
    "dates of sessions mixed": (SESSIONS, edit(9, "06/04/2024", "2024-06-04"), "line 10, UTC"),
    "sessions of another year": (
        SESSIONS,
        everywhere("(2024.*)2024", r"2023\g<1>2023"),
        "UTCTrans",
    ),
    "energy in Wh": (SESSIONS, scaled(8, 1000), "metered_kwh: got 'median 10500'; .*not Wh"),
    "power in W": (SESSIONS, scaled(9, 1000), "max_kw: got 'median 3700'; power is in kW, not W"),
    "one power in W": (
        SESSIONS,
        edit(5, ",3.7", ",3700"),
        "row 6, max_kw: got '3700'; power is in kW, not W",
    ),
    "stays in minutes": (SESSIONS, scaled(6, 60), "ConnectedTime: got '40 of 40"),
    "stay and charge time swapped": (SESSIONS, swapped(6, 7), "stays differ from stop - start"),
    "start and stop swapped": (
        SESSIONS,
        swapped(3, 4),
        "40 of 40 rows unusable.*stop_before_start",
    ),
    "energy and power swapped": (SESSIONS, swapped(8, 9), "energy is 0.12 of power times hours"),
    "all stays negative": (SESSIONS, scaled(6, -1), "stays differ from stop - start"),
    "a name of two bytes zero": (SESSIONS, edit(5, "card", "ca\0rd"), "zero bytes"),
    "a summer hour marked as winter time": (
        PRICES,
        edit(9, "08:00:00 - ", "08:00:00 (CET) - "),
        r"line 10: got '2024-06-03 08:00:00 \(CET\)'; the clock of Europe/Amsterdam",
    ),
    "names in lower case": (
        SESSIONS,
        lambda lines: [lines[0].lower(), *lines[1:]],
        r"elaad.csv columns: got 'no TransactionId, .*its first line must name them",
    ),
    "zip archive": (SESSIONS, lambda _: b"PK\x03\x04\x14\0", "got 'a ZIP archive'; unpack it"),
    "gzip archive": (PRICES, lambda _: b"\x1f\x8b\x08\0", "got 'a gzip archive'; unpack it"),
    "workbook with a password": (
        SESSIONS,
        lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "or with a password'; save it as CSV",
    ),
    "workbook cut off": (
        SESSIONS,
        lambda _: b"PK\x03\x04 xl/workbook.xml",
        "(give a readable workbook|pip install openpyxl)",
    ),
    "web page": (PRICES, lambda _: "<!DOCTYPE html><html><br></html>", "not a web page"),
    "a third of the energy in Wh": (
        SESSIONS,
        lambda lines: [
            x.replace("10.5,3.7", "105,3.7") if i % 3 == 0 else x for i, x in enumerate(lines)
        ],
        "sessions took more than their power gives in the stay",
    ),
    "one quarter of each hour": (
        IMBALANCE,
        lambda lines: [lines[0], *lines[1::4]],
        "gap: got '75% of all quarters without price'; give .*own resolution",
    ),
    "every second hour": (PRICES, lambda lines: [lines[0], *lines[1::2]], "gap: got '50% of all"),
    "unit that changes on the way": (
        PRICES,
        lambda lines: [*lines[:130], *scaled(3, 0.1)([lines[0], *lines[130:]])[1:]],
        "imbalance is typically .* times day-ahead from 2024-06-05'; has one of the two",
    ),
    "arabic digits": (PRICES, edit(7, "46.0", "٤٦"), "got '٤٦'; give numbers in EUR/MWh"),
    "thousands separator": (PRICES, edit(7, "46.0", '"1,046.0"'), "got '1,046.0'"),
    "times of Excel as numbers": (SESSIONS, edit(1, "06/03/2024 00:30", "45446.02"), "got '45446"),
    "times with their offset": (
        SESSIONS,
        edit(1, "06/03/2024 00:30", "06/03/2024 00:30+02:00"),
        "line 2, UTCTransactionStart: got",
    ),
    "sum in the last line": (SESSIONS, lambda ls: [*ls, "Total,,,,,,,,395,"], "line 42, UTCTrans"),
    "two separators": (
        SESSIONS,
        lambda lines: [*lines[:20], *(line.replace(",", ";") for line in lines[20:])],
        "line 21: got '1 cells'",
    ),
    "stay of three months": (
        SESSIONS,
        lambda ls: [*ls, "99,cp,1,06/03/2024 10:00,09/08/2024 10:00,card,2328,3,10.5,3.7"],
        "stay_h: got '2328'; stays are in hours",
    ),
    "open quote": (SESSIONS, edit(5, "card", '"card'), "elaad.csv line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_damage_is_refused_by_name(built, name):
    file, damage, match = REFUSED[name]
    with pytest.raises(InvalidInputError, match=f"(?s){match}"):
        built(file, damage)


def drop_line(line: int) -> Callable[[Lines], Lines]:
    return lambda lines: [*lines[:line], *lines[line + 1 :]]


COUNTED = {
    "byte order mark": (PRICES, lambda ls: b"\xef\xbb\xbf" + "\n".join(ls).encode(), {}),
    "two byte order marks": (SESSIONS, lambda ls: b"\xef\xbb\xbf" * 2 + "\n".join(ls).encode(), {}),
    "lines that end as on old Macs": (SESSIONS, lambda lines: "\r".join(lines).encode(), {}),
    "departure at arrival": (
        SESSIONS,
        edit(1, "06/03/2024 02:30,card,2,2", "06/03/2024 00:30,card,0,0"),
        {"stay_not_positive": 1},
    ),
    "columns in another order": (
        SESSIONS,
        lambda lines: [",".join(reversed(line.split(","))) for line in lines],
        {},
    ),
    "lines with carriage returns and blanks at the end": (
        PRICES,
        lambda lines: "\r\n".join(lines) + "\r\n\r\n\r\n",
        {},
    ),
    "lines out of order": (IMBALANCE, lambda ls: [ls[0], *reversed(ls[1:])], {}),
    "repeated rows": (PRICES, lambda ls: [*ls, *ls[5:8]], {"repeats_another_row": 3}),
    "price not known": (PRICES, edit(7, "46.0", "n/e"), {"no_price": 1}),
    "price is a dash": (PRICES, edit(7, "46.0", "-"), {"no_price": 1}),
    "quarter without surplus": (IMBALANCE, edit(7, "37.0,1,", ",1,"), {"no_price": 1}),
    "quarter without state": (IMBALANCE, edit(7, "37.0,1,", "37.0,,"), {"no_regulation_state": 1}),
    "hour missing": (PRICES, drop_line(7), {}),
    "quarter missing": (IMBALANCE, drop_line(7), {}),
    "session twice": (SESSIONS, lambda lines: [*lines, lines[4]], {"repeated_id": 1}),
    "departure before arrival": (
        SESSIONS,
        edit(1, "06/03/2024 02:30", "06/01/2024 02:30"),
        {"stop_before_start": 1},
    ),
    "stay not known": (SESSIONS, edit(1, "card,2,", "card,,"), {"no_stay": 1}),
    "energy not known": (SESSIONS, edit(1, "7,3.7", ",3.7"), {}),
    "negative energy": (SESSIONS, edit(1, "7,3.7", "-7,3.7"), {"negative_charge": 1}),
}


@pytest.mark.parametrize("name", COUNTED)
def test_damage_is_counted_and_the_rest_stays_as_it_was(built, good, name):
    file, damage, dropped = COUNTED[name]
    world = built(file, damage)
    sources = {one.file: one for one in world.provenance.sources}
    assert sources[file].dropped == dropped
    left_out = sum(dropped.values()) if file == SESSIONS and "repeated_id" not in dropped else 0
    assert len(world.scenario.sessions) == len(good.scenario.sessions) - left_out
    filled = sum(n for what, n in world.provenance.counts.items() if "filled" in what)
    for column in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        now, before = getattr(world.scenario, column), getattr(good.scenario, column)
        assert np.sum(now != before) <= filled
    assert (filled > 0) == (name in {
        "price not known", "price is a dash", "quarter without surplus", "quarter without state",
        "hour missing", "quarter missing",
    })  # fmt: skip


def test_the_good_files_make_the_world_they_state(good):
    scenario = good.scenario
    assert (scenario.n_steps, scenario.timezone) == (24 * DAYS, samples.ZONE)
    np.testing.assert_allclose(scenario.da_eur_per_kwh[:24], 0.040 + 0.001 * np.arange(24))
    quarters = 0.030 + 0.001 * np.arange(1, 97).reshape(24, 4)
    quarters[9, 3] += 0.050
    np.testing.assert_allclose(scenario.im_short_eur_per_kwh[:24], quarters.mean(axis=1))
    quarters[9, 3] -= 0.070
    np.testing.assert_allclose(scenario.im_long_eur_per_kwh[:24], quarters.mean(axis=1))
    rows = samples.elaad_rows(FIRST)
    np.testing.assert_array_equal(scenario.sessions.arrival_step, np.floor(5 * np.arange(40) + 0.5))
    stays = scenario.sessions.departure_step - scenario.sessions.arrival_step
    np.testing.assert_array_equal(stays, np.minimum(rows["stay_h"], 216 - 5 * np.arange(40)))
    need_kwh = (0.97 - scenario.sessions.arrival_soc) * 80
    np.testing.assert_allclose(need_kwh, 0.98 * rows["kwh"])


XML = {
    "cut off": (lambda text: text[:500], "give a complete XML file"),
    "document type": (lambda text: text.replace("<mRID>x", '<!ENTITY a "b"><mRID>x'), "DOCTYPE"),
    "another document": (lambda text: text.replace("<type>A44", "<type>A65"), "type A44"),
    "pounds": (lambda text: text.replace(">EUR<", ">GBP<"), "unit: got 'GBP/MWH'"),
    "per kWh": (lambda text: text.replace(">MWH<", ">KWH<"), "unit: got 'EUR/KWH'"),
    "position beyond the period": (
        lambda text: text.replace("<position>216<", "<position>217<"),
        "position: got '217'; use 1 to 216",
    ),
    "position twice": (
        lambda text: text.replace("<position>9<", "<position>8<"),
        "position: got .*count up",
    ),
    "period of half an hour more": (lambda text: text.replace("00Z</end>", "30Z</end>"), "whole"),
    "unknown resolution": (lambda text: text.replace("PT60M", "P1D"), "resolution: got 'P1D'"),
    "unknown encoding": (
        lambda text: '<?xml version="1.0" encoding="nanUTF-8"?>' + text[text.index("<Pub") :],
        "unknown encoding",
    ),
    "unknown curve": (lambda text: text.replace(">A03<", ">A02<"), "curveType: got 'A02'"),
    "two domains": (lambda text: text.replace("10YNL", "10YBE", 1), "prices have one domain"),
    "no unit": (lambda text: text.replace("currency_Unit.name", "x"), "must hold currency_Unit"),
    "price missing": (lambda text: text.replace("price.amount", "x"), "must hold price.amount"),
    "comma": (lambda text: text.replace("44.00", "44,00"), "got '44,00'"),
    "refusal of the platform": (
        lambda _: (
            "<Acknowledgement_MarketDocument><Reason><text>No data</text></Reason>"
            "</Acknowledgement_MarketDocument>"
        ),
        "got 'No data'",
    ),
    "both resolutions at once": (
        lambda text: text.replace(
            "</Publication", samples.entsoe_xml(FIRST, 2, 15) + "</Publication"
        ),
        "resolution: got 'PT15M, PT60M at .*choose one",
    ),
}


@pytest.mark.parametrize("name", XML)
def test_damaged_xml_is_refused_by_name(built, name):
    damage, match = XML[name]
    text = samples.document(samples.entsoe_xml(FIRST, DAYS))
    with pytest.raises(InvalidInputError, match=f"(?s){match}"):
        built(PRICES, lambda _: damage(text), "entsoe.xml")


def test_the_resolution_asked_for_is_used(tmp_path):
    (folder_of_good_files(tmp_path) / PRICES).unlink()
    both = samples.document(samples.entsoe_xml(FIRST, DAYS), samples.entsoe_xml(FIRST, 2, 15))
    samples.write(tmp_path / "entsoe.xml", both)
    world = build_world(tmp_path, READ, WorldOptions(resolution="PT60M"))
    assert world.provenance.counts["day-ahead: rows of another resolution left aside"] == 192
    np.testing.assert_allclose(world.scenario.da_eur_per_kwh, 0.040 + 0.001 * np.arange(216))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('{"_items": [{"connectionTime"', "give a complete JSON file"),
        ('{"items": ["connectionTime"]}', "no sessions"),
        ('{"_items": []}', "sessions: got None; add a file of sessions"),
    ],
)
def test_damaged_json_is_refused(built, text, match):
    with pytest.raises(InvalidInputError, match=match):
        built(SESSIONS, lambda _: text, "acn.json")


@pytest.mark.parametrize("option", ["elaad_clock", "elaad_dates"])
def test_what_a_file_does_not_say_is_asked_for(tmp_path, option):
    options = READ.model_copy(update={option: None})
    with pytest.raises(InvalidInputError, match=f"{option}: got None; the file does not say"):
        build_world(folder_of_good_files(tmp_path), options)
