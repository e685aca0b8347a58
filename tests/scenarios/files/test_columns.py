"""Tables read as a map of columns states: times, units, marks, rows; nothing is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.demand import Car
from vpp_gym.scenarios.files.columns_map import ColumnsMap, StatedColumns
from vpp_gym.scenarios.files.folder import files_of
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.grid import Span
from vpp_gym.scenarios.session_demand import sessions_on_steps

BERLIN = "Europe/Berlin"
PRICES = {"day_ahead": {"column": "P", "unit": "EUR/MWh"}}
ENERGY = {"column": "kWh", "unit": "kWh"}


@pytest.fixture
def found(tmp_path: Path):
    """Reads one file under one entry of a map."""

    def found(content: list[str] | str | bytes, table: dict[str, Any], **more: Any):
        path = tmp_path / more.pop("name", "a.csv")
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            samples.write(path, content)
        entry = {"files": path.name, "zone": BERLIN, **table}
        columns = ColumnsMap.model_validate({"tables": [entry], **more})
        stated = StatedColumns(file="map.yaml", sha256="0" * 64, map=columns)
        (one,) = files_of(tmp_path, ReadOptions(columns=stated, trust_unit=True))
        if one.error is not None:
            raise one.error
        assert one.kind is not None
        return one.rows

    return found


def prices(time: dict[str, Any], resolution: str | None = "PT60M", **more: Any) -> dict[str, Any]:
    stated = {} if resolution is None else {"resolution": resolution}
    return {"time": time, "prices": PRICES, **stated, **more}


def lines(first: str, times: list[str], start: int = 40) -> list[str]:
    return [first, *(f"{time},{start + i}" for i, time in enumerate(times))]


def hours(
    day: str, clock: str = BERLIN, form: str = "%Y-%m-%d %H:%M", minutes: int = 60
) -> list[str]:
    """Times of a local day as the clock shows them."""
    begin = pd.Timestamp(day, tz=BERLIN)
    end = (pd.Timestamp(day) + pd.Timedelta(days=1)).tz_localize(BERLIN)
    at = pd.date_range(begin, end, freq=f"{minutes}min", inclusive="left")
    return list(at.tz_convert(clock).strftime(form))


# Times


@pytest.mark.parametrize("day", ["2024-03-31", "2024-06-03", "2024-10-27"])
@pytest.mark.parametrize(
    ("clock", "form", "stated"),
    [
        (BERLIN, "%d.%m.%Y %H:%M", {"clock": BERLIN, "format": "%d.%m.%Y %H:%M"}),
        (BERLIN, "%Y-%m-%dT%H:%M:%S", {"clock": BERLIN}),
        ("UTC", "%Y-%m-%dT%H:%M:%SZ", {"clock": "utc"}),
        ("UTC", "%Y-%m-%d %H:%M", {"clock": "utc"}),
        (BERLIN, "%Y-%m-%dT%H:%M:%S%z", {"clock": "stated"}),
        (BERLIN, "%m/%d/%Y %H:%M %z", {"clock": "stated", "format": "%m/%d/%Y %H:%M %z"}),
        ("Etc/GMT-1", "%Y-%m-%d %H:%M", {"clock": "Etc/GMT-1"}),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_every_clock_gives_the_same_moments(found, day, clock, form, stated, backwards):
    times = hours(day, clock, form)
    content = lines("T,P", times)
    content = [content[0], *content[:0:-1]] if backwards else content
    rows = found(content, prices({"start": "T", **stated})).rows
    begin = pd.Timestamp(day, tz=BERLIN).tz_convert("UTC")
    expected = pd.date_range(begin, periods=len(times), freq="h")
    assert list(rows["start"]) == list(expected)
    np.testing.assert_allclose(rows["da_eur_per_kwh"], (40 + np.arange(len(times))) / 1000)


@pytest.mark.parametrize("day", ["2024-03-31", "2024-06-03", "2024-10-27"])
@pytest.mark.parametrize(("resolution", "minutes"), [("PT60M", 60), ("PT30M", 30), ("PT15M", 15)])
@pytest.mark.parametrize("first", [0, 1])
def test_periods_are_counted_from_local_midnight(found, day, resolution, minutes, first):
    n = len(hours(day, minutes=minutes))
    content = ["D,N,P", *(f"{day},{i + first},{40 + i}" for i in range(n))]
    time = {"date": "D", "period": "N", "first_period": first, "clock": BERLIN}
    rows = found(content, prices(time, resolution)).rows
    begin = pd.Timestamp(day, tz=BERLIN).tz_convert("UTC")
    assert list(rows["start"]) == list(pd.date_range(begin, periods=n, freq=f"{minutes}min"))
    with pytest.raises(
        InvalidInputError,
        match=f"period {n + first} of {day}.*fewer periods|got '{n + first}'; use",
    ):
        found([*content, f"{day},{n + first},1"], prices(time, resolution))


def test_an_end_alone_names_the_row_before_it(found):
    times = hours("2024-06-03")[1:]
    rows = found(lines("E,P", times), prices({"end": "E", "clock": BERLIN})).rows
    assert rows["start"].iloc[0] == pd.Timestamp("2024-06-02 22:00", tz="UTC")


def test_start_and_end_give_the_length_of_each_row(found):
    times = [*hours("2024-06-03", minutes=15)[:8], *hours("2024-06-03")[2:]]
    ends = [*times[1:], "2024-06-04 00:00"]
    content = ["S,E,P", *(f"{a},{b},50" for a, b in zip(times, ends, strict=True))]
    table = prices({"start": "S", "end": "E", "clock": BERLIN}, resolution=None)
    assert found(content, table).rows["dt_h"].value_counts().to_dict() == {1.0: 22, 0.25: 8}
    with pytest.raises(InvalidInputError, match=r"a row of 0.25 h.*PT60M"):
        found(content, {**table, "resolution": "PT60M"})


def test_date_and_clock_time_may_stand_in_two_columns(found):
    content = ["D;H;P", *(f"03.06.2024;{h:02d}:00;50" for h in range(24))]
    time = {"start": ["D", "H"], "clock": BERLIN, "format": "%d.%m.%Y %H:%M"}
    assert len(found(content, prices(time, separator=";")).rows) == 24


@pytest.mark.parametrize(
    ("times", "time", "said"),
    [
        (["2024-06-03 00:00"], {"clock": "stated"}, "with its offset"),
        (["2024-06-03T00:00+02:00"], {"clock": BERLIN}, "without offset"),
        (["2024-06-03T00:00+02:00"], {"clock": "utc"}, "clock utc"),
        (["03.06.2024 00:00"], {"clock": BERLIN}, "the map states iso"),
        (["2024-06-03 00:00"], {"clock": BERLIN, "format": "%d.%m.%Y"}, r"states %d.%m.%Y"),
        (["2024-03-31 02:30"], {"clock": BERLIN}, "skips this time"),
        (["2024-06-03 24:00"], {"clock": BERLIN}, "the map states iso"),
        (["2024-06-03 00:00"], {"clock": BERLIN, "format": "%Y-%m-%d %H:%M %z"}, "use %z with"),
        ([""], {"clock": "utc"}, "the map states iso"),
    ],
)
def test_another_clock_than_stated_is_refused(found, times, time, said):
    with pytest.raises(InvalidInputError, match=said):
        found(lines("T,P", [*times, *times]), prices({"start": "T", **time}))


def test_one_of_two_repeated_hours_is_dropped_and_counted(found):
    times = hours("2024-10-27")
    del times[3]
    report = found(lines("T,P", times), prices({"start": "T", "clock": BERLIN})).report
    assert report.dropped == {"which_of_two_hours_unknown": 1}
    every = prices({"start": "T", "clock": BERLIN, "repeated_hour": "drop"})
    report = found(lines("T,P", hours("2024-10-27")), every).report
    assert report.dropped == {"which_of_two_hours_unknown": 2}


def test_repeated_hours_out_of_order_are_refused(found):
    times = hours("2024-10-27", minutes=15)
    again = times.index("2024-10-27 02:00") + 4
    mixed = [*times[: again - 4]]
    for i in range(4):
        mixed += [times[again - 4 + i], times[again + i]]
    mixed += times[again + 4 :]
    with pytest.raises(InvalidInputError, match="must follow in time"):
        found(lines("T,P", mixed), prices({"start": "T", "clock": BERLIN}, "PT15M"))


def test_rows_closer_than_the_stated_resolution_are_refused(found):
    times = hours("2024-06-03", minutes=15)
    with pytest.raises(InvalidInputError, match=r"rows 0.25 h apart.*each is 1 h long"):
        found(lines("T,P", times), prices({"start": "T", "clock": BERLIN}))


# Numbers


@pytest.mark.parametrize(
    ("unit", "more", "rates", "eur_per_kwh"),
    [
        ("EUR/MWh", {}, {}, 0.05),
        ("EUR/kWh", {}, {}, 50.0 * 0.001),
        ("ct/kWh", {"currency": "EUR"}, {}, 0.05),
        ("GBP/MWh", {}, {"GBP": 1.2}, 0.06),
        ("ct/kWh", {"currency": "USD"}, {"USD": 0.9}, 0.045),
        ("SEK/kWh", {}, {"SEK": 1.0}, 0.05),
    ],
)
def test_units_and_currencies(found, unit, more, rates, eur_per_kwh):
    value = {"EUR/kWh": 0.05, "SEK/kWh": 0.05, "ct/kWh": 5}.get(unit, 50)
    place = {"day_ahead": {"column": "P", "unit": unit, **more}}
    table = {**prices({"start": "T", "clock": "utc"}), "prices": place}
    one = found(
        ["T,P", *(f"{t},{value}" for t in hours("2024-06-03", "UTC"))], table, eur_per_unit=rates
    )
    np.testing.assert_allclose(one.rows["da_eur_per_kwh"], eur_per_kwh)
    assert one.report.changed == {f"{unit} to EUR/kWh": 24}
    assert one.report.facts["unit"] == unit
    for money, rate in rates.items():
        assert one.report.facts[f"EUR for one {money}"] == rate


def test_marks_of_numbers(found):
    cells = ["1.234,5", "-12,25", "0,00", "-1.000.000,0", "N.A.", "k.A.", "-", ""]
    content = ["T;P", *(f"2024-06-03 {i:02d}:00;{cells[i % 8]}" for i in range(8))]
    content += [f"2024-06-{3 + i // 24:02d} {i % 24:02d}:00;7" for i in range(8, 80)]
    table = prices(
        {"start": "T", "clock": "utc"},
        separator=";", decimal=",", thousands=".", missing=["N.A.", "k.A."],
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="20 EUR/kWh"):
        found(content, table)
    one = found([line.replace("-1.000.000,0", "-1.000,0") for line in content], table)
    assert list(one.rows["da_eur_per_kwh"][:4]) == [1.2345, -0.01225, 0.0, -1.0]
    assert one.report.dropped == {"no_price": 4}


@pytest.mark.parametrize("cell", ["12.34", "1.23,4", "1234.567,0", "1.2345"])
def test_a_mark_for_thousands_elsewhere_is_refused(found, cell):
    table = prices({"start": "T", "clock": "utc"}, separator=";", decimal=",", thousands=".")
    with pytest.raises(InvalidInputError, match="groups of three digits"):
        found(["T;P", f"2024-06-03 00:00;{cell}", "2024-06-03 01:00;1"], table)


def test_the_sign_can_be_reversed(found):
    place = {"short": {"column": "S", "unit": "EUR/MWh", "sign": "reversed"}}
    place["long"] = {"column": "L", "unit": "EUR/MWh"}
    content = ["T,S,L", *(f"{t},-60,50" for t in hours("2024-06-03", "UTC"))]
    table = {**prices({"start": "T", "clock": "utc"}), "prices": place}
    one = found(content, table)
    assert (one.rows["im_short_eur_per_kwh"] == 0.06).all()
    assert one.report.facts["sign of im_short_eur_per_kwh"] == "reversed"


# Rows


LONG = {
    "short": {"column": "P", "unit": "EUR/MWh", "where": {"Dir": "short"}},
    "long": {"column": "P", "unit": "EUR/MWh", "where": {"Dir": ["long", "surplus"]}},
}


def test_prices_below_one_another(found):
    content = ["T,Dir,P"]
    for i, time in enumerate(hours("2024-10-27", minutes=15)):
        content += [f"{time},short,{60 + i}", f"{time},{'long' if i % 2 else 'surplus'},{50 + i}"]
    table = {**prices({"start": "T", "clock": BERLIN}, "PT15M"), "prices": LONG}
    one = found(content, table)
    assert len(one.rows) == one.report.kept == 100
    np.testing.assert_allclose(one.rows["im_short_eur_per_kwh"], (60 + np.arange(100)) / 1000)
    np.testing.assert_allclose(one.rows["im_long_eur_per_kwh"], (50 + np.arange(100)) / 1000)
    with pytest.raises(InvalidInputError, match="two rows give this time different prices"):
        found([*content, "2024-10-27 05:00,short,1"], table)
    with pytest.raises(InvalidInputError, match="Dir: got 'short'"):
        found([line for line in content if "short" not in line], table)


def test_rows_are_kept_by_their_values_and_the_others_counted(found):
    content = ["T,Zone,Run,P"]
    for zone in ("DK1", "DK2"):
        content += [
            f"{t},{zone},{run},5{run}" for run in (1, 2) for t in hours("2024-06-03", "UTC")
        ]
    table = prices({"start": "T", "clock": "utc"}, keep={"Zone": "DK1", "Run": "2"})
    one = found(content, table)
    assert (one.rows["da_eur_per_kwh"] == 0.052).all()
    assert one.report.facts["lines left aside by keep"] == 72
    assert one.report.rows == 24
    table["keep"] = {"Zone": "DK3"}
    with pytest.raises(InvalidInputError, match="Zone: got 'DK3'; did you mean DK2"):
        found(content, table)


def test_repeating_is_allowed_or_refused(found):
    content = ["T,P", *(f"{t},5{i % 10}" for i, t in enumerate(hours("2024-06-03", minutes=30)))]
    table = prices({"start": "T", "clock": BERLIN}, "PT30M")
    assert (found(content, table).rows["dt_h"] == 0.5).all()
    one = found(content, {**table, "repeat": "allowed"})
    assert (one.rows["dt_h"] == 0.25).all()
    assert one.rows["start"].diff().dropna().eq(pd.Timedelta(minutes=15)).all()
    assert list(one.rows["da_eur_per_kwh"][:4]) == [0.05, 0.05, 0.051, 0.051]
    assert one.report.changed["rows of an hour or half an hour repeated in their quarters"] == 48
    assert one.report.kept == 48


# Forms


def test_titles_units_sums_and_other_encodings(found):
    body = [f"{t};50" for t in hours("2024-06-03", "UTC")]
    text = "\n".join(
        ["Preise für Größen", "", "Zeit;Preis ø", "UTC;€/MWh", *body, "Summe;1200", ""]
    )
    place = {"day_ahead": {"column": "Preis ø", "unit": "EUR/MWh"}}
    table = {
        **prices({"start": "Zeit", "clock": "utc"}), "prices": place, "separator": ";",
        "encoding": "utf-16", "header_line": 3, "skip_after_header": 1, "skip_last": 1,
    }  # fmt: skip
    assert len(found(text.encode("utf-16"), table).rows) == 24
    with pytest.raises(InvalidInputError, match=r"a\.csv: got 'byte 0xff"):
        found(text.encode("utf-16"), {**table, "encoding": "utf-8"})


def test_names_may_be_stated_in_the_map(found):
    table = prices({"start": "T", "clock": "utc"}, header_line=0, names=["T", "P"])
    assert len(found([f"{t},50" for t in hours("2024-06-03", "UTC")], table).rows) == 24


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (["T,Prize", "2024-06-03 00:00,1"], "column: got 'P'; .*columns are T, Prize"),
        (["T,P,P", "2024-06-03 00:00,1,2"], "P stands 2 times"),
        (["T,P", "2024-06-03 00:00"], "line 2: got '1 cells'"),
        (["T,P", "2024-06-03 00:00,1,2"], "line 2: got '3 cells'"),
        (["T,P"], "0 rows"),
        (["T,P", '"2024-06-03 00:00,1'], "give a complete CSV file"),
    ],
)
def test_a_table_of_another_form_is_refused(found, content, said):
    with pytest.raises(InvalidInputError, match=said):
        found(content, prices({"start": "T", "clock": "utc"}))


def test_a_workbook(found, tmp_path):
    pytest.importorskip("openpyxl")
    times = pd.date_range("2024-06-03", periods=24, freq="h")
    pd.DataFrame({"T": times, "P": np.arange(24) + 0.5}).to_excel(tmp_path / "x.xlsx", index=False)
    content = (tmp_path / "x.xlsx").read_bytes()
    (tmp_path / "x.xlsx").unlink()
    table = prices({"start": "T", "clock": "utc"}, form="sheet")
    rows = found(content, table, name="a.xlsx").rows
    np.testing.assert_allclose(rows["da_eur_per_kwh"], (np.arange(24) + 0.5) / 1000)
    titled = pd.DataFrame(
        [["Prices", ""], ["", ""], ["T", "P"], *zip(times, range(24), strict=True)]
    )
    titled.to_excel(tmp_path / "x.xlsx", index=False, header=False)
    content = (tmp_path / "x.xlsx").read_bytes()
    (tmp_path / "x.xlsx").unlink()
    assert len(found(content, {**table, "header_line": 3}, name="a.xlsx").rows) == 24
    with pytest.raises(InvalidInputError, match="state form: sheet"):
        found(content, {**table, "form": "csv"}, name="a.xlsx")


def test_records_in_json(found):
    records = [{"T": t, "P": 50, "x": {"y": 1}} for t in hours("2024-06-03", "UTC")]
    records[3] |= {"P": None}
    table = prices({"start": "T", "clock": "utc"}, form="json", records="a.b")
    one = found(json.dumps({"a": {"b": records}}), table, name="a.json")
    assert one.report.dropped == {"no_price": 1}
    with pytest.raises(InvalidInputError, match="there is no key b"):
        found(json.dumps({"a": {"c": records}}), table, name="a.json")
    with pytest.raises(InvalidInputError, match="give a complete JSON file"):
        found("[" * 100_000, table, name="a.json")
    text = json.dumps({"a": {"b": records}}).replace("50", "9" * 5_000)
    with pytest.raises(InvalidInputError, match=r"1e\+12 at most"):
        found(text, table, name="a.json")


# Sessions


def session_table(time: dict[str, Any], **places: Any) -> dict[str, Any]:
    return {"time": time, "sessions": {"energy": ENERGY, **places}}


def test_sessions_with_duration_and_power(found):
    content = ["No,In,Stay,Charge,kWh,W", "1,2024-06-03 08:00,30:30:00,2:00:00,14,7400"]
    content += [f"{i},2024-06-0{i} 08:00,0:45:00,0:30:00,3.5,7400" for i in range(2, 9)]
    length = {"unit": "hh:mm:ss"}
    table = session_table(
        {"start": "In", "clock": "utc"},
        id="No",
        duration={"column": "Stay", **length},
        charge_time={"column": "Charge", **length},
        power={"column": "W", "unit": "W"},
    )
    rows = found(content, table).rows
    assert list(rows["stay_h"][:2]) == [30.5, 0.75]
    assert list(rows["charge_h"][:2]) == [2.0, 0.5]
    assert (rows["max_kw"] == 7.4).all()
    with pytest.raises(InvalidInputError, match="durations read hours:minutes:seconds"):
        found([line.replace("0:45:00", "45 min") for line in content], table)


def test_sessions_may_state_the_battery_of_the_car(found):
    content = ["No,In,Out,kWh,Wh"]
    content += [f"{i},2024-06-{i} 08:00,2024-06-{i} 12:00,5,52000" for i in range(10, 20)]
    content[3] = content[3].removesuffix("52000")
    content[4] = content[4].removesuffix("52000") + "0"
    table = session_table(
        {"start": "In", "end": "Out", "clock": "utc"},
        id="No",
        battery={"column": "Wh", "unit": "Wh"},
    )
    rows = found(content, table).rows
    assert rows["battery_kwh"].isna().tolist() == [False, False, True, True, *[False] * 6]
    assert (rows["battery_kwh"].dropna() == 52.0).all()
    span = Span(pd.Timestamp("2024-06-10"), pd.Timestamp("2024-06-19"), None)
    local = rows.assign(start=rows["start"].dt.tz_localize(None))
    rule = {"dt_h": 1.0, "demand": "metered", "car_power": "charger"}
    table, _ = sessions_on_steps(local, span, car=Car(capacity_kwh=70.0), **rule)
    assert table["capacity_kwh"].tolist() == [52.0, 52.0, 70.0, 70.0, *[52.0] * 6]
    needed = (table["target_soc"] - table["arrival_soc"]) * table["capacity_kwh"]
    np.testing.assert_allclose(needed, 5 * 0.98)
    with pytest.raises(InvalidInputError, match="batteries are in kWh, not Wh"):
        found(
            [line.replace(",52000", ",52000000") for line in content],
            session_table(
                {"start": "In", "end": "Out", "clock": "utc"},
                id="No",
                battery={"column": "Wh", "unit": "Wh"},
            ),
        )


@pytest.mark.parametrize(
    ("rule", "start", "stay"),
    [("first", "2024-10-27 00:30", 3.0), ("second", "2024-10-27 01:30", 2.0), ("drop", None, None)],
)
def test_the_repeated_hour_of_sessions_is_decided(found, rule, start, stay):
    content = ["No,In,Out,kWh", "0,2024-10-27 02:30,2024-10-27 04:30,5"]
    content += [f"{i},2024-10-{i} 08:00,2024-10-{i} 10:00,5" for i in range(10, 25)]
    time = {"start": "In", "end": "Out", "clock": BERLIN, "repeated_hour": rule}
    one = found(content, session_table(time, id="No"))
    assert one.report.facts["starts in the repeated hour"] == 1
    if start is None:
        assert one.report.dropped == {"clock_skips_or_repeats_this_time": 1}
    else:
        assert one.rows["start"][0] == pd.Timestamp(start, tz="UTC")
        assert one.rows["stay_h"][0] == stay


def test_sessions_without_end_are_dropped_and_counted(found):
    content = ["Cp,In,Out,Wh", "a,2024-06-01T08:00Z,,3000"]
    content += [f"a,2024-06-{i:02d}T08:00Z,2024-06-{i:02d}T10:00Z,5250" for i in range(2, 20)]
    table = session_table({"start": "In", "end": "Out", "clock": "utc"}, charge_point="Cp")
    table["sessions"]["energy"] = {"column": "Wh", "unit": "Wh"}
    one = found(content, table)
    assert (one.rows["metered_kwh"] == 5.25).all()
    assert one.report.dropped == {"no_stay": 1}
    assert one.rows["id"][0] == "a 2024-06-02T08:00:00Z"


# Folders


def test_a_pattern_without_file_is_refused_by_name(tmp_path):
    samples.write(tmp_path / "prices.csv", lines("T,P", hours("2024-06-03", "UTC")))
    entry = {"files": ["prices.csv", "pricse.csv"], "zone": BERLIN}
    entry |= prices({"start": "T", "clock": "utc"})
    columns = ColumnsMap.model_validate({"tables": [entry]})
    stated = StatedColumns(file="map.yaml", sha256="0" * 64, map=columns)
    good, missing = files_of(tmp_path, ReadOptions(columns=stated))
    assert good.error is None
    assert str(missing.error).startswith("map: got 'pricse.csv'; did you mean prices.csv?")


def test_one_file_may_hold_two_markets(tmp_path):
    content = ["T,Run,P"]
    content += [f"{t},DAM,{50 + i}" for i, t in enumerate(hours("2024-06-03", "UTC"))]
    content += [f"{t},RTPD,{40 + i}" for i, t in enumerate(hours("2024-06-03", "UTC", minutes=15))]
    samples.write(tmp_path / "lmp.csv", content)
    common = {"files": "lmp.csv", "zone": BERLIN, "time": {"start": "T", "clock": "utc"}}
    place = {"column": "P", "unit": "EUR/MWh"}
    tables = [
        {**common, "keep": {"Run": "DAM"}, "resolution": "PT60M", "prices": {"day_ahead": place}},
        {**common, "keep": {"Run": "RTPD"}, "resolution": "PT15M", "prices": {"imbalance": place}},
    ]
    columns = ColumnsMap.model_validate({"tables": tables})
    stated = StatedColumns(file="map.yaml", sha256="0" * 64, map=columns)
    da, im = files_of(tmp_path, ReadOptions(columns=stated))
    assert (len(da.rows.rows), len(im.rows.rows)) == (24, 96)
    assert (da.kind.holds, im.kind.holds) == ("day-ahead", "imbalance")
