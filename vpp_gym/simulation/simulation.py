"""The simulator: a batch of runs through scenarios, stepped together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.contracts.offer import check_offers
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import BoundCalls, records
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams, as_params
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario, stated_params
from vpp_gym.simulation.arguments import (
    distinct_rows,
    shaped,
    whole_numbers,
)
from vpp_gym.simulation.choices import bid_limits, disaggregate
from vpp_gym.simulation.dataset import Dataset, build_dataset, n_drivers
from vpp_gym.simulation.decided import behind_the_meter, check_limits, net_loads, schedules
from vpp_gym.simulation.snapshot import snapshot_of
from vpp_gym.simulation.state import DRIVER, State, empty_state, rules_of, scratch_for, with_offers
from vpp_gym.simulation.transition import begin, transition
from vpp_gym.views import Decisions, Snapshot


class Simulation:
    """Simulates `n_envs` runs: state, clock, and all money and energy terms.

    Args:
        scenarios: in which runs may be started, all with the same dt_h.
        params: rules, as `vpp_gym.params.as_params` takes them; what they do not say is as the
            scenarios state it.
        n_envs: number of runs B.

    Attributes:
        state: arrays with the leading axis B; read them, do not write.
        dataset: the scenarios as flat arrays.
        periods: of a day of 24 hours.
        watch: called before each step that decisions or arrays advance, with the simulation and
            the (B, N) dispatch; None: nobody watches.
        no_bids: (B, S) zeros: the schedule of who sells nothing.
        slots: places of a bid schedule: as many, or those of a day of 25 hours where scenarios
            have a time zone whose clock is put back.
    """

    _least_slots = 0
    watch: Callable[[Simulation, Floats], None] | None = None

    def __init__(
        self,
        scenarios: Scenario | Sequence[Scenario],
        params: VPPParams | dict | str | None = None,
        n_envs: int = 1,
    ) -> None:
        given = scenarios if isinstance(scenarios, list | tuple) else [scenarios]
        self.params = as_params(params, stated_params(given, params))
        self.n_envs = whole("n_envs", n_envs, least=1)
        self.scenarios: list[Scenario] = []
        self.dataset: Dataset
        self.slots = self._least_slots
        self._placed = np.zeros(self.n_envs, dtype=np.bool_)
        self.load(scenarios)
        self.dt_h = self.scenarios[0].dt_h
        self.n_chargers = self.params.site.n_chargers
        self.periods = round(24 / self.dt_h)
        self.rules = rules_of(self.params, self.dt_h)
        self.state = empty_state(
            self.n_envs,
            self.params,
            self.dt_h,
            self.slots,
            self.has_site,
            n_drivers(self.dataset),
        )
        self._scratch = scratch_for(self.n_chargers)
        self._call = BoundCalls()
        self.no_bids = np.zeros((self.n_envs, self.slots))
        self._scenario_index = np.zeros(self.n_envs, dtype=np.int64)

    def load(
        self, scenarios: Scenario | Sequence[Scenario], dataset: Dataset | None = None
    ) -> None:
        """Replace the scenarios; runs must be reset afterwards.

        Args:
            scenarios: of the same dt_h as before.
            dataset: their dataset, if it was built before with the same parameters.

        Raises:
            InvalidInputError: no scenario, something else, or another dt_h.
        """
        given = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
        for one in given:
            if not isinstance(one, Scenario):
                raise InvalidInputError("scenarios", scenarios, "give one or more Scenario objects")
        new_dataset = build_dataset(given, self.params) if dataset is None else dataset
        if self.scenarios and given[0].dt_h != self.scenarios[0].dt_h:
            raise InvalidInputError(
                "scenarios", given[0].dt_h, f"keep to dt_h {self.scenarios[0].dt_h:g}"
            )
        slots = max(one.slots_per_day for one in given)
        if self.scenarios and slots > self.slots:
            remedy = f"keep to time zones with {self.slots} periods on the longest day"
            raise InvalidInputError("scenarios", given[0].timezone, remedy)
        self.slots = max(self.slots, slots)
        if self.scenarios and self.has_site != (len(new_dataset.site) > 0):
            raise InvalidInputError("scenarios", given, "give all of them a site, or none")
        if self.scenarios and n_drivers(new_dataset) > self.state.known.shape[1]:
            known = records((self.n_envs, n_drivers(new_dataset)), DRIVER)
            self.state = self.state._replace(known=known)
        self.scenarios, self.dataset = given, new_dataset
        self._placed[:] = False

    def reset(
        self,
        scenario_index: ArrayLike = 0,
        start_step: ArrayLike = 0,
        end_step: ArrayLike | None = None,
        runs: ArrayLike | None = None,
    ) -> None:
        """Start runs at a step of a scenario, with no car connected.

        Args:
            scenario_index: (B,) or one for all.
            start_step: (B,) or one for all, step of the scenario.
            end_step: (B,) or one for all, step before which the run ends; None:
                the end of the scenario.
            runs: which runs; None: all. The other arguments follow its length.

        Raises:
            InvalidInputError: a stretch outside its scenario.
        """
        rows = distinct_rows(runs, self.n_envs)
        shape = rows.shape
        index = whole_numbers("scenario_index", scenario_index, shape)
        if ((index < 0) | (index >= len(self.scenarios))).any():
            raise InvalidInputError(
                "scenario_index", index.tolist(), f"there are {len(self.scenarios)} scenarios"
            )
        first, last = self.dataset.first_step[index], self.dataset.first_step[index + 1]
        start = first + whole_numbers("start_step", start_step, shape)
        end = last if end_step is None else first + whole_numbers("end_step", end_step, shape)
        if ((start < first) | (end > last) | (start >= end)).any():
            raise InvalidInputError(
                "start_step, end_step",
                (np.asarray(start_step).tolist(), np.asarray(end_step).tolist()),
                "a run starts before it ends, within its scenario",
            )
        self._start(rows, index, start, end)

    def _start(self, rows: Ints, index: Ints, start: Ints, end: Ints) -> None:
        """Start distinct runs in scenarios, from positions of the dataset to before others."""
        self._scenario_index[rows] = index
        world = self.dataset, self.rules, self.state
        self._call(begin, world, rows, index, start, end)
        self._placed[rows] = True

    def alone(self, run: int) -> Simulation:
        """One run as a simulation of its own, over the same memory: to step it by itself.

        For the moment only: `reset`, `load` and `post_offers` are for the whole batch.
        """
        own = slice(run, run + 1)
        one = copy(self)
        one.n_envs = 1
        one.state = State._make(part[own] for part in self.state)
        one._placed, one.no_bids = self._placed[own], self.no_bids[own]
        one._scenario_index = self._scenario_index[own]
        return one

    @property
    def has_site(self) -> bool:
        """Whether anything lies between the cars and the grid, or beside them."""
        return len(self.dataset.site) > 0

    @property
    def done(self) -> Bools:
        """(B,) the run has ended."""
        return self.state.run["position"] >= self.state.run["end"]

    @property
    def is_gate(self) -> Bools:
        """(B,) the bid schedule for tomorrow is read in this step; not in a run that has ended."""
        at = np.minimum(self.state.run["position"], len(self.dataset.steps) - 1)
        return (self.dataset.period[at] == self.rules.gate_period) & ~self.done

    @property
    def lo_kwh(self) -> Floats:
        """(B, N) least net load of each charger in the step to come."""
        return self.state.ev["lo_kwh"]

    @property
    def hi_kwh(self) -> Floats:
        """(B, N) largest net load of each charger in the step to come."""
        return self.state.ev["hi_kwh"]

    @property
    def bids_allowed_kwh(self) -> tuple[Floats, Floats]:
        """(B, L) least and largest bid of each period of the day, + sells."""
        least_kwh, most_kwh = np.empty((2, self.n_envs, self.periods))
        self._call(bid_limits, (self.rules, self.state), least_kwh, most_kwh)
        return least_kwh, most_kwh

    def on_slots(self, by_period: Floats, absent: float = 0.0) -> Floats:
        """(B, S) what stands at each place of tomorrow's schedule.

        An hour that tomorrow's clock shows again has what it has the first time.

        Args:
            by_period: (B, L) of every period of the day.
            absent: at places behind them that tomorrow does not have.
        """
        if self.slots == self.periods:
            return by_period
        result = np.full((len(by_period), self.slots), absent)
        result[:, : self.periods] = by_period
        for run in range(self.n_envs):
            at = self._tomorrow(run)
            result[run, self.dataset.slot[at]] = by_period[run, self.dataset.period[at]]
        return result

    def schedule(self, run: int, bids_kwh: Any) -> Floats:
        """(S,) a schedule of a run, given by place or by period.

        Raises:
            InvalidInputError: another shape.
        """
        if self.slots == self.periods or np.shape(bids_kwh) != (self.periods,):
            return shaped("bids_kwh", bids_kwh, (self.slots,))
        by_period, at = shaped("bids_kwh", bids_kwh, (self.periods,)), self._tomorrow(run)
        result = np.zeros(self.slots)
        result[: self.periods] = by_period
        result[self.dataset.slot[at]] = by_period[self.dataset.period[at]]
        return result

    def _tomorrow(self, run: int) -> slice:
        """Positions of the steps of tomorrow; none after the end of the scenario."""
        clock = self.state.run[run]
        if clock["position"] > clock["last"]:
            return slice(0)
        step = self.dataset.steps[clock["position"]]
        return slice(step["today_end"], step["tomorrow_end"])

    @property
    def accepted(self) -> NDArray[np.int64]:
        """(B, K) contracts accepted since the run began, by place in the list of offers.

        Whatever else was posted in that place since then.
        """
        return self.state.accepted.copy()

    @property
    def offers(self) -> NDArray[np.void]:
        """(B, K) OFFER records: what is on offer to everybody who arrives."""
        return self.state.offers.copy()

    def post_offers(self, offers: NDArray[np.void], runs: ArrayLike | None = None) -> None:
        """Change the contracts that are offered to owners who arrive from now on.

        It stays on offer over `reset`, too, until something else is posted.

        Args:
            offers: (k,) OFFER records, see `vpp_gym.contracts.offer.offers`.
            runs: which runs; None: all.

        Raises:
            InvalidInputError: no offers, or runs that there are not.
        """
        check_offers(offers)
        self.state = with_offers(self.state, offers, distinct_rows(runs, self.n_envs))

    def snapshot(self, run: int = 0) -> Snapshot:
        """What the operator of a run knows now.

        Raises:
            InvalidInputError: the run was not placed.
        """
        if not self._placed[run]:
            raise InvalidInputError("run", run, "place it with reset() first")
        return self._snapshot(run)

    def joint_snapshot(self) -> Snapshot:
        """What the operator of all runs together knows, where they share clock and prices.

        Prices are those of the first run. Charger i of run b is number b * n_chargers + i,
        rows of sessions go on counting from one scenario to the next.

        Raises:
            InvalidInputError: a run that was not placed, or is at another step, or sites.
        """
        self._check_placed()
        if self.has_site:
            raise InvalidInputError("runs", "sites", "each has its connection: ask for each alone")
        steps = self.state.run["position"] - self.state.run["first"]
        if (steps != steps[0]).any():
            raise InvalidInputError("runs", steps.tolist(), "keep them at the same step")
        return self._snapshot(0, together=True)

    def _snapshot(self, run: int, together: bool = False) -> Snapshot:
        scenario = self.scenarios[self._scenario_index[run]]
        first = int(self.dataset.first_step[self._scenario_index[run]])
        step = min(int(self.state.run["position"][run]) - first, scenario.n_steps - 1)
        rest = self.params, first, scenario.clock[step], self._call, together
        return snapshot_of(self.dataset, self.rules, self.state, run, *rest)

    def step(self, decisions: Decisions | Sequence[Decisions]) -> Floats:
        """Advance every run by one step.

        Args:
            decisions: one for each run.

        Returns:
            (B, K) what the step booked, columns in the order of `TERMS`.

        Raises:
            InvalidInputError: a decision out of shape or limits, or a run that was
                not placed; nothing has moved.
        """
        given: list[Any] = list(decisions) if isinstance(decisions, list | tuple) else [decisions]
        for one in given:
            if not isinstance(one, Decisions):
                raise InvalidInputError("decisions", one, "give a Decisions for each run")
        if len(given) != self.n_envs:
            raise InvalidInputError("decisions", len(given), f"give one for each of {self.n_envs}")
        net_load_kwh, bids_kwh = net_loads(self, given), schedules(self, given)
        self._check_placed()
        check_limits(self, net_load_kwh, bids_kwh)
        return self._advance(net_load_kwh, bids_kwh, behind_the_meter(self, given))

    def advance(
        self,
        net_load_kwh: Floats,
        bids_kwh: Floats | None = None,
        checked: bool = False,
        behind_kwh: Floats | None = None,
    ) -> Floats:
        """Advance every run by one step, from arrays.

        Args:
            net_load_kwh: (B, N) kWh at the meter.
            bids_kwh: (B, S) schedules by place, or (B, L) by period; None sells nothing.
            checked: the arrays come from `hand_out` and the like, within limits
                by construction.
            behind_kwh: (B, 2) load of the stationary battery and solar yield to be used, what is
                beyond their limits cut off; None: idle, and all of it.

        Returns:
            (B, K) what the step booked, columns in the order of `TERMS`.

        Raises:
            InvalidInputError: out of shape or limits, or a run that was not placed;
                nothing has moved.
        """
        self._check_placed()
        bids = self.no_bids if bids_kwh is None else bids_kwh
        if not checked:
            shape = (self.n_envs, self.n_chargers)
            net_load_kwh = shaped("net_load_kwh", net_load_kwh, shape)
            if self.slots > self.periods and np.shape(bids) == (self.n_envs, self.periods):
                bids = self.on_slots(np.asarray(bids, dtype=np.float64))
            bids = shaped("bids_kwh", bids, (self.n_envs, self.slots))
            check_limits(self, net_load_kwh, bids)
            if behind_kwh is not None:
                behind_kwh = shaped("behind_kwh", behind_kwh, (self.n_envs, 2))
        return self._advance(net_load_kwh, bids, behind_kwh)

    def _advance(self, net_load_kwh: Floats, bids: Floats, behind_kwh: Floats | None) -> Floats:
        if self.watch is not None:
            self.watch(self, net_load_kwh)
        record = np.empty((self.n_envs, len(TERMS)))
        if self.has_site:
            net_load_kwh = net_load_kwh.copy()  # shared out in place
        if behind_kwh is not None:
            self.state.site["storage_wanted_kwh"] = behind_kwh[:, 0]
            self.state.site["pv_wanted_kwh"] = behind_kwh[:, 1]
        world = self.dataset, self.rules, self.state
        self._call(transition, world, net_load_kwh, bids, record)
        return record

    def hand_out(self, fleet_kwh: Floats) -> Floats:
        """(B, N) net load of each EV for (B,) net loads of the fleets."""
        net_load_kwh = np.empty((self.n_envs, self.n_chargers))
        world = self.rules, self.state
        self._call(disaggregate, world, fleet_kwh, net_load_kwh, self._scratch)
        return net_load_kwh

    def _check_placed(self) -> None:
        if not self._placed.all():
            run = int(np.argmin(self._placed))
            raise InvalidInputError("run", run, "place it with reset() first")
