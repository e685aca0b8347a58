"""A batch of an environment of the virtual power plant, put together from its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gymnasium.vector import AutoresetMode

from vpp_gym.env import VectorShell
from vpp_gym.envs.assembly import assemble
from vpp_gym.envs.core import Core
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.columns import whole


class BatchEnv(VectorShell):
    """A batch of one environment, over one core; see `VectorShell`.

    Arguments are those of the scalar environment, and:

    Args:
        num_envs: number of environments.
        autoreset_mode: any of Gymnasium's three, by value or member.
    """

    core_kind: ClassVar[type[Core]]

    def __init__(
        self,
        num_envs: int = 1,
        scenario: Any = None,
        params: VPPParams | Mapping[str, Any] | str | None = None,
        *,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        if render_mode is not None:
            raise InvalidInputError(
                "render_mode", render_mode, "a batch draws nothing: render one scalar environment"
            )
        core = assemble(
            self.core_kind,
            scenario,
            params,
            dt_h=dt_h,
            guarantee=guarantee,
            n_envs=whole("num_envs", num_envs, least=1),
            settings=settings,
        )
        super().__init__(core, autoreset_mode)
