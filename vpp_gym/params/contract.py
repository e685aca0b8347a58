"""What the VPP offers to owners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from vpp_gym.contracts.families import FAMILIES, ContractFamily, FixedTermParams
from vpp_gym.errors import InvalidInputError, suggestion

PayoffRule = Literal["all_or_nothing", "pro_rata"]

ContractChanges = Mapping[str, Any]
"""Changes of `ContractParams`, by field: what a policy offers instead of what `params` say."""


def _known(name: str) -> str:
    if name not in FAMILIES:
        raise ValueError(f"{suggestion(name, FAMILIES)}use one of {', '.join(FAMILIES)}")
    return name


FamilyName = Annotated[str, AfterValidator(_known)]
"""Name of one of the `vpp_gym.contracts.families.FAMILIES`."""


class _Given(NamedTuple):
    """What was given for the section of a family."""

    family: str
    value: Any


def _section(given: Any) -> ContractFamily:
    if not isinstance(given, _Given):
        sections = (name for name, family in FAMILIES.items() if family.has_section)
        raise ValueError(f"unknown; use {', '.join((*ContractParams.model_fields, *sections))}")
    return FAMILIES[given.family].model_validate(given.value)


class ContractParams(FixedTermParams):
    """What the VPP offers to owners.

    The parameters of the fixed-term menu are fields of their own. Those of every other family
    in `vpp_gym.contracts.families.FAMILIES` form a section named after it, such as
    `price_based={"margin": 0.5}`.

    families: contract families that an arriving owner may choose from; an empty tuple
        offers no contracts.
    payoff_rule: what an owner gets who leaves before the declared departure:
        "all_or_nothing" of the payoff, or "pro_rata" by the part of the window served.
        What was discharged is paid in any case.

    >>> ContractParams(price_based={"margin": 0.5}).section("price_based")
    PriceBased(markup=1.0, margin=0.5, keep_soc=0.0)
    """

    # Sections of families are pydantic's extra fields, as a family may be registered later.
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[Any, BeforeValidator(_section)]] = Field(init=False)

    families: tuple[FamilyName, ...] = ("control_based",)
    payoff_rule: PayoffRule = "all_or_nothing"

    @model_validator(mode="before")
    @classmethod
    def _every_family_has_its_section(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        sections = {
            name: _Given(name, given.get(name, {}))
            for name, family in FAMILIES.items()
            if family.has_section
        }
        return {**given, **sections}

    @model_validator(mode="after")
    def _families_are_distinct(self) -> ContractParams:
        if len(set(self.families)) < len(self.families):
            raise ValueError("families: name each family once")
        return self

    def section(self, family: str) -> ContractFamily:
        """One family with its parameters.

        Args:
            family: name of one of the `FAMILIES`, offered or not.

        Raises:
            InvalidInputError: there is no such family.
        """
        if family not in FAMILIES:
            raise InvalidInputError("family", family, f"use one of {', '.join(FAMILIES)}")
        kind = FAMILIES[family]
        if not kind.has_section:
            return kind.model_validate({name: getattr(self, name) for name in kind.model_fields})
        section = (self.__pydantic_extra__ or {}).get(family)
        # A family that was registered after these parameters were made has its defaults.
        return kind() if section is None else section

    @property
    def offered(self) -> tuple[ContractFamily, ...]:
        """The families that are offered, with their parameters."""
        return tuple(self.section(name) for name in self.families)

    def in_words(self) -> str:
        """What is offered, as part of a sentence.

        >>> ContractParams(families=("control_based", "fixed_term")).in_words()
        'control-based contracts at 0.045 EUR/kWh or fixed-term menu of 3 h'
        """
        return " or ".join(family.in_words() for family in self.offered) or "no contracts"


def offer(family: str, **parameters: Any) -> ContractChanges:
    """Changes of `ContractParams` that offer one family.

    Args:
        family: name of one of the `FAMILIES`.
        parameters: of the family; those not given are the defaults or those in `params`.

    Raises:
        InvalidInputError: there is no such family.

    >>> offer("control_based", keep_soc=0.3)
    {'families': ('control_based',), 'control_based': {'keep_soc': 0.3}}
    >>> offer("fixed_term", term_h=10)
    {'families': ('fixed_term',), 'term_h': 10}
    """
    if family not in FAMILIES:
        raise InvalidInputError("family", family, f"use one of {', '.join(FAMILIES)}")
    own = {family: parameters} if FAMILIES[family].has_section else parameters
    return {"families": (family,), **own}


def hybrid(*offers: ContractChanges) -> ContractChanges:
    """Changes of `ContractParams` that offer several families, from which the owner picks."""
    merged: dict[str, Any] = {}
    for one in offers:
        merged |= one
    return merged | {"families": tuple(name for one in offers for name in one["families"])}
