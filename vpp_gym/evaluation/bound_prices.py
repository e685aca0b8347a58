"""Reference prices as they were expected, which a bound is planned at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.markets.settlement import reference_price
from vpp_gym.params import VPPParams
from vpp_gym.policies.bidders import tomorrow
from vpp_gym.policies.forecasters import Forecaster, day_ahead_anchor
from vpp_gym.policies.planned_stays import settled_prices
from vpp_gym.scenarios.price_expectations import price_expectations
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation


@dataclass(frozen=True)
class ExpectedReference:
    """Reference price of each step as it was expected, EUR/kWh.

    Attributes:
        next_eur_per_kwh: (T,) given all steps before.
        gate_eur_per_kwh: (T,) given the steps before the gate of the day before.
    """

    next_eur_per_kwh: Floats
    gate_eur_per_kwh: Floats


def known_reference(source: SyntheticSource, index: int, params: VPPParams) -> ExpectedReference:
    """What is to be expected in a synthetic year, whose law is known.

    Args:
        source: of quarter hours, see `vpp_gym.scenarios.price_expectations`.
        index: of the year.
        params: rules.
    """
    expected = price_expectations(source, index, params.market.gate_closure_h)
    if params.market.imbalance_pricing == "single":
        return ExpectedReference(expected.next_im_eur_per_kwh, expected.gate_im_eur_per_kwh)
    if params.market.imbalance_pricing == "dual":
        da = source.scenario(index).da_eur_per_kwh
        return ExpectedReference(da, da)
    return ExpectedReference(
        expected.next_reference_eur_per_kwh, expected.gate_reference_eur_per_kwh
    )


def forecast_reference(
    scenario: Scenario,
    params: VPPParams,
    forecaster: Forecaster,
    end_step: int | None = None,
) -> ExpectedReference:
    """What a forecaster expects of the reference price, step by step and at each gate.

    It is shown a world whose imbalance price is the reference price. At the gate the
    day-ahead prices of tomorrow count as known, as they do for the bound.

    Args:
        scenario: of the run.
        params: rules.
        forecaster: not privileged.
        end_step: behind it day-ahead prices stand in.

    Raises:
        InvalidInputError: a forecaster that sees the future.
    """
    if forecaster.privileged:
        raise InvalidInputError("forecaster", forecaster.name, "give one that is not privileged")
    reference = reference_price(*settled_prices(scenario, params))
    shown = Scenario.from_arrays(
        da_eur_per_kwh=scenario.da_eur_per_kwh,
        im_eur_per_kwh=reference,
        start=scenario.start,
        dt_h=scenario.dt_h,
        timezone=scenario.timezone,
    )
    sim = Simulation(shown, params.replace(market={"imbalance_pricing": "single"}))
    sim.reset()
    idle = np.zeros((1, sim.n_chargers))
    ahead, at_gate = scenario.da_eur_per_kwh.copy(), scenario.da_eur_per_kwh.copy()
    for step in range(scenario.n_steps if end_step is None else end_step):
        snapshot = sim.snapshot()
        ahead[step] = forecaster.forecast(snapshot, 1)[0][0]
        rows = tomorrow(snapshot) if snapshot.is_gate else np.zeros(0, np.int64)
        if len(rows):
            horizon = int(rows[-1]) + 1
            gap = forecaster.forecast(snapshot, horizon)[0] - day_ahead_anchor(snapshot, horizon)
            at_gate[step + rows] += gap[rows]
        sim.advance(idle, checked=True)
    return ExpectedReference(ahead, at_gate)
