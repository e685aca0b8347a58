"""The bars of a profit's parts, and the two markets of a day."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.market_day import draw_market_day
from vpp_gym.plots.profit_breakdown import draw_profit_breakdown

ROWS = {
    "first": {"revenue": 10.0, "markets": -4.0, "payoffs": -1.0},
    "second": {"revenue": 10.0, "markets": 2.0, "payoffs": -3.0},
}


def test_parts_grow_away_from_zero_and_the_mark_is_their_sum():
    axes = draw_profit_breakdown(ROWS).axes[0]
    ends = {
        bars.get_label(): [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
        for bars in axes.containers
    }
    assert ends == {
        "revenue": [(0, 10), (0, 10)],
        "markets": [(0, -4), (10, 12)],
        "payoffs": [(-4, -5), (0, -3)],
    }
    assert axes.lines[0].get_xdata().tolist() == [5, 9]
    assert [text.get_text() for text in axes.texts] == ["5", "9"]


@pytest.mark.parametrize(
    "rows", [{}, {"a": {}}, {"a": {"x": 1.0}, "b": {"y": 1.0}}], ids=["none", "empty", "unequal"]
)
def test_unequal_parts_are_refused(rows):
    with pytest.raises(InvalidInputError, match="parts"):
        draw_profit_breakdown(rows)


def test_what_the_imbalance_settles_closes_the_balance():
    day = {
        "da_eur_per_kwh": [0.1, 0.2],
        "im_eur_per_kwh": [0.3, 0.0],
        "da_sold_kwh": [5.0, -2.0],
        "charge_kwh": [1.0, 4.0],
        "discharge_kwh": [3.0, 0.0],
    }
    below = draw_market_day(**day).axes[1]
    steps = {patch.get_label(): patch for patch in below.patches if hasattr(patch, "get_data")}
    assert np.allclose(steps["sold day-ahead"].get_data().values, [5, -2])
    assert np.allclose(steps["sold as imbalance"].get_data().values, [-3, -2])
    with pytest.raises(InvalidInputError, match="market day"):
        draw_market_day(**{**day, "charge_kwh": [1.0]})
