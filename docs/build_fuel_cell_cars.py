"""Writes the tables of docs/fuel-cell-cars.md from the code: parameters, terms, observations.

python docs/build_fuel_cell_cars.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from vpp_gym.fcev.car_park import bid_shape as sheet_shape
from vpp_gym.fcev.car_park import observation as car_park_observation
from vpp_gym.fcev.car_park.ledger import LEDGER as CAR_PARK
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.microgrid import env as fcev_microgrid
from vpp_gym.fcev.microgrid.ledger import LEDGER as MICROGRID
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.ledger import Ledger
from vpp_gym.parameters import parameters

PAGE = Path(__file__).with_name("fuel-cell-cars.md")


def page(text: str) -> str:
    """The page with its tables written anew.

    Args:
        text: of the page, with a pair of markers around each table.
    """
    for name, table in tables().items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        inner = re.compile(f"{begin}.*?{end}", re.DOTALL)
        if not inner.search(text):
            raise KeyError(f"mark the place of the table: {begin}{end}")
        text = inner.sub(lambda _, t=table, b=begin, e=end: f"{b}\n\n{t}\n\n{e}", text)
    return text


def tables() -> dict[str, str]:
    """Every table of the page by its marker."""
    return {
        "car park parameters": _parameters(CarParkParams()),
        "microgrid parameters": _parameters(MicrogridParams()),
        "car park observation": _fields(car_park_observation.FIELDS),
        "microgrid observation": _fields(fcev_microgrid.FIELDS),
        "car park shape": _shape_parameters(),
        "car park terms": _terms(CAR_PARK),
        "microgrid terms": _terms(MICROGRID),
    }


def _parameters(params: CarParkParams | MicrogridParams) -> str:
    rows = [
        (f"`{one.name}`", _shown(one.value), one.origin, one.meaning) for one in parameters(params)
    ]
    return _table(("Parameter", "Default", "Origin", "Meaning"), rows)


def _fields(fields: Iterable) -> str:
    rows, first = [], 0
    for field in fields:
        last = first + field.size - 1
        columns = f"{first}" if last == first else f"{first} to {last}"
        rows.append((columns, f"`{field.name}`", field.unit, f"{field.scale:g}", field.meaning))
        first = last + 1
    return _table(("Columns", "Name", "Unit", "Scale", "Meaning"), rows)


def _shape_parameters() -> str:
    rows = [
        (
            f"`{one.name}`",
            one.unit,
            f"{one.low:g}",
            f"{one.article:g}",
            f"{one.high:g}",
            one.meaning,
        )
        for one in sheet_shape.SHAPE_PARAMETERS
    ]
    return _table(("ShapeParameter", "Unit", "Low", "Article", "High", "Meaning"), rows)


def _terms(ledger: Ledger) -> str:
    parts = [(part.name, part.meaning) for part in ledger.parts]
    headings = ("Term of `info`", "Unit", "In the reward", "Part of the profit", "Meaning")
    return "\n\n".join(
        [_table(headings, ledger.described()), _table(("Part of the profit", "Meaning"), parts)]
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
