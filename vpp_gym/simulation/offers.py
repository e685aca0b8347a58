"""What the parameters offer to every owner who arrives."""

from __future__ import annotations

from collections.abc import Callable

from vpp_gym.arrays import Records
from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.family import (
    ContractFamily,
    ControlBasedContracts,
    FixedTermContracts,
    PriceBasedContracts,
    VolumeBasedContracts,
)
from vpp_gym.contracts.offer import side_by_side
from vpp_gym.params import VPPParams


def designed_offers(params: VPPParams) -> Records:
    """(k,) OFFER records of all families in `params.contract.families`, in that order."""
    return side_by_side([family.offers() for family in contract_families(params)])


def contract_families(params: VPPParams) -> list[ContractFamily]:
    """The families that are offered, with their parameters; fixed terms with the exact menu."""
    return [MAKERS[name](params) for name in params.contract.families]


def offer_labels(params: VPPParams) -> list[str]:
    """A name for each of the `designed_offers`: type_1 and on, or the family."""
    labels: list[str] = []
    for name in params.contract.families:
        types = [f"type_{k + 1}" for k in range(len(params.owner.types))]
        labels += types if name == "fixed_term" else [name]
    return labels


def _fixed_term(params: VPPParams) -> ContractFamily:
    contract = params.contract
    menu = design_menu(
        params.owner.types,
        params.designed_type_prob,
        kappa_eur=contract.kappa_eur,
        wear_eur_per_kwh=params.owner.wear_eur_per_kwh,
        energy_cap_kwh=params.site.discharge_kw * contract.term_h,
        saturation_kwh=contract.saturation_kwh,
    )
    return FixedTermContracts(menu, contract.term_h, contract.delay_h)


def _price_based(params: VPPParams) -> ContractFamily:
    return PriceBasedContracts(**params.contract.price_based.model_dump())


def _volume_based(params: VPPParams) -> ContractFamily:
    return VolumeBasedContracts(**params.contract.volume_based.model_dump())


def _control_based(params: VPPParams) -> ContractFamily:
    return ControlBasedContracts(**params.contract.control_based.model_dump())


MAKERS: dict[str, Callable[[VPPParams], ContractFamily]] = {
    "fixed_term": _fixed_term,
    "price_based": _price_based,
    "volume_based": _volume_based,
    "control_based": _control_based,
}
