"""An EV's contract in the simulator: offered on arrival, settled on leaving."""

from __future__ import annotations

import math
from typing import Any

from vpp_gym.arrays import Floats
from vpp_gym.contracts.choice import (
    UTILITY_TOLERANCE_EUR,
    choose_offer,
    owner_type_index,
    sign,
)
from vpp_gym.contracts.offer import Arrival, Contract
from vpp_gym.fleet.laxity import laxity_h
from vpp_gym.kernels import njit
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.simulation.charging import charging_h, exportable_kwh, gain_kwh
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State

Record = Any
"""One row of a record array: EV, RUN or SESSION, changed in place."""

ROUNDING = 1e-9
"""Of hours to whole steps."""


@njit(internal=True)
def offer_contract(
    b: int, dataset: Dataset, rules: Rules, state: State, ev: Record, row: Floats
) -> None:
    """Show the offers to an arriving owner, and sign the contract that the owner chooses.

    What is known beforehand is not worked out again.

    Args:
        b: run of the batch.
        dataset: with the session of the arriving EV.
        rules: parameters.
        state: of the batch; signatures are counted in it.
        ev: EV record, changed in place.
        row: terms of the step, to which a contract is added.
    """
    deal = dataset.deals[ev.session]
    if deal.known == 1 and designed(b, rules, state):
        chosen = _take(deal, ev)
    else:
        chosen = agree(b, dataset, rules, state, ev)
    if chosen >= 0:
        ev.offer = chosen
        state.accepted[b, chosen] += 1
        row[COLUMN.contracts] += 1.0


@njit
def designed(b: int, rules: Rules, state: State) -> bool:
    """Whether what owners sign depends on their session and the designed offers only."""
    alike = len(rules.charger_kw) == 0 and state.known.shape[1] == 0
    return alike and state.run[b].posted == 0 and state.offers.shape[1] > 0


@njit(internal=True)
def _take(deal: Record, ev: Record) -> int:
    """Write what is known of a contract to the EV; its place, or -1."""
    ev.perceived_eur_per_kwh = deal.perceived_eur_per_kwh
    if deal.offer >= 0:
        ev.contract_start, ev.contract_end = deal.start, deal.end
        ev.contract_kwh, ev.keep_kwh = deal.contract_kwh, deal.keep_kwh
        ev.min_price_eur_per_kwh = deal.min_price_eur_per_kwh
        ev.tariff_eur_per_kwh, ev.margin = deal.tariff_eur_per_kwh, deal.margin
        ev.payoff_eur = deal.payoff_eur
    return deal.offer


@njit(internal=True)
def note_deal(deal: Record, chosen: int, ev: Record) -> None:
    """Keep what an owner signed, for runs to come."""
    deal.perceived_eur_per_kwh = ev.perceived_eur_per_kwh
    deal.offer = chosen
    if chosen >= 0:
        deal.start, deal.end = ev.contract_start, ev.contract_end
        deal.contract_kwh, deal.keep_kwh = ev.contract_kwh, ev.keep_kwh
        deal.min_price_eur_per_kwh = ev.min_price_eur_per_kwh
        deal.tariff_eur_per_kwh, deal.margin = ev.tariff_eur_per_kwh, ev.margin
        deal.payoff_eur = ev.payoff_eur
    deal.known = 1


@njit(internal=True)
def agree(b: int, dataset: Dataset, rules: Rules, state: State, ev: Record) -> int:
    """Have the owner of an EV choose among a run's offers, and sign: its place, or -1."""
    stay_h = (ev.departure - ev.arrival) * rules.dt_h
    session = dataset.sessions[ev.session]
    laxity = laxity_h(stay_h, charging_h(ev, ev.target_kwh, dataset, rules))
    own_type = owner_type_index(session.owner_draw, rules.cumulative_prob)
    ev.perceived_eur_per_kwh = rules.wear_eur_per_kwh / rules.owner_types[own_type]
    arrival = Arrival(
        own_type,
        ev.perceived_eur_per_kwh,
        stay_h,
        ev.energy_kwh,
        session.capacity_kwh,
        ev.discharge_kw,
        exportable_kwh(ev, laxity, dataset, rules),
    )
    chosen = choose_offer(state.offers[b], arrival)
    if chosen >= 0 and _bind(ev, sign(state.offers[b, chosen], arrival), rules):
        return chosen
    return -1


@njit
def _bind(ev: Record, contract: Contract, rules: Rules) -> bool:
    """Write a contract to the EV, its window shortened to whole steps.

    Returns:
        False if the window holds no whole step: then nothing is signed.
    """
    start = math.ceil(contract.start_h / rules.dt_h - ROUNDING)
    end = math.floor(contract.end_h / rules.dt_h + ROUNDING)
    if end <= start:
        return False
    ev.contract_start, ev.contract_end = ev.arrival + start, ev.arrival + end
    ev.contract_kwh = contract.energy_kwh
    ev.keep_kwh = contract.keep_kwh
    ev.min_price_eur_per_kwh = contract.min_price_eur_per_kwh
    ev.tariff_eur_per_kwh = contract.tariff_eur_per_kwh
    ev.margin = contract.margin
    ev.payoff_eur = contract.payoff_eur
    return True


@njit(internal=True)
def due_at_kwh(ev: Record, t: int, dataset: Dataset, rules: Rules) -> float:
    """Energy that should be stored when the EV leaves in step t.

    It is the target, or after an early departure at most what full power since the arrival
    would have reached.
    """
    if t >= ev.departure:
        return ev.target_kwh
    most_kwh = gain_kwh(ev, ev.arrival_kwh, t - ev.arrival, dataset, rules)
    return min(ev.target_kwh, ev.arrival_kwh + most_kwh)


@njit(internal=True)
def pay_owner(ev: Record, run: Record, rules: Rules) -> float:
    """Payoff [EUR] of an owner with a contract who leaves; it updates the participation.

    The participation is an exponential average of whether owners were satisfied: whether
    the contract left them at least `rules.pleasing_eur` after their perceived wear. A tariff
    that was never used leaves no impression.
    """
    payoff_eur = ev.payoff_eur * share_earned(ev, run.position, rules)
    was_used = ev.discharged_kwh > 0.0 or ev.payoff_eur != 0.0
    if rules.participation_memory > 0 and was_used:
        gain_eur = payoff_eur + ev.earned_eur - ev.discharged_kwh * ev.perceived_eur_per_kwh
        # A gain of exactly zero is common by design: allow for rounding.
        satisfied = 1.0 if gain_eur >= rules.pleasing_eur - UTILITY_TOLERANCE_EUR else 0.0
        change = (satisfied - run.participation) / rules.participation_memory
        run.participation = max(run.participation + change, rules.participation_floor)
    return payoff_eur


@njit(internal=True)
def share_earned(ev: Record, t: int, rules: Rules) -> float:
    """Share of the payoff that is due when the EV leaves in step t.

    Source: Rahman et al. 2023, Sec. 4: paid if the EV stays until its deadline.
    """
    if t >= ev.departure:
        return 1.0
    if not rules.pro_rata:
        return 0.0
    return share_of_window(ev, t)


@njit(internal=True)
def share_of_window(ev: Record, t: int) -> float:
    """Share of a contract's window that has passed in step t."""
    window = ev.contract_end - ev.contract_start
    return min(max((t - ev.contract_start) / window, 0.0), 1.0) if window > 0 else 1.0
