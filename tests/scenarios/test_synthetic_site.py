"""Synthetic sites: what is drawn, that it is drawn again, and what it does not touch."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation import evaluate
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_site import SITE_PARAMS, SiteMix, SiteSource


def year(**mix: float) -> SiteSource:
    return SiteSource(SyntheticSource("test", 3, dt_h=1.0), mix)


def test_prices_and_cars_are_those_of_the_other_source():
    source = year()
    bare, scenario = source.source.scenario(1), source.scenario(1)
    assert scenario.da_eur_per_kwh is bare.da_eur_per_kwh
    assert scenario.sessions is bare.sessions
    assert dict(scenario.params) == SITE_PARAMS
    assert scenario.name == "site:synthetic:test:1"


def test_a_site_is_drawn_again_bit_for_bit_and_sites_differ():
    one, again, other = year().scenario(0).site, year().scenario(0).site, year().scenario(1).site
    for name in ("pv_kwh", "building_kwh", "import_limit_kw"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))


def test_the_sun_yields_what_is_stated_by_day_and_mostly_in_summer():
    scenario = year().scenario(0)
    sun, hour = scenario.site.pv_kwh, scenario.period
    assert sun.sum() == pytest.approx(60.0 * 875.0, rel=0.1)
    assert sun[(hour < 3) | (hour > 22)].sum() == 0
    month = scenario.clock.astype("datetime64[M]").astype(int) % 12
    assert sun[month == 5].sum() > 4 * sun[month == 11].sum()
    assert sun.max() <= 60.0
    assert scenario.site.pv_peak_kw == 60.0


def test_quarters_add_up_to_about_the_hours():
    hours = year().scenario(0).site
    quarters = SiteSource(SyntheticSource("test", 1)).scenario(0).site
    assert quarters.building_kwh.sum() == pytest.approx(hours.building_kwh.sum(), rel=0.02)
    assert quarters.pv_kwh.sum() == pytest.approx(hours.pv_kwh.sum(), rel=0.05)


def test_an_office_is_open_on_weekdays():
    scenario = year(building_noise=0.0).scenario(0)
    load, weekday, hour = scenario.site.building_kwh, scenario.calendar.weekday, scenario.period
    assert load[(weekday < 5) & (hour == 12)] == pytest.approx(20.0)
    assert load[(weekday >= 5) & (hour == 12)] == pytest.approx(6.0)
    assert load[(weekday < 5) & (hour == 3)] == pytest.approx(6.0)


def test_congested_evenings_come_as_often_as_stated_and_leave_the_building_its_load():
    scenario = year(events_per_year=100.0).scenario(0)
    limits, hour = scenario.site.import_limit_kw, scenario.period
    evenings = limits[hour == 17]
    assert 70 <= (evenings < 80).sum() <= 130
    assert set(limits[hour == 12]) == {80.0}
    assert scenario.site.least_import_limit_kw == 48.0
    tight = year(import_limit_kw=31.0, event_limit_kw=1.0).scenario(0).site
    assert tight.least_import_limit_kw == 30.0


def test_what_is_not_there_has_no_series():
    site = year(pv_kwp=0.0, building_kw=0.0).scenario(0).site
    assert site.pv_kwh is None
    assert site.building_kwh is None


def test_the_world_states_its_own_limits_battery_and_fees():
    run = evaluate("charge_on_arrival", SiteSource(SyntheticSource("test", 1, days=2)).scenario(0))
    days = run.days
    assert days["pv_kwh"].sum() > 0
    assert days["energy_tax_eur"].sum() == pytest.approx(-0.03943 * days["import_kwh"].sum())
    assert days["peak_fee_eur"].sum() < 0


def test_mixes_and_sources_that_cannot_be_are_refused():
    with pytest.raises(InvalidInputError, match="give a source"):
        SiteSource("synthetic:test")
    with pytest.raises(InvalidInputError, match="unknown field"):
        year(wind_kw=3.0)
    assert SiteMix().pv_kwp == 60.0


def test_sites_have_names():
    source = as_source("site:test")
    assert isinstance(source, SiteSource)
    assert source.n_scenarios == SyntheticSource("test").n_scenarios
