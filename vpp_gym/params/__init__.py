"""Frozen, validated parameters of one VPP and its market, and named presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ValidationError, model_validator

from vpp_gym.errors import InvalidInputError
from vpp_gym.params.contract import ContractParams
from vpp_gym.params.owner import OwnerParams
from vpp_gym.params.section import Section
from vpp_gym.params.site import BatteryParams, DriverParams, MarketParams, SiteParams

Disaggregation = Literal["least_laxity", "proportional", "earliest_departure"]


class VPPParams(Section):
    """All parameters of a VPP world that are not part of its scenario."""

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
    def designed_type_prob(self) -> tuple[float, ...]:
        """The distribution of types that the menu is designed for."""
        return self.owner.type_prob if self.contract.type_prob is None else self.contract.type_prob

    @property
    def bid_limit_kw(self) -> float:
        """Largest bid per line, kW, either way."""
        limit = self.market.bid_limit_kw
        largest_kw = max(self.site.charge_kw, self.site.discharge_kw)
        return self.site.n_chargers * largest_kw if limit is None else limit

    def replace(self, **changes: Any) -> VPPParams:
        """Copy with some sections changed, each given whole or as a mapping of its fields.

        >>> DEFAULT.replace(contract={"term_h": 0}).contract.term_h
        0
        """
        return _validated(_merged(self.model_dump(), changes))


def as_params(value: VPPParams | Mapping[str, Any] | str | None) -> VPPParams:
    """Parameters from an object, a mapping of changes to the default, or a preset's name.

    Raises:
        InvalidInputError: unknown preset or field, or a value out of range.
    """
    if value is None:
        return DEFAULT
    if isinstance(value, VPPParams):
        return value
    if isinstance(value, str):
        if value not in PRESETS:
            raise InvalidInputError("params", value, f"use one of {', '.join(PRESETS)}")
        return PRESETS[value]
    if isinstance(value, Mapping):
        return DEFAULT.replace(**{str(name): change for name, change in value.items()})
    raise InvalidInputError("params", value, "give a VPPParams, a mapping or a preset's name")


def _merged(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the changes; a mapping changes a part of a section."""
    merged = dict(fields)
    for name, change in changes.items():
        if isinstance(change, Mapping) and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], change)
        else:
            merged[name] = change.model_dump() if isinstance(change, BaseModel) else change
    return merged


def _validated(fields: Mapping[str, Any]) -> VPPParams:
    try:
        return VPPParams.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, ("params", *first["loc"])))
        remedy = "unknown field" if first["type"] == "extra_forbidden" else first["msg"]
        raise InvalidInputError(field, first.get("input"), remedy) from error


DEFAULT = VPPParams()
PAPER_2023 = DEFAULT.replace(market={"imbalance_pricing": "single"}, guarantee=True)
PRESETS: dict[str, VPPParams] = {"default": DEFAULT, "paper_2023": PAPER_2023}
