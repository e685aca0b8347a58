"""Draws the moving picture of the README: one day of the plant, step by step.

    python -m benchmarks.moving_day

The day is simulated, always the same; the picture grows by half an hour with every frame.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from benchmarks.figures import DAY, IMAGES, SUITE, day_views
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.writer import write_bytes
from vpp_gym.plots.day import day_chart

POLICY = "hazard_mpc_tariff+two_stage"
EVERY = 2
"""Steps from one frame to the next."""
WIDTH_PX, HEIGHT_PX = 800, 640
COLOURS = 128
FRAME_MS, LAST_MS = 120, 4000

Frame = NDArray[np.uint8]


def frames(day: int) -> list[Frame]:
    """Pictures of a day of the embedded benchmark year, after the week before it."""
    chart = day_chart(WIDTH_PX, HEIGHT_PX)
    views = day_views(SUITE.policy(POLICY, 0), day, f"One day of {POLICY}")
    return [chart.image(view()) for place, view in enumerate(views, 1) if place % EVERY == 0]


def animation(pictures: list[Frame]) -> bytes:
    """A GIF that runs again and again, with one palette for all frames."""
    images = [Image.fromarray(picture) for picture in pictures]
    palette = images[-1].quantize(COLOURS, dither=Image.Dither.NONE)
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    times = [FRAME_MS] * (len(flat) - 1) + [LAST_MS]
    file = BytesIO()
    flat[0].save(
        file, "GIF", save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=False
    )
    return file.getvalue()


def main(
    out: Annotated[Path, typer.Option(help="File to write.")] = IMAGES / "day.gif",
) -> None:
    """Draw the day."""
    write_bytes(out, animation(frames(DAY)))


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
