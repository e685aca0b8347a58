"""One environment of the virtual power plant: put together from its arguments, and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from vpp_gym.env import ScalarShell
from vpp_gym.envs.assembly import assemble
from vpp_gym.envs.core import Core
from vpp_gym.envs.recorder import DayRecorder
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams

RENDER_MODES = ("rgb_array", "human")


class ScalarEnv(ScalarShell):
    """One environment over a core of one run.

    A subclass names its core, and its docstring says what is decided and shown; any
    keyword beyond those here is a setting of that core.
    """

    metadata: dict[str, Any] = {"render_modes": list(RENDER_MODES), "render_fps": 6}
    core_kind: ClassVar[type[Core]]
    title: ClassVar[str]
    draws_whole_days: ClassVar[bool] = False

    def __init__(
        self,
        scenario: Any = None,
        params: VPPParams | Mapping[str, Any] | str | None = None,
        *,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            assemble(
                self.core_kind, scenario, params, dt_h=dt_h, guarantee=guarantee, settings=settings
            )
        )
        if render_mode not in (None, *RENDER_MODES):
            raise InvalidInputError("render_mode", render_mode, f"use one of {RENDER_MODES}")
        self.render_mode = render_mode
        self._recorder: DayRecorder | None = None
        if render_mode is not None:
            self._recorder = DayRecorder(self.core.simulation, self.title, self.draws_whole_days)
            self.core.on_step = self._recorder.add

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a new episode; see the class docstring for the options."""
        told = super().reset(seed=seed, options=options)
        if self._recorder is not None:
            self._recorder.restart()
            self._show()
        return told

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Decide, settle and go on to the next decision."""
        told = super().step(action)
        self._show()
        return told

    def render(self) -> NDArray[np.uint8] | None:
        """The current day as an image, or in a window."""
        if self._recorder is None:
            gym.logger.warn("render() draws only with render_mode='rgb_array' or 'human'")
            return None
        if not self._placed:
            raise gym.error.ResetNeeded("there is no day to draw yet: call reset()")
        return self._recorder.image() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Close the window."""
        if self._recorder is not None:
            self._recorder.close()

    def _show(self) -> None:
        if self.render_mode == "human" and self._recorder is not None:
            self._recorder.show()
