"""The microgrid as a batch of runs: scenarios in, decisions in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.calendar import HOURS, winter
from vpp_gym.hydrogen.households import Households
from vpp_gym.hydrogen.microgrid import (
    TERMS,
    Bank,
    Decisions,
    advance,
    empty_state,
    limits,
    place,
    rules_of,
)
from vpp_gym.hydrogen.microgrid_views import PAST_DAYS, MicrogridDecision, MicrogridSnapshot, Past
from vpp_gym.hydrogen.params import MicrogridParams
from vpp_gym.hydrogen.volume_contracts import Cars, kinds_of_days

Floats = NDArray[np.float64]

GATE_H = 12
"""Hour of the day after which tomorrow's prices are known."""
TOLERANCE_KWH = 1e-9


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

    @property
    def n_days(self) -> int:
        """Days of the scenario."""
        return len(self.wind_kwh) // HOURS


class Microgrid:
    """A batch of microgrids.

    Args:
        scenarios: worlds of the same size.
        params: rules of all.
        n_runs: size of the batch.
    """

    def __init__(
        self, scenarios: Sequence[MicrogridScenario], params: MicrogridParams, n_runs: int = 1
    ) -> None:
        self.scenarios, self.params, self.n_runs = tuple(scenarios), params, n_runs
        self.n_days = self.scenarios[0].n_days
        self.bank, self.rules = _bank(self.scenarios, params), rules_of(params)
        self.state = empty_state(n_runs, params.n_cars)
        self._winter = winter(self.n_days)

    def reset(self, run: int = 0, world: int = 0, hour: int = 0) -> None:
        """Begin a run in some world at some hour."""
        electrolyser = self.params.electrolyser
        stock_kg = electrolyser.initial_share * electrolyser.store_kg
        place(self.state, self.bank, self.rules, run, world, hour, stock_kg)

    def snapshot(self, run: int = 0) -> MicrogridSnapshot:
        """What the operator of a run knows now."""
        state, bank, k = self.state, self.bank, int(self.state.world[run])
        t = min(int(state.hour[run]), HOURS * self.n_days - 1)
        day = t // HOURS
        week = slice(max(t - HOURS * PAST_DAYS, 0), t + 1)
        available_kwh, room_kwh = limits(run, self.rules, state)
        return MicrogridSnapshot(
            hour=t,
            weekend=bool(bank.kind[day + 1]),
            winter=float(self._winter[day]),
            deficit_kwh=float(bank.deficit[k, t]),
            surplus_kwh=float(bank.surplus[k, t]),
            wind_kwh=float(bank.wind[k, t]),
            past=Past(bank.deficit[k, week], bank.surplus[k, week], bank.wind[k, week]),
            known_da_eur_per_kwh=_known_prices(bank.da[k], t),
            tank_kg=state.tank_kg[run].copy(),
            home=state.home[run].copy(),
            plugged=state.plugged[run].copy(),
            left_kwh=state.left_kwh[run].copy(),
            given_kwh=state.given_kwh[run].copy(),
            next_kwh=bank.volume[k, :, bank.kind[day + 1]],
            schedule=self.scenarios[k].cars.usual_open[:, t : t + HOURS],
            stock_kg=float(state.stock_kg[run]),
            available_kwh=available_kwh,
            room_kwh=room_kwh,
            params=self.params,
        )

    def advance(
        self,
        decisions: Sequence[MicrogridDecision | None],
    ) -> Floats:
        """(B, len(TERMS)) records of an hour; zero for runs without a decision.

        Raises:
            InvalidInputError: more than the cars can give or the electrolyser can take.
        """
        records = np.zeros((self.n_runs, len(TERMS)))
        moves = np.array([one is not None for one in decisions])
        given = [one or MicrogridDecision(0.0, 0.0) for one in decisions]
        for run in np.flatnonzero(moves).tolist():
            self._check(run, given[run])
        columns = zip(
            *((d.v2g_kwh, d.electrolyser_kwh, d.volume_factor, d.reward_eur_per_h) for d in given),
            strict=True,
        )
        arrays = Decisions(*(np.array(column, dtype=np.float64) for column in columns))
        advance(moves, self.bank, self.rules, self.state, arrays, records)
        return records

    def _check(self, run: int, decision: MicrogridDecision) -> None:
        available_kwh, room_kwh = limits(run, self.rules, self.state)
        most = {
            "v2g_kwh": available_kwh,
            "electrolyser_kwh": room_kwh,
            "volume_factor": 10.0,
            "reward_eur_per_h": 1e3,
        }
        for field, limit in most.items():
            value = getattr(decision, field)
            if not -TOLERANCE_KWH <= value <= limit + TOLERANCE_KWH:
                raise InvalidInputError(field, value, f"give 0 to {limit:.6g}")


def _known_prices(da: Floats, t: int) -> Floats:
    """Prices from yesterday's same hour on, to the end of today, after 12:00 of tomorrow.

    On the first day today's prices stand in for yesterday's.
    """
    end = HOURS * (t // HOURS + (2 if t % HOURS >= GATE_H else 1))
    if t >= HOURS:
        return da[t - HOURS : end]
    return np.concatenate([da[:HOURS][np.arange(t, t + HOURS) % HOURS], da[t:end]])


def _bank(scenarios: Sequence[MicrogridScenario], params: MicrogridParams) -> Bank:
    homes, cars = [one.households for one in scenarios], [one.cars for one in scenarios]
    da = np.stack([one.da_eur_per_kwh for one in scenarios])
    return Bank(
        load=np.stack([one.load_kwh for one in homes]),
        self_used=np.stack([one.self_used_kwh for one in homes]),
        deficit=np.stack([one.deficit_kwh for one in homes]),
        surplus=np.stack([one.surplus_kwh for one in homes]),
        wind=np.stack([one.wind_kwh for one in scenarios]),
        da=da,
        import_price=da + params.money.import_fee_eur_per_kwh,
        export_price=da - params.money.export_fee_eur_per_kwh,
        parked=np.stack([one.parked for one in cars]),
        open=np.stack([one.open for one in cars]),
        open_h=np.stack([one.open_h for one in cars]),
        volume=np.stack([one.volume_kwh for one in cars]),
        joins=np.stack([one.joins for one in cars]),
        kind=kinds_of_days(scenarios[0].n_days),
    )
