from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.policy_day import draw_policy_day


def test_each_policy_is_drawn_in_every_panel_below_the_prices(make_view):
    view = make_view(now=24)
    other = replace(view, net_load_kwh=view.net_load_kwh + 1, profit_eur=view.profit_eur + 1)
    figure = draw_policy_day({"on arrival": view, "MPC": other}, title="two", notes=["a", "b"])
    _, load, energy, profit = figure.axes
    drawn = [patch.get_data().values for patch in load.patches if hasattr(patch, "get_data")]
    np.testing.assert_array_equal(drawn, [view.net_load_kwh, other.net_load_kwh])
    lines = [line.get_ydata() for line in profit.lines if len(line.get_ydata()) == 25]
    np.testing.assert_array_equal(lines[1][1:], other.profit_eur)
    assert [text.get_text() for text in energy.get_legend().get_texts()] == ["on arrival", "MPC"]
    assert figure.texts[0].get_text() == "Sun 2019-06-02  24:00   two"


@pytest.mark.parametrize(
    "change",
    [{"start": np.datetime64("2019-06-03")}, {"da_eur_per_kwh": np.zeros(24)}],
)
def test_only_the_same_day_is_compared(make_view, change):
    with pytest.raises(InvalidInputError, match="same") as refusal:
        draw_policy_day({"one": make_view(), "other": make_view(**change)})
    assert refusal.value.field == "views"


@pytest.mark.parametrize("number", [0, 7])
def test_none_and_too_many_are_refused(make_view, number):
    with pytest.raises(InvalidInputError, match="compare 1 to 6"):
        draw_policy_day({str(i): make_view() for i in range(number)})
