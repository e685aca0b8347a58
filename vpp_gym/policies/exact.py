"""References that know the law of a synthetic year's prices, but not its future. Privileged."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import Dispatcher
from vpp_gym.policies.bidders import over_slots, tomorrow, within_limit
from vpp_gym.policies.climatology import bet_kwh
from vpp_gym.policies.forecasters import day_ahead_anchor, with_price_now
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.scheduler import hazard_mpc
from vpp_gym.scenarios.price_expectations import PriceLaw, price_law
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import SPLITS
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.views import Snapshot

REMEDY = "give an unchanged year of a SyntheticSource: the law of other prices is not known"


def law_of(scenario: Scenario) -> PriceLaw:
    """The law of a synthetic year's prices, found by the year's name and notes.

    The year is drawn again and compared.

    Args:
        scenario: of a `vpp_gym.scenarios.synthetic.SyntheticSource` at quarter hours.

    Raises:
        InvalidInputError: another scenario, or one whose law has no closed form.
    """
    notes = scenario.notes
    drawn = re.match(r"synthetic:([a-z]+)\b", scenario.name)
    if drawn is None or drawn[1] not in SPLITS or not {"seed", "index"} <= set(notes):
        raise InvalidInputError("scenario", scenario.name, REMEDY)
    index = int(notes["index"])
    calibration = str(notes.get("source", "")).removeprefix("synthetic, ").removesuffix(".json")
    source = SyntheticSource(
        drawn[1],
        index + 1,
        dt_h=scenario.dt_h,
        days=round(scenario.n_steps / scenario.periods_per_day),
        seed=int(notes["seed"]),
        params=dict(notes.get("changed", {})) or None,
        calibration=calibration,
    )
    again = source.scenario(index)
    for name in ("da_eur_per_kwh", "im_short_eur_per_kwh", "im_long_eur_per_kwh"):
        if not np.array_equal(getattr(again, name), getattr(scenario, name)):
            raise InvalidInputError("scenario", scenario.name, REMEDY)
    return price_law(source, index)


class ExactForecast:
    """The mean of the prices to come, given all that has settled, by the law that draws them.

    Day-ahead prices that are not known yet are taken to be as they are forecast in snapshots.
    """

    name = "exact_forecast"
    privileged = True

    def __init__(self) -> None:
        self._law: PriceLaw | None = None
        self._start = 0

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Look up the law."""
        self._law, self._start = law_of(scenario), start_step

    def forecast(self, snapshot: Snapshot, n_steps: int) -> tuple[Floats, Floats]:
        """(n_steps,) short and long price [EUR/kWh], this step first; the middle of both."""
        if self._law is None:
            raise InvalidInputError("forecaster", self.name, "call reveal before the run")
        mid = day_ahead_anchor(snapshot, n_steps).copy()
        expected = self._law.expectations_from(self._start + snapshot.step, n_steps, mid)
        mid[: len(expected)] = expected
        return with_price_now(snapshot, mid, mid)


class ExactBids:
    """Bets the bid limit by the sign of what day-ahead less reference price is expected to be.

    By the law that draws prices, given tomorrow's day-ahead prices and what has settled before
    the gate.
    """

    name = "exact_bids"
    privileged = True

    def __init__(self) -> None:
        self._gap: Floats | None = None
        self._start = 0

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Look up the law, and what it tells at every gate."""
        da, gate_h = scenario.da_eur_per_kwh, params.market.gate_closure_h
        law, pricing = law_of(scenario), params.market.imbalance_pricing
        expected = law.gate_reference(da, gate_h)
        if pricing != "dutch":
            expected = law.gate_im(gate_h) if pricing == "single" else da
        self._gap, self._start = da - expected, start_step

    def bids(self, snapshot: Snapshot, state: Any = None) -> tuple[Floats | None, Any]:
        """(slots,) kWh sold at the gate, else None."""
        if not snapshot.is_gate:
            return None, state
        if self._gap is None:
            raise InvalidInputError("bidder", self.name, "call reveal before the run")
        schedule = -over_slots(snapshot, snapshot.expected_load_kwh)
        rows = tomorrow(snapshot)
        if len(rows):
            period, slot = snapshot.period[rows], snapshot.slot[rows]
            gap = self._gap[self._start + snapshot.step + rows]
            schedule[slot] = bet_kwh(snapshot, period, -gap, schedule[slot])
        return within_limit(snapshot, schedule), state


def exact_forecast(
    contract: ContractChanges | None = None,
    name: str = "exact_forecast",
    planner: Callable[..., Dispatcher] = hazard_mpc,
) -> Dispatcher:
    """A rolling scheduler with exact forecasts, without bids; it offers what the world does.

    Args:
        contract: what is on offer instead.
        name: row label in results.
        planner: makes the scheduler, with the arguments of `hazard_mpc`.
    """
    return planner(None, ExactForecast(), contract=contract, name=name)


def exact_forecast_and_bids(
    contract: ContractChanges | None = None,
    name: str = "exact_forecast",
    planner: Callable[..., Dispatcher] = hazard_mpc,
) -> Operator:
    """The same with exact bets at the gate."""
    return Operator(exact_forecast(contract, name, planner), ExactBids())
