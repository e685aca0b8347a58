"""What operators may offer to owners: changes of `ContractParams`, and their short names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vpp_gym.params.contract import ContractParams

ContractChanges = Mapping[str, Any]
"""Fields of `vpp_gym.params.contract.ContractParams`, as `with_offer` takes them."""


def fixed_term(term_h: int, **fields: Any) -> ContractChanges:
    """The exact fixed-term menu of that term; other fields as in `ContractParams`."""
    return {"families": ("fixed_term",), "term_h": term_h, **fields}


def price_based(**fields: Any) -> ContractChanges:
    """Price-based contracts; fields as in `PriceBasedParams`."""
    return {"families": ("price_based",), "price_based": fields}


def volume_based(**fields: Any) -> ContractChanges:
    """Volume-based contracts; fields as in `VolumeBasedParams`."""
    return {"families": ("volume_based",), "volume_based": fields}


def control_based(**fields: Any) -> ContractChanges:
    """Control-based contracts; fields as in `ControlBasedParams`."""
    return {"families": ("control_based",), "control_based": fields}


def hybrid(*offerings: ContractChanges) -> ContractChanges:
    """Several families side by side, the owner picks."""
    merged: dict[str, Any] = {}
    for offering in offerings:
        merged |= offering
    return merged | {"families": tuple(name for one in offerings for name in one["families"])}


def in_words(offering: ContractChanges) -> str:
    """A short name for tables.

    >>> in_words(hybrid(fixed_term(3), control_based(tariff_eur_per_kwh=0.01)))
    '3 h menu or control-based at 0.01 EUR/kWh'
    """
    contract = ContractParams(**offering)
    price, volume, control = contract.price_based, contract.volume_based, contract.control_based
    words = {
        "fixed_term": f"{contract.term_h} h menu",
        "price_based": f"price-based at {price.markup:g} x wear",
        "volume_based": f"{volume.energy_kwh:g} kWh in {volume.term_h} h",
        "control_based": f"control-based at {control.tariff_eur_per_kwh:.3g} EUR/kWh",
    }
    return " or ".join(words[name] for name in contract.families) or "nothing"
