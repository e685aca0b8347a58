"""Figures without pyplot: made, and saved reproducibly."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.writer import write_file

DPI = 100.0
METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": "vpp_gym"},
    ".pdf": {"CreationDate": None},
}


def new_figure(width_px: float = 960, height_px: float = 720, dpi: float = DPI) -> Figure:
    """Empty white figure on an Agg canvas of its own."""
    # The half pixel keeps the canvas from losing one when inches are cut to pixels.
    size_in = ((width_px + 0.5) / dpi, (height_px + 0.5) / dpi)
    figure = Figure(figsize=size_in, dpi=dpi, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF: the same figure gives the same bytes.

    Args:
        figure: what to save.
        path: ends with .png, .svg or .pdf; its folder is made where it is missing.

    Returns:
        The path written.

    Raises:
        InvalidInputError: any other ending, or a file that cannot be written.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in METADATA:
        raise InvalidInputError("path", str(path), f"end it with {' or '.join(METADATA)}")
    options: dict[str, Any] = {"dpi": 1.5 * DPI, "metadata": METADATA[ending], "facecolor": "white"}
    with matplotlib.rc_context({"svg.hashsalt": "vpp_gym"}):
        return write_file(
            target,
            lambda file: figure.savefig(file, format=ending[1:], **options),
            make_folder=True,
        )


def svg_element(figure: Figure, label: str) -> str:
    """A figure as an element of an HTML page: the same figure gives the same text.

    Args:
        figure: what to show.
        label: says in words what it shows, for those who do not see it.
    """
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "vpp_gym", "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
