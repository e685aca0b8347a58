"""The core of the environments of EVs: episodes in the simulator, and the step that decides it.

`EVCore` is what all of them share. `HourlyCore` is stepped by one kernel, in every step of the
simulator; `vpp_gym.envs.daily.DailyCore` from gate closure to gate closure, by policies.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, Observations
from vpp_gym.env import Core
from vpp_gym.envs.columns import NEEDS_PLANNER, column_fields, column_values
from vpp_gym.envs.fields import CHARGER_FIELDS, FLEET_FIELDS, layout_of
from vpp_gym.envs.market_table import MarketTables
from vpp_gym.envs.observation import observe
from vpp_gym.envs.recorder import DayRecorder
from vpp_gym.envs.reward import spread_rewards
from vpp_gym.envs.site_fields import site_fields
from vpp_gym.envs.sourced import SourcedSimulation
from vpp_gym.envs.step_kernel import ActionSpec, BidMode
from vpp_gym.envs.stepper import BatchStepper
from vpp_gym.episodes import EpisodeDays, EpisodeTable, Spans
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import BoundCalls
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import VPPParams, as_params
from vpp_gym.planning.planner import BuiltInPlanner
from vpp_gym.scenarios.named import WORLD_SUFFIX, as_source, world_source
from vpp_gym.scenarios.scenario import Scenario, stated_params
from vpp_gym.scenarios.source import FixedSource, ScenarioSource

Scenarios = Scenario | Sequence[Scenario] | ScenarioSource | str
"""What names scenarios of EVs."""
STEP_H = 0.25
"""Hours per step of a named source where nothing is said."""
Params = VPPParams | Mapping[str, Any] | str
"""What names rules of the world of EVs."""
N_PRICES = 2
"""Prices that an action may correct: of buying and of selling."""


class EVCore(Core):
    """A batch of episodes of one decision problem with EVs.

    Args:
        source: of the scenarios that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
    """

    terms, n_money = TERMS, len(MONEY)
    title: ClassVar[str]
    draws_whole_days: ClassVar[bool] = False
    simulation: SourcedSimulation

    def __init__(
        self, source: ScenarioSource, params: VPPParams, settings: Any, n_envs: int = 1
    ) -> None:
        super().__init__(source, params, settings, n_envs)
        self.simulation = SourcedSimulation(source, params, self.n_runs)
        self._has_site = self.simulation.has_site
        self._days: dict[int, EpisodeDays] = {}
        self._progress_kwh = np.zeros(self.n_runs)
        self._level_eur_per_kwh = np.zeros(self.n_runs)
        self._call = BoundCalls()
        self._rewarded: tuple[Any, Any] = None, None
        self._charge_eff = params.site.charge_eff
        self._retail_eur_per_kwh = params.driver.retail_eur_per_kwh

    def rewards(self, records: Floats) -> Floats:
        """(B,) rewards of (B, K) records [EUR]: see `vpp_gym.envs.settings.Reward`.

        To be asked for once after each step.
        """
        if self.settings.reward == "profit":
            return super().rewards(records)
        rewards_eur, run = np.empty(len(records)), self.simulation.state.run
        given = (
            run,
            self._progress_kwh,
            self._level_eur_per_kwh,
            self._charge_eff,
            self._retail_eur_per_kwh,
            self._has_site,
            np.ascontiguousarray(records, dtype=np.float64),
            rewards_eur,
        )
        if self._rewarded[0] is not run:
            self._rewarded = run, self._call.code(spread_rewards, *given)
        self._rewarded[1](*given)
        return rewards_eur

    def __getstate__(self) -> dict[str, Any]:
        """Without what is found again, which grows with the scenarios."""
        state = {**self.__dict__, "_rewarded": (None, None), "_days": {}}
        state.pop("_all_episodes", None)
        return state

    @property
    def over(self) -> Bools:
        """(B,) the episode has ended."""
        return self.simulation.done

    @property
    def steps_a_day(self) -> int:
        """Decisions of a day of 24 hours."""
        return self.simulation.periods

    @property
    def max_steps(self) -> int | None:
        """Steps of the longest episode without options; None: it depends on the scenario."""
        days = self.settings.episode_days
        if days is None:
            return None
        # A clock with summer time has a day of 25 hours.
        longer = any(one.timezone is not None for one in self.simulation.scenarios)
        return self.steps_a_day * days + (self.steps_a_day // 24 if longer else 0)

    def _days_of(self, scenario: int) -> EpisodeDays:
        if scenario not in self._days:
            period = self.source.scenario(scenario).period
            gates = np.flatnonzero(period == self.simulation.rules.gate_period)
            self._days[scenario] = EpisodeDays(gates, len(period))
        days = self._days[scenario]
        if days.start.size == 0:
            remedy = "an episode starts at a gate closure; add a day"
            raise InvalidInputError("scenario", f"{days.end} steps", remedy)
        return days

    def _table(self) -> EpisodeTable | None:
        # A single run loads a scenario when an episode is drawn from it.
        return self._all_episodes if self.n_runs > 1 else None

    @cached_property
    def _all_episodes(self) -> EpisodeTable | None:
        """All episodes; None where a scenario has none, which is told when it is drawn."""
        try:
            days = [self._days_of(scenario) for scenario in range(self.source.n_scenarios)]
        except InvalidInputError:
            return None
        table = EpisodeTable(days, self.settings.episode_days)
        return table if table.complete else None

    def begin(self, runs: Ints, spans: Spans) -> None:
        """Begin given episodes in some runs."""
        self._prepare(runs)
        self.simulation.begin(runs, spans)
        start = self.simulation.state.run["start"][runs]
        self._progress_kwh[runs] = 0.0
        self._level_eur_per_kwh[runs] = self.simulation.dataset.steps["level_eur_per_kwh"][start]
        self._begin(runs, spans)

    def recorder(self) -> DayRecorder:
        """Keeps what happens in the first run, and draws it."""
        recorder = DayRecorder(self.simulation, self.title, self.draws_whole_days)
        self.on_step = recorder.add
        return recorder

    def _prepare(self, runs: Ints) -> None:
        """Before the first owners of an episode arrive."""

    @abstractmethod
    def _begin(self, runs: Ints, spans: Spans) -> None:
        """Forget the episode before."""


class HourlyCore(EVCore):
    """The agent dispatches in every step, and may bid.

    Args:
        source: of the scenarios that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.
        threads: that share the batch; the result is the same, bit for bit.

    Attributes:
        pending_bids: (B, S) of the next bid schedule: entries of actions, or kWh.
    """

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        settings: Any,
        n_envs: int = 1,
        threads: int = 1,
    ) -> None:
        super().__init__(source, params, settings, n_envs)
        simulation, per_charger = self.simulation, settings.control == "per_ev"
        fields = FLEET_FIELDS + (CHARGER_FIELDS if per_charger else ())
        n_groups = len(params.connection.groups)
        fields += site_fields(n_groups) if simulation.has_site else ()
        written = layout_of(params, simulation.dt_h, fields)
        self.layout = written
        if settings.columns:
            self.layout = layout_of(
                params, simulation.dt_h, fields + column_fields(settings.columns)
            )
        mode, bid_scale = self._bidding()
        entries = {"fleet": 1, "per_ev": params.site.n_chargers, "price": N_PRICES}
        storage = params.storage.kwh > 0
        n_dispatch = entries[settings.control] + storage
        self.action_shape = (n_dispatch + mode.entries(simulation.slots),)
        self.pending_bids = np.zeros((self.n_runs, simulation.slots))
        self._action = ActionSpec(
            per_charger=per_charger,
            storage=storage,
            n_dispatch=n_dispatch,
            bids=mode.value,
            bid_scale=bid_scale,
            lag_steps=params.market.imbalance_lag_steps,
            per_scale=written.per_scale,
        )
        self._stepper = BatchStepper(simulation, self._action, threads)
        self._markets = MarketTables(self._action.lag_steps, written.per_scale)
        self._corrects = settings.control == "price"
        self._gains = settings.reward == "planner_gain"
        if self._gains and simulation.has_site:
            remedy = "the planner values the cars alone, and not their site: use spread or profit"
            raise InvalidInputError("reward", settings.reward, remedy)
        self._gain_eur = np.zeros(self.n_runs)
        shows = any(name in NEEDS_PLANNER for name in settings.columns)
        self._planner: BuiltInPlanner | None = None
        if self._corrects or self._gains or shows:
            self._planner = BuiltInPlanner(settings.planner, simulation, params)

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Decode (B, A) actions, advance, and observe: see `Core.step`."""
        numbers = self._checked(actions)
        self._let_bid()
        if self._planner is None or not (self._corrects or self._gains):
            market = self._markets.of(self.simulation.dataset)
            records, flat = self._stepper.step(self.simulation, market, numbers, self.pending_bids)
        else:
            records, flat = self._step_beside(self._planner, numbers)
        if self.on_step is not None:
            self.on_step(records[0])
        return records, self._shown(self._with_columns(flat))

    def rewards(self, records: Floats) -> Floats:
        """(B,) rewards of (B, K) records [EUR]: see `vpp_gym.envs.settings.StepReward`.

        To be asked for once after each step.
        """
        return self._gain_eur.copy() if self._gains else super().rewards(records)

    def _step_beside(self, planner: BuiltInPlanner, numbers: Floats) -> tuple[Floats, Any]:
        """Step with the built-in planner's plans at corrected prices, or compared with them."""
        simulation, more = self.simulation, np.zeros((self.n_runs, N_PRICES))
        if self._corrects:
            more = self.settings.price_scale * numbers[:, :N_PRICES]
            net_load_kwh = planner.net_load_kwh(simulation, more)
        else:
            net_load_kwh = self._stepper.decoded_kwh(simulation, numbers)
        if self._gains:
            planned = planner.net_load_kwh(simulation, np.zeros_like(more))
            planner.note(simulation, net_load_kwh, planned)
        market, bids = self._markets.of(simulation.dataset), self.pending_bids
        stepped = self._stepper.step_with(simulation, market, net_load_kwh, numbers, bids)
        if self._gains:
            self._gain_eur = planner.gain_eur(simulation)
        return stepped

    def _with_columns(self, flat: Observations) -> Observations:
        """Observations with the further parts that the settings ask for."""
        if not self.settings.columns:
            return flat
        values = column_values(self.settings.columns, self.simulation, self._planner)
        shown = values * self.layout.per_scale[flat.shape[1] :]
        return np.concatenate([flat, shown.astype(np.float32)], axis=1)

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        flat = np.empty((self.n_runs, len(self._action.per_scale)), dtype=np.float32)
        self._observe(np.arange(self.n_runs), flat)
        return self._shown(self._with_columns(flat))

    def observe_again(self, observations: Any, runs: Ints) -> Any:
        """Observations after some runs have begun anew: see `Core.observe_again`."""
        if self.settings.columns or self.settings.observation != "flat":
            return self.observe()
        self._observe(runs, observations)
        return observations

    def _observe(self, runs: Ints, flat: Observations) -> None:
        """Fill rows of (B, size) flat observations."""
        simulation, how = self.simulation, self._action
        world = simulation.dataset, simulation.rules, simulation.state
        shown = how.lag_steps, how.per_charger, how.per_scale
        market = self._markets.of(simulation.dataset)
        self._call(observe, (*world, *shown, market), runs, flat)

    @abstractmethod
    def _bidding(self) -> tuple[BidMode, float]:
        """How the schedule comes about, and the share of the bid range that an entry moves."""

    def _let_bid(self) -> None:
        """Have the schedule written by somebody else than the agent."""

    def _begin(self, runs: Ints, spans: Spans) -> None:
        self.pending_bids[runs] = 0.0
        self._markets.prepare(self.simulation, runs)
        if self._planner is not None:
            self._planner.forget(runs)


def world_of(
    scenario: Scenarios | None, params: Params | None, dt_h: float | None, guarantee: bool | None
) -> tuple[ScenarioSource, VPPParams]:
    """Scenarios and rules, from what a user of `gym.make` says.

    Args:
        scenario: scenarios, a source, or a name; None for "synthetic".
        params: rules of the world; what they do not say is as given scenarios state it, or the
            first one of a source.
        dt_h: hours per step of a named source; None: as a scenario or a world file has it, or
            0.25.
        guarantee: None leaves it to the parameters.

    Raises:
        InvalidInputError: a value that cannot be used.
    """
    if isinstance(scenario, str) and WORLD_SUFFIX in scenario.lower():
        scenario = world_source(scenario)
    if dt_h is None:
        first = scenario[0] if isinstance(scenario, (list, tuple)) and scenario else scenario
        dt_h = getattr(first, "dt_h", STEP_H)
    source = as_source(scenario, dt_h)
    if isinstance(source, FixedSource):
        stated = source.stated_params(params)
    else:
        stated = stated_params([source.scenario(0)], params)
    rules = as_params(params, stated)
    if guarantee is not None:
        rules = rules.replace(guarantee=guarantee)
    return source, rules
