"""ENTSO-E A85: both directions, one price, omitted positions, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.entsoe_imbalance import read_entsoe_imbalance
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.options import ReadOptions

NAMESPACE = "urn:iec62325.351:tc57wg16:451-6:balancingdocument:4:4"
DAY = "2024-10-27"
N = len(samples.moments(DAY, 1, 15))
GERMANY = "10Y1001A1001A82H"


def points(prices: dict[int, float], category: str | None) -> str:
    marked = f"<imbalance_Price.category>{category}</imbalance_Price.category>" if category else ""
    return "".join(
        f"<Point><position>{i}</position><imbalance_Price.amount>{price:.2f}"
        f"</imbalance_Price.amount>{marked}<Financial_Price><amount>1.00</amount>"
        f"<direction>A01</direction></Financial_Price></Point>"
        for i, price in prices.items()
    )


def series(content: str, *, curve: str = "A03", area: str = GERMANY, currency: str = "EUR") -> str:
    at = samples.moments(DAY, 1, 15).tz_convert("UTC")
    end = at[-1] + pd.Timedelta(minutes=15)
    return (
        f"<TimeSeries><mRID>1</mRID><businessType>A19</businessType>"
        f"<area_Domain.mRID codingScheme='A01'>{area}</area_Domain.mRID>"
        f"<currency_Unit.name>{currency}</currency_Unit.name>"
        f"<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>{curve}</curveType>"
        f"<Period><timeInterval><start>{at[0]:%Y-%m-%dT%H:%MZ}</start>"
        f"<end>{end:%Y-%m-%dT%H:%MZ}</end></timeInterval><resolution>PT15M</resolution>"
        f"{content}</Period></TimeSeries>"
    )


def document(*parts: str, kind: str = "A85") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Balancing_MarketDocument xmlns="{NAMESPACE}">'
        f"<mRID>x</mRID><type>{kind}</type><docStatus><value>A02</value></docStatus>"
        f"{''.join(parts)}</Balancing_MarketDocument>"
    )


def prices(first: float) -> dict[int, float]:
    return {i + 1: first + i for i in range(N)}


@pytest.mark.parametrize("together", [False, True])
def test_both_directions(written, together):
    long, short = points(prices(30), "A04"), points(prices(50), "A05")
    parts = [series(long + short)] if together else [series(long), series(short)]
    one = found(written(document(*parts), "a.xml"), ReadOptions())
    assert one.error is None
    assert one.kind.holds == "imbalance"
    rows = one.rows.rows
    np.testing.assert_allclose(rows["im_long_eur_per_kwh"], (30 + np.arange(N)) / 1000)
    np.testing.assert_allclose(rows["im_short_eur_per_kwh"], (50 + np.arange(N)) / 1000)
    assert list(rows["start"]) == list(samples.moments(DAY, 1, 15).tz_convert("UTC"))
    assert one.rows.report.kept == len(rows) == 100


def test_one_price_holds_for_both(written):
    rows = read_entsoe_imbalance(written(document(series(points(prices(30), None))), "a.xml")).rows
    assert (rows["im_long_eur_per_kwh"] == rows["im_short_eur_per_kwh"]).all()
    assert len(rows) == 100


def test_omitted_positions_are_those_of_their_own_direction(written):
    long, short = points({1: 20.0, 50: 25.0}, "A04"), points({1: 40.0, 3: 45.0}, "A05")
    one = read_entsoe_imbalance(written(document(series(long + short)), "a.xml"))
    assert list(one.rows["im_short_eur_per_kwh"][:4]) == [0.04, 0.04, 0.045, 0.045]
    assert list(one.rows["im_long_eur_per_kwh"][48:51]) == [0.02, 0.025, 0.025]
    assert one.report.changed["omitted positions repeated"] == 2 * 98
    with pytest.raises(InvalidInputError, match=r"99 of 100 rows unusable"):
        read_entsoe_imbalance(written(document(series(long + short, curve="A01")), "b.xml"))


def test_the_area_is_chosen(written):
    both = document(
        series(points(prices(30), None)), series(points(prices(60), None), area="10YBE----------2")
    )
    path = written(both, "a.xml")
    with pytest.raises(InvalidInputError, match=r"Area: got \['10Y1001A1001A82H'"):
        read_entsoe_imbalance(path)
    one = read_entsoe_imbalance(path, area="10YBE----------2")
    assert one.rows["im_long_eur_per_kwh"][0] == 0.06
    assert one.report.facts["time series left aside"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (document(series(points(prices(30), "A04"))), "A04.*and A05.*or of no category"),
        (document(series(points(prices(30), "A07"))), r"got \['A07'\]"),
        (document(series(points(prices(30), None)), kind="A86"), "of type A86.*A85: prices"),
        (document(series(points(prices(30), None), currency="PLN")), "PLN/MWH"),
        (document(series("")), "position|no Point"),
        (document(), "no TimeSeries"),
        (
            document(series(points(prices(30), None)), series(points(prices(31), None))),
            "two prices of one price",
        ),
        (
            document(series(points(prices(60), "A04") + points(prices(50), "A05"))),
            "short party never pays less|swapped",
        ),
    ],
)
def test_what_is_refused(written, text, said):
    with pytest.raises(InvalidInputError, match=said):
        read_entsoe_imbalance(written(text, "a.xml"))
