"""`VPPStay-v0`: one EV at one charger, from its arrival until it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.arrays import Floats, Ints
from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.envs.core import EVCore, Params, Scenarios, world_of
from vpp_gym.envs.settings import Reward
from vpp_gym.envs.stay_kernel import observe_stays, step_stays
from vpp_gym.envs.stay_observation import STAY_LAYOUT
from vpp_gym.episodes import EpisodeSpan, EpisodeTable, Spans
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.planning.planner import BuiltInPlanner, PlannerName
from vpp_gym.policies.learned import DT_H
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.settings import ObservationForm, Shown, checked
from vpp_gym.simulation.alone import begin_stays

Forecast = Literal["learned", "anchored"]
FORECASTS: dict[Forecast, PlannerName] = {"learned": "learned_mpc", "anchored": "hazard_mpc"}
"""The planner whose forecast each is."""


class StaySettings(Shown):
    """Settings of `VPPStay-v0`.

    Attributes:
        reward: "profit" is the profit; "spread" leaves out of it what no policy can change.
        forecast: of the prices shown: "learned" or "anchored".
    """

    reward: Reward = "spread"
    forecast: Forecast = "learned"


class StayCore(EVCore):
    """A batch of stays.

    Args:
        source: of the scenarios whose sessions are drawn.
        params: rules of the world; there is one charger.
        settings: what is shown and rewarded.
        n_envs: batch size.

    Raises:
        InvalidInputError: steps that are not quarters of an hour, or a scenario without
            sessions.
    """

    settings_kind = StaySettings
    title = "VPPStay-v0"
    settings: StaySettings

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        settings: StaySettings,
        n_envs: int = 1,
    ) -> None:
        if source.dt_h != DT_H:
            remedy = "a stay is settled by quarters of an hour: use 0.25"
            raise InvalidInputError("dt_h", source.dt_h, remedy)
        one = params.replace(site={"n_chargers": 1, "charger_kw": None})
        super().__init__(source, one, settings, n_envs)
        if self.simulation.has_site:
            remedy = "a stay has none: leave out connection, sun, building, battery and fees"
            raise InvalidInputError("params", "a site", remedy)
        self.layout, self.action_shape = STAY_LAYOUT, (1,)
        self._no_bids = np.zeros(self.simulation.slots)
        self._forecast = BuiltInPlanner(
            FORECASTS[settings.forecast], self.simulation, self.params, shows_inputs=True
        )
        self._drawn: list[int] = []

    @property
    def max_steps(self) -> int | None:
        """None: a stay is as long as its driver makes it."""
        return None

    def place(
        self,
        runs: Ints,
        generators: Sequence[np.random.Generator],
        options: Mapping[str, Any] | None,
    ) -> None:
        """Begin a stay in some runs, each drawn by its own generator.

        Raises:
            InvalidInputError: an unknown option, or a scenario or session that there is not.
        """
        self._drawn = []
        super().place(runs, generators, options)

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Decode (B, 1) actions, advance, and observe: see `Core.step`."""
        numbers = self._checked(actions)
        simulation, records = self.simulation, np.empty((self.n_runs, len(TERMS)))
        world = simulation.dataset, simulation.rules, simulation.state
        self._call(step_stays, world, numbers, self._no_bids, records)
        if self.on_step is not None:
            self.on_step(records[0])
        return records, self.observe()

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        simulation = self.simulation
        self._forecast.expect(simulation)
        flat = np.empty((self.n_runs, self.layout.size), dtype=np.float32)
        world = simulation.dataset, simulation.rules, simulation.state
        same = *world, self._forecast.paths, self.layout.per_scale
        self._call(observe_stays, same, flat)
        return self._shown(flat)

    def _table(self) -> EpisodeTable | None:
        return None

    def _draw(self, generator: np.random.Generator, options: Mapping[str, Any]) -> EpisodeSpan:
        unknown = sorted(set(options) - {"scenario", "session"})
        if unknown:
            raise InvalidInputError("options", unknown[0], "use scenario or session")
        n_scenarios = self.source.n_scenarios
        number = _chosen("scenario", options, int(generator.integers(n_scenarios)), n_scenarios)
        scenario = self.source.scenario(number)
        n = _playable(scenario)
        session = _chosen("session", options, int(generator.integers(n)), n)
        self._drawn.append(session)
        start = int(scenario.sessions.arrival_step[session])
        return EpisodeSpan(number, start, start + 1)

    def _begin(self, runs: Ints, spans: Spans) -> None:
        simulation = self.simulation
        dataset, first = simulation.dataset, simulation.state.run["first"][runs]
        rows = dataset.first_session[first] + np.array(self._drawn, dtype=np.int64)
        begin_stays(dataset, simulation.rules, simulation.state, runs, rows)
        self._forecast.forget(runs)


def _playable(scenario: Scenario) -> int:
    """Number of sessions of a scenario."""
    n = len(scenario.sessions)
    if n == 0:
        raise InvalidInputError("scenario", scenario.name, "give one with sessions")
    return n


def _chosen(name: str, options: Mapping[str, Any], drawn: int, count: int) -> int:
    """What the options say, a number of 0 to count - 1, or what was drawn."""
    number = whole(f"options.{name}", options.get(name, drawn), least=0)
    if number >= count:
        raise InvalidInputError(f"options.{name}", number, f"give 0 to {count - 1}")
    return number


class VPPStayEnv(Env):
    """Charge one car from its arrival until it leaves.

    ## Description
    A car arrives, its driver says when it leaves and what it should have stored by then, and an
    owner who likes the offer of the world signs a contract. In every quarter of an hour the
    agent charges or discharges it. What it takes is bought in the imbalance market and what it
    gives is sold there; nothing was sold day-ahead. Drivers may leave earlier or later than
    they say. The other environments settle a whole fleet; where no bids are made and one
    imbalance price applies, their profit is the sum over such stays. So an agent learns on one
    car, with exact credit for what it did, what
    `vpp_gym.evaluation.StayAgent` then does with every car of a fleet of any size.

    ## Action Space
    `Box(-1, 1, (1,))`: 0 idles, +1 charges and -1 discharges all that the car can in this step.
    Idle is what is nearest to nothing that still serves the car in time, where that is
    guaranteed.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with `observation="dict"`: the
    stay, the prices that are expected until the declared departure, and the market. All are 0
    when the car has left.

    ## Rewards
    EUR. With `reward="profit"` the profit of the step: imbalance income, pay to owners for
    discharged energy, and when the car leaves retail revenue, payoff and the penalty on
    unserved energy. With `reward="spread"`, the default, what no policy can change is taken out,
    as in `VPPDayAhead-v0`. `info` holds every term of `vpp_gym.markets.ledger.TERMS`.

    ## Starting State
    The arrival of a session, drawn from all sessions of a scenario that is drawn, too. Options
    of `reset`: `scenario` and `session`, its number by arrival.

    ## Episode End
    Terminated when the car leaves; never truncated.

    ## Arguments
    scenario, params, dt_h, guarantee: as in `VPPDayAhead-v0`; steps are quarters of an hour, and
        there is one charger.
    reward, forecast, observation: see `vpp_gym.envs.stay.StaySettings`.
    render_mode: "rgb_array" or "human" draws the day.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = StayCore
    core: StayCore
    terminates = True

    @names_its_keywords
    def __init__(
        self,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        observation: ObservationForm = "flat",
        reward: Reward = "spread",
        forecast: Forecast = "learned",
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(StaySettings, observation=observation, reward=reward, forecast=forecast)
        world = world_of(scenario, params, dt_h, guarantee)
        super().__init__(StayCore(*world, settings), render_mode)


class VPPStayVectorEnv(VectorEnv):
    """A batch of `VPPStay-v0`; see `vpp_gym.env.VectorEnv`."""

    core_kind = StayCore
    core: StayCore
    terminates = True

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        observation: ObservationForm = "flat",
        reward: Reward = "spread",
        forecast: Forecast = "learned",
        dt_h: float | None = None,
        guarantee: bool | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(StaySettings, observation=observation, reward=reward, forecast=forecast)
        world = world_of(scenario, params, dt_h, guarantee)
        core = StayCore(*world, settings, num_envs)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)
