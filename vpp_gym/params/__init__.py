"""Frozen, validated parameters of one VPP and its market, and named presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from vpp_gym.errors import InvalidInputError
from vpp_gym.parameters import Section
from vpp_gym.params.contract import ContractParams
from vpp_gym.params.owner import OwnerParams
from vpp_gym.params.site import BatteryParams, DriverParams, MarketParams, SiteParams

Disaggregation = Literal["least_laxity", "proportional", "earliest_departure"]


class VPPParams(Section):
    """Parameters of the VPP, its market and its owners; the `Scenario` has the rest."""

    site: SiteParams = SiteParams()
    battery: BatteryParams = BatteryParams()
    market: MarketParams = MarketParams()
    driver: DriverParams = DriverParams()
    owner: OwnerParams = OwnerParams()
    contract: ContractParams = ContractParams()
    guarantee: bool = False
    disaggregation: Disaggregation = "least_laxity"

    @model_validator(mode="after")
    def _menu_knows_the_types(self) -> VPPParams:
        designed = self.contract.type_prob
        if designed is not None and len(designed) != len(self.owner.types):
            raise ValueError(f"contract.type_prob: give {len(self.owner.types)}, as owner.types")
        return self

    @property
    def bid_limit_kw(self) -> float:
        """Largest bid per period, kW, either way."""
        limit = self.market.bid_limit_kw
        largest_kw = max(self.site.charge_kw, self.site.discharge_kw)
        return self.site.n_chargers * largest_kw if limit is None else limit


def as_params(value: VPPParams | Mapping[str, Any] | str | None) -> VPPParams:
    """Parameters from an object, a mapping of changes to the default, or a preset's name.

    Raises:
        InvalidInputError: unknown preset or field, or a value out of range.
    """
    if isinstance(value, str):
        if value not in PRESETS:
            raise InvalidInputError("params", value, f"use one of {', '.join(PRESETS)}")
        return PRESETS[value]
    if not isinstance(value, VPPParams | Mapping | None):
        raise InvalidInputError("params", value, "give a VPPParams, a mapping or a preset's name")
    return DEFAULT.changed(value)


DEFAULT = VPPParams()
PAPER_2023 = DEFAULT.replace(market={"imbalance_pricing": "single"}, guarantee=True)
PRESETS: dict[str, VPPParams] = {"default": DEFAULT, "paper_2023": PAPER_2023}
