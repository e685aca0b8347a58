"""The catalogue of cars, and years whose cars are drawn from it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from vpp_gym.errors import InvalidInputError
from vpp_gym.fleet.charging import Charging, line_curves
from vpp_gym.scenarios.cars import CATALOGUE, CarModel, draw_cars, models_named
from vpp_gym.scenarios.cut_stays import reachable_target_soc
from vpp_gym.scenarios.synthetic import SyntheticSource

WITH_DC = {name: model for name, model in CATALOGUE.items() if model.curve}


def line_kw(soc, taper):
    """Power on the simulator's line at a state of charge."""
    charge_kw, begin, share = taper
    if share == 1 or soc <= begin:
        return charge_kw
    return charge_kw * (1 - (1 - share) * (soc - begin) / (1 - begin))


def test_names_are_sorted_and_facts_plausible():
    assert list(CATALOGUE) == sorted(CATALOGUE)
    for model in CATALOGUE.values():
        assert 5 < model.battery_kwh < 110
        assert model.phases in (1, 2, 3)
        assert 3 < model.ac_kw <= 22.1
        soc = [at for at, _ in model.curve]
        assert soc == sorted(set(soc))
        assert not soc or (soc[0], soc[-1]) == (0, 1)


@pytest.mark.parametrize("name", WITH_DC)
def test_a_dc_line_takes_the_published_time_from_20_to_90_percent(name):
    model, taper = WITH_DC[name], WITH_DC[name].at_dc()
    soc, power = np.array(model.curve).T
    corners = [at for at in [*soc, taper.taper_soc] if 0.2 < at < 0.9]
    published, _ = quad(lambda at: 1 / np.interp(at, soc, power), 0.2, 0.9, points=corners)
    line, _ = quad(lambda at: 1 / line_kw(at, taper), 0.2, 0.9, points=corners)
    assert line == pytest.approx(published, rel=1e-4)
    assert taper.charge_kw <= model.dc_kw
    assert line_kw(1.0, taper) == pytest.approx(model.curve[-1][1], abs=0.01 * model.dc_kw)


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_ac_plug_gives_what_phases_and_charger_allow(name):
    model = CATALOGUE[name]
    kw = min(model.ac_kw, 3.68 * model.phases)
    assert model.at_ac().charge_kw == pytest.approx(kw)
    assert model.at_ac(phases=1).charge_kw == pytest.approx(min(model.ac_kw, 3.68))
    assert model.at_ac(amperes=32).charge_kw == pytest.approx(min(model.ac_kw, 7.36 * model.phases))
    taper = model.at_ac()
    for at in np.linspace(0.95, 1, 11) if model.curve else ():
        limit = np.interp(at, *np.array(model.curve).T)
        assert line_kw(at, taper) == pytest.approx(min(kw, max(limit, 0.01 * kw)))


def test_a_car_without_dc_is_refused_at_a_dc_charger():
    with pytest.raises(InvalidInputError, match="give models that charge DC"):
        CarModel("ac only", 40, 11, 3).at_dc()
    assert all(model.curve for model in models_named(("all",), "dc"))
    params = {"cars": {"models": ("renault_zoe_r90",), "plug": "dc"}}
    with pytest.raises(InvalidInputError, match="give models that charge DC"):
        SyntheticSource(params=params)


@pytest.mark.parametrize(
    ("cars", "message"),
    [
        ({"models": ("trabant",)}, "use all, or audi_e_tron_55"),
        ({"models": ("all",), "shares": (1.0,)}, "give 26, as models"),
        ({"models": ("polestar_2",), "shares": (0.5,)}, "sum to one"),
        ({"models": ("polestar_2",), "phases": 4}, "less than or equal to 3"),
    ],
)
def test_other_cars_are_refused(cars, message):
    with pytest.raises(InvalidInputError, match=message):
        SyntheticSource(params={"cars": cars})


def test_shares_are_those_that_were_asked_for():
    models = models_named(("nissan_leaf_24", "tesla_model_y"))
    drawn = draw_cars(np.random.default_rng(0), 20_000, models, (0.2, 0.8))
    assert (drawn.capacity_kwh == 72.5).mean() == pytest.approx(0.8, abs=0.01)
    assert {*zip(drawn.capacity_kwh, drawn.charge_kw, strict=True)} == {(24.0, 3.6), (72.5, 11.0)}


@pytest.mark.parametrize("demand", ["metered", "reference"])
@pytest.mark.parametrize("plug", ["ac", "dc"])
def test_models_change_the_cars_and_nothing_else(plug, demand):
    cars = {"models": ("all",), "plug": plug}
    plain = SyntheticSource(days=60, params={"demand": demand}).scenario(0)
    source = SyntheticSource(days=60, params={"demand": demand, "cars": cars})
    mixed = source.scenario(0)
    assert "+cars#" in source.name or "+demand+cars#" in source.name
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(mixed, name))
    before, after = plain.sessions, mixed.sessions
    for name in ("arrival_step", "departure_step", "target_soc", "owner_draw", "interest_draw"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert len(np.unique(after.capacity_kwh)) > 15
    needed = [(one.target_soc - one.arrival_soc) * one.capacity_kwh for one in (before, after)]
    assert (needed[1] <= needed[0] + 1e-9).all()
    assert (after.arrival_soc >= 0.03 - 1e-12).all()
    assert needed[1].sum() > 0.5 * needed[0].sum()


def test_a_stay_at_the_cars_full_power_reaches_its_target():
    source = SyntheticSource(days=60, params={"cars": {"models": ("all",), "plug": "dc"}})
    sessions = source.scenario(0).sessions
    curves = line_curves(
        sessions.capacity_kwh,
        0.98 * sessions.charge_kw,
        sessions.taper_soc,
        sessions.taper_share,
    )
    stay_h = (sessions.departure_step - sessions.arrival_step) * source.dt_h
    stored = sessions.arrival_soc * sessions.capacity_kwh
    reach = stored + Charging(sessions.charge_kw, 0.98, 1.0, curves).gain_kwh(stored, stay_h)
    assert (reach >= sessions.target_soc * sessions.capacity_kwh - 1e-6).all()


def test_a_stay_that_is_cut_reaches_what_the_taper_allows():
    """Three hours at 10 kW to 30 kWh, then de/dt = 30 - 0.5 e - 5: 0.5 (50 - e)."""
    sessions = {
        "arrival_step": np.array([0]),
        "departure_step": np.array([9]),
        "arrival_soc": np.array([0.0]),
        "target_soc": np.array([1.0]),
        "capacity_kwh": np.array([40.0]),
        "charge_kw": np.array([np.inf]),
        "taper_soc": np.array([0.75]),
        "taper_share": np.array([0.5]),
    }
    target, capped = reachable_target_soc(sessions, 4, dt_h=1.0, charge_kw=10.0, charge_eff=1.0)
    assert capped.all()
    assert target[0] * 40 == pytest.approx(50 - 20 * np.exp(-0.5))
