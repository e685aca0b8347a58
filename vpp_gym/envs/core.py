"""What the scalar and the vector environment share: episodes, actions, observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vpp_gym.envs.crew import Crew
from vpp_gym.envs.observation import Codec, observe
from vpp_gym.envs.play import BID_MODES, Play, first_outside
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.simulation.bank import Bank, build_bank
from vpp_gym.simulation.simulation import Simulation

Floats = NDArray[np.float64]


class DayAheadSettings(BaseModel):
    """What the agent of `VPPDayAhead-v0` decides, and what it is shown.

    Attributes:
        control: "fleet" is one number for all EVs, "per_ev" one per charger.
        bids: "sheet" puts all lines of tomorrow's sheet in the action, "line" one
            line a step, submitted at the gate, "expected_load" none: the sheet
            buys the expected load.
        bid_scale: an action of +-1 moves a line by this share of the bid limit.
        observation: "flat" float32 Box or "dict" with names and units.
        episode_days: from gate closure to gate closure; None: to the end of the
            scenario, from its first gate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    control: Literal["fleet", "per_ev"] = "fleet"
    bids: Literal["sheet", "line", "expected_load"] = "sheet"
    bid_scale: float = Field(default=0.1, ge=0, le=1)
    observation: Literal["flat", "dict"] = "flat"
    episode_days: int | None = Field(default=7, ge=1)


def checked_settings(**settings: Any) -> DayAheadSettings:
    """Settings, or an InvalidInputError that names the wrong one."""
    try:
        return DayAheadSettings(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InvalidInputError(field, first.get("input"), first["msg"]) from error


class DayAheadCore:
    """A batch of episodes of the day-ahead problem.

    Args:
        source: the worlds that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
        preload: lay all scenarios of the source in one bank, as a batch needs;
            otherwise each is loaded when an episode is drawn from it.
        threads: that share the batch; the result is the same, bit for bit.
    """

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams | Mapping[str, Any] | str | None,
        settings: DayAheadSettings,
        n_envs: int = 1,
        preload: bool = False,
        threads: int = 1,
    ) -> None:
        self.source, self.settings = source, settings
        self.params = as_params(params)
        self._preload = preload
        self._banks: dict[int, tuple[Scenario, Bank]] = {}
        count = source.n_scenarios if preload else 1
        self.simulation = Simulation(
            [source.scenario(k) for k in range(count)], self.params, n_envs
        )
        self._loaded = 0
        self._starts: dict[int, tuple[NDArray[np.int64], int]] = {}
        per_charger = settings.control == "per_ev"
        self.codec = Codec(self.params, self.simulation.dt_h, per_charger)
        lines = self.simulation.lines
        n_dispatch = self.params.site.n_chargers if per_charger else 1
        n_bids = {"sheet": lines, "line": 1, "expected_load": 0}[settings.bids]
        self.action_shape = (n_dispatch + n_bids,)
        self.draft = np.zeros((n_envs, lines))
        self._play = Play(
            per_charger=per_charger,
            bids=BID_MODES.index(settings.bids),
            bid_step_kwh=settings.bid_scale * self.simulation.bid_limit_kwh,
            bid_limit_kwh=self.simulation.bid_limit_kwh,
            lag_steps=self.params.market.imbalance_lag_steps,
            per_scale=self.codec.per_scale,
        )
        self._crew = Crew(n_envs, threads, self.params.site.n_chargers)

    @property
    def over(self) -> bool:
        """The first run has ended."""
        run = self.simulation.state.run[0]
        return bool(run["position"] >= run["end"])

    @property
    def action_space(self) -> spaces.Box:
        """Dispatch first, then bids; every entry in [-1, 1]."""
        return spaces.Box(-1.0, 1.0, self.action_shape, np.float32)

    @property
    def observation_space(self) -> spaces.Space[Any]:
        """Of one environment."""
        flat = self.settings.observation == "flat"
        return self.codec.flat_space if flat else self.codec.dict_space

    def place(
        self,
        runs: NDArray[np.int64],
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin a new episode in some runs, each drawn by its own generator.

        Raises:
            InvalidInputError: options that do not suit one of the scenarios drawn; then
                no run has been placed.
        """
        if not isinstance(options, Mapping | None):
            raise InvalidInputError("options", options, "give a mapping, or None")
        chosen = dict(options or {})
        drawn = [self._draw(generator, chosen) for generator in generators]
        scenario, start, end = np.array(drawn, dtype=np.int64).T
        place = scenario if self._preload else self._load(int(scenario[0]))
        self.simulation.reset(place, start, end, runs=runs)
        self.draft[runs] = 0.0

    def step(self, actions: Any, alone: bool = False) -> tuple[Floats, Any]:
        """Decode (B, A) actions, advance, and look: the (B, K) record and observations.

        Args:
            actions: in [-1, 1], left as they are.
            alone: the (A,) action of the only run.

        Raises:
            InvalidInputError: an action out of shape or range; nothing has moved.
        """
        simulation = self.simulation
        shape = self.action_shape if alone else (simulation.n_envs, *self.action_shape)
        try:
            array = np.array(actions, dtype=np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise InvalidInputError("action", actions, f"give numbers of shape {shape}") from error
        if array.shape != shape:
            raise InvalidInputError("action", f"shape {array.shape}", f"give shape {shape}")
        array = array.reshape(simulation.n_envs, -1)
        record = np.empty((simulation.n_envs, len(TERMS)))
        flat = np.empty((simulation.n_envs, self.codec.size), dtype=np.float32)
        wrong = first_outside(array)
        if wrong >= 0:
            run, entry = divmod(wrong, array.shape[1])
            raise InvalidInputError(
                f"action[{run}, {entry}]" if len(array) > 1 else f"action[{entry}]",
                float(array[run, entry]),
                "every entry lies in [-1, 1]",
            )
        self._crew.run(
            simulation.bank,
            simulation.rules,
            simulation.state,
            self._play,
            array,
            self.draft,
            record,
            flat,
        )
        return record, self._shaped(flat)

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        simulation = self.simulation
        flat = np.empty((simulation.n_envs, self.codec.size), dtype=np.float32)
        observe(
            simulation.bank,
            simulation.rules,
            simulation.state,
            self.params.market.imbalance_lag_steps,
            self.codec.per_charger,
            self.codec.per_scale,
            flat,
        )
        return self._shaped(flat)

    def _shaped(self, flat: NDArray[np.float32]) -> Any:
        return flat if self.settings.observation == "flat" else self.codec.named(flat)

    def _draw(
        self, generator: np.random.Generator, options: dict[str, Any]
    ) -> tuple[int, int, int]:
        """Scenario, first step and end of an episode."""
        unknown = sorted(set(options) - {"scenario", "start_day", "episode_days"})
        if unknown:
            raise InvalidInputError(
                "options", unknown[0], "use scenario, start_day or episode_days"
            )
        drawn = int(generator.integers(self.source.n_scenarios))
        scenario = _chosen(options, "scenario", drawn, self.source.n_scenarios)
        gates, n_steps = self._gates(scenario)
        days = options.get("episode_days", self.settings.episode_days)
        if days is None:
            start = _chosen(options, "start_day", 0, len(gates))
            return scenario, int(gates[start]), n_steps
        field = "options.episode_days" if "episode_days" in options else "episode_days"
        days = whole(field, days, least=1)
        n_starts = len(gates) - days
        if n_starts < 1:
            raise InvalidInputError(
                field, days, f"the scenario allows 1 to {len(gates) - 1}, or None"
            )
        start = _chosen(options, "start_day", int(generator.integers(n_starts)), n_starts)
        return scenario, int(gates[start]), int(gates[start + days])

    def _gates(self, scenario: int) -> tuple[NDArray[np.int64], int]:
        """Steps of the gate closures of a scenario, and its length."""
        if scenario not in self._starts:
            line = self.source.scenario(scenario).line
            gates = np.flatnonzero(line == self.simulation.rules.gate_line)
            self._starts[scenario] = gates, len(line)
        gates, n_steps = self._starts[scenario]
        if gates.size == 0:
            raise InvalidInputError(
                "scenario", f"{n_steps} steps", "an episode starts at a gate closure; add a day"
            )
        return gates, n_steps

    def _load(self, scenario: int) -> int:
        """Place of the scenario in the simulation's bank, which holds one at a time."""
        if scenario != self._loaded:
            if scenario not in self._banks:
                world = self.source.scenario(scenario)
                self._banks[scenario] = world, build_bank([world], self.params)
            world, bank = self._banks[scenario]
            self.simulation.load(world, bank)
            self._loaded = scenario
        return 0


def _chosen(options: Mapping[str, Any], name: str, default: int, count: int) -> int:
    """The option, a number of 0 to count - 1, or the default."""
    field = f"options.{name}"
    number = whole(field, options.get(name, default), least=0)
    if number >= count:
        raise InvalidInputError(field, number, f"give 0 to {count - 1}")
    return number
