"""Settlement prices of TenneT: three forms of the same numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.tennet import read_tennet_csv, read_tennet_xml

QUARTERS = {"2024-03-31": 92, "2024-10-27": 100, "2024-06-05": 96}
SHORT, LONG = "im_short_eur_per_kwh", "im_long_eur_per_kwh"


def read(written, form: str, day: str, days: int = 1, **options):
    if form == "new":
        lines = samples.tennet_new(day, days, **options)
        return read_tennet_csv(written(lines), dates="year-first")
    if form == "old":
        return read_tennet_csv(
            written(samples.tennet_old(day, days, **options)), dates="month-first"
        )
    return read_tennet_xml(written(samples.tennet_xml(day, days, **options)))


@pytest.mark.parametrize("form", ["new", "old", "xml"])
@pytest.mark.parametrize("day", QUARTERS)
def test_days_of_92_96_and_100_quarters(written, form, day):
    prices = read(written, form, day)
    n = QUARTERS[day]
    assert list(prices.rows["start"]) == list(samples.moments(day, 1, 15).tz_convert("UTC"))
    np.testing.assert_allclose(prices.rows[SHORT], 0.030 + 0.001 * np.arange(1, n + 1))
    np.testing.assert_array_equal(prices.rows[SHORT], prices.rows[LONG])
    assert prices.report.facts["quarters of regulation state 2"] == 0


@pytest.mark.parametrize("form", ["new", "old", "xml"])
def test_regulation_state_2_has_two_prices(written, form):
    prices = read(written, form, "2024-06-05", dual=(10, 11))
    two = prices.rows[prices.rows[SHORT] > prices.rows[LONG]]
    assert list(two.index) == [9, 10]
    np.testing.assert_allclose(two[SHORT], [0.090, 0.091])
    np.testing.assert_allclose(two[LONG], [0.020, 0.021])
    assert prices.report.facts["quarters of regulation state 2"] == 2


def test_incentive_makes_two_prices_in_one_price_states_and_is_counted(written):
    lines = samples.tennet_new("2024-06-05")
    lines[3] = lines[3].replace("33.0,33.0,1", "34.0,32.0,1")
    prices = read_tennet_csv(written(lines), dates="year-first")
    assert prices.report.facts["two prices in another state"] == 1


def test_clock_of_the_days_on_which_it_changes_does_not_count(written):
    """The number of the quarter does: exports differ in what they write there."""
    lines = samples.tennet_new("2024-03-31")
    plain = [line.replace("2024-03-31T03:00,", "2024-03-31T02:00,", 1) for line in lines]
    prices = read_tennet_csv(written(plain), dates="year-first")
    assert list(prices.rows["start"]) == list(
        samples.moments("2024-03-31", 1, 15).tz_convert("UTC")
    )


def test_decimal_comma_by_option(written):
    lines = [
        line.replace(",", ";").replace(".0;", ",0;") for line in samples.tennet_new("2024-06-05")
    ]
    prices = read_tennet_csv(written(lines), dates="year-first", decimal=",")
    np.testing.assert_allclose(prices.rows[SHORT][:2], [0.031, 0.032])
    with pytest.raises(InvalidInputError, match="decimal mark is a comma"):
        read_tennet_csv(written(lines), dates="year-first")


def test_month_first_dates_are_not_day_first(written):
    lines = samples.tennet_old("2024-06-05")
    day_first = read_tennet_csv(written(lines), dates="day-first")
    assert day_first.rows["start"][0].tz_convert(samples.ZONE) == pd.Timestamp(
        "2024-05-06", tz=samples.ZONE
    )
    lines = samples.tennet_old("2024-06-15")
    with pytest.raises(InvalidInputError, match="dates must be day-first"):
        read_tennet_csv(written(lines), dates="day-first")


def test_xml_without_records_or_fields(written):
    with pytest.raises(InvalidInputError, match="no Record"):
        read_tennet_xml(written("<ImbalancePrice/>"))
    text = samples.tennet_xml("2024-06-05").replace("FEED_INTO_SYSTEM", "OTHER")
    with pytest.raises(InvalidInputError, match="Record: got 'FEED_INTO_SYSTEM'"):
        read_tennet_xml(written(text))
