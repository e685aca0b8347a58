"""Writes the table of car models on docs/cars.md from the catalogue.

python docs/build_cars.py
"""

from __future__ import annotations

import re
from pathlib import Path

from vpp_gym.scenarios.cars import CATALOGUE, CarModel

PAGE = Path(__file__).with_name("cars.md")
MARKER = re.compile(r"<!-- models -->.*?<!-- /models -->", re.DOTALL)
HEADINGS = (
    "Name",
    "Model",
    "Battery kWh",
    "AC kW",
    "Phases",
    "DC kW",
    "At 16 A AC",
    "At DC",
)


def page(text: str) -> str:
    """The page with its table written anew."""
    return MARKER.sub(f"<!-- models -->\n\n{table()}\n\n<!-- /models -->", text)


def table() -> str:
    """A row for each model."""
    rows = [HEADINGS, ["---"] * len(HEADINGS)]
    rows += [_row(name, model) for name, model in CATALOGUE.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, model: CarModel) -> tuple[str, ...]:
    return (
        f"`{name}`",
        model.name,
        f"{model.battery_kwh:g}",
        f"{model.ac_kw:g}",
        f"{model.phases}",
        f"{model.dc_kw:g}" if model.curve else "none",
        _line(model, "ac"),
        _line(model, "dc") if model.curve else "",
    )


def _line(model: CarModel, plug: str) -> str:
    """Power, and where and how far it falls."""
    kw, soc, share = model.at(plug)  # type: ignore[arg-type]
    falls = f", from {soc:.0%} down to {share:.0%}" if share < 1 else ""
    return f"{kw:.4g} kW{falls}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
