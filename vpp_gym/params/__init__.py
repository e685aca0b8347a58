"""Frozen, validated parameters of one VPP and its market, and named presets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from vpp_gym.errors import InvalidInputError
from vpp_gym.parameters import Section
from vpp_gym.params.ageing import AgeingParams
from vpp_gym.params.connection import ConnectionParams, StorageParams, TariffParams
from vpp_gym.params.contract import ContractParams
from vpp_gym.params.groups import tree_of
from vpp_gym.params.owner import OwnerParams
from vpp_gym.params.site import BatteryParams, DriverParams, MarketParams, SiteParams

Disaggregation = Literal["least_laxity", "proportional", "earliest_departure"]


class VPPParams(Section):
    """Parameters of the VPP, its market and its owners; the `Scenario` has the rest.

    guarantee: whether every charging target is kept within reach, whatever a policy decides.
    disaggregation: how a decision for the whole fleet is shared among the cars: "least_laxity"
        first those with the least time to spare, "proportional" all by what they can take or
        give, "earliest_departure" first those that leave first.
    """

    site: SiteParams = SiteParams()
    battery: BatteryParams = BatteryParams()
    market: MarketParams = MarketParams()
    driver: DriverParams = DriverParams()
    owner: OwnerParams = OwnerParams()
    contract: ContractParams = ContractParams()
    ageing: AgeingParams = AgeingParams()
    connection: ConnectionParams = ConnectionParams()
    storage: StorageParams = StorageParams()
    tariff: TariffParams = TariffParams()
    guarantee: bool = True
    disaggregation: Disaggregation = "least_laxity"

    @model_validator(mode="after")
    def _menu_knows_the_types(self) -> VPPParams:
        designed = self.contract.type_prob
        if designed is not None and len(designed) != len(self.owner.types):
            raise ValueError(f"contract.type_prob: give {len(self.owner.types)}, as owner.types")
        return self

    @model_validator(mode="after")
    def _groups_have_room_for_standby(self) -> VPPParams:
        tree = tree_of(self.connection.groups)
        chargers = [len(group.chargers) for group in tree]
        for place in sorted(range(len(tree)), key=lambda one: -tree[one].depth):
            if (parent := tree[place].parent) >= 0:
                chargers[parent] += chargers[place]
        for group, inside in zip(tree, chargers, strict=True):
            if (standby_kw := inside * self.site.standby_kw) > group.import_kw:
                raise ValueError(
                    f"connection.groups: {group.name} may take {group.import_kw:g} kW, less than "
                    f"the standby of its chargers, {standby_kw:g} kW: raise import_kw, or lower "
                    "site.standby_kw"
                )
        return self

    @model_validator(mode="after")
    def _groups_know_the_chargers(self) -> VPPParams:
        for group in tree_of(self.connection.groups):
            if (last := max(group.chargers, default=-1)) >= self.site.n_chargers:
                raise ValueError(
                    f"connection.groups: {group.name} has charger {last}, but the last of "
                    f"site.n_chargers {self.site.n_chargers} is {self.site.n_chargers - 1}"
                )
        return self

    @property
    def has_site(self) -> bool:
        """Whether anything lies between the cars and the grid: a limit, a battery or a fee."""
        limits = self.connection.import_limit_kw, self.connection.export_limit_kw
        limited = any(one is not None for one in limits) or len(self.connection.groups) > 0
        return limited or self.storage.kwh > 0 or self.tariff.is_due

    @property
    def bid_limit_kw(self) -> float:
        """Bound of any bid of a period, kW, either way, whatever cars are expected."""
        limit = self.market.bid_limit_kw
        all_kw = self.site.all_kw
        if limit is None:
            return all_kw
        return limit if self.market.bid_limit == "chargers" else min(limit, all_kw)


def as_params(
    value: VPPParams | Mapping[str, Any] | str | None,
    stated: Mapping[str, Any] | None = None,
) -> VPPParams:
    """Parameters from an object, a mapping of changes, or a preset's name.

    Args:
        value: a mapping changes the default, or the preset that its entry "preset" names; None
            changes nothing.
        stated: what a world says of its own parameters, as such a mapping. It stands where
            the default does: a preset or an object in `value` takes its place.

    Raises:
        InvalidInputError: unknown preset or field, or a value out of range.

    >>> as_params({"preset": "paper_2023", "guarantee": False}).owner.wear_eur_per_kwh
    0.01
    """
    if isinstance(value, str):
        return _preset("params", value)
    if not isinstance(value, VPPParams | Mapping | None):
        remedy = "give a VPPParams, a mapping, a preset's name or vpp_gym.load_params(path)"
        raise InvalidInputError("params", value, remedy)
    if isinstance(value, Mapping) and "preset" in value:
        changes = {name: change for name, change in value.items() if name != "preset"}
        return _preset("params.preset", value["preset"]).changed(changes)
    return (as_params(stated) if stated else DEFAULT).changed(value)


def _preset(field: str, name: Any) -> VPPParams:
    if not isinstance(name, str) or name not in PRESETS:
        remedy = f"use one of {', '.join(PRESETS)}"
        if isinstance(name, str) and name.lower().endswith((".yaml", ".yml", ".json")):
            remedy = f"give vpp_gym.load_params({name!r}) for a file, or {remedy}"
        raise InvalidInputError(field, name, remedy)
    return PRESETS[name]


DEFAULT = VPPParams()
"""The reference world: what its numbers rest on is told in docs/world.md."""

PLAIN = DEFAULT.replace(
    site={"n_chargers": 25},
    market={"bid_limit": "chargers"},
    driver={"shortfall_da_factor": 0, "early_shortfall_share": 1},
    owner={
        "wear_eur_per_kwh": 0.01,
        "early_departure_prob": 0,
        "early_exponent": 1,
        "late_departure_prob": 0,
        "participation_memory": 0,
        "pleasing_eur": 0,
        "participation_floor": 0,
    },
    contract={
        "families": ("fixed_term",),
        "volume_based": {"tariff_eur_per_kwh": 0.02},
        "control_based": {"tariff_eur_per_kwh": 0.02},
    },
    guarantee=False,
)
"""A world without surprises: certain departures, the paper's fixed-term menu and its lowest wear.

With it and steps of an hour, older leaderboards are made again.
"""

PAPER_2023 = PLAIN.replace(market={"imbalance_pricing": "single"}, guarantee=True)
"""The world of Rahman et al. 2023."""

PRESETS: dict[str, VPPParams] = {"default": DEFAULT, "plain": PLAIN, "paper_2023": PAPER_2023}
"""Parameters by name, as `params` of environments and `evaluate` take them."""
