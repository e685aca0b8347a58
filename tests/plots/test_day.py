from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.day import day_chart, day_image, draw_day


@pytest.mark.parametrize("size", [(960, 720), (333, 251), (1001, 300)])
def test_the_picture_has_the_size_asked_for(make_view, size):
    picture = day_image(make_view(), *size)
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8


def test_a_picture_too_small_to_read_is_refused(make_view):
    with pytest.raises(InvalidInputError, match="width_px"):
        day_image(make_view(), width_px=100)


@pytest.mark.parametrize(("dt_h", "n_chargers"), [(0.25, 1), (1.0, 1000), (1 / 12, 3), (0.5, 3)])
def test_any_step_and_number_of_chargers_can_be_drawn(make_view, dt_h, n_chargers):
    view = make_view(dt_h=dt_h, n_chargers=n_chargers)
    assert _colourful(day_image(view, 480, 360))


def test_a_day_of_which_nothing_is_known_and_an_empty_lot_can_be_drawn(make_view):
    view = make_view(now=0)
    unknown = {
        name: np.full_like(values, np.nan)
        for name, values in vars(view).items()
        if isinstance(values, np.ndarray) and values.dtype == np.float64
    }
    empty = type(view)(**(vars(view) | unknown))
    assert day_image(empty, 480, 360).shape == (360, 480, 3)


def test_the_same_view_gives_the_same_bytes_from_a_fresh_and_a_used_chart(make_view):
    chart = day_chart(480, 360)
    for n_chargers, dt_h, now in ((3, 0.25, 0), (200, 1.0, 9), (3, 1.0, 10)):
        used = chart.image(make_view(n_chargers=n_chargers, dt_h=dt_h, now=now))
    assert np.array_equal(used, chart.image(make_view(now=10)))
    assert np.array_equal(used, day_image(make_view(now=10), 480, 360))


def test_a_figure_drawn_again_holds_the_new_view_only(make_view):
    chart = day_chart()
    first = chart.draw(make_view())
    counts = [len(axes.get_children()) for axes in first.axes]
    again = chart.draw(make_view())
    assert again is first
    assert [len(axes.get_children()) for axes in again.axes] == counts


def test_the_panels_share_the_clock_and_name_their_units(make_view):
    figure = draw_day(make_view())
    panels = [axes for axes in figure.axes if axes.get_xlim() == (0.0, 24.0)]
    assert [axes.get_ylabel() for axes in panels] == [
        "EUR/kWh",
        "kWh per hour",
        "kWh",
        "EUR",
        "charger",
    ]
    labels = [label.get_text() for label in panels[-1].get_xticklabels()]
    assert labels == [f"{hour:02d}:00" for hour in range(0, 25, 3)]


def test_the_imbalance_trade_fills_the_gap_between_purchase_and_net_load(make_view):
    view = make_view(now=24)
    steps = [patch.get_data() for patch in draw_day(view).axes[1].patches if _is_steps(patch)]
    bought, more, less, net_load = (data.values for data in steps)
    np.testing.assert_allclose(bought, -view.da_sold_kwh)
    np.testing.assert_allclose(net_load, view.net_load_kwh)
    np.testing.assert_allclose(np.where(np.isnan(more), less, more), view.net_load_kwh)
    assert np.array_equal(np.isnan(less), view.im_sold_kwh <= 0)


def test_what_is_not_known_is_not_drawn(make_view):
    view = make_view(now=9)
    image = draw_day(view).axes[4].images[0].get_array()
    assert np.array_equal(image.mask, np.isnan(view.soc))
    assert image.mask[:, 9:].all()


def test_the_heading_tells_day_time_and_notes(make_view):
    texts = [text.get_text() for text in draw_day(make_view(now=9)).texts]
    assert texts == ["Sun 2019-06-02  09:00   VPPDayAhead-v0", "served 98 %  |  V2G 12 kWh"]


def test_negative_prices_are_marked_where_there_are_any(make_view):
    def legend(view):
        return [text.get_text() for text in draw_day(view).axes[0].get_legend().get_texts()]

    flat = np.full(24, 0.05)
    names = ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh")
    prices = dict.fromkeys(names, flat)
    assert "negative price" not in legend(make_view(**prices))
    assert "negative price" in legend(make_view(**(prices | {"da_eur_per_kwh": flat - 0.06})))


def test_drawing_needs_neither_pyplot_nor_a_screen():
    code = """
import sys
import numpy as np
from vpp_gym.plots.day import DayView, day_image
import vpp_gym.plots.window
row = np.zeros(24)
view = DayView(np.datetime64("2019-06-02"), 1.0, row, row, row, row, row, row, np.zeros(25),
               np.full((2, 24), np.nan), np.zeros((2, 24), bool), row, 24)
assert day_image(view).shape == (720, 960, 3)
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def _colourful(picture):
    return len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def _is_steps(patch):
    return type(patch).__name__ == "StepPatch"
