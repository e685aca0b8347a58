"""The microgrid as a batch of runs: scenarios in, decisions in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats, close_arrays, closed_copy, read_only
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS, winter
from vpp_gym.fcev.microgrid.contracts import Cars, kinds_of_days
from vpp_gym.fcev.microgrid.forecast import PAST_DAYS, energy_ahead, prices_ahead
from vpp_gym.fcev.microgrid.households import Households
from vpp_gym.fcev.microgrid.ledger import TERMS
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision, MicrogridSnapshot, Past
from vpp_gym.fcev.microgrid.state import Dataset, Decisions, empty_state, place, rules_of
from vpp_gym.fcev.microgrid.transition import advance, limits
from vpp_gym.fcev.source import GivenYears, YearSource, check_alike
from vpp_gym.scenarios.source import OfSource

TOLERANCE_KWH = 1e-9
MOST_FACTOR, MOST_EUR_PER_H = 10.0, 1e3
"""Largest factor on maxVolume and largest reward that are taken for meant."""


@dataclass(frozen=True)
class MicrogridScenario:
    """One year of a microgrid.

    Attributes:
        name: label in results.
        households: load and PV, summed up.
        wind_kwh: (hours,) of the turbine.
        da_eur_per_kwh: (hours,) day-ahead prices: less a fee for exports, with a fee on imports.
        cars: who is home when, and under which contract.
    """

    name: str
    households: Households
    wind_kwh: Floats
    da_eur_per_kwh: Floats
    cars: Cars

    def __post_init__(self) -> None:
        hours = len(self.wind_kwh)
        if hours == 0 or hours % HOURS:
            raise InvalidInputError("wind_kwh", hours, "give whole days of 24 hours")
        lengths = (len(self.households.load_kwh), len(self.da_eur_per_kwh))
        if {*lengths, self.cars.parked.shape[1]} != {hours}:
            raise InvalidInputError("households, da_eur_per_kwh, cars", lengths, f"{hours} hours")
        close_arrays(self)

    @property
    def n_days(self) -> int:
        """Days of the scenario."""
        return len(self.wind_kwh) // HOURS


class Microgrid(OfSource):
    """A batch of microgrids.

    Args:
        scenarios: of the same size; or a source of them.
        params: rules of all.
        n_runs: size of the batch.

    Raises:
        InvalidInputError: scenarios that differ, or have other cars than the parameters say.
    """

    scenarios: tuple[MicrogridScenario, ...]
    dataset: Dataset

    def __init__(
        self,
        scenarios: Sequence[MicrogridScenario] | YearSource[MicrogridScenario],
        params: MicrogridParams,
        n_runs: int = 1,
    ) -> None:
        self.source = scenarios if isinstance(scenarios, YearSource) else GivenYears(scenarios)
        self.params, self.n_runs, self.rules = params, n_runs, rules_of(params)
        self._read()
        self.n_days = self.scenarios[0].n_days
        self.state = empty_state(n_runs, params.n_cars)

    def _read(self) -> None:
        self.scenarios = tuple(self.source.scenario(k) for k in range(self.source.n_scenarios))
        check_alike(self.scenarios, self.params.n_cars, lambda one: len(one.cars.parked))
        self.dataset = _dataset(self.scenarios, self.params)

    def reset(
        self, run: int = 0, scenario: int = 0, hour: int = 0, stock_share: float | None = None
    ) -> None:
        """Begin a run in a scenario at an hour of it.

        Args:
            run: of the batch.
            scenario: number of one of `scenarios`.
            hour: of the scenario.
            stock_share: of the store that is filled; None: as `params` say.
        """
        electrolyser = self.params.electrolyser
        share = electrolyser.initial_share if stock_share is None else stock_share
        place(
            self.state, self.dataset, self.rules, run, scenario, hour, share * electrolyser.store_kg
        )

    def fill_store(self, run: int, share: float) -> None:
        """Fill a share of the store of a run."""
        self.state.stock_kg[run] = share * self.params.electrolyser.store_kg

    def snapshot(self, run: int = 0) -> MicrogridSnapshot:
        """What the operator of a run knows now."""
        state, dataset, k = self.state, self.dataset, int(self.state.scenario[run])
        t = min(int(state.hour[run]), HOURS * self.n_days - 1)
        day = t // HOURS
        week = slice(max(t - HOURS * PAST_DAYS, 0), t + 1)
        energy = dataset.deficit, dataset.surplus, dataset.wind
        available_kwh, room_kwh = limits(self.rules, state)
        return MicrogridSnapshot(
            hour=t,
            weekend=bool(dataset.kind[day + 1]),
            winter=float(dataset.winter[day]),
            deficit_kwh=float(dataset.deficit[k, t]),
            surplus_kwh=float(dataset.surplus[k, t]),
            wind_kwh=float(dataset.wind[k, t]),
            past=Past(*(closed_copy(series[k, week]) for series in energy)),
            expected_deficit_kwh=closed_copy(energy_ahead(dataset.deficit[k], t)),
            expected_surplus_kwh=closed_copy(energy_ahead(dataset.surplus[k], t)),
            expected_wind_kwh=closed_copy(energy_ahead(dataset.wind[k], t)),
            expected_da_eur_per_kwh=closed_copy(prices_ahead(dataset.da[k], t)),
            tank_kg=closed_copy(state.tank_kg[run]),
            home=closed_copy(state.home[run]),
            plugged=closed_copy(state.plugged[run]),
            left_kwh=closed_copy(state.left_kwh[run]),
            given_kwh=closed_copy(state.given_kwh[run]),
            next_kwh=closed_copy(dataset.volume[k, :, dataset.kind[day + 1]]),
            schedule=closed_copy(self.scenarios[k].cars.usual_open[:, t : t + HOURS]),
            stock_kg=float(state.stock_kg[run]),
            available_kwh=float(available_kwh[run]),
            room_kwh=float(room_kwh[run]),
            params=self.params,
        )

    def limits_kwh(self) -> tuple[Floats, Floats]:
        """(B,) what the cars can give and (B,) what the electrolyser can take now."""
        return limits(self.rules, self.state)

    def advance(self, decisions: Sequence[MicrogridDecision | None]) -> Floats:
        """(B, len(TERMS)) records of an hour; zero for runs without a decision.

        Raises:
            InvalidInputError: more than the cars can give or the electrolyser can take.
        """
        moves = np.array([one is not None for one in decisions])
        given = [one or MicrogridDecision(0.0, 0.0) for one in decisions]
        columns = zip(*map(astuple, given), strict=True)
        arrays = Decisions(*(np.array(column, dtype=np.float64) for column in columns))
        return self.advance_all(moves, arrays)

    def advance_all(self, moves: NDArray[np.bool_], decisions: Decisions) -> Floats:
        """The same for decisions as arrays; those of runs that do not move are not read."""
        self._check(moves, decisions)
        records = np.zeros((self.n_runs, len(TERMS)))
        advance(moves, self.dataset, self.rules, self.state, decisions, records)
        return records

    def _check(self, moves: NDArray[np.bool_], decisions: Decisions) -> None:
        factor, reward = (np.full(self.n_runs, most) for most in (MOST_FACTOR, MOST_EUR_PER_H))
        most = (*self.limits_kwh(), factor, reward)
        for field, values, limit in zip(Decisions._fields, decisions, most, strict=True):
            fits = (values >= -TOLERANCE_KWH) & (values <= limit + TOLERANCE_KWH)
            if not (fits | ~moves).all():
                run = int(np.argmin(fits | ~moves))
                raise InvalidInputError(field, float(values[run]), f"give 0 to {limit[run]:.6g}")


def _dataset(scenarios: Sequence[MicrogridScenario], params: MicrogridParams) -> Dataset:
    homes, cars = [one.households for one in scenarios], [one.cars for one in scenarios]
    da = np.stack([one.da_eur_per_kwh for one in scenarios])
    dataset = Dataset(
        load=np.stack([one.load_kwh for one in homes]),
        self_used=np.stack([one.self_used_kwh for one in homes]),
        deficit=np.stack([one.deficit_kwh for one in homes]),
        surplus=np.stack([one.surplus_kwh for one in homes]),
        wind=np.stack([one.wind_kwh for one in scenarios]),
        da=da,
        import_price=da + params.money.import_fee_eur_per_kwh,
        export_price=da - params.money.export_fee_eur_per_kwh,
        parked=_cars_side_by_side([one.parked for one in cars]),
        open=_cars_side_by_side([one.open for one in cars]),
        open_h=np.stack([one.open_h for one in cars]),
        volume=np.stack([one.volume_kwh for one in cars]),
        joins=_cars_side_by_side([one.joins for one in cars]),
        kind=kinds_of_days(scenarios[0].n_days),
        winter=winter(scenarios[0].n_days),
        open_share=np.stack([one.usual_open.mean(axis=0) for one in cars]),
    )
    return Dataset._make(map(read_only, dataset))


def _cars_side_by_side(worlds: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """(K, n, hours) whose cars of an hour are neighbours in memory, as the hour reads them."""
    return read_only(np.stack([one.T for one in worlds])).transpose(0, 2, 1)
