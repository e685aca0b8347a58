"""Days without prices, markets near zero and clocks that agree, in a world built from files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from tests.scenarios.files.test_odd_prices import ordinary, spanish_spring
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.acn_sessions import read_acn
from vpp_gym.scenarios.files.elaad_transactions import read_elaad
from vpp_gym.scenarios.files.entsoe_csv import read_entsoe_csv
from vpp_gym.scenarios.files.entsoe_frame import day_ahead_from_series, imbalance_from_frame
from vpp_gym.scenarios.files.options import PriceRules, ReadOptions
from vpp_gym.scenarios.world import world_of
from vpp_gym.scenarios.world_header import WorldOptions

FIRST, DAYS, HOURS = "2024-06-03", 14, 24 * 14


def day_ahead(prices, *, without: tuple[int, ...] = (), first: str = FIRST, **more):
    at = samples.moments(first, len(prices) // 24)
    series = pd.Series(list(prices), index=at)
    keep = ~np.isin(np.arange(len(series)), without)
    return day_ahead_from_series(series[keep], dt_h=1.0, **more)


def imbalance(prices, *, without: tuple[int, ...] = (), first: str = FIRST, zone=samples.ZONE):
    at = samples.moments(first, len(prices) // 96, 15)
    frame = pd.DataFrame({"Long": list(prices), "Short": list(prices)}, index=at)
    keep = ~np.isin(np.arange(len(frame)), without)
    return imbalance_from_frame(frame[keep], zone=zone)


@pytest.fixture
def sessions(written):
    return read_elaad(written(samples.elaad(FIRST)), clock="local", dates="month-first")


RISING = 40.0 + np.arange(HOURS) / 10
QUARTERS = 30.0 + np.arange(4 * HOURS) / 40


def world(sessions, da, im, read=None, **build):
    return world_of([da, im, sessions], read, WorldOptions(**{"dt_h": 0.25} | build))


@pytest.mark.parametrize(("rule", "back"), [("day-before", 1), ("week-before", 7)])
def test_a_missing_day_is_filled_on_request(sessions, rule, back):
    da = day_ahead(RISING, without=tuple(range(24 * 9, 24 * 10)))
    im = imbalance(QUARTERS)
    with pytest.raises(InvalidInputError, match=r"24 h from 2024-06-12 00:00:00.*missing_days"):
        world(sessions, da, im)
    built = world(sessions, da, im, missing_days=rule)
    expected = np.repeat(RISING, 4) / 1000
    day = slice(96 * 9, 96 * 10)
    expected[day] = expected[96 * (9 - back) : 96 * (10 - back)]
    np.testing.assert_allclose(built.scenario.da_eur_per_kwh, expected)
    np.testing.assert_allclose(built.scenario.im_short_eur_per_kwh, QUARTERS / 1000)
    name = f"day-ahead: quarters of 2024-06-12 from the {rule.replace('-', ' ')}"
    assert built.provenance.counts[name] == 96
    assert built.provenance.build.missing_days == rule


def test_two_missing_days_take_the_last_that_is_there(sessions):
    im = imbalance(QUARTERS, without=tuple(range(96 * 3 + 40, 96 * 5)))
    built = world(sessions, day_ahead(RISING), im, missing_days="day-before")
    days = built.scenario.im_short_eur_per_kwh.reshape(-1, 96)
    np.testing.assert_array_equal(days[3, 40:], days[2, 40:])
    np.testing.assert_array_equal(days[4], np.concatenate([days[3, :40], days[2, 40:]]))
    counts = built.provenance.counts
    assert counts["imbalance: quarters of 2024-06-06 from the day before"] == 56
    assert counts["imbalance: quarters of 2024-06-07 from the day before"] == 96


def test_leaving_a_day_out_keeps_the_longest_stretch_on_its_own_dates(sessions):
    da = day_ahead(RISING, without=tuple(range(24 * 4, 24 * 5)))
    im = imbalance(QUARTERS, without=(96 * 12 + 50, 96 * 12 + 51))
    built = world(sessions, da, im, missing_days="leave-out", max_fill_h=0.25)
    assert str(built.scenario.clock[0]) == "2024-06-08T00:00"
    assert built.scenario.n_steps == 7 * 96
    np.testing.assert_allclose(built.scenario.im_short_eur_per_kwh[0], QUARTERS[5 * 96] / 1000)
    left_out = "days left out, with those cut off by missing ones"
    assert built.provenance.counts[left_out] == 7
    assert [str(one.first_day) for one in built.splits] == [
        "2024-06-08",
        "2024-06-12",
        "2024-06-13",
    ]


def test_short_gaps_are_filled_from_before_beside_a_day_from_another(sessions):
    da = day_ahead(RISING, without=(5, *range(24 * 9, 24 * 10)))
    built = world(sessions, da, imbalance(QUARTERS), missing_days="week-before", max_fill_h=1)
    assert built.scenario.da_eur_per_kwh[20] == pytest.approx(RISING[4] / 1000)
    assert built.provenance.counts["day-ahead: missing quarters filled from before"] == 4


def test_days_that_cannot_be_filled_are_refused(sessions):
    early = day_ahead(RISING, without=tuple(range(24, 48)))
    with pytest.raises(InvalidInputError, match=r"week-before of 2024-06-04.*missing, too"):
        world(sessions, early, imbalance(QUARTERS), missing_days="week-before")
    most = day_ahead(RISING, without=tuple(range(24 * 8, 24 * 12)))
    with pytest.raises(InvalidInputError, match=r"29% of all quarters missing"):
        world(sessions, most, imbalance(QUARTERS), missing_days="day-before")
    hole = tuple(i for i in range(HOURS) if i % 24 == 12)
    day = day_ahead(RISING, without=hole)
    with pytest.raises(InvalidInputError, match="a gap on every day"):
        world(sessions, day, imbalance(QUARTERS), missing_days="leave-out", max_fill_h=0.25)


@pytest.mark.parametrize(("day", "n"), [("2024-03-31", 23), ("2024-10-27", 25)])
@pytest.mark.parametrize("out", [0, 1])
def test_clock_changes_on_the_missing_day_and_on_the_day_before(sessions, day, n, out):
    first = pd.Timestamp(day) - pd.Timedelta(days=4)
    at = samples.moments(str(first.date()), 9)
    missing = (pd.Timestamp(day) + pd.Timedelta(days=out)).date()
    series = pd.Series(40.0 + np.arange(len(at)), index=at)
    da = day_ahead_from_series(series[at.date != missing], dt_h=1.0)
    quarters = samples.moments(str(first.date()), 9, 15)
    im = imbalance_from_frame(pd.DataFrame({"Long": 50.0, "Short": 60.0}, index=quarters))
    shift = (first - pd.Timestamp(FIRST)).days
    built = world(sessions, da, im, dt_h=1.0, missing_days="day-before", shift_days=shift)
    local = pd.Series(1000 * built.scenario.da_eur_per_kwh, index=pd.DatetimeIndex(at))
    filled = local[at.date == missing]
    assert len(filled) == (24 if out else n)
    before = local[at.date == missing - pd.Timedelta(days=1).to_pytimedelta()]
    by_clock = before.groupby(before.index.hour).first()
    for moment, price in filled.items():
        hour = moment.hour if moment.hour in by_clock.index else moment.hour - 1
        assert price == pytest.approx(by_clock[hour])


def test_a_market_near_zero_and_one_of_another_unit(sessions):
    near_zero, im = spanish_spring(), np.repeat(ordinary(), 4)
    built = world(sessions, day_ahead(near_zero), imbalance(im))
    np.testing.assert_allclose(built.scenario.da_eur_per_kwh, np.repeat(near_zero, 4) / 1000)
    late = [*ordinary()[: 24 * 5], *(round(x / 10, 2) for x in ordinary()[24 * 5 :])]
    wrong = day_ahead(late, rules=PriceRules(trust_unit=True))
    with pytest.raises(InvalidInputError, match="has one of the two another unit"):
        world(sessions, wrong, imbalance(1.1 * im))
    tenth = day_ahead([x / 10 for x in near_zero], rules=PriceRules(trust_unit=True))
    with pytest.raises(InvalidInputError, match="has one of the two another unit"):
        world(sessions, tenth, imbalance(im))
    with pytest.raises(InvalidInputError, match="has one of the two another unit"):
        world(sessions, tenth, imbalance(im), ReadOptions(cheap_market=True))


def test_the_site_clock_is_not_asked_for_where_the_clocks_agree(written):
    sessions = read_elaad(written(samples.elaad(FIRST)), clock="local", dates="month-first")
    dutch = world(sessions, day_ahead(RISING), imbalance(QUARTERS))
    for zone in ("Europe/Berlin", "Europe/Brussels"):
        da, im = day_ahead(RISING, zone=zone), imbalance(QUARTERS, zone=zone)
        built = world(sessions, da, im)
        assert built.scenario.timezone == zone
        arrivals = built.scenario.sessions.arrival_step
        np.testing.assert_array_equal(arrivals, dutch.scenario.sessions.arrival_step)
    mixed = world(sessions, day_ahead(RISING, zone="Europe/Berlin"), imbalance(QUARTERS))
    np.testing.assert_array_equal(mixed.scenario.da_eur_per_kwh, dutch.scenario.da_eur_per_kwh)
    danish = day_ahead(RISING, zone="Europe/Copenhagen", currency="EUR")
    assert world(sessions, danish, imbalance(QUARTERS)).scenario.timezone == "Europe/Copenhagen"


def test_it_is_asked_for_where_they_do_not(written):
    greek = [day_ahead(RISING, zone="Europe/Athens"), imbalance(QUARTERS, zone="Europe/Athens")]
    sessions = read_elaad(written(samples.elaad(FIRST)), clock="local", dates="month-first")
    with pytest.raises(InvalidInputError, match="site_clock: got"):
        world(sessions, *greek)
    text = samples.acn(*(samples.acn_session(i) for i in range(20)))
    american, both = read_acn(written(text, "acn.json")), (day_ahead(RISING), imbalance(QUARTERS))
    with pytest.raises(InvalidInputError, match="site_clock: got"):
        world(american, *both, shift_days=2231)
    with pytest.raises(InvalidInputError, match="clock: got"):
        world(sessions, greek[0], imbalance(QUARTERS))


def test_prices_of_two_zones_on_the_two_markets_are_counted(sessions, written):
    german = [line.replace("BZN|NL", "BZN|DE-LU") for line in samples.entsoe_new(FIRST, DAYS)]
    frame = pd.DataFrame(
        {"Long": QUARTERS, "Short": QUARTERS}, index=samples.moments(FIRST, 14, 15)
    )
    im = imbalance_from_frame(frame, area="NL")
    built = world(sessions, read_entsoe_csv(written(german, "de.csv")), im)
    name = "day-ahead of DE-LU with imbalance of NL, bidding zones"
    assert built.provenance.counts[name] == 2
    same = world(sessions, read_entsoe_csv(written(samples.entsoe_new(FIRST, DAYS), "nl.csv")), im)
    assert not any("bidding zones" in what for what in same.provenance.counts)
