"""`FCEVMicrogrid-v0`: run a neighbourhood on sun, wind, hydrogen and its cars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from pydantic import Field as SettingsField

from vpp_gym.actions import around
from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.episodes import Spans
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.core import FCEVCore
from vpp_gym.fcev.microgrid.ledger import MONEY, TERMS
from vpp_gym.fcev.microgrid.observation import AHEAD, Columns, fill_observations
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.recorder import MicrogridRecorder
from vpp_gym.fcev.microgrid.scenario import MicrogridScenarios, microgrid_source
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.microgrid.state import Decisions
from vpp_gym.fcev.source import YearSource
from vpp_gym.observation import Field, ObservationLayout
from vpp_gym.settings import ObservationForm, Settings, checked

AT_REST = 0.25
"""Actions on energy this near to 0 are the article's order: an agent that explores around it
does not pay for every hour in which it wavers."""
LEAST_FACTOR, MOST_FACTOR = 0.25, 1.5
MOST_REWARD_EUR_PER_H = 0.5

FIELDS = (
    Field("clock", 2, "1", 1.0, -1, 1, "sine and cosine of the time of day"),
    Field("weekend", 1, "1", 1.0, 0, 1, "Saturday or Sunday"),
    Field("winter", 1, "1", 1.0, -1, 1, "1 at midwinter, -1 at midsummer"),
    Field("deficit", AHEAD, "kW per car", 10.0, 0, 20, "deficit now, expected 1 to 11 h ahead"),
    Field("made", AHEAD, "kW per car", 10.0, 0, 20, "surplus and wind, likewise"),
    Field("price", AHEAD, "EUR/kWh", 0.1, -20, 20, "price of imports, likewise"),
    Field("open", AHEAD, "1", 1.0, 0, 1, "share of cars within their interval, likewise"),
    Field("available", 1, "kW per car", 10.0, 0, 1, "what the cars can give now"),
    Field("left", 1, "kWh per car", 100.0, 0, 2, "volume left of the cars at disposal"),
    Field("fuel", 1, "1", 1.0, 0, 1, "mean level of the tanks at home"),
    Field("stock", 1, "1", 1.0, 0, 1, "hydrogen in the store, share of its capacity"),
    Field("room", 1, "kW per car", 10.0, 0, 20, "what the electrolyser can take now"),
)  # fmt: skip
"""The observation of an hour."""


class MicrogridSettings(Settings):
    """Settings of `FCEVMicrogrid-v0`.

    Attributes:
        volumes: the agent sets the committed volume of the stays that begin.
        rewards: the agent sets a reward for cars outside their interval.
        drawn_stock: episodes begin with a store filled as drawn, not as `params` say. A week
            that starts with a half-full store never needs the trailers that a year may need:
            use this to train agents for whole years.
        episode_days: from midnight to midnight; None: the year.
    """

    volumes: bool = False
    rewards: bool = False
    drawn_stock: bool = False
    episode_days: int | None = SettingsField(default=7, ge=1)


class MicrogridCore(FCEVCore):
    """A batch of microgrids and what an action means in them.

    Args:
        source: of the years that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
    """

    terms, n_money = TERMS, len(MONEY)
    settings_kind = MicrogridSettings
    settings: MicrogridSettings
    simulation: Microgrid

    def __init__(
        self,
        source: YearSource[MicrogridScenario],
        params: MicrogridParams,
        settings: MicrogridSettings,
        n_envs: int = 1,
    ) -> None:
        grid = Microgrid(source, params, n_envs)
        midnights = HOURS * np.arange(grid.n_days + 1)
        super().__init__(source, params, settings, n_envs, grid, midnights)
        self.layout = ObservationLayout(FIELDS)
        self.action_shape = (2 + settings.volumes + settings.rewards,)
        self._columns = Columns(**{name: at.start for name, at in self.layout.slices.items()})

    @property
    def max_steps(self) -> int:
        """Hours of an episode."""
        return HOURS * self.episode_days

    def place(
        self,
        runs: Ints,
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin a new episode in some runs: see `Core.place`."""
        super().place(runs, generators, options)
        if self.settings.drawn_stock:
            for run, generator in zip(runs.tolist(), generators, strict=True):
                self.simulation.fill_store(run, float(generator.random()))

    def begin(self, runs: Ints, spans: Spans) -> None:
        """Begin given episodes, each at a midnight."""
        for run, span in zip(runs.tolist(), spans, strict=True):
            self.simulation.reset(run, span.scenario, span.start)
            self._end[run] = span.end

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Decide and settle an hour of every run, and observe: see `Core.step`."""
        moving = ~self.over
        records = self.advance(actions, moving)
        if self.on_step is not None and moving[0]:
            self.on_step(records[0])
        return records, self.observe()

    def recorder(self) -> MicrogridRecorder:
        """Keeps what happens in the first run, and draws it."""
        recorder = MicrogridRecorder(self.simulation, "FCEVMicrogrid-v0")
        self.on_step = recorder.add
        return recorder

    def advance(self, actions: Any, moving: Bools) -> Floats:
        """(B, K) records of an hour of every run that moves.

        Raises:
            InvalidInputError: an action out of shape or range; nothing has moved.
        """
        return self.simulation.advance_all(moving, self.decisions(self._checked(actions)))

    def decisions(self, actions: Floats) -> Decisions:
        """(B,) decisions that (B, A) actions stand for; 0 is the article's order."""
        state, dataset = self.simulation.state, self.simulation.dataset
        k, t = state.scenario, np.minimum(state.hour, dataset.load.shape[1] - 1)
        available_kwh, room_kwh = self.simulation.limits_kwh()
        served_kwh = np.minimum(dataset.deficit[k, t], available_kwh)
        taken_kwh = np.minimum(dataset.surplus[k, t] + dataset.wind[k, t], room_kwh)
        more = list(actions.T[2:])
        at_rest = np.zeros(self.n_runs)
        volume = more.pop(0) if self.settings.volumes else at_rest
        reward = more.pop(0) if self.settings.rewards else at_rest
        return Decisions(
            v2g_kwh=around(beyond_rest(actions[:, 0]), 0.0, served_kwh, available_kwh),
            electrolyser_kwh=around(beyond_rest(actions[:, 1]), 0.0, taken_kwh, room_kwh),
            volume_factor=around(volume, LEAST_FACTOR, 1.0, MOST_FACTOR),
            reward_eur_per_h=MOST_REWARD_EUR_PER_H * np.maximum(reward, 0.0),
        )

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        grid, rows = self.simulation, np.empty((self.n_runs, self.layout.size))
        fill_observations(self._columns, grid.dataset, grid.rules, grid.state, rows)
        return self._shown(self.layout.scaled(rows))


def beyond_rest(action: Floats) -> Floats:
    """Position in [-1, 1] that an action stands for: 0 near to 0, then straight to the ends.

    >>> beyond_rest(np.array([-1.0, -0.25, 0.1, 0.625, 1.0])).tolist()
    [-1.0, 0.0, 0.0, 0.5, 1.0]
    """
    return (action - np.clip(action, -AT_REST, AT_REST)) / (1.0 - AT_REST)


class FCEVMicrogridEnv(Env):
    """Supply a neighbourhood with PV, wind, hydrogen and fuel-cell cars.

    ## Description
    Households use their PV first. Cars within their contracts can supply what is
    missing in an hour. Surplus PV and wind can go to the electrolyser, whose hydrogen
    the cars refuel. The grid connection supplies or takes the rest. Drivers have
    volume-based contracts, or control-based ones with `params={"contract": {"family":
    "control_based"}}`. Model 2 of Park Lee et al. 2018; what is assumed stands in
    `vpp_gym.fcev.microgrid.params.MicrogridParams`.

    ## Action Space
    `Box(-1, 1)` of two numbers. V2G: 0 serves the deficit as far as the cars can
    (the article), -1 gives nothing, +1 all that the contracts allow. Electrolyser:
    0 takes surplus and wind (the article), -1 nothing, +1 all it can. In both, -0.25 to
    0.25 counts as 0, and the rest is linear. With `volumes=True` one more: the
    maxVolume of the stays that begin in the next hour times 0.25 (-1), 1 (0) or 1.5
    (+1). With `rewards=True` one more: up to 0.5 EUR/h, above 0, for parked cars that
    plug in outside their interval in the next hour.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`: `vpp_gym.fcev.microgrid.env.FIELDS`.

    ## Rewards
    Minus the cost of the hour in EUR: the sum of `vpp_gym.fcev.microgrid.ledger.MONEY`.
    `info` holds all terms, among them import, shortage and the fairness among
    drivers, and the self-sufficiency of the hour.

    ## Starting State
    Midnight of a day drawn, tanks full, the store as filled as `params` say, or as drawn.
    `reset(seed, options)` draws scenario and day; options `scenario`, `start_day` and
    `episode_days` set them.

    ## Episode End
    Truncated after `episode_days`; never terminated.

    ## Arguments
    scenario: years of day-ahead prices by name: "synthetic" (default), "synthetic:test" and
        the like, also with the prefix "microgrid:"; or a `MicrogridScenario`, several, or a
        source of them.
    params: `MicrogridParams`, or a mapping of changes to the default.
    volumes, rewards, drawn_stock, observation, episode_days: see
        `vpp_gym.fcev.microgrid.env.MicrogridSettings`.
    n_scenarios: of a name: scenarios that episodes are drawn from.
    first_scenario: of a name: number of the first of them. Weather, cars and contracts follow
        the number alone: test on other numbers than those trained on.
    render_mode: "rgb_array" or "human" draws the week so far.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = MicrogridCore
    core: MicrogridCore

    @names_its_keywords
    def __init__(
        self,
        scenario: MicrogridScenarios | None = None,
        params: MicrogridParams | Mapping[str, Any] | None = None,
        *,
        volumes: bool = False,
        rewards: bool = False,
        drawn_stock: bool = False,
        observation: ObservationForm = "flat",
        episode_days: int | None = 7,
        n_scenarios: int = 4,
        first_scenario: int = 0,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            MicrogridSettings,
            volumes=volumes,
            rewards=rewards,
            drawn_stock=drawn_stock,
            observation=observation,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, n_scenarios, first_scenario)
        super().__init__(MicrogridCore(*world, settings), render_mode)


class FCEVMicrogridVectorEnv(VectorEnv):
    """A batch of `FCEVMicrogrid-v0`; see `vpp_gym.env.VectorEnv`."""

    core_kind = MicrogridCore
    core: MicrogridCore

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: MicrogridScenarios | None = None,
        params: MicrogridParams | Mapping[str, Any] | None = None,
        *,
        volumes: bool = False,
        rewards: bool = False,
        drawn_stock: bool = False,
        observation: ObservationForm = "flat",
        episode_days: int | None = 7,
        n_scenarios: int = 4,
        first_scenario: int = 0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            MicrogridSettings,
            volumes=volumes,
            rewards=rewards,
            drawn_stock=drawn_stock,
            observation=observation,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, n_scenarios, first_scenario)
        core = MicrogridCore(*world, settings, num_envs)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)


def world_of(
    scenario: MicrogridScenarios | None,
    params: MicrogridParams | Mapping[str, Any] | None,
    n_scenarios: int,
    first_scenario: int,
) -> tuple[YearSource[MicrogridScenario], MicrogridParams]:
    """Scenarios and rules, from what a user of `gym.make` says.

    Raises:
        InvalidInputError: a value that cannot be used.
    """
    rules = MicrogridParams().changed(params)
    return microgrid_source(scenario, rules, n_scenarios, first_scenario), rules
