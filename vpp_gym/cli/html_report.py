"""The report of `vpp-gym run --report`: one HTML file that needs nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from vpp_gym.cli.output import number_text
from vpp_gym.files.reader import read_text

if TYPE_CHECKING:
    import pandas as pd

    from vpp_gym.plots.day_view import DayView

TEMPLATE = Path(__file__).with_name("html_report.html")
SUFFIXES = (".html", ".htm")

GROUPS = {
    "money": "Income and cost",
    "split": "Parts of the profit",
    "energy": "Energy",
    "cars": "Cars",
    "contracts": "Contracts",
    "time": "Time per decision",
}
TOTALLED = ("money", "split")
"""Groups whose numbers add up to the profit."""
DAY_COLUMNS = {
    "profit_eur": "Profit",
    "da_eur": "Day-ahead",
    "im_eur": "Imbalance",
    "retail_eur": "Drivers pay",
    "payoff_eur": "Owners",
    "shortfall_eur": "Penalty",
    "charge_kwh": "Charged",
    "discharge_kwh": "V2G",
    "unserved_kwh": "Missing",
    "departures": "Cars left",
    "fully_served": "Fully served",
}
"""Columns of the table of days, with their headings."""

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 900.0, 220.0, 56.0, 22.0, 8.0
"""Of the chart, and the margins around its bars [px]."""


def html_report(report: Mapping[str, Any], days: pd.DataFrame, view: DayView | str) -> str:
    """The page.

    Args:
        report: what `run_report` says, with its warnings.
        days: rows of the run.
        view: the last day, or why there is no picture of it.
    """
    demand = "with guarantee" if report["guarantee"] else "without guarantee"
    title = f"{report['policy']} in {report['scenario']}"
    provenance = report["provenance"]
    return Template(read_text(TEMPLATE)).substitute(
        title=escape(title),
        heading=escape(title),
        span=escape(
            f"{report['first_day']} to {report['last_day']} ({report['days']} days), {demand}"
        ),
        warnings="".join(f'<p class="warn">{escape(one)}</p>' for one in report["warnings"]),
        key=_key_figures(report),
        bars=bars([str(one) for one in days["date"]], days["profit_eur"].tolist()),
        picture=_picture(view),
        groups="".join(_group(report, name, words) for name, words in GROUPS.items()),
        table=_table_of_days(days),
        command=f"<code>{escape(str(provenance['command']))}</code>",
        provenance=escape(json.dumps(provenance, indent=2, default=str)),
    )


def _key_figures(report: Mapping[str, Any]) -> str:
    energy, cars = report["energy"], report["cars"]
    shown = {
        "Profit": f"{number_text('profit_eur', report['profit_eur'])} EUR",
        "Demand served": number_text("demand_satisfaction", cars["demand_satisfaction"]),
        "Charged": f"{number_text('charge_kwh', energy['charge_kwh'])} kWh",
        "Discharged (V2G)": f"{number_text('discharge_kwh', energy['discharge_kwh'])} kWh",
        "Cars that left": number_text("departures", cars["departures"]),
    }
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in shown.items()
    )


def _group(report: Mapping[str, Any], name: str, words: str) -> str:
    numbers = dict(report[name])
    if name in TOTALLED:
        numbers["profit_eur"] = report["profit_eur"]
    meanings = _meanings()
    rows = "".join(
        _row(one, number_text(_unit(name, one), number), meanings.get(one, ""))
        for one, number in numbers.items()
    )
    return f"<table><caption>{escape(words)}</caption><tbody>{rows}</tbody></table>"


def _row(name: str, text: str, meaning: str) -> str:
    total = ' class="total"' if name == "profit_eur" else ""
    words = f"<small>{escape(meaning)}</small>" if meaning else ""
    head = f'<th scope="row">{escape(name)}{words}</th>'
    return f"<tr{total}>{head}<td>{escape(text)}</td></tr>"


def _meanings() -> dict[str, str]:
    """What terms and parts of the profit mean, as the ledger says it."""
    from vpp_gym.markets.ledger import LEDGER

    terms = {term.name: term.meaning for term in LEDGER.terms}
    return {f"{part.name}_eur": part.meaning for part in LEDGER.parts} | terms


def _unit(group: str, name: str) -> str:
    """A name that ends in the unit of its number: parts of the profit are money."""
    return f"{name}_eur" if group == "split" and not name.endswith("_eur") else name


def _table_of_days(days: pd.DataFrame) -> str:
    columns = {name: words for name, words in DAY_COLUMNS.items() if name in days}
    heads = "".join(
        f'<th scope="col"><button type="button">{escape(words)}</button></th>'
        for words in ("Day", *columns.values())
    )
    lines = []
    for row in days.to_dict("records"):
        date = escape(str(row["date"]))
        cells = "".join(
            f'<td data-value="{float(row[name])!r}">{escape(number_text(name, row[name]))}</td>'
            for name in columns
        )
        lines.append(f'<tr><th scope="row" data-value="{date}">{date}</th>{cells}</tr>')
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def bars(names: Sequence[str], values: Sequence[float]) -> str:
    """A chart of one bar per day as SVG, with each day's value as its tooltip.

    Args:
        names: of the days.
        values: EUR of each.
    """
    low, high = min(0.0, *values), max(0.0, *values)
    scale = (HEIGHT - TOP - BOTTOM) / ((high - low) or 1.0)
    step, zero = (WIDTH - LEFT) / len(values), TOP + high * scale
    levels = (high, 0.0, low) if low < 0 else (high, 0.0)
    marks = [_level(f"{level:.0f}", zero - level * scale) for level in levels]
    shapes = [
        f'<rect x="{LEFT + place * step:.2f}" y="{zero - max(value, 0.0) * scale:.2f}" '
        f'width="{max(0.8 * step, 0.5):.2f}" height="{abs(value) * scale:.2f}" '
        f'class="{"gain" if value >= 0 else "loss"}">'
        f"<title>{escape(name)}: {number_text('_eur', value)} EUR</title></rect>"
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    ends = [
        f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(names[0])}</text>',
        f'<text x="{WIDTH}" y="{HEIGHT - 6}" text-anchor="end">{escape(names[-1])}</text>',
    ]
    worst, best = min(values), max(values)
    label = f"EUR of each day: from {number_text('_eur', worst)} to {number_text('_eur', best)}"
    return (
        f'<svg class="bars" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" '
        f'aria-label="{escape(label)}">{"".join([*marks, *shapes, *ends])}</svg>'
    )


def _level(text: str, y: float) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.2f}" y2="{y:.2f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.2f}" text-anchor="end">{text}</text>'
    )


def _picture(view: DayView | str) -> str:
    if isinstance(view, str):
        return f'<p class="muted">{escape(view)}</p>'
    from vpp_gym.plots.canvas import svg_element
    from vpp_gym.plots.day import draw_day

    label = f"{view.start}: prices, trades, energy, profit and the state of each charger"
    return f'<figure class="day">{svg_element(draw_day(view), label)}</figure>'
