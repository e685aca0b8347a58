"""A profit that no aggregator of a car park exceeds: a Lagrangian bound with every price known.

The room of the store ties the stays of cars and the hours of the electrolyser together:
only what drivers refill makes room again, and they refill what they gave. A rent takes
the place of this rule. With any rent from 0 on, the profit that remains possible, each
stay and each hour by itself, is no less than that of any policy. The rent is taken from
a linear program in which drivers refill more the more it pays, so that little is given away.

What else is relaxed: lots are split, and cars serve in their own best hours whatever the
merit order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csc_array, diags_array, hstack

from vpp_gym.arrays import Floats
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.dataset import Dataset
from vpp_gym.fcev.car_park.evaluation import WORLD
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.car_park.state import Rules
from vpp_gym.fcev.car_park.stay_plan import hindsight_plan
from vpp_gym.fcev.evaluation import bound_rows
from vpp_gym.solvers.linear_program import LinearProgram, solve_with_prices

RENT_STEPS = 5
"""Steps of the rent, up to the price of hydrogen, by which drivers' refills are told apart."""


class Span(NamedTuple):
    """The hours of a run.

    Attributes:
        scenario: number of the scenario in the dataset.
        begin: hour in which the run begins, with tanks at their usual level.
        first: first hour that the orders can sell or buy for.
        end: first hour after the run.
        stock_kg: in the store at the beginning.
    """

    scenario: int
    begin: int
    first: int
    end: int
    stock_kg: float


def car_park_bound(
    scenario: CarParkScenario,
    params: CarParkParams,
    *,
    start_step: int = 0,
    end_step: int | None = None,
) -> pd.DataFrame:
    """What no policy exceeds in sum, as the days of a policy called hindsight.

    Lots are split, and cars serve in their own best hours whatever the merit order: an
    upper end for scores, not a plan that could be carried out. The store has the room it
    has.

    Args:
        scenario: what happens.
        params: rules.
        start_step: hour at which the first day begins; the run begins at 12:00 of it.
        end_step: first hour after the last day; None: the end of the scenario.
    """
    start, end = WORLD.span(scenario, start_step, end_step)
    simulation = CarPark([scenario], params)
    eur = np.append(np.zeros(NOON), hourly_bound_eur(simulation, start + NOON, end))
    return bound_rows(eur, start // HOURS, scenario, scenario.start)


def hourly_bound_eur(simulation: CarPark, begin: int, end: int) -> Floats:
    """(end - begin,) EUR whose sum no policy exceeds in the first scenario of a simulation."""
    electrolyser = simulation.params.electrolyser
    span = Span(
        scenario=0,
        begin=begin,
        first=HOURS * (begin // HOURS + 1),
        end=end,
        stock_kg=electrolyser.initial_share * electrolyser.store_kg,
    )
    return bound_by_hour_eur(simulation.dataset, simulation.rules, span)


def bound_by_hour_eur(dataset: Dataset, rules: Rules, span: Span) -> Floats:
    """(hours,) EUR whose sum no policy exceeds, with a rent that makes it low."""
    return bound_at_rent_eur(dataset, rules, span, room_rent(dataset, rules, span))


def bound_at_rent_eur(dataset: Dataset, rules: Rules, span: Span, rent: Floats) -> Floats:
    """(hours,) EUR whose sum no policy exceeds.

    Args:
        dataset: the scenarios.
        rules: of the hour.
        span: hours of the run.
        rent: (hours,) of room in the store, EUR/kg, any from 0 on.
    """
    profit, _, refill_kg = hindsight_plan(
        span.scenario, dataset, rules, span.begin, span.first, span.end, rent
    )
    power_eur = made_eur_per_kwh(dataset, rules, span) - rules.kg_per_kwh * rent
    bound_eur = profit + rent * refill_kg
    bound_eur += electrolyser_kwh(rules, span) * np.maximum(power_eur, 0.0)
    bound_eur += rules.store_kg * np.maximum(rent - np.append(rent[1:], 0.0), 0.0)
    bound_eur[0] -= rent[0] * span.stock_kg
    return bound_eur


def made_eur_per_kwh(dataset: Dataset, rules: Rules, span: Span) -> Floats:
    """(hours,) EUR/kWh: worth of the hydrogen that power makes, less the power's price."""
    value = rules.hydrogen_eur_per_kg * rules.kg_per_kwh
    prices: Floats = value - dataset.da[span.scenario, span.begin : span.end]
    return prices


def electrolyser_kwh(rules: Rules, span: Span) -> Floats:
    """(hours,) kWh that can be bought."""
    hours = np.arange(span.begin, span.end)
    return np.where(hours >= span.first, rules.most_bids * rules.lot_kwh, 0.0)


def room_rent(dataset: Dataset, rules: Rules, span: Span) -> Floats:
    """(hours,) EUR/kg: what room in the store is worth to the best of all plans."""
    power_kwh, steps = electrolyser_kwh(rules, span), refill_steps(dataset, rules, span)
    levels, hours = steps.shape
    one = diags_array(np.ones(hours), format="csc")
    filled = one - diags_array(np.ones(hours - 1), offsets=-1, format="csc")
    cost = np.repeat(_rents(rules), hours)
    start_kg = np.zeros(hours)
    start_kg[0] = span.stock_kg
    program = LinearProgram(
        name="room of the car park's store",
        cost=np.concatenate([-made_eur_per_kwh(dataset, rules, span), np.zeros(hours), cost]),
        low=np.zeros(hours * (levels + 2)),
        high=np.concatenate([power_kwh, np.full(hours, rules.store_kg), steps.ravel()]),
        rows=csc_array(hstack([rules.kg_per_kwh * one, -filled, *[-one] * levels])),
        row_low=-start_kg,
        row_high=-start_kg,
    )
    _, prices = solve_with_prices(program)
    return np.maximum(-prices, 0.0)


def refill_steps(dataset: Dataset, rules: Rules, span: Span) -> Floats:
    """(steps, hours) kg that drivers refill more as the rent rises by a step.

    A stay's best hours depend on the rent when it ends, and on no other.
    """
    refills = [
        hindsight_plan(
            span.scenario,
            dataset,
            rules,
            span.begin,
            span.first,
            span.end,
            np.full(span.end - span.begin, rent),
        )[2]
        for rent in _rents(rules)
    ]
    return np.maximum(np.diff(np.array(refills), axis=0, prepend=0.0), 0.0)


def _rents(rules: Rules) -> Floats:
    return np.linspace(0.0, rules.hydrogen_eur_per_kg, RENT_STEPS)
