"""Pictures of the hydrogen worlds: what is drawn, and that it stays the same."""

from __future__ import annotations

import numpy as np

from vpp_gym.plots.canvas import save_figure
from vpp_gym.plots.car_shortage import draw_car_shortage
from vpp_gym.plots.driver_profit import draw_driver_profit


def test_hours_of_shortage_are_counted_in_the_title(tmp_path):
    needed = np.array([3.0, 5.0, 2.0, 0.0] * 42)
    has = np.array([3.0, 4.0, 4.0, 0.0] * 42)
    figure = draw_car_shortage({"Winter": (needed, has), "Summer": (0 * needed, has)})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Winter: 42 hours with a shortage", "Summer: 0 hours with a shortage"]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    again = draw_car_shortage({"Winter": (needed, has), "Summer": (0 * needed, has)})
    one, two = (save_figure(f, tmp_path / f"{i}.png") for i, f in enumerate((figure, again)))
    assert one.read_bytes() == two.read_bytes()


def test_drivers_are_drawn_from_the_least_to_the_most():
    figure = draw_driver_profit({"Equal": np.array([3.0, 1.0, 2.0]), "Random": np.zeros(3)})
    equal = figure.axes[0].lines[0]
    assert equal.get_ydata().tolist() == [1.0, 2.0, 3.0]
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["Equal", "Random"]
