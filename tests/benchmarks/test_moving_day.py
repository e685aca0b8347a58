"""The moving picture: one frame per picture, again and again, and small enough for a page."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.moving_day import FRAME_MS, LAST_MS, animation

SHOWN = Path(__file__).parents[2] / "docs" / "images" / "day.gif"


def test_frames_keep_their_order_and_colours():
    colours = [(255, 255, 255), (0, 114, 178), (213, 94, 0)]
    pictures = [np.full((8, 10, 3), colour, dtype=np.uint8) for colour in colours]
    pictures[-1][:4] = colours[0]
    pictures[-1][4:6] = colours[1]
    gif = Image.open(BytesIO(animation(pictures)))
    assert (gif.n_frames, gif.size, gif.info["loop"]) == (3, (10, 8), 0)
    times = []
    for place, picture in enumerate(pictures):
        gif.seek(place)
        times.append(gif.info["duration"])
        assert np.abs(np.asarray(gif.convert("RGB"), dtype=int) - picture).max() <= 8
    assert times == [FRAME_MS, FRAME_MS, LAST_MS]


def test_the_picture_of_the_readme_is_small():
    assert SHOWN.stat().st_size < 1.5e6
