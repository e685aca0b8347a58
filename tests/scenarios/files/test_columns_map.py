"""A map of columns: what may stand in it, and how a slip is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_load import read_columns_map
from vpp_gym.scenarios.files.columns_map import ColumnsMap
from vpp_gym.scenarios.files.columns_units import eur_per_mwh_factor
from vpp_gym.scenarios.files.options import ReadOptions

GOOD = """\
eur_per_unit: {GBP: 1.17}
tables:
  - files: prices_*.csv
    zone: Europe/London
    time: {start: Begin, clock: utc}
    resolution: PT30M
    prices:
      day_ahead: {column: Price, unit: GBP/MWh}
"""
SESSIONS = """\
tables:
  - files: [a.csv, b.csv]
    separator: tab
    missing: "?"
    zone: Europe/Oslo
    time: {start: [Day, Clock], end: Out, format: "%d.%m.%Y %H:%M", clock: Europe/Oslo,
           repeated_hour: first}
    sessions: {id: No, energy: {column: kWh, unit: kWh}}
"""


@pytest.fixture
def read(tmp_path: Path):
    def read(text: str | bytes):
        path = tmp_path / "map.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_columns_map(path)

    return read


def refused(read, text: str | bytes) -> str:
    with pytest.raises(InvalidInputError) as caught:
        read(text)
    assert caught.value.remedy
    return str(caught.value)


def test_a_map_is_read_and_survives_json(read):
    stated = read(GOOD)
    (table,) = stated.map.tables
    assert table.matches("prices_1.csv")
    assert not table.matches("Prices_1.csv")
    assert stated.map.eur_per_unit == {"GBP": 1.17}
    options = ReadOptions(columns=stated)
    assert ReadOptions.model_validate_json(options.model_dump_json()) == options


def test_words_stand_for_lists_and_marks(read):
    (table,) = read(SESSIONS).map.tables
    assert table.files == ("a.csv", "b.csv")
    assert table.separator == "\t"
    assert table.missing == ("?",)
    assert table.time.start == ("Day", "Clock")


def test_text_is_never_taken_for_something_else(read):
    (table,) = read(
        GOOD.replace("resolution", "keep: {Zone: [NO, 1.10, 2024-01-01, null]}\n    resolution")
    ).map.tables
    assert table.keep == {"Zone": ("NO", "1.10", "2024-01-01", "null")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            GOOD.replace("resolution", "resolutoin"),
            "tables[0].resolutoin: got 'PT30M'; did you mean resolution? ",
        ),
        (
            GOOD.replace("column:", "colum:"),
            "tables[0].prices.day_ahead.colum: got 'Price'; did you mean column? ",
        ),
        (GOOD.replace("clock:", "Clock:"), "tables[0].time.Clock: got 'utc'; did you mean clock? "),
        (GOOD.replace("tables:", "table:"), "table: got"),
        (
            GOOD.replace("GBP/MWh", "£/MWh"),
            "tables[0].prices.day_ahead.unit: got '£/MWh'; write currency and energy",
        ),
        (GOOD.replace("GBP/MWh", "ct/kWh"), "ct is a hundredth of a currency: add currency"),
        (
            GOOD.replace("eur_per_unit: {GBP: 1.17}\n", ""),
            "tables[0] has GBP: state its rate, eur_per_unit: {GBP: ...}",
        ),
        (GOOD.replace("1.17", "0"), "eur_per_unit.GBP: got '0'"),
        (GOOD.replace("1.17", "nan"), "eur_per_unit.GBP: got 'nan'"),
        (
            GOOD.replace("Europe/London", "Europe/Londn"),
            "tables[0].zone: got 'Europe/Londn'; give an IANA name",
        ),
        (GOOD.replace("clock: utc", "clock: UCT+1"), "tables[0].time.clock: got 'UCT+1'"),
        (
            GOOD.replace("    resolution: PT30M\n", ""),
            "state the resolution: PT60M, PT30M, PT15M or PT5M",
        ),
        (GOOD.replace("PT30M", "PT10M"), "tables[0].resolution: got 'PT10M'"),
        (GOOD.replace("prices_*.csv", "../prices.csv"), "tables[0].files[0]: got '../prices.csv'"),
        (GOOD.replace("day_ahead", "short"), "give both short and long, or one imbalance price"),
        (GOOD.replace("start: Begin", "date: Day"), "give date and period together"),
        (GOOD.replace("start: Begin", "date: Day, period: No"), "give their zone as clock"),
        (GOOD.replace("start: Begin, ", ""), "give start, end, or both; or date and period"),
        (GOOD.replace("clock: utc", "clock: utc, format: '%Q'"), "tables[0].time.format: got '%Q'"),
        (GOOD.replace("clock: utc", "clock: utc, format: '%d%d.%m'"), "got '%d%d.%m'; use iso"),
        (
            GOOD.replace("resolution", "decimal: ','\n    thousands: ','\n    resolution"),
            "are the same mark",
        ),
        (SESSIONS.replace(",\n           repeated_hour: first", ""), "state time.repeated_hour"),
        (SESSIONS.replace("end: Out, ", ""), "give time.end or sessions.duration"),
        (SESSIONS.replace("id: No, ", ""), "give id, or charge_point"),
        (SESSIONS.replace("unit: kWh", "unit: MJ"), "tables[0].sessions.energy.unit: got 'MJ'"),
        ("tables: []", "tables: got []"),
        ("just text", "give keys: tables, eur_per_unit"),
        ("", "an empty file"),
    ],
)  # fmt: skip
def test_a_slip_is_named_by_its_key(read, text, said):
    assert said in refused(read, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [x, x]\nb: *a\n", "line 1: got 'an anchor or alias'"),
        ("a: !!python/object/apply:os.system [ls]", "the tag tag:yaml.org,2002:python/object"),
        ("[" * 50_000, "nested deeper than 10"),
        ("- x\n" * 20_000, "more than 10000 values"),
        ("a: " + "x" * 200_000, "a map has at most 100000"),
        (GOOD + "---\na: 1\n", "a second document"),
        (GOOD + "    resolution: PT60M\n", "line 9, resolution: got 'stated twice'"),
        ("? [a, b]\n: c\n", "keys are text"),
        ("a: b: c", "line 1: got 'mapping values are not allowed here'"),
        ("a: \x00", "zero bytes"),
        (b"\xff\xfe\x00", "byte 0xff"),
    ],
)  # fmt: skip
def test_what_is_no_plain_yaml_is_refused(read, text, said):
    assert said in refused(read, text)


def test_json_is_a_map_as_well(read):
    document = read(GOOD).map.model_dump(mode="json", exclude_defaults=True)
    assert read(json.dumps(document)).map == read(GOOD).map


def test_units_as_factors():
    rates = {"GBP": 1.2}
    assert eur_per_mwh_factor("EUR/MWh", "EUR", {}, field="a") == 1.0
    assert eur_per_mwh_factor("ct/kWh", "EUR", {}, field="a") == pytest.approx(10.0)
    assert eur_per_mwh_factor("ct/kWh", "GBP", rates, field="a") == pytest.approx(12.0)
    assert eur_per_mwh_factor("GBP/kWh", "GBP", rates, field="a") == pytest.approx(1200.0)
    with pytest.raises(InvalidInputError, match=r"eur_per_unit: \{DKK"):
        eur_per_mwh_factor("DKK/MWh", "DKK", rates, field="a")


def test_the_schema_describes_every_key():
    schema = ColumnsMap.model_json_schema()
    files = schema["$defs"]["Table"]["properties"]["files"]
    assert {one["type"] for one in files["anyOf"]} == {"string", "array"}
    for model in (schema, *schema["$defs"].values()):
        assert model["additionalProperties"] is False
        assert all("description" in key for key in model["properties"].values())
