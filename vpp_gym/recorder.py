"""What a recorder of any world is: it keeps what happens in one run, and draws it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Recorder(ABC):
    """Keeps what happens in one run, and draws it as an image or in a window.

    A subclass collects the steps and says what is drawn.
    """

    def __init__(self) -> None:
        self._chart: Any = None
        self._window: Any = None

    @abstractmethod
    def restart(self) -> None:
        """Forget everything: an episode begins."""

    @abstractmethod
    def view(self) -> Any:
        """What is drawn, as plain arrays."""

    @abstractmethod
    def _new_chart(self) -> Any:
        """A chart that draws views."""

    def image(self) -> NDArray[np.uint8]:
        """(720, 960, 3) picture of the view."""
        if self._chart is None:
            self._chart = self._new_chart()
        image: NDArray[np.uint8] = self._chart.image(self.view())
        return image

    def show(self) -> None:
        """Show the view in a window.

        Raises:
            InvalidInputError: there is no screen, or no toolkit to open a window.
        """
        from vpp_gym.plots.window import DayWindow

        if self._window is None:
            self._window = DayWindow(chart=self._new_chart())
        self._window.show(self.view())

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        """What was recorded; the copy draws on a chart and in a window of its own."""
        return {**self.__dict__, "_chart": None, "_window": None}
