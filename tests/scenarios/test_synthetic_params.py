"""What each parameter of a synthetic world changes, and what it leaves alone."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

import vpp_gym  # noqa: F401
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import dutch_2018
from vpp_gym.scenarios.demand import CHARGE_EFF, CHARGE_KW
from vpp_gym.scenarios.fit import mean_imbalance, stay_h
from vpp_gym.scenarios.synthetic import START, SyntheticSource
from vpp_gym.scenarios.synthetic_params import (
    PRESETS,
    DualPricingParams,
    PriceParams,
    RenewableParams,
    SiteMix,
    SyntheticParams,
    as_synthetic_params,
)
from vpp_gym.scenarios.synthetic_prices import expected_da


def year(index=0, days=365, dt_h=1.0, **sections):
    params = SyntheticParams(**sections)
    return SyntheticSource("train", days=days, dt_h=dt_h, params=params).scenario(index)


def deviation(scenario):
    return mean_imbalance(scenario) - scenario.da_eur_per_kwh


def weekday_of_arrivals(scenario):
    return (scenario.day[scenario.sessions.arrival_step] + 1) % 7  # 1 January 2019: a Tuesday


@pytest.fixture(scope="module")
def plain():
    return year()


def test_defaults_of_dual_pricing_are_those_of_the_calibration():
    dual = DualPricingParams()
    assert (dual.share, dual.spread_eur_per_kwh) == (
        dutch_2018().dual_share,
        dutch_2018().dual_spread_eur_per_kwh,
    )


def test_level_multiplies_both_prices(plain):
    tripled = year(price=PriceParams(level_factor=3))
    np.testing.assert_allclose(tripled.da_eur_per_kwh, 3 * plain.da_eur_per_kwh, atol=1e-12)
    np.testing.assert_allclose(mean_imbalance(tripled), 3 * mean_imbalance(plain), atol=1e-12)


def test_level_multiplies_quarters_too():
    one, tripled = (
        year(days=60, dt_h=0.25, price=PriceParams(level_factor=level)) for level in (1, 3)
    )
    np.testing.assert_allclose(mean_imbalance(tripled), 3 * mean_imbalance(one), atol=1e-12)


def test_without_volatility_prices_are_the_expected_shape():
    calm = year(price=PriceParams(da_volatility_factor=0, im_volatility_factor=0))
    np.testing.assert_allclose(deviation(calm), 0, atol=1e-12)
    expected = expected_da(dutch_2018(), START.astype("datetime64[D]") + np.arange(365))
    np.testing.assert_allclose(calm.da_eur_per_kwh, expected.ravel(), atol=1e-12)


def test_volatility_widens_prices_around_the_same_shape(plain):
    wild = year(price=PriceParams(da_volatility_factor=3, im_volatility_factor=2))
    calm = year(price=PriceParams(da_volatility_factor=0))
    np.testing.assert_allclose(
        wild.da_eur_per_kwh - calm.da_eur_per_kwh,
        3 * (plain.da_eur_per_kwh - calm.da_eur_per_kwh),
        atol=1e-12,
    )
    assert deviation(wild).std() == pytest.approx(2 * deviation(plain).std(), rel=0.15)


def test_sun_lowers_prices_by_day_and_most_in_summer(plain):
    sunny = year(renewables=RenewableParams(solar_dip_eur_per_kwh=0.05))
    dip = (plain.da_eur_per_kwh - sunny.da_eur_per_kwh).reshape(365, 24)
    assert dip.min() >= -1e-12
    assert dip.max() == pytest.approx(0.05, rel=0.05)
    np.testing.assert_allclose(dip[:, [0, 1, 2, 23]], 0, atol=1e-12)
    june, december = dip[150:180].mean(axis=0), dip[335:365].mean(axis=0)
    assert june.argmax() in (12, 13)
    assert june[12] > 3 * december[12] > 0
    assert dip[:, 12].std() > 0.005
    np.testing.assert_allclose(deviation(sunny), deviation(plain), atol=1e-12)
    assert (sunny.da_eur_per_kwh < 0).mean() > 10 * (plain.da_eur_per_kwh < 0).mean()


def test_wind_lowers_prices_by_the_mean_asked_for_and_by_night_too():
    dips = [
        year(index).da_eur_per_kwh
        - year(index, renewables=RenewableParams(wind_dip_eur_per_kwh=0.02)).da_eur_per_kwh
        for index in range(4)
    ]
    assert np.mean(dips) == pytest.approx(0.02, rel=0.1)
    assert np.min(dips) + 1e-12 >= 0
    assert np.max(dips) <= 0.04 * 1.3 + 1e-12
    assert np.corrcoef(dips[0][1:], dips[0][:-1])[0, 1] > 0.9


def test_weather_scales_the_slow_deviations_only(plain):
    """Steps from hour to hour keep their size, swings of weeks grow."""
    stormy = year(renewables=RenewableParams(weather_factor=3))
    shape = year(price=PriceParams(da_volatility_factor=0)).da_eur_per_kwh
    slow, fast = [], []
    for one in (plain, stormy):
        swing = one.da_eur_per_kwh - shape
        slow.append(swing.reshape(365, 24).mean(axis=1).std())
        fast.append(np.diff(swing.reshape(365, 24), axis=1).std())
    assert slow[1] > 2 * slow[0]
    assert fast[1] < 1.5 * fast[0]


def test_spikes_come_as_often_and_as_high_as_asked_for(plain):
    spiky = year(price=PriceParams(da_spikes_per_year=300, da_spike_eur_per_kwh=2))
    added = spiky.da_eur_per_kwh - plain.da_eur_per_kwh
    assert added.min() >= -1e-12
    assert added.sum() == pytest.approx(300 * 2 * 2, rel=0.25)
    hours = np.flatnonzero(added > 1e-9) % 24
    assert set(hours) == {7, 8, 9, 17, 18, 19, 20, 21}
    np.testing.assert_allclose(deviation(spiky), deviation(plain), atol=1e-12)


def test_spikes_of_the_imbalance_leave_the_day_ahead_price(plain):
    spiky = year(price=PriceParams(im_spikes_per_year=400, im_spike_eur_per_kwh=1))
    np.testing.assert_array_equal(spiky.da_eur_per_kwh, plain.da_eur_per_kwh)
    added = mean_imbalance(spiky) - mean_imbalance(plain)
    assert added.sum() == pytest.approx(400, rel=0.25)
    assert (added > 1e-9).sum() == pytest.approx(400 * (1 - 400 / 2 / 8760), rel=0.2)


@pytest.mark.parametrize(("share", "spread"), [(0.0, 0.03), (0.5, 0.1), (1.0, 0.02)])
def test_dual_pricing_has_the_share_and_spread_asked_for(plain, share, spread):
    dual = year(dual_pricing=DualPricingParams(share=share, spread_eur_per_kwh=spread))
    gap = dual.im_short_eur_per_kwh - dual.im_long_eur_per_kwh
    assert (gap > 0).mean() == pytest.approx(share, abs=0.02)
    assert share == 0 or gap[gap > 0].mean() == pytest.approx(spread, rel=0.1)
    np.testing.assert_allclose(mean_imbalance(dual), mean_imbalance(plain), atol=1e-12)


def test_workplaces_fill_on_workday_mornings_and_empty_by_night():
    work = year(sessions_per_day=200, site=SiteMix(public=0, workplace=1))
    hour = work.period[work.sessions.arrival_step]
    assert set(np.unique(weekday_of_arrivals(work))) == set(range(5))
    assert hour.min() >= 6
    assert hour.max() <= 9
    assert np.median(hour) == 7
    assert stay_h(work).min() >= 4
    assert np.median(stay_h(work)) == pytest.approx(6.9, abs=0.6)
    assert (
        work.day[work.sessions.departure_step - 1] == work.day[work.sessions.arrival_step]
    ).all()
    assert len(work.sessions) / 365 == pytest.approx(200, rel=0.03)


def test_homes_fill_in_the_evening_and_empty_the_next_day():
    home = year(sessions_per_day=200, site=SiteMix(public=0, home=1), days=364)
    whole = home.sessions.departure_step < home.n_steps
    arrival, departure = (
        step[whole] for step in (home.sessions.arrival_step, home.sessions.departure_step)
    )
    assert (home.day[departure] == home.day[arrival] + 1).all()
    assert home.period[arrival].min() >= 15
    assert (home.period[departure] >= 4).all()
    assert (home.period[departure] <= 17).all()
    per_weekday = np.bincount(weekday_of_arrivals(home), minlength=7) / 52
    assert per_weekday == pytest.approx(np.full(7, len(home.sessions) / 364), rel=0.05)


def test_a_mix_is_the_sum_of_its_parts():
    mix = SiteMix(public=0.5, workplace=0.3, home=0.2)
    mixed = year(sessions_per_day=1000, site=mix)
    parts = [
        (0.5, year(1, sessions_per_day=1000)),
        (0.3, year(2, sessions_per_day=1000, site=SiteMix(public=0, workplace=1))),
        (0.2, year(3, sessions_per_day=1000, site=SiteMix(public=0, home=1))),
    ]
    for values in (
        lambda one: np.bincount(one.period[one.sessions.arrival_step], minlength=24),
        lambda one: np.histogram(stay_h(one), [1, 4, 8, 12, 16, 24, 200])[0],
        lambda one: np.bincount(weekday_of_arrivals(one), minlength=7),
    ):
        expected = sum(share * values(one) for share, one in parts)
        np.testing.assert_allclose(values(mixed), expected, rtol=0.08, atol=400)


@pytest.mark.parametrize("preset", PRESETS)
def test_quarters_average_to_the_hour_in_every_preset(preset):
    hours, quarters = (
        SyntheticSource("test", days=40, dt_h=dt_h, params=preset).scenario(0)
        for dt_h in (1.0, 0.25)
    )
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        four = getattr(quarters, name).reshape(-1, 4)
        np.testing.assert_allclose(four.mean(axis=1), getattr(hours, name), atol=1e-11)
    assert len(quarters.sessions) == len(hours.sessions)


def test_a_hundred_thousand_sessions_a_day():
    scenario = SyntheticSource("test", sessions_per_day=100_000, days=1).scenario(0)
    factors = dutch_2018().month_factor[0] * dutch_2018().weekday_factor[1]
    assert len(scenario.sessions) == pytest.approx(100_000 * factors, rel=0.25)


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_an_environment_runs_in_a_changed_world(dt_h):
    source = SyntheticSource("test", days=20, dt_h=dt_h, params="price_crisis")
    env = gym.make("VPPDayAhead-v0", scenario=source, dt_h=dt_h)
    env.reset(seed=0)
    _, profit_eur, _, _, info = env.step(env.action_space.sample())
    assert np.isfinite(profit_eur)
    assert "im_eur" in info


def test_changed_worlds_say_so():
    source = SyntheticSource("test", days=5, params={"renewables": {"weather_factor": 2}})
    assert source.name.startswith("synthetic:test+renewables#")
    notes = source.scenario(0).notes
    assert notes["changed"] == {
        "renewables": {
            "solar_dip_eur_per_kwh": 0,
            "wind_dip_eur_per_kwh": 0,
            "weather_factor": 2,
        }
    }


def test_sessions_per_day_replaces_that_of_the_parameters():
    source = SyntheticSource("test", sessions_per_day=5, params={"sessions_per_day": 9})
    assert source.sessions_per_day == 5
    assert SyntheticSource("test", params={"sessions_per_day": 9}).sessions_per_day == 9


@pytest.mark.parametrize(
    ("params", "field", "remedy"),
    [
        ({"sessions_per_day": 100_001}, "sessions_per_day", "less than or equal to 100000"),
        ({"site": {"public": 0.5}}, "site", "must sum to one"),
        ({"site": SiteMix(public=0, home=1), "wind": 3}, "wind", "use one of"),
        ({"price": {"level": 2}}, "price.level", "use one of level_factor"),
        ({"price": {"level_factor": 0}}, "price.level_factor", "greater than 0"),
        ({"renewables": {"solar_dip_eur_per_kwh": 60}}, "renewables.solar_dip_eur_per_kwh", "5"),
        ({"dual_pricing": {"share": 8}}, "dual_pricing.share", "less than or equal to 1"),
        ("crisis", "params", "price_crisis"),
        (3, "params", "preset"),
    ],
)
def test_bad_parameters_name_field_value_and_remedy(params, field, remedy):
    with pytest.raises(InvalidInputError) as refused:
        as_synthetic_params(params)
    assert refused.value.field == field
    assert remedy in refused.value.remedy


def test_metered_demands_leave_all_else_alone():
    plain, metered = (
        SyntheticSource("train", params=name).scenario(0) for name in ("reference_demand", None)
    )
    for column, values in vars(plain.sessions).items():
        if column not in ("arrival_soc", "charge_kw"):
            np.testing.assert_array_equal(getattr(metered.sessions, column), values)
    np.testing.assert_array_equal(metered.im_short_eur_per_kwh, plain.im_short_eur_per_kwh)


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
def test_metered_demands_fit_into_stay_and_power(dt_h):
    sessions = SyntheticSource("test", dt_h=dt_h).scenario(0).sessions
    stay_hours = (sessions.departure_step - sessions.arrival_step) * dt_h
    need_kwh = (0.97 - sessions.arrival_soc) * sessions.capacity_kwh / CHARGE_EFF
    assert (need_kwh <= stay_hours * np.minimum(sessions.charge_kw, CHARGE_KW) + 1e-9).all()
    assert sessions.arrival_soc.min() >= 0.03 - 1e-12
    assert 0 < sessions.charge_kw.min() < 3 < np.median(sessions.charge_kw) < 5
    assert 15 < sessions.charge_kw.max() < 23  # 22.5 kW is the largest that was recorded


def test_metered_demands_are_the_same_on_both_steps():
    hours, quarters = (
        SyntheticSource("test", dt_h=dt_h, days=60).scenario(0).sessions for dt_h in (1.0, 0.25)
    )
    inside = hours.departure_step < 60 * 24
    np.testing.assert_array_equal(hours.charge_kw, quarters.charge_kw)
    np.testing.assert_array_equal(hours.arrival_soc[inside], quarters.arrival_soc[inside])


def test_no_two_worlds_share_a_name():
    worlds = [
        {},
        {"sessions_per_day": 50},
        "home",
        "workplace",
        {**PRESETS["home"].model_dump(), "sessions_per_day": 50},
        {"price": {"level_factor": 2}},
        {"price": {"level_factor": 3}},
        "price_crisis",
        "reference_demand",
    ]
    names = [SyntheticSource("test", days=2, params=params).name for params in worlds]
    assert names[:3] == ["synthetic:test", "synthetic:test+50_a_day", "synthetic:test:home"]
    assert len(set(names)) == len(worlds)
