"""What an owner is offered, signs, and is paid: plain Python from the description of the world.

Nothing is shared with the package but the numbers of the fixed-term menu.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from vpp_gym.params import VPPParams

EUR = 1e-9
"""The lowest type's gain is zero by design: so much is rounding."""


class Visit(NamedTuple):
    """What is known when an owner arrives."""

    own_type: int
    stay_h: float
    stored_kwh: float
    capacity_kwh: float
    discharge_kw: float
    xi_max_kwh: float


@dataclass
class Deal:
    """A contract: available from opens_h to closes_h after arrival, and what it says."""

    offer: int
    opens_h: float
    closes_h: float
    left_kwh: float
    keep_kwh: float
    asks_eur_per_kwh: float = -inf
    tariff_eur_per_kwh: float = 0.0
    margin: float = 0.0
    fee_eur: float = 0.0
    earned_eur: float = 0.0
    used_kwh: float = 0.0

    def rate_eur_per_kwh(self, da_eur_per_kwh: float) -> float:
        rate = self.tariff_eur_per_kwh
        if self.margin > 0:
            rate += self.margin * max(0.0, da_eur_per_kwh - self.asks_eur_per_kwh)
        return rate

    def discharge(self, kwh: float, da_eur_per_kwh: float) -> float:
        """EUR of pay."""
        rate = self.rate_eur_per_kwh(da_eur_per_kwh)
        self.left_kwh -= kwh
        self.used_kwh += kwh
        self.earned_eur += rate * kwh
        return rate * kwh


def wear_seen(params: VPPParams, own_type: int) -> float:
    return params.owner.wear_eur_per_kwh / params.owner.types[own_type]


def type_at(params: VPPParams, draw: float) -> int:
    own, below = 0, params.owner.type_prob[0]
    while draw >= below:
        own += 1
        below += params.owner.type_prob[own]
    return own


def signed(params: VPPParams, menu: Sequence[tuple[float, float]], visit: Visit) -> Deal | None:
    """The offer surely worth most to this owner; see `better` for equals."""
    best, place = None, 0
    for family in params.contract.families:
        suitable = [
            deal
            for deal in DEALS[family](params, menu, visit)
            if may_enter(deal, visit) and surely_eur(params, deal, visit) >= -EUR
        ]
        if suitable:
            # Deals of a menu are listed from the own type down: the first one is taken.
            deal = suitable[0]
            deal.offer += place
            if best is None or better(params, visit, deal, best):
                best = deal
        place += len(params.owner.types) if family == "fixed_term" else 1
    return best


def better(params: VPPParams, visit: Visit, deal: Deal, than: Deal) -> bool:
    """Surely worth more; of equals the one that pays more per kWh at the least."""
    ahead_eur = surely_eur(params, deal, visit) - surely_eur(params, than, visit)
    if abs(ahead_eur) > EUR:
        return ahead_eur > 0
    return deal.tariff_eur_per_kwh > than.tariff_eur_per_kwh + EUR


def may_enter(deal: Deal, visit: Visit) -> bool:
    spare_kwh = visit.stored_kwh - deal.keep_kwh
    if deal.closes_h > visit.stay_h or deal.opens_h >= deal.closes_h:
        return False
    if deal.left_kwh == inf:
        return spare_kwh > 0 and visit.xi_max_kwh > 0
    return 0 < deal.left_kwh <= spare_kwh and deal.left_kwh <= visit.xi_max_kwh


def surely_eur(params: VPPParams, deal: Deal, visit: Visit) -> float:
    """Pay for signing less the loss on all that may be discharged."""
    most_kwh = deal.left_kwh
    if most_kwh == inf:
        most_kwh = visit.discharge_kw * (deal.closes_h - deal.opens_h)
    loss = max(0.0, wear_seen(params, visit.own_type) - deal.tariff_eur_per_kwh)
    return deal.fee_eur - loss * most_kwh


def fixed_term(params: VPPParams, menu: Sequence[tuple[float, float]], visit: Visit) -> list[Deal]:
    terms = params.contract
    return [
        Deal(k, terms.delay_h, terms.delay_h + terms.term_h, menu[k][0], 0.0, fee_eur=menu[k][1])
        for k in range(min(visit.own_type, len(menu) - 1), -1, -1)
    ]


def price_based(params: VPPParams, menu: object, visit: Visit) -> list[Deal]:
    terms = params.contract.price_based
    asks = terms.markup * wear_seen(params, visit.own_type)
    keep_kwh = terms.keep_soc * visit.capacity_kwh
    return [Deal(0, 0.0, visit.stay_h, inf, keep_kwh, asks, asks, terms.margin)]


def volume_based(params: VPPParams, menu: object, visit: Visit) -> list[Deal]:
    terms = params.contract.volume_based
    fee_eur = terms.term_h * terms.eur_per_h + terms.energy_kwh * terms.eur_per_kwh
    return [
        Deal(
            offer=0,
            opens_h=terms.delay_h,
            closes_h=terms.delay_h + terms.term_h,
            left_kwh=terms.energy_kwh,
            keep_kwh=terms.keep_soc * visit.capacity_kwh,
            tariff_eur_per_kwh=terms.tariff_eur_per_kwh,
            fee_eur=fee_eur,
        )
    ]


def control_based(params: VPPParams, menu: object, visit: Visit) -> list[Deal]:
    terms = params.contract.control_based
    keep_kwh = terms.keep_soc * visit.capacity_kwh
    above_kwh = max(0.0, visit.stored_kwh - keep_kwh)
    return [
        Deal(
            offer=0,
            opens_h=0.0,
            closes_h=visit.stay_h,
            left_kwh=inf,
            keep_kwh=keep_kwh,
            tariff_eur_per_kwh=terms.tariff_eur_per_kwh,
            fee_eur=visit.stay_h * terms.eur_per_h + above_kwh * terms.eur_per_kwh_arrival,
        )
    ]


DEALS = {
    "fixed_term": fixed_term,
    "price_based": price_based,
    "volume_based": volume_based,
    "control_based": control_based,
}
