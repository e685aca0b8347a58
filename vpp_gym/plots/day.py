"""One day of a VPP as a figure, and as the frame of `render_mode="rgb_array"`."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import panels, site_day
from vpp_gym.plots.canvas import DPI, new_figure
from vpp_gym.plots.chargers import chargers
from vpp_gym.plots.day_chart import DayChart
from vpp_gym.plots.day_view import DayView

__all__ = ["DayChart", "DayView", "day_chart", "day_image", "draw_day"]

PANELS = (panels.prices, panels.trades, panels.energy, panels.profit, chargers)
SITE_PANELS = (panels.prices, site_day.connection, site_day.behind)
"""Of a day at a site, above those of its cars."""
SITE_PX = 1080
"""Height of the picture of a day at a site."""


def day_chart(width_px: int = 960, height_px: int = 720) -> DayChart[DayView]:
    """Chart to keep between the frames of an episode.

    Args:
        width_px: at least 320.
        height_px: at least 240. Text and lines grow with the picture.

    Raises:
        InvalidInputError: a picture too small to read.
    """
    for name, value, least in (("width_px", width_px, 320), ("height_px", height_px, 240)):
        if value < least:
            raise InvalidInputError(name, value, f"use {least} or more")
    scale = min(width_px / 960, height_px / 720)
    return DayChart(new_figure(width_px, height_px, dpi=DPI * scale), PANELS)


def draw_day(view: DayView, figure: Figure | None = None) -> Figure:
    """Prices, trades, energy, profit and chargers over one day.

    Of a site, connection with its limits, building, sun, battery and cars' power as well.

    Args:
        view: the day; what is nan is left out.
        figure: one to clear and draw on; None makes one on an Agg canvas.

    Returns:
        The figure drawn on.
    """
    if view.site is None:
        return DayChart(figure or new_figure(), PANELS).draw(view)
    battery = (site_day.battery,) if view.site.storage_max_kwh > 0 else ()
    chosen = (*SITE_PANELS, *battery, panels.energy, panels.profit, chargers)
    return DayChart(figure or new_figure(960, SITE_PX), chosen).draw(view)


def day_image(view: DayView, width_px: int = 960, height_px: int = 720) -> NDArray[np.uint8]:
    """Picture of a day: (height_px, width_px, 3) RGB, the same for the same view.

    For many frames keep a `day_chart`, whose `image` is several times faster.
    """
    return day_chart(width_px, height_px).image(view)
