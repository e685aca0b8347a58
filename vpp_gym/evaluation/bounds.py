"""What no policy can be expected to exceed: information relaxation with a penalty.

Who knew the future would plan at the realised prices. The penalty takes that knowledge back: in
every step the fleet's net load times the difference between the realised reference price and
what it was expected to be, given all steps before. It is zero in expectation for every policy
that does not know the price of a step when it dispatches (a martingale difference times a
decision made before), so that the best plan in hindsight of "value less penalty" bounds the
expected value of all of them. Value less penalty is the value at expected prices.

Operations. All energy is valued at the reference price, bids are left out. Every stay is planned
by itself by someone who knows all sessions, all day-ahead prices and what each price was expected
to be, without a penalty for it, but of departures only their law: the plan is the exact dynamic
program with the hazard of leaving in each step, and the car leaves when it really does. (Who
shows up at a full car park depends on departures, but on no decision.) Whatever is offered to
owners, the bound stands: who may sign any contract is taken to have signed one without limits but
those of the battery, up to the declared departure, and to get no more than an owner accepts at
least. Where a car may leave with less than it came with, the lost revenue is rounded down, to
keep costs convex.

What an owner accepts. An owner signs what makes up for the perceived wear of all that may be
discharged, if the contract's payoff is paid. A tariff is paid for what is discharged, come what
may; a payoff is forfeited, in whole or in part, by those who leave early, and nobody knows when
they sign whether they will. A payoff of g is therefore worth (1 - p) g to an owner who leaves
early at probability p, and is not asked to be worth more: owners do not weigh that chance. So a
discharged kWh costs (1 - p) times the perceived wear at least. In a run that ends before the
declared departure the payoff may not be due at all: then nothing.

Market. A bid b gains no more than b (DA - reference), in steps with two prices, too. It is made at
the gate of the day before, within limits that depend on sessions and contracts only: the most that
these can become times what DA - reference is expected to be at the gate, or zero.

A run that ends before its scenario. Of cars that declare to stay beyond its end it is known when
they leave; a driver who is late by more than `bound_stays.LATE_MEANS` times the mean owes nothing
any more.

What is left out. Plans of cars with a departure within the run do not know tapers, which can only
raise them. Worlds in which this step's imbalance price is known before the dispatch are
refused. Prices must not depend on the sessions. Offers of other families than those here could be
signed by owners who are not paid their perceived wear: those are not covered.

Source: Brown, Smith, Sun 2010, Information Relaxations and Duality in Stochastic Dynamic
Programs, doi:10.1287/opre.1090.0796.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.bound_arrivals import Arrivals
from vpp_gym.evaluation.bound_prices import (
    ExpectedReference,
    forecast_reference,
    known_reference,
)
from vpp_gym.evaluation.bound_records import records_of
from vpp_gym.evaluation.ev import WORLD
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.params import VPPParams, as_params
from vpp_gym.params.contract import offer
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource

DUAL_BOUND = "dual_bound"
DUAL_ESTIMATE = "dual_estimate"

ANY_OFFER = offer("price_based", markup=1.0, margin=0.0, keep_soc=0.0)
"""Everybody signs it who may sign anything: who has time to discharge and to charge again."""


def dual_bound(
    source: SyntheticSource,
    index: int = 0,
    params: VPPParams | dict[str, Any] | str | None = None,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """Days of a run whose mean over years no policy can exceed, a row per day.

    Compare means over years: in one of them a policy may be lucky. `profit_eur` less
    `position_eur` bounds operations, `profit_eur` the market. It holds for every policy that is
    not privileged and whatever it offers; rows are the columns of `vpp_gym.evaluation.evaluate`
    that have a meaning here.

    Args:
        source: of quarter hours, see `vpp_gym.scenarios.price_expectations`.
        index: of the year.
        params: rules; what they offer to owners has no influence, nor how owners' experience
            moves participation.
        start_step: first step.
        end_step: one past the last step; the end of the year by default.

    Raises:
        InvalidInputError: a law that is not known, or an imbalance price that policies know.
    """
    rules = as_params(params)
    scenario = source.scenario(index)
    reference = known_reference(source, index, rules)
    return relaxed_days(
        scenario, rules, reference, DUAL_BOUND, start_step=start_step, end_step=end_step
    )


def dual_estimate(
    scenario: Scenario,
    params: VPPParams | dict[str, Any] | str | None = None,
    *,
    forecaster: Forecaster | None = None,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """The same with forecasts in the place of expectations: an estimate, and no bound.

    For recorded prices, whose law nobody knows: whoever forecasts better may exceed it.

    Args:
        scenario: of the run.
        params: rules.
        forecaster: what is expected; by default that of the rolling MPC.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.
    """
    rules = as_params(params)
    reference = forecast_reference(scenario, rules, forecaster or DayAheadAnchored(), end_step)
    return relaxed_days(
        scenario, rules, reference, DUAL_ESTIMATE, start_step=start_step, end_step=end_step
    )


def relaxed_days(
    scenario: Scenario,
    params: VPPParams,
    expected: ExpectedReference,
    name: str,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """Day rows of the best plans in hindsight at expected prices, and of the best bids.

    Args:
        scenario: of the run.
        params: rules.
        expected: prices.
        name: of the row in tables.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.
    """
    if params.market.imbalance_lag_steps == 0:
        remedy = "the bound is for policies that do not know this step's price: use 1"
        raise InvalidInputError("params.market.imbalance_lag_steps", 0, remedy)
    if params.driver.returning and (scenario.sessions.driver >= 0).any():
        remedy = "the bound takes cars as the scenario has them: turn it off"
        raise InvalidInputError("params.driver.returning", True, remedy)
    start, end = WORLD.span(scenario, start_step, end_step)
    rules = params.replace(
        contract=ANY_OFFER, owner={"participation": 1.0, "participation_memory": 0}
    )
    sites = Arrivals(scenario, rules, start, end)
    records = records_of(scenario, rules, sites, expected.next_eur_per_kwh[start:end], start)
    gap = (scenario.da_eur_per_kwh - expected.gate_eur_per_kwh)[start:end]
    # What bids gain is a position; all else is the load, settled at the expected price.
    records[:, COLUMN.da_eur] = np.maximum(sites.most_kwh * gap, sites.least_kwh * gap)
    records[:, COLUMN.im_eur] = records[:, COLUMN.load_value_eur]
    days = WORLD.day_rows(scenario, sites, records, np.zeros(end - start))  # type: ignore[arg-type]
    for place, (column, label) in enumerate(
        {"policy": name, "scenario": scenario.name, "seed": 0}.items()
    ):
        days.insert(place, column, label)
    return days
