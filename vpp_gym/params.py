"""Frozen, validated parameters of one VPP and its market, and named presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vpp_gym.errors import InvalidInputError

Pricing = Literal["dutch", "single", "dual"]
Disaggregation = Literal["least_laxity", "proportional", "earliest_departure"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SiteParams(_Frozen):
    """The chargers: all alike, bidirectional.

    Source of the defaults: Rahman et al. 2023, Sec. 7 (11 kW, efficiency 0.98).
    """

    n_chargers: int = Field(default=25, ge=1, le=1_000_000)
    charge_kw: float = Field(default=11.0, gt=0, le=5_000)
    discharge_kw: float = Field(default=11.0, ge=0, le=5_000)
    charge_eff: float = Field(default=0.98, gt=0, le=1)
    discharge_eff: float = Field(default=0.98, gt=0, le=1)


class BatteryParams(_Frozen):
    """Window of state of charge in which any battery is operated."""

    min_soc: float = Field(default=0.03, ge=0, lt=1)
    max_soc: float = Field(default=0.97, gt=0, le=1)

    @model_validator(mode="after")
    def _window_is_open(self) -> BatteryParams:
        if self.min_soc >= self.max_soc:
            raise ValueError(f"min_soc {self.min_soc} must be below max_soc {self.max_soc}")
        return self


class MarketParams(_Frozen):
    """Rules of settlement.

    imbalance_pricing:
        "dutch": the scenario's short and long prices as they are: one price,
        but two in hours of regulation state 2.
        "single": the mean of the two prices settles both directions.
        "dual": a short party pays max(DA, short), a long one gets min(DA, long).
    imbalance_lag_steps: 1: only prices of settled steps are known; 0: the price
        of the present step is known before the dispatch, too.
    bid_limit_kw: largest bid per line, either way; None: the power of all chargers.
    """

    imbalance_pricing: Pricing = "dutch"
    gate_closure_h: int = Field(default=12, ge=1, le=23)
    imbalance_lag_steps: Literal[0, 1] = 1
    bid_limit_kw: float | None = Field(default=None, ge=0, le=1e9)


class DriverParams(_Frozen):
    """What drivers pay for their own demand, and what missing it costs.

    shortfall_eur_per_kwh is a penalty on top of the retail revenue that is lost.
    """

    retail_eur_per_kwh: float = Field(default=0.13, ge=0, le=20)
    shortfall_eur_per_kwh: float = Field(default=0.5, ge=0, le=1_000)


class ContractParams(_Frozen):
    """Fixed-term V2G menu and the owners it is designed for.

    term_h = 0 offers no contracts. Types are those of Rahman et al. 2023, Table 1.
    """

    term_h: int = Field(default=3, ge=0, le=168)
    kappa_eur: float = Field(default=0.2, gt=0)
    wear_eur_per_kwh: float = Field(default=0.01, gt=0)
    owner_types: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5)
    type_prob: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2, 0.2)

    @model_validator(mode="after")
    def _types_are_a_distribution(self) -> ContractParams:
        if len(self.owner_types) != len(self.type_prob) or not self.owner_types:
            raise ValueError("owner_types and type_prob must be non-empty and of equal length")
        rising = all(a < b for a, b in zip(self.owner_types, self.owner_types[1:], strict=False))
        if self.owner_types[0] <= 0 or not rising:
            raise ValueError("owner_types must be positive and strictly increasing")
        if min(self.type_prob) < 0 or abs(sum(self.type_prob) - 1) > 1e-9:
            raise ValueError("type_prob must be non-negative and sum to one")
        return self


class VPPParams(_Frozen):
    """All parameters of a VPP world that are not part of its scenario."""

    site: SiteParams = SiteParams()
    battery: BatteryParams = BatteryParams()
    market: MarketParams = MarketParams()
    driver: DriverParams = DriverParams()
    contract: ContractParams = ContractParams()
    guarantee: bool = False
    disaggregation: Disaggregation = "least_laxity"

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
        merged = self.model_dump()
        for name, change in changes.items():
            if isinstance(change, Mapping) and isinstance(merged.get(name), dict):
                merged[name].update(change)
            else:
                merged[name] = change.model_dump() if isinstance(change, BaseModel) else change
        return _validated(merged)


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


def _validated(fields: Mapping[str, Any]) -> VPPParams:
    try:
        return VPPParams.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "params"
        remedy = "unknown field" if first["type"] == "extra_forbidden" else first["msg"]
        raise InvalidInputError(f"params.{field}", first.get("input"), remedy) from error


DEFAULT = VPPParams()
PAPER_2023 = DEFAULT.replace(market={"imbalance_pricing": "single"}, guarantee=True)
PRESETS: dict[str, VPPParams] = {"default": DEFAULT, "paper_2023": PAPER_2023}
