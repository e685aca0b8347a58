"""Bidding zone, currency and auction of day-ahead prices: told, converted or refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.entsoe_areas import CODES, area_name
from vpp_gym.scenarios.files.entsoe_csv import read_entsoe_csv
from vpp_gym.scenarios.files.entsoe_frame import day_ahead_from_series, imbalance_from_frame
from vpp_gym.scenarios.files.entsoe_xml import read_entsoe_xml
from vpp_gym.scenarios.files.joined import joined_prices
from vpp_gym.scenarios.files.options import PriceRules, ReadOptions, checked
from vpp_gym.scenarios.files.tennet import read_tennet_csv

DAY, NEXT = "2024-06-05", "2024-06-06"
BRITISH = PriceRules(currency="GBP", eur_per_unit=1.15)
DANISH = PriceRules(currency="DKK", eur_per_unit=0.134)
NL, DE = CODES["NL"], CODES["DE-LU"]


def old_of(day: str, zone: str = "", currency: str = "EUR", header: str = "EUR") -> list[str]:
    """Lines of the old export with a column of currencies, and one that is named after the zone."""
    first, *lines = samples.entsoe_old(day)
    more = f',"Currency","{zone}"' if zone else ',"Currency"'
    cells = f',"{currency}",""' if zone else f',"{currency}"'
    return [first.replace("EUR", header) + more, *(line + cells for line in lines)]


def xml_of(day: str, code: str = NL, currency: str = "EUR", sequence: str = "") -> str:
    text = samples.entsoe_xml(day).replace(NL, code).replace(">EUR<", f">{currency}<")
    position = "classificationSequence_AttributeInstanceComponent.position"
    mark = f"<{position}>{sequence}</{position}>" if sequence else ""
    return samples.document(text.replace("<curveType>", f"{mark}<curveType>"))


def test_the_old_csv_names_its_zone_in_the_last_column(written):
    prices = read_entsoe_csv(written(old_of(DAY, "BZN|DE-LU")))
    assert prices.report.options["Area"] == "BZN|DE-LU"
    assert len(prices.rows) == 24
    with pytest.raises(InvalidInputError, match=r"Area: got 'BZN\|NL'; file.csv has BZN\|DE-LU"):
        read_entsoe_csv(written(old_of(DAY, "BZN|DE-LU")), area="BZN|NL")
    two = [f'{line},"BZN|NL"' if line.startswith('"MTU') else f'{line},""' for line in old_of(DAY)]
    two = [f'{line},"BZN|BE"' if line.startswith('"MTU') else f'{line},""' for line in two]
    with pytest.raises(InvalidInputError, match="give a file of one bidding zone"):
        read_entsoe_csv(written(two))


@pytest.mark.parametrize("second", ["old csv", "new csv", "xml"])
@pytest.mark.parametrize("first", ["old csv", "new csv", "xml"])
def test_two_zones_do_not_join_whatever_their_forms(written, first, second):
    def read(form, day, zone):
        if form == "xml":
            return read_entsoe_xml(written(xml_of(day, CODES[zone]), f"{day}.xml"))
        new = [line.replace("BZN|NL", f"BZN|{zone}") for line in samples.entsoe_new(day)]
        lines = old_of(day, f"BZN|{zone}") if form == "old csv" else new
        return read_entsoe_csv(written(lines, f"{day}.csv"))

    assert len(joined_prices([read(first, DAY, "NL"), read(second, NEXT, "NL")]).rows) == 48
    with pytest.raises(InvalidInputError, match=r"Area: got .*keep the files of one"):
        joined_prices([read(first, DAY, "NL"), read(second, NEXT, "DE-LU")])


def test_frames_of_two_stated_zones_do_not_join():
    def read(day, area):
        at = samples.moments(day)
        return day_ahead_from_series(pd.Series(50.0, index=at), dt_h=1.0, area=area)

    assert len(joined_prices([read(DAY, "NL"), read(NEXT, "BZN|NL")]).rows) == 48
    with pytest.raises(InvalidInputError, match="Area: got"):
        joined_prices([read(DAY, "NL"), read(NEXT, "BE")])


def test_an_area_is_asked_for_by_any_of_its_names(written):
    lines = samples.entsoe_new(DAY)
    both = [*lines, *(line.replace("BZN|NL", "BZN|BE") for line in lines[1:])]
    for name in ("NL", "BZN|NL", NL):
        assert read_entsoe_csv(written(both), area=name).report.options["Area"] == "BZN|NL"
        document = read_entsoe_xml(written(xml_of(DAY), "a.xml"), area=name)
        assert document.report.options["Area"] == NL
    assert len({area_name(code) for code in CODES.values()}) == len(CODES)


FOREIGN = {
    "header": lambda: old_of(DAY, "BZN|GB", currency="", header="GBP"),
    "column": lambda: old_of(DAY, "BZN|GB", currency="GBP", header="EUR"),
    "column without zone": lambda: old_of(DAY, currency="GBP"),
    "column that the header refers to": lambda: old_of(
        DAY, "BZN|GB", currency="GBP", header="Currency"
    ),
    "new form": lambda: [line.replace("EUR/MWh", "GBP/MWh") for line in samples.entsoe_new(DAY)],
}


@pytest.mark.parametrize("form", FOREIGN)
def test_another_currency_is_refused_or_converted_at_the_stated_rate(written, form):
    path = written(FOREIGN[form]())
    with pytest.raises(InvalidInputError, match=r"got 'GBP(/MWh)?'.*options currency GBP"):
        read_entsoe_csv(path)
    with pytest.raises(InvalidInputError, match="got 'GBP"):
        read_entsoe_csv(path, rules=PriceRules(currency="SEK", eur_per_unit=0.09))
    prices = read_entsoe_csv(path, rules=BRITISH)
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], (40 + np.arange(24)) * 1.15 / 1000)
    assert prices.report.options["EUR per GBP"] == "1.15"
    assert prices.report.changed == {"GBP/MWh to EUR/kWh": 24}
    assert prices.report.facts["unit"] == "GBP/MWh"


def test_a_currency_that_changes_on_the_way_is_converted_row_by_row(written):
    lines = old_of(DAY, "BZN|HR", currency="EUR")
    mixed = [line.replace('"EUR",""', '"HRK",""') for line in lines[:11]] + lines[11:]
    with pytest.raises(InvalidInputError, match=r"Currency, line 2: got 'HRK'"):
        read_entsoe_csv(written(mixed))
    prices = read_entsoe_csv(written(mixed), rules=PriceRules(currency="HRK", eur_per_unit=0.13272))
    rate = np.where(np.arange(24) < 10, 0.13272, 1.0)
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], (40 + np.arange(24)) * rate / 1000)
    assert prices.report.changed == {"EUR/MWh to EUR/kWh": 14, "HRK/MWh to EUR/kWh": 10}


def test_currency_of_xml(written):
    path = written(xml_of(DAY, CODES["CH"], "CHF"))
    with pytest.raises(InvalidInputError, match="unit: got 'CHF/MWH'"):
        read_entsoe_xml(path)
    prices = read_entsoe_xml(path, rules=PriceRules(currency="CHF", eur_per_unit=1.06))
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], (40 + np.arange(24)) * 1.06 / 1000)


def test_currency_of_tennet(written):
    lines = [line.replace("EUR", "GBP") for line in samples.tennet_new(DAY)]
    with pytest.raises(InvalidInputError, match="Currency Unit Name: got 'GBP'"):
        read_tennet_csv(written(lines), dates="year-first")
    rules = PriceRules(currency="GBP", eur_per_unit=1.15)
    prices = read_tennet_csv(written(lines), dates="year-first", rules=rules)
    plain = read_tennet_csv(written(samples.tennet_new(DAY)), dates="year-first")
    for name in prices.columns:
        np.testing.assert_allclose(prices.rows[name], 1.15 * plain.rows[name])


def test_currency_of_frames():
    series = pd.Series(450.0, index=samples.moments(DAY))
    danish = {"dt_h": 1.0, "zone": "Europe/Copenhagen"}
    with pytest.raises(InvalidInputError, match=r"currency: got None; prices of Europe/Copenhagen"):
        day_ahead_from_series(series, **danish)
    with pytest.raises(InvalidInputError, match=r"eur_per_unit: got None; say how many EUR one"):
        day_ahead_from_series(series, currency="DKK", **danish)
    prices = day_ahead_from_series(series, currency="dkk", eur_per_unit=0.134, **danish)
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"], 0.0603)
    assert prices.report.options["EUR per DKK"] == "0.134"
    in_eur = day_ahead_from_series(series, currency="EUR", **danish)
    np.testing.assert_allclose(in_eur.rows["da_eur_per_kwh"], 0.45)
    frame = pd.DataFrame({"Long": 400.0, "Short": 450.0}, index=samples.moments(DAY, 1, 15))
    imbalance = imbalance_from_frame(frame, rules=DANISH)
    np.testing.assert_allclose(imbalance.rows["im_long_eur_per_kwh"], 0.0536)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"currency": "DKK"}, "eur_per_unit: got None; say how many EUR one DKK is worth"),
        ({"eur_per_unit": 0.134}, r"eur_per_unit: got 0\.134; say of which currency"),
        ({"currency": "EUR", "eur_per_unit": 1.1}, "one EUR is worth 1 EUR"),
        ({"currency": "DKK", "eur_per_unit": 0.0}, "eur_per_unit: got 0"),
        ({"currency": "kroner", "eur_per_unit": 0.134}, "currency: got 'kroner'"),
    ],
)
def test_a_rate_goes_with_its_currency(given, message):
    with pytest.raises(InvalidInputError, match=message):
        checked(ReadOptions, **given)


def labelled(first: str, days: int, name: str, more: float = 0.0) -> list[str]:
    """Lines of one auction; its prices are higher than the sample's by `more`."""
    lines = [one.replace("Without Sequence", name) for one in samples.entsoe_new(first, days)]
    cells = [line.split(",") for line in lines[1:]]
    return [",".join((*c[:3], str(float(c[3]) + more), *c[4:])) for c in cells]


def new_file(*parts: list[str]) -> list[str]:
    return [samples.NEW_HEADER, *(line for part in parts for line in part)]


def days_of(prices) -> int:
    return len(prices.rows) // 24


def test_a_label_that_begins_on_the_way_does_not_shorten_the_world(written):
    blank = labelled(DAY, 3, "")
    prices = read_entsoe_csv(written(new_file(blank, labelled("2024-06-08", 4, "1"))), sequence="1")
    assert days_of(prices) == 7
    path = written(new_file(labelled(DAY, 3, "Without Sequence"), labelled("2024-06-08", 4, "1")))
    for wanted in (None, "1", "Sequence 1"):
        prices = read_entsoe_csv(path, sequence=wanted)
        assert days_of(prices) == 7
        assert prices.report.options["Sequence"] == "1, Without Sequence"
        assert prices.report.facts["hours of Without Sequence"] == 72


def test_a_label_that_changes_is_refused_with_the_hours_that_would_be_lost(written):
    path = written(
        new_file(labelled(DAY, 3, "Sequence 1"), labelled("2024-06-08", 4, "Sequence 2"))
    )
    with pytest.raises(InvalidInputError, match="choose one with the option sequence"):
        read_entsoe_csv(path)
    lost = r"got '96 h of Sequence 2, 72 h of Sequence 1 only'; .*'Sequence 2, Sequence 1'"
    with pytest.raises(InvalidInputError, match=lost):
        read_entsoe_csv(path, sequence="Sequence 2")
    assert days_of(read_entsoe_csv(path, sequence="Sequence 2, Sequence 1")) == 7
    without = read_entsoe_csv(path, sequence="Sequence 2, none")
    assert days_of(without) == 4
    assert without.report.facts["hours with a price of another sequence only"] == 72
    assert without.report.facts["rows of other areas or sequences"] == 72


def test_the_first_choice_wins_where_both_have_a_price(written):
    both = new_file(
        labelled(DAY, 3, "Sequence 1"), labelled("2024-06-07", 4, "Sequence 2", more=100.0)
    )
    prices = read_entsoe_csv(written(both), sequence="1,2")
    assert days_of(prices) == 6
    dear = prices.rows["da_eur_per_kwh"] > 0.1
    assert dear.sum() == 72
    assert not dear[:72].any()
    assert read_entsoe_csv(written(both), sequence="2,1").rows["da_eur_per_kwh"].gt(0.1).sum() == 96


def test_a_price_that_the_first_choice_lacks_is_taken_from_the_next(written):
    first, second = labelled(DAY, 1, "Sequence 1"), labelled(DAY, 1, "Sequence 2", more=100.0)
    first[5] = first[5].replace(",45.0,", ",n/e,")
    prices = read_entsoe_csv(written(new_file(first, second)), sequence="1,2")
    np.testing.assert_allclose(prices.rows["da_eur_per_kwh"][5], 0.145)
    alone = read_entsoe_csv(written(new_file(first, second)), sequence="1")
    assert len(alone.rows) == 23
    assert alone.report.facts["hours with a price of another sequence only"] == 1


def test_auctions_on_a_day_of_25_hours(written):
    autumn = "2024-10-27"
    lines = new_file(labelled(autumn, 1, "Sequence 1"), labelled(autumn, 1, "Sequence 2", 100.0))
    mixed = [
        lines[0],
        *(line for pair in zip(lines[1:26], lines[26:], strict=True) for line in pair),
    ]
    for marks in (True, False):
        text = mixed if marks else [x.replace(" (CEST)", "").replace(" (CET)", "") for x in mixed]
        prices = read_entsoe_csv(written(text), sequence="1")
        assert len(prices.rows) == 25
        assert prices.rows["da_eur_per_kwh"].max() < 0.1


def test_sequences_of_xml(written):
    def part(day, sequence):
        return xml_of(day, sequence=sequence).split("<type>A44</type>")[1].split("</Publ")[0]

    path = written(samples.document(part(DAY, "1"), part(NEXT, "2")))
    with pytest.raises(InvalidInputError, match="24 h of 1, 24 h of 2 only"):
        read_entsoe_xml(path, sequence="1")
    both = read_entsoe_xml(path, sequence="Sequence 1, Sequence 2")
    assert (len(both.rows), both.report.facts["time series left aside"]) == (48, 0)
    alone = read_entsoe_xml(path, sequence="1, none")
    assert (len(alone.rows), alone.report.facts["time series left aside"]) == (24, 1)


def test_sequences_named_together_join_over_files(written):
    def read(day, name, wanted):
        path = written(new_file(labelled(day, 1, name)), f"{day}.csv")
        return read_entsoe_csv(path, sequence=wanted)

    both = "Sequence 1, Sequence 2"
    first, second = read(DAY, "Sequence 1", both), read(NEXT, "Sequence 2", both)
    assert len(joined_prices([first, second]).rows) == 48
    with pytest.raises(InvalidInputError, match="Sequence: got"):
        joined_prices([read(DAY, "Sequence 1", None), read(NEXT, "Sequence 2", None)])


@pytest.mark.parametrize("contract", ["A07", "A02"])
def test_series_of_other_contracts_are_counted(written, contract):
    series = [samples.entsoe_xml(DAY, contract=one) for one in ("A01", *[contract] * 7)]
    facts = read_entsoe_xml(written(samples.document(*series))).report.facts
    assert facts["time series left aside"] == 7
    assert facts[f"time series of contract {contract} left aside"] == 7


def test_intraday_prices_of_the_web_page_are_counted(written):
    lines = samples.entsoe_new(DAY)
    cells = [
        line.rsplit(",", 1)[0] + f',"{x}"' for line, x in zip(lines[1:], "7" * 24, strict=True)
    ]
    cells[3] = cells[3].replace('"7"', '"-"')
    facts = read_entsoe_csv(written([lines[0], *cells])).report.facts
    assert facts["intraday prices left aside"] == 23
