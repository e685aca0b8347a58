"""Value against service: what is drawn, named and left out."""

from __future__ import annotations

import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.frontier import draw_frontier


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "policy": ["charge_on_arrival", "hazard_mpc", "ppo", "careless", "hopeless", "seer"],
            "kind": ["rule", "optimiser", "learned", "optimiser", "rule", "hindsight"],
            "privileged": [False] * 5 + [True],
            "frontier": [True, True, False, True, False, False],
            "demand_satisfaction": [1.0, 0.995, 0.993, 0.97, 0.5, 1.0],
            "operations_eur": [1000.0, 1500.0, 1450.0, 1600.0, -9000.0, 4000.0],
        }
    )


def test_the_frontier_is_joined_and_named_and_others_are_drawn(table):
    axes = draw_frontier(table, "operations_eur", title="toy").axes[0]
    line, *points = axes.lines
    assert line.get_xdata().tolist() == [97.0, 99.5, 100.0]
    assert line.get_ydata().tolist() == [1600.0, 1500.0, 1000.0]
    assert len(points) == 4
    names = {text.get_text() for text in axes.texts}
    assert names == {"charge_on_arrival", "hazard_mpc", "careless"}


def test_what_would_make_all_others_small_is_counted(table):
    figure = draw_frontier(table, "operations_eur", title="toy")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "1 further below left out" in words


def test_names_of_neighbours_do_not_overlap(table):
    table["demand_satisfaction"] = [0.99, 0.9901, 0.99, 0.9902, 0.99, 1.0]
    table["operations_eur"] = [1000.0, 1000.5, 999.0, 1001.0, 990.0, 4000.0]
    figure = draw_frontier(table, "operations_eur", title="toy")
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


@pytest.mark.parametrize(
    "change",
    [lambda rows: rows.drop(columns="frontier"), lambda rows: rows.assign(frontier=False)],
)
def test_a_table_without_a_frontier_is_refused(table, change):
    with pytest.raises(InvalidInputError):
        draw_frontier(change(table), "operations_eur", title="toy")
