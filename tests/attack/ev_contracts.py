"""What an owner is offered and signs, from docs/world.md; shares no code with the package.

Only the numbers of the fixed-term menu are taken over; `test_menus.py` holds them to the
conditions that they must meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf
from typing import Any

import numpy as np

from vpp_gym.contracts.design import design_menu
from vpp_gym.params import VPPParams

EUR, HOURS = 1e-9, 1e-9
"""Rounding of gains and of windows."""

EMPTY = {
    "family": 0,
    "owner_type": -1,
    "delay_h": 0.0,
    "term_h": inf,
    "min_price_eur_per_kwh": -inf,
    "markup": 0.0,
    "energy_kwh": inf,
    "keep_soc": 0.0,
    "tariff_eur_per_kwh": 0.0,
    "margin": 0.0,
    "payoff_eur": 0.0,
    "eur_per_h": 0.0,
    "eur_per_kwh_arrival": 0.0,
}
"""An offer without conditions and without pay."""


@dataclass(frozen=True)
class Owner:
    """Who arrives, and with what car."""

    type: int
    seen_eur_per_kwh: float
    stay_h: float
    stored_kwh: float
    capacity_kwh: float
    out_kw: float
    can_spare_kwh: float


@dataclass(frozen=True)
class Deal:
    """A signed offer: hours after arrival, energy at the meter, pay."""

    place: int
    opens_h: float
    closes_h: float
    most_kwh: float
    keep_kwh: float
    ask: float
    tariff: float
    margin: float
    fee_eur: float

    def window(self, dt_h: float) -> tuple[int, int]:
        """Steps after the arrival in which it opens and closes."""
        return ceil(self.opens_h / dt_h - HOURS), floor(self.closes_h / dt_h + HOURS)


def offers_of(params: VPPParams) -> list[dict[str, Any]]:
    """What the families in the parameters offer, by the table of docs/world.md."""
    made: list[dict[str, Any]] = []
    for number, family in enumerate(params.contract.families):
        made += [{**EMPTY, **one, "family": number} for one in _OFFERS[family](params)]
    return made


def _fixed_term(params: VPPParams) -> list[dict[str, Any]]:
    contract, owner = params.contract, params.owner
    menu = design_menu(
        owner.types,
        owner.type_prob if contract.type_prob is None else contract.type_prob,
        kappa_eur=contract.kappa_eur,
        wear_eur_per_kwh=owner.wear_eur_per_kwh,
        energy_cap_kwh=params.site.discharge_kw * contract.term_h,
        saturation_kwh=contract.saturation_kwh,
    )
    shared = {"term_h": contract.term_h, "delay_h": contract.delay_h}
    return [
        {**shared, "owner_type": k, "energy_kwh": float(kwh), "payoff_eur": float(eur)}
        for k, (kwh, eur) in enumerate(zip(menu.energy_kwh, menu.payoff_eur, strict=True))
    ]


def _price_based(params: VPPParams) -> list[dict[str, Any]]:
    terms = params.contract.section("price_based").model_dump()
    return [{name: terms[name] for name in ("markup", "margin", "keep_soc")}]


def _volume_based(params: VPPParams) -> list[dict[str, Any]]:
    terms = params.contract.section("volume_based").model_dump()
    per_kwh = terms.pop("eur_per_kwh")
    return [{**terms, "payoff_eur": per_kwh * terms["energy_kwh"]}]


def _control_based(params: VPPParams) -> list[dict[str, Any]]:
    return [params.contract.section("control_based").model_dump()]


_OFFERS = {
    "fixed_term": _fixed_term,
    "price_based": _price_based,
    "volume_based": _volume_based,
    "control_based": _control_based,
}


def signed(offers: list[dict[str, Any]], owner: Owner, dt_h: float) -> Deal | None:
    """The contract that the owner signs, if any."""
    best: tuple[Deal, float] | None = None
    for family in dict.fromkeys(offer["family"] for offer in offers):
        picked: tuple[Deal, float] | None = None
        for place, offer in enumerate(offers):
            if offer["family"] != family or offer["owner_type"] > owner.type:
                continue
            deal = _deal(place, offer, owner)
            gain = _sure_gain(deal, owner)
            if not _may_enter(offer, owner) or gain < -EUR:
                continue
            by_type = offer["owner_type"] >= 0  # listed by rising type: the last is the nearest
            picked = (deal, gain) if by_type else _preferred(picked, (deal, gain))
        best = _preferred(best, picked)
    if best is None:
        return None
    opens, closes = best[0].window(dt_h)
    return best[0] if closes > opens else None


def _preferred(
    one: tuple[Deal, float] | None, other: tuple[Deal, float] | None
) -> tuple[Deal, float] | None:
    if one is None or other is None:
        return other if one is None else one
    if abs(other[1] - one[1]) > EUR:
        return other if other[1] > one[1] else one
    return other if other[0].tariff - one[0].tariff > EUR else one


def _deal(place: int, offer: dict[str, Any], owner: Owner) -> Deal:
    closes_h = min(offer["delay_h"] + offer["term_h"], owner.stay_h)
    keep_kwh = offer["keep_soc"] * owner.capacity_kwh
    ask = offer["min_price_eur_per_kwh"]
    if offer["markup"] > 0:
        ask = offer["markup"] * owner.seen_eur_per_kwh
    fee_eur = offer["payoff_eur"] + offer["eur_per_h"] * (closes_h - offer["delay_h"])
    fee_eur += offer["eur_per_kwh_arrival"] * max(0.0, owner.stored_kwh - keep_kwh)
    return Deal(
        place,
        offer["delay_h"],
        closes_h,
        offer["energy_kwh"],
        keep_kwh,
        ask,
        offer["tariff_eur_per_kwh"] + (0.0 if np.isinf(ask) else ask),
        offer["margin"],
        fee_eur,
    )


def _may_enter(offer: dict[str, Any], owner: Owner) -> bool:
    """The stay covers the window, and the energy is there and comes back in time."""
    if owner.stay_h <= offer["delay_h"] or offer["term_h"] == 0:
        return False
    if np.isfinite(offer["term_h"]) and owner.stay_h < offer["delay_h"] + offer["term_h"]:
        return False
    above_kwh = owner.stored_kwh - offer["keep_soc"] * owner.capacity_kwh
    if np.isinf(offer["energy_kwh"]):
        return bool(above_kwh > 0 and owner.can_spare_kwh > 0)
    return bool(0 < offer["energy_kwh"] <= min(above_kwh, owner.can_spare_kwh))


def _sure_gain(deal: Deal, owner: Owner) -> float:
    """Pay for signing less the loss on all that may be discharged."""
    most_kwh = deal.most_kwh
    if np.isinf(most_kwh):
        most_kwh = owner.out_kw * (deal.closes_h - deal.opens_h)
    return deal.fee_eur - max(0.0, owner.seen_eur_per_kwh - deal.tariff) * most_kwh
