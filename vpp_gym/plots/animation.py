"""Pictures one after the other as a GIF, or as an MP4 where ffmpeg is installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.folders import scratch_folder
from vpp_gym.files.reader import read_bytes
from vpp_gym.files.writer import write_bytes

SUFFIXES = (".gif", ".mp4")
Frames = Sequence[NDArray[np.uint8]]


def save_animation(frames: Frames, path: Path, fps: float = 4.0) -> Path:
    """Write pictures as an animation, whole or not at all.

    Args:
        frames: (height, width, 3) pictures of one size.
        path: ends with .gif or .mp4.
        fps: pictures a second.

    Returns:
        The path written.

    Raises:
        InvalidInputError: no pictures, another ending, or no ffmpeg for an MP4.
    """
    if not frames:
        raise InvalidInputError("frames", 0, "give one picture at least")
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidInputError("path", str(path), f"end it with {' or '.join(SUFFIXES)}")
    make = gif if path.suffix.lower() == ".gif" else mp4
    return write_bytes(path, make(frames, fps))


def gif(frames: Frames, fps: float) -> bytes:
    """The bytes of an endless GIF; all pictures share the colours of three of them."""
    some = np.concatenate([frames[0], frames[len(frames) // 2], frames[-1]])
    palette = Image.fromarray(some).quantize(colors=128)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    out = io.BytesIO()
    images[0].save(
        out,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / fps),
        loop=0,
        optimize=False,
    )
    return out.getvalue()


def mp4(frames: Frames, fps: float) -> bytes:
    """The bytes of an MP4, made by ffmpeg.

    Raises:
        InvalidInputError: ffmpeg is not installed, or it failed.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        remedy = "an MP4 needs ffmpeg, which is not installed: end the name with .gif"
        raise InvalidInputError("ffmpeg", None, remedy)
    height, width, _ = frames[0].shape
    with scratch_folder() as folder:
        out = folder / "day.mp4"
        source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
        words = [program, "-y", "-loglevel", "error", *source, "-r", f"{fps:g}", "-i", "-"]
        words += ["-an", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(out)]
        stream = b"".join(np.ascontiguousarray(frame).tobytes() for frame in frames)
        done = subprocess.run(words, input=stream, capture_output=True, check=False)
        if done.returncode != 0 or not out.is_file():
            said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
            raise InvalidInputError("ffmpeg", said[-1], "it failed: end the name with .gif")
        return read_bytes(out)
