"""Two days of the car park of fuel-cell cars, for `render_mode` and by themselves."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.plots.canvas import new_figure
from vpp_gym.plots.day_chart import DayChart
from vpp_gym.plots.day_view import known_array
from vpp_gym.plots.hours import HoursView
from vpp_gym.plots.panels import (
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
    Mark,
    scale_around,
)

DA = Mark("day-ahead", BLACK)
MIN_PRICE = Mark("mean minPrice", BLUE, "dashed", 1.3)
BREAK_EVEN = Mark("hydrogen pays below", ORANGE, "dashed", 1.3)
OFFERED = Mark("offered", MUTED, "dotted", 1.4)
SOLD = Mark("sold", SKY, "area")
DELIVERED = Mark("delivered", BLUE, width=2.0)
SHORT = Mark("not delivered", VERMILION, "hatched")
BID = Mark("bid for", MUTED, "dotted", 1.4)
BOUGHT = Mark("bought", GREEN, "area")
MAKES = Mark("makes hydrogen", GREEN, width=2.0)
UNUSED = Mark("no room, sold back", VERMILION, "hatched")
PLUGGED_IN = Mark("plugged in", PURPLE, "area")
STORE = Mark("in the store", BLUE, width=2.0)
CAPACITY = Mark("capacity", MUTED, "dashed", 1.2)


@dataclass(frozen=True, eq=False)
class CarParkView(HoursView):
    """Days of the car park with L hours; nan where a number is not known.

    Attributes:
        start: midnight at which it begins.
        da_eur_per_kwh: (L,) day-ahead price.
        offered_kwh: (L,) V2G offered.
        sold_kwh: (L,) of it, sold.
        delivered_kwh: (L,) of that, delivered.
        bid_kwh: (L,) electricity bid for.
        bought_kwh: (L,) of it, bought.
        used_kwh: (L,) of that, used to make hydrogen.
        plugged_in: (L,) cars.
        store_kg: (L+1,) in the store when an hour begins, and at the end of the last one.
        profit_eur: (L,) of each hour.
        min_price_eur_per_kwh: mean of the drivers.
        break_even_eur_per_kwh: price below which making hydrogen is cheaper than buying it.
        capacity_kg: of the store.
        now: hours settled so far.
        title: what is shown.
        notes: short facts.

    Raises:
        InvalidInputError: wrong length, an infinite number, days that are not whole.
    """

    start: np.datetime64
    da_eur_per_kwh: Floats
    offered_kwh: Floats
    sold_kwh: Floats
    delivered_kwh: Floats
    bid_kwh: Floats
    bought_kwh: Floats
    used_kwh: Floats
    plugged_in: Floats
    store_kg: Floats
    profit_eur: Floats
    min_price_eur_per_kwh: float
    break_even_eur_per_kwh: float
    capacity_kg: float
    now: int
    title: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check()
        for one in fields(self):
            if one.type == "Floats":
                shape = (self.n_steps + (one.name == "store_kg"),)
                array = known_array(one.name, getattr(self, one.name), shape)
                object.__setattr__(self, one.name, array)


def prices(view: CarParkView) -> Panel:
    """Day-ahead price, and the two prices that offers and bids are held against."""
    levels = (
        (MIN_PRICE, view.min_price_eur_per_kwh),
        (BREAK_EVEN, view.break_even_eur_per_kwh),
    )

    def draw(axes: Axes) -> list[Artist]:
        lines: list[Artist] = [_level(axes, view, value, mark) for mark, value in levels]
        return [*lines, step_line(axes, view, view.da_eur_per_kwh, DA)]

    scale = scale_around(view.da_eur_per_kwh, [value for _, value in levels], least=0.02)
    return Panel("Price", "EUR/kWh", 1.2, scale, (DA, MIN_PRICE, BREAK_EVEN), draw)


def v2g(view: CarParkView) -> Panel:
    """V2G offered, sold and delivered."""
    gap = np.where(view.delivered_kwh < view.sold_kwh - 1e-9, view.sold_kwh, np.nan)

    def draw(axes: Axes) -> list[Artist]:
        return [
            step_area(axes, view, view.sold_kwh, np.zeros(view.n_steps), SOLD),
            step_area(axes, view, gap, view.delivered_kwh, SHORT),
            step_line(axes, view, view.offered_kwh, OFFERED),
            step_line(axes, view, view.delivered_kwh, DELIVERED),
        ]

    scale = scale_around(view.offered_kwh, view.sold_kwh, least=100.0)
    marks = (OFFERED, SOLD, DELIVERED, SHORT)
    return Panel("V2G", "kWh per hour", 1.3, scale, marks, draw)


def power(view: CarParkView) -> Panel:
    """Electricity bid for, bought, and used to make hydrogen."""
    gap = np.where(view.used_kwh < view.bought_kwh - 1e-9, view.bought_kwh, np.nan)

    def draw(axes: Axes) -> list[Artist]:
        return [
            step_area(axes, view, view.bought_kwh, np.zeros(view.n_steps), BOUGHT),
            step_area(axes, view, gap, view.used_kwh, UNUSED),
            step_line(axes, view, view.bid_kwh, BID),
            step_line(axes, view, view.used_kwh, MAKES),
        ]

    scale = scale_around(view.bid_kwh, view.bought_kwh, least=100.0)
    marks = (BID, BOUGHT, MAKES, UNUSED)
    return Panel("Power for hydrogen", "kWh per hour", 1.3, scale, marks, draw)


def cars(view: CarParkView) -> Panel:
    """Cars plugged in."""

    def draw(axes: Axes) -> list[Artist]:
        return [step_area(axes, view, view.plugged_in, np.zeros(view.n_steps), PLUGGED_IN)]

    scale = scale_around(view.plugged_in, least=10.0)
    return Panel("Cars", "cars", 0.9, scale, (PLUGGED_IN,), draw)


def store(view: CarParkView) -> Panel:
    """Hydrogen in the store."""

    def draw(axes: Axes) -> list[Artist]:
        line = _level(axes, view, view.capacity_kg, CAPACITY)
        return [line, boundary_line(axes, view, view.store_kg, STORE)]

    scale = scale_around(view.store_kg, [view.capacity_kg], least=1.0)
    return Panel("Hydrogen", "kg", 0.9, scale, (STORE, CAPACITY), draw)


def profit(view: CarParkView) -> Panel:
    """Profit of the aggregator since the first hour shown."""
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


def running(values: Floats) -> Floats:
    """Sum of the known values up to each; nan where one is not known.

    >>> running(np.array([np.nan, 2.0, 3.0, np.nan]))
    array([nan,  2.,  5., nan])
    """
    return np.where(np.isnan(values), np.nan, np.nancumsum(values))


def _level(axes: Axes, view: HoursView, value: float, mark: Mark) -> Artist:
    """A line at one value."""
    return boundary_line(axes, view, np.full(view.n_steps + 1, value), mark)


PANELS = (prices, v2g, power, cars, store, profit)


def car_park_chart() -> DayChart[CarParkView]:
    """Chart to keep between the frames of an episode."""
    return DayChart(new_figure(), PANELS)


def draw_car_park(view: CarParkView, figure: Figure | None = None) -> Figure:
    """Price, V2G, power for hydrogen, cars, store and profit over some days.

    Args:
        view: the days; what is nan is left out.
        figure: one to clear and draw on; None makes one on an Agg canvas.

    Returns:
        The figure drawn on.
    """
    return DayChart(figure or new_figure(), PANELS).draw(view)
