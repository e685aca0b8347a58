"""Day-ahead prices of ENTSO-E: web CSV new and old, XML, and what entsoe-py returns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.entsoe_csv import read_entsoe_csv
from vpp_gym.scenarios.files.entsoe_frame import day_ahead_from_series, imbalance_from_frame
from vpp_gym.scenarios.files.entsoe_xml import read_entsoe_xml

SPRING, AUTUMN, ORDINARY = "2024-03-31", "2024-10-27", "2024-06-05"
HOURS = {SPRING: 23, AUTUMN: 25, ORDINARY: 24}


def expected(first: str, minutes: int = 60) -> tuple[list[pd.Timestamp], list[float]]:
    at = samples.moments(first, 1, minutes)
    prices = [samples.default_price(one, minutes) / 1000 for one in at]
    return list(at.tz_convert("UTC")), prices


@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("day", HOURS)
def test_new_csv_on_days_of_23_24_and_25_hours(written, day, mark):
    prices = read_entsoe_csv(written(samples.entsoe_new(day, mark=mark)))
    starts, values = expected(day)
    assert list(prices.rows["start"]) == starts
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], values)
    assert (prices.zone, len(starts)) == ("Europe/Amsterdam", HOURS[day])
    assert prices.report.dropped == {}
    assert prices.report.rows == HOURS[day]


@pytest.mark.parametrize("day", HOURS)
def test_new_csv_in_quarters(written, day):
    prices = read_entsoe_csv(written(samples.entsoe_new(day, minutes=15)))
    starts, values = expected(day, 15)
    assert list(prices.rows["start"]) == starts
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], values)
    assert set(prices.rows["dt_h"]) == {0.25}


@pytest.mark.parametrize("day", HOURS)
def test_old_csv_has_the_skipped_hour_without_price(written, day):
    prices = read_entsoe_csv(written(samples.entsoe_old(day)))
    starts, values = expected(day)
    assert list(prices.rows["start"]) == starts
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], values)
    skipped = {"clock_skips_this_hour": 1} if day == SPRING else {}
    assert prices.report.dropped == skipped


def test_order_of_columns_does_not_matter_and_a_byte_order_mark_is_no_name(tmp_path):
    lines = [line.split(",") for line in samples.entsoe_old(ORDINARY)]
    text = "\n".join(f"{b},{a}" for a, b in lines)
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    prices = read_entsoe_csv(tmp_path / "a.csv")
    assert len(prices.rows) == 24
    assert prices.report.facts["byte order mark"] is True


@pytest.mark.parametrize("blank", ["-", "n/e", "N/A", "", "NaN"])
def test_hours_without_price_are_dropped_and_counted(written, blank):
    lines = samples.entsoe_old(ORDINARY)
    lines[5] = lines[5].rsplit(",", 1)[0] + f',"{blank}"'
    prices = read_entsoe_csv(written(lines))
    assert len(prices.rows) == 23
    assert prices.report.dropped == {"no_price": 1}
    assert prices.report.kept == 23


def test_times_in_utc_are_taken_as_such(written):
    lines = [line.replace("CET/CEST", "UTC") for line in samples.entsoe_new(ORDINARY, mark=False)]
    prices = read_entsoe_csv(written(lines))
    assert str(prices.rows["start"][0]) == f"{ORDINARY} 00:00:00+00:00"


def test_one_of_several_areas_is_asked_for(written):
    lines = samples.entsoe_new(ORDINARY)
    both = [*lines, *(line.replace("BZN|NL", "BZN|BE").replace(",4", ",9") for line in lines[1:])]
    with pytest.raises(InvalidInputError, match=r"Area: got .*choose one with the option area"):
        read_entsoe_csv(written(both))
    prices = read_entsoe_csv(written(both), area="BZN|NL")
    assert len(prices.rows) == 24
    assert prices.report.options["Area"] == "BZN|NL"
    assert prices.report.facts["rows of other areas or sequences"] == 24
    with pytest.raises(InvalidInputError, match=r"Area: got 'BZN\|DE'"):
        read_entsoe_csv(written(both), area="BZN|DE")


def test_hour_that_autumn_repeats_and_the_file_has_once_is_dropped(written):
    lines = samples.entsoe_new(AUTUMN, mark=False)
    prices = read_entsoe_csv(written([*lines[:3], *lines[4:]]))
    assert prices.report.dropped == {"which_of_two_hours_unknown": 1}


@pytest.mark.parametrize("day", HOURS)
@pytest.mark.parametrize("minutes", [15, 60])
def test_xml_with_every_position(written, day, minutes):
    n = HOURS[day] * 60 // minutes
    prices = read_entsoe_xml(written(samples.document(samples.entsoe_xml(day, minutes=minutes))))
    assert list(prices.rows["start"]) == list(samples.moments(day, 1, minutes).tz_convert("UTC"))
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], 0.040 + 0.001 * np.arange(n))


def test_positions_that_curve_a03_omits_repeat_the_one_before(written):
    given = {1: 50.0, 2: 60.0, 20: 55.0}
    text = samples.document(samples.entsoe_xml(ORDINARY, prices=given))
    prices = read_entsoe_xml(written(text))
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], [0.05] + [0.06] * 18 + [0.055] * 5)
    assert prices.report.changed["omitted positions repeated"] == 21


def test_positions_that_curve_a01_omits_are_missing(written):
    given = {i: 50.0 for i in range(1, 25) if i != 7}
    text = samples.document(samples.entsoe_xml(ORDINARY, prices=given, curve="A01"))
    prices = read_entsoe_xml(written(text))
    assert (len(prices.rows), prices.report.dropped) == (23, {"no_price": 1})


def test_intraday_series_are_left_aside(written):
    text = samples.document(
        samples.entsoe_xml(ORDINARY), samples.entsoe_xml(ORDINARY, contract="A07")
    )
    assert len(read_entsoe_xml(written(text)).rows) == 24


def test_both_resolutions_in_one_answer_keep_their_length(written):
    text = samples.document(
        samples.entsoe_xml("2025-09-30"), samples.entsoe_xml("2025-10-01", minutes=15)
    )
    prices = read_entsoe_xml(written(text))
    assert prices.rows["dt_h"].value_counts().to_dict() == {0.25: 96, 1.0: 24}
    assert prices.report.facts["resolution"] == "PT15M, PT60M"


def test_series_of_entsoe_py():
    at = samples.moments(AUTUMN)
    series = pd.Series([samples.default_price(one) for one in at], index=at)
    prices = day_ahead_from_series(series, dt_h=1.0)
    assert list(prices.rows["start"]) == list(at.tz_convert("UTC"))
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], series.to_numpy() / 1000)


def test_frame_of_entsoe_py():
    at = samples.moments(ORDINARY, 1, 15)
    frame = pd.DataFrame({"Long": 60.0, "Short": 80.0}, index=at)
    prices = imbalance_from_frame(frame)
    assert prices.columns == ("im_short_eur_per_kwh", "im_long_eur_per_kwh")
    np.testing.assert_allclose(prices.rows["im_short_eur_per_kwh"], 0.08)
    np.testing.assert_allclose(prices.rows["im_long_eur_per_kwh"], 0.06)


def test_frames_without_zone_with_another_step_or_column_are_refused():
    at = samples.moments(ORDINARY, 1, 15)
    series = pd.Series(50.0, index=at)
    with pytest.raises(InvalidInputError, match="give times with a time zone"):
        day_ahead_from_series(series.tz_localize(None), dt_h=0.25)
    with pytest.raises(InvalidInputError, match=r"dt_h: got 1\.0; some prices are 0\.25 h apart"):
        day_ahead_from_series(series, dt_h=1.0)
    with pytest.raises(InvalidInputError, match="add the column Long"):
        imbalance_from_frame(series.to_frame("Short"))


def test_what_is_no_series_of_prices_is_refused():
    at = samples.moments(ORDINARY)
    series = pd.Series(50.0, index=at)
    for other in (series.to_frame(), {"60min": series}, [50.0]):
        with pytest.raises(InvalidInputError, match="give one series of pandas"):
            day_ahead_from_series(other, dt_h=1.0)
    with pytest.raises(InvalidInputError, match="give a frame of pandas"):
        imbalance_from_frame(series)
    text = series.astype(object).where(series.index != at[3], "1.234,5")
    with pytest.raises(InvalidInputError, match=r"03:00:00\+02:00: got '1\.234,5'; give numbers"):
        day_ahead_from_series(text, dt_h=1.0)
    with pytest.raises(InvalidInputError, match="timezone: got 'Mars/X'; give an IANA name"):
        day_ahead_from_series(series, dt_h=1.0, zone="Mars/X")


def test_swapped_columns_of_a_frame_are_refused_with_their_prices():
    at = samples.moments(ORDINARY, 1, 15)
    frame = pd.DataFrame({"Long": 80.0, "Short": 60.0}, index=at)
    with pytest.raises(InvalidInputError, match=r"got 'im_short_eur_per_kwh 0\.06, .*swapped"):
        imbalance_from_frame(frame)
