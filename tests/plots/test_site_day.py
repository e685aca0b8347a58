"""The picture of a day at a site: what it shows, and what it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.cli.day_figure import last_day
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import site_day
from vpp_gym.plots.day import draw_day
from vpp_gym.policies.baselines import baseline
from vpp_gym.scenarios.scenario import Scenario

DAY = 24


def site_world() -> Scenario:
    hour = np.arange(2 * DAY)
    return Scenario.from_arrays(
        da_eur_per_kwh=0.05 + 0.02 * np.cos(hour),
        im_eur_per_kwh=0.05 + 0.02 * np.cos(hour),
        sessions={"arrival_step": [7, 31], "departure_step": [18, 43], "arrival_soc": [0.2, 0.3]},
        site={
            "pv_kwh": np.clip(30 * np.sin((hour % 24 - 6) / 12 * np.pi), 0, None),
            "building_kwh": np.full(2 * DAY, 4.0),
            "import_limit_kw": np.where(hour % 24 >= 17, 9.0, 20.0),
        },
        params={
            "connection": {"export_limit_kw": 10.0},
            "storage": {"kwh": 20.0, "kw": 10.0},
        },
    )


@pytest.fixture(scope="module")
def view():
    return last_day(baseline("charge_on_arrival+self_consumption"), site_world(), {}, 2 * DAY)


def test_the_numbers_of_a_day_balance_at_the_connection(view):
    site = view.site
    taken = site.building_kwh + site.charge_kwh + site.storage_charge_kwh
    given = site.pv_kwh + site.discharge_kwh + site.storage_discharge_kwh
    np.testing.assert_allclose(site.import_kwh - site.export_kwh, taken - given, atol=1e-9)
    np.testing.assert_array_equal(site.import_limit_kwh, [20.0] * 17 + [9.0] * 7)
    np.testing.assert_array_equal(site.export_limit_kwh, 10.0)
    np.testing.assert_allclose(site.pv_kwh + site.curtailed_kwh, site_world().site.pv_kwh[DAY:])
    assert site.storage_max_kwh == 20.0
    change = np.diff(site.storage_kwh)
    stored = 0.95 * site.storage_charge_kwh - site.storage_discharge_kwh / 0.95
    np.testing.assert_allclose(change, stored, atol=1e-9)
    assert site.storage_charge_kwh.sum() > 0


def test_a_picture_has_connection_limits_and_what_lies_behind(view):
    figure = draw_day(view)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:5] == ["Prices", "Connection", "Behind it, + takes", "Battery", "Fleet energy"]
    words = {text.get_text() for axes in figure.axes[:4] for text in axes.get_legend().get_texts()}
    assert {"limits", "building", "cars charge", "sun that is used", "in the battery"} <= words
    assert "cars discharge" not in words
    panel = site_day.connection(view)
    assert panel.scale.low < -10
    assert panel.scale.high > 20


def test_without_limits_and_battery_there_are_none_in_the_picture():
    world = site_world()
    free = Scenario.from_arrays(
        da_eur_per_kwh=world.da_eur_per_kwh,
        im_eur_per_kwh=world.im_long_eur_per_kwh,
        sessions=world.sessions,
        site={"building_kwh": world.site.building_kwh},
    )
    view = last_day(baseline("charge_on_arrival"), free, {}, 2 * DAY)
    figure = draw_day(view)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "Battery" not in titles
    assert len(figure.axes[1].patches) >= 1
    assert np.isinf(view.site.import_limit_kwh).all()


def test_a_day_of_chargers_only_has_no_site(make_view):
    view = make_view()
    assert view.site is None
    with pytest.raises(InvalidInputError, match="with a site"):
        site_day.connection(view)


def test_numbers_of_another_length_are_refused(view):
    whole = dict(vars(view.site))
    with pytest.raises(InvalidInputError, match=r"site.pv_kwh"):
        site_day.SiteDay(**{**whole, "pv_kwh": np.zeros(3)})
