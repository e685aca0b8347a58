"""Prices that are there but odd: runs, zeros, long above short, cheap markets, decimal marks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.entsoe_csv import read_entsoe_csv
from vpp_gym.scenarios.files.entsoe_frame import day_ahead_from_series, imbalance_from_frame
from vpp_gym.scenarios.files.entsoe_xml import read_entsoe_xml
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.numbers import decimal_mark
from vpp_gym.scenarios.files.options import PriceRules, ReadOptions
from vpp_gym.scenarios.files.prepared_prices import read_prepared_quarters
from vpp_gym.scenarios.files.tennet import read_tennet_csv, read_tennet_xml

DAY = "2024-06-05"
ACCEPT = PriceRules(accept_zeros=True)
EQUAL, LONGEST = "runs of equal day-ahead prices", "longest run of equal day-ahead prices"
ZERO, LONGEST_ZERO = "runs of zero day-ahead prices", "longest run of zero day-ahead prices"


def series(prices: list[float], *, first: str = DAY, minutes: int = 60) -> pd.Series:
    at = pd.date_range(first, periods=len(prices), freq=f"{minutes}min", tz=samples.ZONE)
    return pd.Series(prices, index=at)


def facts_of(prices: list[float], *, dt_h: float = 1.0, rules: PriceRules | None = None):
    given = series(prices, minutes=round(60 * dt_h))
    return day_ahead_from_series(given, dt_h=dt_h, rules=rules).report.facts


def zeros_in_csv(first: str, days: int, zero: slice, minutes: int = 60) -> list[str]:
    lines = samples.entsoe_new(first, days, minutes)
    at = range(1, len(lines))[zero]
    for i in at:
        cells = lines[i].split(",")
        cells[3] = "0.00"
        lines[i] = ",".join(cells)
    return lines


def test_runs_of_equal_prices_are_told_with_time_and_length():
    prices = [40.0 + i for i in range(72)]
    assert facts_of(prices)[EQUAL] == 0
    assert LONGEST not in facts_of(prices)
    for n, count in ((3, 0), (4, 1), (9, 1)):
        run = [*prices[:30], *[77.5] * n, *prices[30 + n :]]
        assert facts_of(run)[EQUAL] == count
    facts = facts_of([*prices[:30], *[77.5] * 9, *prices[39:60], *[0.0] * 4, *prices[64:]])
    assert (facts[EQUAL], facts[ZERO]) == (2, 1)
    assert facts[LONGEST] == "9 h of 77.5 EUR/MWh from 2024-06-06 06:00:00"
    assert facts[LONGEST_ZERO] == "4 h of 0 EUR/MWh from 2024-06-07 12:00:00"


def test_a_gap_ends_a_run():
    at = series([50.0, 60.0, *[70.0] * 6, 50.0, 40.0])
    cut = at.drop(at.index[5])
    assert day_ahead_from_series(cut, dt_h=1.0).report.facts[EQUAL] == 0


def test_hourly_prices_written_in_quarters_are_no_runs():
    hours = np.repeat([40.0 + i for i in range(48)], 4)
    assert facts_of(list(hours), dt_h=0.25)[EQUAL] == 0
    run = hours.copy()
    run[40:60] = 155.0
    assert facts_of(list(run), dt_h=0.25)[LONGEST].startswith("5 h of 155 EUR/MWh")
    both = [*hours[:96], *(40.0 + i for i in range(96))]
    assert facts_of(both, dt_h=0.25)[EQUAL] == 0
    both[120:124] = [0.0] * 4
    assert facts_of(both, dt_h=0.25)[LONGEST_ZERO] == "1 h of 0 EUR/MWh from 2024-06-06 06:00:00"


def test_four_zero_quarters_in_the_night_of_the_clock_change_are_told(written):
    lines = zeros_in_csv("2024-10-26", 3, slice(96 + 8, 96 + 12), 15)
    facts = read_entsoe_csv(written(lines)).report.facts
    assert facts[ZERO] == 1
    assert facts[LONGEST_ZERO] == "1 h of 0 EUR/MWh from 2024-10-27 02:00:00"


def test_zeros_to_the_end_of_the_file_are_refused_unless_accepted(written):
    path = written(zeros_in_csv(DAY, 7, slice(-48, None)))
    message = r"day-ahead prices: got '48 h of 0 EUR/MWh from 2024-06-10 00:00:00'; .*accept_zeros"
    with pytest.raises(InvalidInputError, match=message):
        read_entsoe_csv(path)
    assert len(read_entsoe_csv(path, rules=ACCEPT).rows) == 168
    for zero in (slice(-22, None), slice(48, 96), slice(0, 30)):
        assert read_entsoe_csv(written(zeros_in_csv(DAY, 7, zero))).report.facts[ZERO] == 1


def test_zeros_to_the_end_are_seen_on_a_day_of_23_hours_and_in_quarters(written):
    for lines in (
        zeros_in_csv("2024-03-30", 2, slice(24, None)),
        zeros_in_csv("2024-03-30", 2, slice(96, None), 15),
    ):
        with pytest.raises(InvalidInputError, match="23 h of 0 EUR/MWh from 2024-03-31 00:00:00"):
            read_entsoe_csv(written(lines))


def test_zeros_to_the_end_are_seen_in_every_form(written):
    given = {i: 40.0 + i if i <= 24 else 0.0 for i in range(1, 49)}
    with pytest.raises(InvalidInputError, match="24 h of 0"):
        read_entsoe_xml(written(samples.document(samples.entsoe_xml(DAY, 2, prices=given))))
    with pytest.raises(InvalidInputError, match="24 h of 0"):
        day_ahead_from_series(series([50.0] * 24 + [-0.0] * 24), dt_h=1.0)
    tennet = [line.split(",") for line in samples.tennet_new(DAY, 2)]
    zeros = [",".join((*c[:9], "0", "0", *c[11:])) for c in tennet[97:]]
    lines = [",".join(c) for c in tennet[:97]] + zeros
    with pytest.raises(InvalidInputError, match="imbalance prices: got '24 h of 0"):
        read_tennet_csv(written(lines), dates="year-first")
    xml = samples.tennet_xml(DAY) + samples.tennet_xml("2024-06-06")
    xml = xml.replace('</ImbalancePrice><ImbalancePrice xmlns="">', "")
    head, tail = xml.split("<DATE>2024-06-06", 1)
    for name in ("TAKE_FROM_SYSTEM", "FEED_INTO_SYSTEM"):
        tail = pd.Series([tail]).str.replace(f"<{name}>[^<]*<", f"<{name}>0<", regex=True)[0]
    with pytest.raises(InvalidInputError, match="imbalance prices: got '24 h of 0"):
        read_tennet_xml(written(head + "<DATE>2024-06-06" + tail))
    at = pd.date_range(DAY, periods=192, freq="15min")
    rows = [f"{t},{0 if i >= 96 else 40 + i},{30 + i}" for i, t in enumerate(at)]
    with pytest.raises(InvalidInputError, match="day-ahead prices: got '24 h of 0"):
        read_prepared_quarters(written(["date,price_da,price_imbalance", *rows]))


def test_equal_quarters_of_imbalance_are_told_from_nine_on(written):
    def facts(n):
        frame = pd.DataFrame({"Long": np.arange(30.0, 126.0)}, index=samples.moments(DAY, 1, 15))
        frame.iloc[20 : 20 + n] = 55.0
        return imbalance_from_frame(frame.assign(Short=frame["Long"])).report.facts

    name = "runs of equal imbalance prices"
    assert (facts(8)[name], facts(9)[name]) == (0, 1)


def crossed(negative: bool = False) -> pd.DataFrame:
    at = samples.moments(DAY, 1, 15)
    frame = pd.DataFrame({"Long": 60.0 + np.arange(96), "Short": 80.0 + np.arange(96)}, index=at)
    frame.iloc[7] = [-90.0, -110.0] if negative else [95.0, 70.0]
    return frame


@pytest.mark.parametrize(
    ("rule", "short", "long"), [("swap", -90, -110), ("short", -110, -110), ("long", -90, -90)]
)
def test_long_above_short_is_decided_by_rule_and_counted(rule, short, long):
    with pytest.raises(InvalidInputError, match=r"1 of 96 rows, 1 of them with negative prices"):
        imbalance_from_frame(crossed(negative=True))
    prices = imbalance_from_frame(crossed(negative=True), rules=PriceRules(long_above_short=rule))
    assert prices.rows["im_short_eur_per_kwh"][7] == pytest.approx(short / 1000)
    assert prices.rows["im_long_eur_per_kwh"][7] == pytest.approx(long / 1000)
    (counted,) = (n for what, n in prices.report.changed.items() if "long above short" in what)
    assert counted == 1
    others = prices.rows.drop(index=7)
    expected = crossed().drop(index=crossed().index[7])["Short"] / 1000
    np.testing.assert_allclose(others["im_short_eur_per_kwh"], expected)


def test_one_row_of_tennet_with_long_above_short(written):
    lines = samples.tennet_new(DAY)
    lines[9] = lines[9].replace(",39.0,39.0,1,", ",39.0,49.0,1,")
    with pytest.raises(InvalidInputError, match=r"were the two swapped\? 1 of 96 rows, 0 of them"):
        read_tennet_csv(written(lines), dates="year-first")
    rules = PriceRules(long_above_short="swap")
    rows = read_tennet_csv(written(lines), dates="year-first", rules=rules).rows
    assert (rows["im_short_eur_per_kwh"][8], rows["im_long_eur_per_kwh"][8]) == (0.049, 0.039)


def spanish_spring(days: int = 14) -> list[float]:
    """Near zero for most of the day, dear in the evening; two decimals, as published."""
    day = [3.14, 1.0, 0.5, 0.0, 0.01, 0.5, 4.15, 12.52, 2.0, 0.01, *[0.0] * 7, -0.5]
    return [*day, 5.11, 22.43, 48.6, 55.01, 31.2, 14.9] * days


def ordinary(days: int = 14) -> list[float]:
    shape = 45 + 15 * np.sin(np.arange(24 * days) * 2 * np.pi / 24)
    return [round(float(x) + 0.01 * (i % 37), 2) for i, x in enumerate(shape)]


@pytest.mark.parametrize("unit", [0.1, 0.001])
def test_a_cheap_market_is_read_and_a_wrong_unit_still_detected(unit):
    cheap = spanish_spring()
    assert np.median(np.abs(cheap)) < 2
    prices = day_ahead_from_series(series(cheap), dt_h=1.0)
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], np.array(cheap) / 1000)
    for market in (ordinary(), cheap):
        wrong = series([round(unit * x, 6) for x in market])
        with pytest.raises(InvalidInputError, match=r"looks like EUR/kWh or ct/kWh.*cheap market"):
            day_ahead_from_series(wrong, dt_h=1.0)
    rounded = series([round(unit * x, 2) for x in ordinary()])
    with pytest.raises(InvalidInputError, match="looks like EUR/kWh or ct/kWh"):
        day_ahead_from_series(rounded, dt_h=1.0)


def test_a_cheap_market_may_be_stated_and_eur_per_kwh_is_still_refused():
    norway = [round(1.5 + 0.8 * np.sin(i / 4) + 0.01 * (i % 7), 2) for i in range(24 * 14)]
    with pytest.raises(InvalidInputError, match="trust the unit if it is right, or state a cheap"):
        day_ahead_from_series(series(norway), dt_h=1.0)
    rules = PriceRules(cheap_market=True)
    assert len(day_ahead_from_series(series(norway), dt_h=1.0, rules=rules).rows) == 336
    with pytest.raises(InvalidInputError, match="looks like EUR/kWh or ct/kWh"):
        day_ahead_from_series(series([x / 1000 for x in ordinary()]), dt_h=1.0, rules=rules)
    with pytest.raises(InvalidInputError, match="looks like EUR/GWh"):
        day_ahead_from_series(series([100 * x for x in ordinary()]), dt_h=1.0, rules=rules)


def test_decimal_mark_is_told_by_each_file(written):
    known = {"elaad_clock": "local", "elaad_dates": "day-first"}
    form = {"form": "%d-%m-%Y %H:%M:%S", "separator": ";", "decimal": ","}
    elaad = written(samples.elaad(**form), "elaad.csv")
    tennet = written(samples.tennet_new(DAY), "tennet.csv")
    commas = [line.replace(",", ";").replace(".", ",") for line in samples.tennet_new(DAY)]
    tennet_commas = written(commas, "commas.csv")

    def marks(**options):
        files = [found(path, ReadOptions(**known, **options)) for path in (elaad, tennet)]
        return [one.error or one.rows.report.options["decimal"] for one in files]

    assert marks() == [",", "."]
    entsoe = written(samples.entsoe_new(DAY), "entsoe.csv")
    excel = [line.replace(",", ";").replace(".", ",") for line in samples.entsoe_new(DAY)]
    pd.testing.assert_frame_equal(
        read_entsoe_csv(written(excel, "excel.csv")).rows, read_entsoe_csv(entsoe).rows
    )
    assert marks(elaad_decimal=",", tennet_decimal=".") == [",", "."]
    assert marks(elaad_decimal=",", decimal=".") == [",", "."]
    assert isinstance(marks(decimal=".")[0], InvalidInputError)
    rows = found(tennet_commas, ReadOptions()).rows
    pd.testing.assert_frame_equal(rows.rows, found(tennet, ReadOptions()).rows.rows)


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1,5", "2"], ","),
        (["0,125"], ","),
        (["1234,567"], ","),
        (["-1,234", "0,5"], ","),
        (["1.5", "2"], "."),
        (["1", "-", ""], "."),
        (["1,5", "2.5"], "."),
        (["1.234,5"], "."),
        (["1,234", "12,345"], None),
    ],
)
def test_a_comma_is_the_mark_only_where_it_cannot_separate_thousands(cells, mark):
    if mark is None:
        with pytest.raises(InvalidInputError, match="a comma may separate thousands"):
            decimal_mark([pd.Series(cells)], file="a.csv")
    else:
        assert decimal_mark([pd.Series(cells)], file="a.csv") == mark
