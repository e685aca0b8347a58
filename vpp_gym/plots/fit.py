"""Figures that compare synthetic years with the real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp_gym.arrays import Floats
from vpp_gym.plots import style
from vpp_gym.plots.canvas import new_figure, save_figure

__all__ = ["Course", "draw_courses", "draw_hold_out", "draw_marginals", "save_figure"]


REAL = style.Mark("real", style.INK)
SYNTHETIC = style.Mark("synthetic", style.VERMILION, "dashed", 1.8)
SPREAD = style.Mark("range of the synthetic years", style.VERMILION, "tint")
UNSEEN = REAL._replace(label="real year, not used for the fit")
FITTED = style.Mark("real year, used for the fit", style.BLUE, "dotted")
POINTS = 400


@dataclass(frozen=True)
class Course:
    """One quantity of the real year and of several synthetic ones.

    Attributes:
        title: what it is.
        unit: of the y axis.
        x_title: of the x axis.
        x: (k,) where it is known.
        real: (k,) of the real year.
        synthetic: (years, k).
        tick: distance of the numbers on the x axis.
    """

    title: str
    unit: str
    x_title: str
    x: Floats
    real: Floats
    synthetic: Floats
    tick: float


def draw_marginals(
    real: Mapping[str, Floats], synthetic: Mapping[str, Floats], titles: Mapping[str, str]
) -> Figure:
    """Distribution functions of quantities, three to a row, real and pooled synthetic.

    Args:
        real: values by quantity.
        synthetic: values of the same quantities.
        titles: of the panels, by quantity, with the unit.
    """
    rows = -(-len(titles) // 3)
    figure = new_figure(1080, 300 * rows)
    panels = np.ravel(figure.subplots(rows, 3))
    for axes, (name, title) in zip(panels, titles.items(), strict=False):
        _distributions(axes, title, {REAL: real[name], SYNTHETIC: synthetic[name]})
    for axes in panels[len(titles) :]:
        axes.set_visible(False)
    _headline(figure, rows)
    _legend(figure, (REAL, SYNTHETIC))
    return figure


def draw_hold_out(
    after: Mapping[str, Floats],
    fitted: Mapping[str, Floats],
    before: Mapping[str, Floats],
    titles: Mapping[str, str],
) -> Figure:
    """Distribution functions of a year, of years fitted on the year before, and of that year.

    Args:
        after: values of the year that was not used for the fit, by quantity.
        fitted: values of synthetic years drawn from the fit.
        before: values of the year that was used for the fit.
        titles: of the panels, by quantity, two to a row.
    """
    rows = -(-len(titles) // 2)
    figure = new_figure(1080, 340 * rows)
    panels = np.ravel(figure.subplots(rows, 2))
    for axes, (name, title) in zip(panels, titles.items(), strict=False):
        values = {UNSEEN: after[name], FITTED: before[name], SYNTHETIC: fitted[name]}
        _distributions(axes, title, values)
    _headline(figure, rows)
    _legend(figure, (UNSEEN, FITTED, SYNTHETIC))
    return figure


def draw_courses(courses: list[Course]) -> Figure:
    """Quantities over lags or hours, two per row: real year and range of synthetic years."""
    rows = -(-len(courses) // 2)
    figure = new_figure(1080, 340 * rows)
    panels = np.ravel(figure.subplots(rows, 2))
    for axes, course in zip(panels, courses, strict=False):
        style.dress(axes, f"{course.title} [{course.unit}]" if course.unit else course.title)
        years = course.synthetic
        axes.fill_between(
            course.x,
            years.min(axis=0),
            years.max(axis=0),
            color=SPREAD.color,
            alpha=style.AREA_ALPHA["tint"],
            lw=0,
        )
        _line(axes, course.x, course.real, REAL)
        _line(axes, course.x, years.mean(axis=0), SYNTHETIC)
        axes.set_xlim(course.x[0], course.x[-1])
        axes.set_xlabel(course.x_title, size=style.SMALL, color=style.INK)
        axes.set_xticks(np.arange(course.x[0], course.x[-1] + 0.5, course.tick))
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    for axes in panels[len(courses) :]:
        axes.set_visible(False)
    figure.tight_layout(rect=(0, 0.1 / rows, 1, 1))
    _legend(figure, (REAL, SYNTHETIC, SPREAD))
    return figure


def _distributions(axes: Axes, title: str, values: Mapping[style.Mark, Floats]) -> None:
    """Distribution functions, as far as the first of them reaches."""
    style.dress(axes, title)
    low, high = np.quantile(next(iter(values.values())), [0.001, 0.999])
    at = np.linspace(low, high, POINTS)
    for mark, these in values.items():
        _line(axes, at, _share_below(these, at), mark)
    axes.set_ylim(0, 1)
    axes.locator_params(axis="x", nbins=6)


def _headline(figure: Figure, rows: int) -> None:
    figure.suptitle(
        "Share of values up to", x=0.012, y=0.985, ha="left", size=style.LARGE, color=style.INK
    )
    figure.tight_layout(rect=(0, 0.1 / rows, 1, 1))


def _share_below(values: Floats, at: Floats) -> Floats:
    """(k,) share of the values that are not above each of `at`."""
    return np.searchsorted(np.sort(values), at, side="right") / len(values)


def _line(axes: Axes, x: Floats, y: Floats, mark: style.Mark) -> None:
    axes.plot(x, y, color=mark.color, lw=mark.width, ls=style.DASHES[mark.form])


def _legend(figure: Figure, marks: tuple[style.Mark, ...]) -> None:
    figure.legend(
        handles=[mark.handle() for mark in marks],
        loc="lower left",
        ncols=len(marks),
        frameon=False,
        fontsize=style.NORMAL,
        labelcolor=style.INK,
    )
