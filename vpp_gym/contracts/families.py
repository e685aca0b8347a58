"""The families of contracts: one class says everything about a family.

`FAMILIES` lists them by name. Parameters, offers, environments, tables and docs read it: a new
family is one class, decorated with `register`.

>>> FAMILIES["price_based"]().in_words()
"price-based contracts priced at the owner's perceived wear"
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, ClassVar, Literal, TypeVar

import numpy as np
from pydantic import Field, ValidationError, model_validator

from vpp_gym.arrays import Records
from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.offer import check_offers, offers, side_by_side
from vpp_gym.errors import InvalidInputError
from vpp_gym.parameters import Section, check_distribution

if TYPE_CHECKING:
    from vpp_gym.params import VPPParams


@dataclass(frozen=True)
class ActionParameter:
    """A parameter of a family that one entry of the action of `VPPContracts-v0` sets.

    At an entry of 0 the parameter has its value in `params`, at -1 it is `least`, at 1 it is
    `most`. If the value in `params` lies outside, the limit is extended to it.

    Attributes:
        name: of the parameter.
        unit: of the parameter.
        least: value at -1; of a ratio: the factor on the value in `params`.
        most: value at 1; of a ratio: the factor on the value in `params`.
        kind: "linear" between those three points; "whole", the same, rounded; or "ratio",
            on a logarithmic scale.
        meaning: for the docs.
    """

    name: str
    unit: str
    least: float
    most: float
    kind: Literal["linear", "whole", "ratio"]
    meaning: str

    def value(self, entry: float, centre: float) -> float | int:
        """The parameter at an entry of the action.

        Args:
            entry: in [-1, 1].
            centre: value in `params`.
        """
        if self.kind == "ratio":
            return centre * (self.most**entry if entry > 0 else self.least**-entry)
        end = max(self.most, centre) if entry > 0 else min(self.least, centre)
        if abs(entry) == 1.0:
            return end  # without rounding
        moved = centre + abs(entry) * (end - centre)
        return round(moved) if self.kind == "whole" else moved


class ContractFamily(Section):
    """Contracts of one family: its parameters are the fields of the class.

    Attributes:
        name: of the family, and of its section in `params.contract`.
        has_section: False for the fixed-term menu, whose parameters are fields of
            `params.contract` itself.
        action_parameters: what the action of `VPPContracts-v0` sets, one for each entry.
    """

    name: ClassVar[str]
    has_section: ClassVar[bool] = True
    action_parameters: ClassVar[tuple[ActionParameter, ...]]

    @abstractmethod
    def offers(self, params: VPPParams) -> Records:
        """(k,) OFFER records, in the order in which signatures are counted.

        Args:
            params: site and owners, for which offers may be designed.
        """

    @abstractmethod
    def labels(self, params: VPPParams) -> list[str]:
        """Name of each of the offers in tables."""

    @abstractmethod
    def in_words(self) -> str:
        """What is offered, as part of a sentence."""

    @property
    @abstractmethod
    def longest_window_h(self) -> float:
        """Longest time in which the VPP may discharge a car; inf: the whole stay."""


FAMILIES: dict[str, type[ContractFamily]] = {}
"""Every family of contracts by its name."""

PARTS = {
    "name": "the name of its section in params.contract",
    "action_parameters": "what each entry of the action sets, as a tuple of ActionParameter",
    "offers": "the offers that its parameters describe",
    "labels": "a name for each offer",
    "in_words": "what it offers, as part of a sentence",
    "longest_window_h": "the longest time in which a car may be discharged",
}
"""What a family must define beyond its parameters."""

F = TypeVar("F", bound=ContractFamily)


def register(family: type[F]) -> type[F]:
    """Add a family of contracts to `FAMILIES`, as a decorator of its class.

    Raises:
        InvalidInputError: a part of the family is missing or does not fit the others, or
            the name is taken.
    """
    label = family.__name__
    for part, meaning in PARTS.items():
        if part in family.__abstractmethods__ or not hasattr(family, part):
            raise InvalidInputError(f"{label}.{part}", "nothing", f"define {meaning}")
    if not family.name.isidentifier():
        raise InvalidInputError(f"{label}.name", family.name, "give a name such as flat_fee")
    if family.name in FAMILIES:
        raise InvalidInputError(f"{label}.name", family.name, "a family has that name: choose one")
    if not family.action_parameters:
        raise InvalidInputError(f"{label}.action_parameters", (), "give at least one")
    for parameter in family.action_parameters:
        if parameter.name not in family.model_fields:
            remedy = f"use a parameter of the family: {', '.join(family.model_fields)}"
            raise InvalidInputError(f"{label}.action_parameters", parameter.name, remedy)
    try:
        family()
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"]))
        raise InvalidInputError(f"{label}.{field}", "nothing", "give it a default") from error
    FAMILIES[family.name] = family
    return family


def designed_offers(params: VPPParams) -> Records:
    """(k,) OFFER records of all families in `params.contract.families`, in that order.

    Raises:
        InvalidInputError: a family makes something else.
    """
    tables = []
    for family in params.contract.offered:
        table = family.offers(params)
        check_offers(table)
        tables.append(table)
    return side_by_side(tables)


def offer_labels(params: VPPParams) -> list[str]:
    """A name for each of the `designed_offers`: type_1 and on, or that of the family.

    Raises:
        InvalidInputError: a family has more or fewer names than offers.
    """
    labels: list[str] = []
    for family in params.contract.offered:
        own, n_offers = family.labels(params), len(family.offers(params))
        if len(own) != n_offers:
            raise InvalidInputError(f"{family.name}.labels", own, f"give {n_offers}, as offers")
        labels += own
    return labels


def fixed_term_offers(menu: Menu, term_h: float, delay_h: float = 0.0) -> Records:
    """(m,) OFFER records of a menu: energy and payoff for each type, with one window.

    Args:
        menu: contracts by type of owner.
        term_h: length of the window in which the energy may be discharged; 0: no offer.
        delay_h: hours from the arrival to the opening of the window.

    Raises:
        InvalidInputError: a term or delay that is negative or not a number.
    """
    return offers(
        len(menu),
        owner_type=np.arange(len(menu)),
        term_h=term_h,
        delay_h=delay_h,
        energy_kwh=menu.energy_kwh,
        payoff_eur=menu.payoff_eur,
    )


class FixedTermParams(Section):
    """Parameters of the fixed-term menu.

    term_h: length of the window, 0 offers nothing.
    delay_h: hours from the arrival to the opening of the window.
    kappa_eur: scale of the VPP's value kappa log(1 + w / saturation) of w kWh, for which the
        menu is designed.
    saturation_kwh: energy from which on that value flattens.
    type_prob: distribution of types that the menu is designed for; None: the owners'.

    Source: Rahman et al. 2023, Table 1.
    """

    term_h: int = Field(default=3, ge=0, le=168)
    delay_h: int = Field(default=0, ge=0, le=168)
    kappa_eur: float = Field(default=0.2, gt=0)
    saturation_kwh: float = Field(default=1.0, gt=0, le=5_000)
    type_prob: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _types_are_a_distribution(self) -> FixedTermParams:
        if self.type_prob is not None:
            check_distribution("type_prob", self.type_prob)
        return self


@register
class FixedTerm(FixedTermParams, ContractFamily):
    """A menu of energies and payoffs, one for each type of owner, with one window for all.

    The menu is the exact optimum for the value curve: every owner signs the contract of the
    own type. Source: Rahman et al. 2023, Sec. 4.
    """

    name = "fixed_term"
    has_section = False
    action_parameters = (
        ActionParameter("kappa_eur", "EUR", 0.1, 10.0, "ratio", "scale of the value curve"),
        ActionParameter(
            "saturation_kwh", "kWh", 0.1, 10.0, "ratio", "energy from which on it flattens"
        ),
        ActionParameter("term_h", "h", 0, 24, "whole", "length of the window; 0: no contract"),
        ActionParameter(
            "delay_h", "h", 0, 12, "whole", "the window opens so long after the arrival"
        ),
    )

    def menu(self, params: VPPParams) -> Menu:
        """The menu for the owners and chargers of `params`."""
        return design_menu(
            params.owner.types,
            params.owner.type_prob if self.type_prob is None else self.type_prob,
            kappa_eur=self.kappa_eur,
            wear_eur_per_kwh=params.owner.wear_eur_per_kwh,
            energy_cap_kwh=params.site.discharge_kw * self.term_h,
            saturation_kwh=self.saturation_kwh,
        )

    def offers(self, params: VPPParams) -> Records:
        """(m,) OFFER records, types rising."""
        return fixed_term_offers(self.menu(params), self.term_h, self.delay_h)

    def labels(self, params: VPPParams) -> list[str]:
        """type_1 and on."""
        return [f"type_{k + 1}" for k in range(len(params.owner.types))]

    def in_words(self) -> str:
        """A menu and its term."""
        return f"fixed-term menu of {self.term_h} h"

    @property
    def longest_window_h(self) -> float:
        """The term."""
        return self.term_h


class SingleOffer(ContractFamily):
    """Base of families that offer the same contract to every owner."""

    def labels(self, params: VPPParams) -> list[str]:
        """The name of the family."""
        return [self.name]


@register
class PriceBased(SingleOffer):
    """Discharging is allowed whenever the day-ahead price covers the owner's price.

    The owner's price (minPrice) is a multiple of the wear that the owner perceives, and is
    paid for every kWh: an owner who signs cannot lose.

    markup: minPrice over the perceived wear.
    margin: share of (day-ahead price - minPrice) that is paid on top of minPrice, per kWh.
    keep_soc: share of the capacity that must stay in the battery.

    Source: Park Lee et al. 2018, price-based contracts.
    """

    name = "price_based"
    action_parameters = (
        ActionParameter(
            "markup", "1", 1.0, 5.0, "linear", "least price, in units of the perceived wear"
        ),
        ActionParameter(
            "margin", "1", 0.0, 1.0, "linear", "share of the price above it that is paid"
        ),
    )

    markup: float = Field(default=1.0, ge=1, le=100)
    margin: float = Field(default=0.25, ge=0, le=1)
    keep_soc: float = Field(default=0.0, ge=0, le=1)

    def offers(self, params: VPPParams) -> Records:
        """(1,) OFFER records."""
        return offers(1, markup=self.markup, margin=self.margin, keep_soc=self.keep_soc)

    def in_words(self) -> str:
        """The owner's price."""
        times = "" if self.markup == 1 else f"{self.markup:g} times "
        return f"price-based contracts priced at {times}the owner's perceived wear"

    @property
    def longest_window_h(self) -> float:
        """The whole stay."""
        return inf


@register
class VolumeBased(SingleOffer):
    """A volume that may be discharged within a committed interval.

    Owners are paid for being committed and for what is discharged.

    delay_h: hours from the arrival to the start of the interval.
    term_h: length of the interval.
    energy_kwh: maxVolume.
    keep_soc: guaranteed level, and so the level required on arrival beyond the volume.
    eur_per_h: pay for each hour of the interval.
    eur_per_kwh: pay for each kWh of the volume, used or not.
    tariff_eur_per_kwh: pay for each kWh that is discharged.

    Source: Park Lee et al. 2018, volume-based contracts.
    """

    name = "volume_based"
    action_parameters = (
        ActionParameter("energy_kwh", "kWh", 0.1, 3.0, "ratio", "most that is discharged"),
        ActionParameter("term_h", "h", 1, 24, "whole", "length of the interval"),
        ActionParameter(
            "tariff_eur_per_kwh", "EUR/kWh", 0.0, 0.2, "linear", "pay for what is discharged"
        ),
        ActionParameter("eur_per_h", "EUR/h", 0.0, 0.2, "linear", "pay for the interval"),
    )

    delay_h: int = Field(default=0, ge=0, le=168)
    term_h: int = Field(default=10, ge=1, le=168)
    energy_kwh: float = Field(default=20.0, gt=0, le=5_000)
    keep_soc: float = Field(default=0.2, ge=0, le=1)
    eur_per_h: float = Field(default=0.0, ge=0, le=100)
    eur_per_kwh: float = Field(default=0.0, ge=0, le=20)
    tariff_eur_per_kwh: float = Field(default=0.045, ge=0, le=20)

    def offers(self, params: VPPParams) -> Records:
        """(1,) OFFER records."""
        return offers(
            1,
            term_h=self.term_h,
            delay_h=self.delay_h,
            energy_kwh=self.energy_kwh,
            keep_soc=self.keep_soc,
            eur_per_h=self.eur_per_h,
            payoff_eur=self.eur_per_kwh * self.energy_kwh,
            tariff_eur_per_kwh=self.tariff_eur_per_kwh,
        )

    def in_words(self) -> str:
        """The volume and the interval."""
        return f"volume-based contracts of {self.energy_kwh:g} kWh within {self.term_h} h"

    @property
    def longest_window_h(self) -> float:
        """The interval."""
        return self.term_h


@register
class ControlBased(SingleOffer):
    """The VPP controls the car from plugging in to the declared departure.

    keep_soc: activation limit, the share of the capacity that stays in the battery.
    tariff_eur_per_kwh: pay for each kWh that is discharged.
    eur_per_h: capacity pay for each hour of the declared stay.
    eur_per_kwh_arrival: capacity pay for each kWh stored above the limit on arrival.

    Source: Park Lee et al. 2018, control-based contracts.
    """

    name = "control_based"
    action_parameters = (
        ActionParameter(
            "tariff_eur_per_kwh", "EUR/kWh", 0.0, 0.2, "linear", "pay for what is discharged"
        ),
        ActionParameter(
            "keep_soc", "1", 0.0, 1.0, "linear", "share of the battery that the owner keeps"
        ),
    )

    keep_soc: float = Field(default=0.2, ge=0, le=1)
    tariff_eur_per_kwh: float = Field(default=0.045, ge=0, le=20)
    eur_per_h: float = Field(default=0.0, ge=0, le=100)
    eur_per_kwh_arrival: float = Field(default=0.0, ge=0, le=20)

    def offers(self, params: VPPParams) -> Records:
        """(1,) OFFER records."""
        return offers(
            1,
            keep_soc=self.keep_soc,
            tariff_eur_per_kwh=self.tariff_eur_per_kwh,
            eur_per_h=self.eur_per_h,
            eur_per_kwh_arrival=self.eur_per_kwh_arrival,
        )

    def in_words(self) -> str:
        """The tariff."""
        return f"control-based contracts at {self.tariff_eur_per_kwh:.3g} EUR/kWh"

    @property
    def longest_window_h(self) -> float:
        """The whole stay."""
        return inf
