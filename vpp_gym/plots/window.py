"""The window of `render_mode="human"`; the only module that needs pyplot."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from vpp_gym.errors import InvalidInputError
from vpp_gym.plots.clock import TimeView
from vpp_gym.plots.day import day_chart
from vpp_gym.plots.day_chart import DayChart


class DayWindow:
    """Window that shows one view after another, until it is closed.

    Args:
        width_px: of the picture; the window may be resized.
        height_px: of the picture.
        chart: that draws the views; None: that of days of EVs.

    Raises:
        InvalidInputError: there is no screen, or no toolkit to open a window.
    """

    def __init__(
        self, width_px: int = 960, height_px: int = 720, chart: DayChart[Any] | None = None
    ) -> None:
        self._chart: DayChart[Any] = chart or day_chart(width_px, height_px)
        self._figure = _open_figure(width_px, height_px)
        self._picture: Any = None

    @property
    def is_open(self) -> bool:
        """False once `close` was called or the user closed the window."""
        from matplotlib import pyplot

        return self._figure is not None and pyplot.fignum_exists(self._figure.number)

    def show(self, view: TimeView) -> None:
        """Show the view now; nothing happens once the window is closed."""
        if not self.is_open:
            return
        picture = self._chart.image(view)
        if self._picture is None:
            axes = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
            axes.set_axis_off()
            self._picture = axes.imshow(picture)
            self._figure.show()
        self._picture.set_data(picture)
        self._figure.canvas.draw_idle()
        self._figure.canvas.flush_events()

    def close(self) -> None:
        """Close the window; a second call does no harm."""
        from matplotlib import pyplot

        if self._figure is not None:
            pyplot.close(self._figure)
            self._figure = None

    def __enter__(self) -> DayWindow:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open_figure(width_px: int, height_px: int) -> Any:
    from matplotlib import pyplot

    size_in = (width_px / 100, height_px / 100)
    try:
        figure = pyplot.figure(figsize=size_in, dpi=100)
    except (ImportError, RuntimeError) as error:
        raise _no_window(str(error)) from error
    if figure.canvas.required_interactive_framework is None:
        pyplot.close(figure)
        raise _no_window(f"matplotlib draws with {pyplot.get_backend()}, which opens no window")
    return figure


def _no_window(reason: str) -> InvalidInputError:
    return InvalidInputError(
        "render_mode",
        "human",
        f'{reason}. Use render_mode="rgb_array", or run on a screen with a toolkit that '
        "matplotlib knows, such as tkinter or PyQt6",
    )
