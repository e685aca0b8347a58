"""A week of the microgrid with fuel-cell cars, for `render_mode` and by itself."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.plots.canvas import new_figure
from vpp_gym.plots.car_park_days import running
from vpp_gym.plots.day_chart import DayChart
from vpp_gym.plots.day_view import known_array
from vpp_gym.plots.hours import HoursView
from vpp_gym.plots.panels import (
    DA,
    PROFIT,
    Panel,
    boundary_line,
    from_zero,
    step_area,
    step_line,
)
from vpp_gym.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Mark,
    scale_around,
)

LOAD = Mark("load", BLACK, width=1.4)
SUN = Mark("sun", ORANGE, "solid")
WIND = Mark("wind", SKY, "solid")
V2G = Mark("V2G", BLUE, "solid")
IMPORT = Mark("import", VERMILION, "solid")
ELECTROLYSER = Mark("electrolyser", GREEN, "solid")
EXPORT = Mark("export", YELLOW, "solid")
AVAILABLE = Mark("at disposal", PURPLE, "area")
NEEDED = Mark("needed", BLACK, width=1.0)
STORE = Mark("in the store", BLUE, width=2.0)
TANKS = Mark("in the tanks", GREEN, width=1.4)
CAPACITY = Mark("store's capacity", MUTED, "dashed", 1.2)
BOUNDARIES = ("store_kg", "tanks_kg")


@dataclass(frozen=True, eq=False)
class MicrogridView(HoursView):
    """Days of the microgrid with L hours; nan where a number is not known.

    Attributes:
        start: midnight at which it begins.
        da_eur_per_kwh: (L,) day-ahead price.
        load_kwh: (L,) of the households.
        sun_kwh: (L,) made on the roofs.
        wind_kwh: (L,) made by the turbine.
        v2g_kwh: (L,) given by the cars.
        import_kwh: (L,) from the grid.
        electrolyser_kwh: (L,) taken by the electrolyser.
        export_kwh: (L,) to the grid.
        cars_plugged_in: (L,) at the operator's disposal.
        cars_needed: (L,) to serve what the houses lack, at full power.
        store_kg: (L+1,) hydrogen in the store when an hour begins, and at the end.
        tanks_kg: (L+1,) hydrogen in the tanks of all cars, likewise.
        profit_eur: (L,) of each hour.
        capacity_kg: of the store.
        now: hours settled so far.
        title: what is shown.
        notes: short facts.

    Raises:
        InvalidInputError: wrong length, an infinite number, days that are not whole.
    """

    start: np.datetime64
    da_eur_per_kwh: Floats
    load_kwh: Floats
    sun_kwh: Floats
    wind_kwh: Floats
    v2g_kwh: Floats
    import_kwh: Floats
    electrolyser_kwh: Floats
    export_kwh: Floats
    cars_plugged_in: Floats
    cars_needed: Floats
    store_kg: Floats
    tanks_kg: Floats
    profit_eur: Floats
    capacity_kg: float
    now: int
    title: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check()
        for one in fields(self):
            if one.type == "Floats":
                shape = (self.n_steps + (one.name in BOUNDARIES),)
                array = known_array(one.name, getattr(self, one.name), shape)
                object.__setattr__(self, one.name, array)


def prices(view: MicrogridView) -> Panel:
    """Day-ahead price."""

    def draw(axes: Axes) -> list[Artist]:
        return [step_line(axes, view, view.da_eur_per_kwh, DA)]

    scale = scale_around(view.da_eur_per_kwh, least=0.02)
    return Panel("Price", "EUR/kWh", 0.8, scale, (DA,), draw)


def balance(view: MicrogridView) -> Panel:
    """Where energy comes from, above zero, and where it goes beside the load, below."""
    sources = ((SUN, view.sun_kwh), (WIND, view.wind_kwh), (V2G, view.v2g_kwh))
    above = (*sources, (IMPORT, view.import_kwh))
    below = ((ELECTROLYSER, -view.electrolyser_kwh), (EXPORT, -view.export_kwh))
    ends = [sum(values for _, values in side) for side in (above, below)]

    def draw(axes: Axes) -> list[Artist]:
        artists: list[Artist] = []
        for side in (above, below):
            base = np.zeros(view.n_steps)
            for mark, values in side:
                artists.append(step_area(axes, view, base + values, base, mark))
                base = base + values
        return [*artists, step_line(axes, view, view.load_kwh, LOAD)]

    scale = scale_around(*ends, view.load_kwh, least=10.0)
    marks = (LOAD, *(mark for mark, _ in (*above[::-1], *below)))
    title = "Energy: sources above zero, electrolyser and export below"
    return Panel(title, "kWh per hour", 2.4, scale, marks, draw)


def cars(view: MicrogridView) -> Panel:
    """Cars at the operator's disposal, and those that the deficit needs."""

    def draw(axes: Axes) -> list[Artist]:
        return [
            step_area(axes, view, view.cars_plugged_in, np.zeros(view.n_steps), AVAILABLE),
            step_line(axes, view, view.cars_needed, NEEDED),
        ]

    scale = scale_around(view.cars_plugged_in, view.cars_needed, least=5.0)
    return Panel("Cars", "cars", 1.0, scale, (AVAILABLE, NEEDED), draw)


def hydrogen(view: MicrogridView) -> Panel:
    """Hydrogen in the store and in the tanks."""
    capacity = np.full(view.n_steps + 1, view.capacity_kg)

    def draw(axes: Axes) -> list[Artist]:
        return [
            boundary_line(axes, view, capacity, CAPACITY),
            boundary_line(axes, view, view.tanks_kg, TANKS),
            boundary_line(axes, view, view.store_kg, STORE),
        ]

    scale = scale_around(view.store_kg, view.tanks_kg, capacity, least=1.0)
    return Panel("Hydrogen", "kg", 1.0, scale, (STORE, TANKS, CAPACITY), draw)


def profit(view: MicrogridView) -> Panel:
    """Profit of the operator since the first hour shown; costs are negative."""
    sum_eur = from_zero(running(view.profit_eur))

    def draw(axes: Axes) -> list[Artist]:
        return [boundary_line(axes, view, sum_eur, PROFIT)]

    return Panel(
        "Profit since the first hour shown",
        "EUR",
        0.9,
        scale_around(sum_eur, least=1.0),
        (PROFIT,),
        draw,
    )


PANELS = (prices, balance, cars, hydrogen, profit)


def microgrid_chart() -> DayChart[MicrogridView]:
    """Chart to keep between the frames of an episode."""
    return DayChart(new_figure(), PANELS)


def draw_microgrid(view: MicrogridView, figure: Figure | None = None) -> Figure:
    """Price, energy balance, cars, hydrogen and profit over some days.

    Args:
        view: the days; what is nan is left out.
        figure: one to clear and draw on; None makes one on an Agg canvas.

    Returns:
        The figure drawn on.
    """
    return DayChart(figure or new_figure(), PANELS).draw(view)
