from __future__ import annotations

import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.window import DayWindow


@pytest.fixture(autouse=True)
def no_screen():
    """The canvas that matplotlib falls back to, also on a machine that has a screen."""
    pyplot.switch_backend("agg")


def test_without_a_screen_the_remedy_is_named():
    with pytest.raises(InvalidInputError, match="rgb_array") as refusal:
        DayWindow()
    assert refusal.value.field == "render_mode"
    assert not pyplot.get_fignums()


def test_a_toolkit_that_does_not_load_is_named(monkeypatch):
    def refuse(**_):
        raise ImportError("no Qt here")

    monkeypatch.setattr(pyplot, "figure", refuse)
    with pytest.raises(InvalidInputError, match=r"no Qt here.*rgb_array"):
        DayWindow()


@pytest.fixture
def window(monkeypatch):
    """A window on a canvas that only claims to have a toolkit."""
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "pretended")
    monkeypatch.setattr(FigureCanvasAgg, "draw_idle", FigureCanvasAgg.draw)
    monkeypatch.setattr("matplotlib.figure.Figure.show", lambda figure: None)
    with DayWindow(480, 360) as opened:
        yield opened


def test_a_window_shows_each_view(window, make_view):
    shown = []
    for now in (3, 4):
        window.show(make_view(now=now))
        shown.append(window._picture.get_array().copy())
    assert shown[0].shape == (360, 480, 3)
    assert (shown[0] != shown[1]).any()


def test_a_closed_window_stays_closed(window, make_view):
    assert window.is_open
    window.close()
    window.close()
    window.show(make_view())
    assert not window.is_open


def test_closing_by_hand_is_noticed(window, make_view):
    window.show(make_view())
    pyplot.close("all")
    assert not window.is_open
    window.show(make_view())
