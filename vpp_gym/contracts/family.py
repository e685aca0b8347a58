"""The interface that every family of contracts answers, and the fixed-term family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from vpp_gym.contracts.choice import choose_contract
from vpp_gym.contracts.menu import Menu
from vpp_gym.errors import InvalidInputError


class Arrival(NamedTuple):
    """What is known of an EV and its owner when a contract is offered.

    Attributes:
        own_type: index of the owner's type.
        stay_h: declared stay.
        stored_kwh: energy in the battery.
        dischargeable_kwh: most that can be exported and still recharged by departure.
    """

    own_type: int
    stay_h: float
    stored_kwh: float
    dischargeable_kwh: float


class Contract(NamedTuple):
    """What an owner signed.

    Attributes:
        row: place in the family's menu.
        window_h: availability: the VPP may discharge within so many hours of arrival.
        energy_kwh: activation: up to so many kWh at the meter in all.
        payoff_eur: pay.
    """

    row: int
    window_h: float
    energy_kwh: float
    payoff_eur: float


class ContractFamily(Protocol):
    """Offers a contract to each arrival."""

    def sign(self, arrival: Arrival) -> Contract | None:
        """The contract that this owner signs; None if none suits."""
        ...


@dataclass(frozen=True)
class FixedTermContracts:
    """Menu of energies and payoffs that share one window.

    The simulator calls the same choice, `choose_contract`, for each arrival.

    Attributes:
        menu: energies and payoffs by owner type.
        term_h: hours from arrival in which the energy may be discharged.

    Raises:
        InvalidInputError: a term that is negative or not a number.

    Source: Rahman et al. 2023, Sec. 4.
    """

    menu: Menu
    term_h: float

    def __post_init__(self) -> None:
        if not 0 <= self.term_h < float("inf"):
            raise InvalidInputError("term_h", self.term_h, "give zero or more hours")

    def sign(self, arrival: Arrival) -> Contract | None:
        """The contract that this owner signs; None if none passes the entry checks.

        Raises:
            InvalidInputError: an owner type that the menu does not have.
        """
        if not 0 <= arrival.own_type < len(self.menu):
            raise InvalidInputError(
                "own_type", arrival.own_type, f"give an index below {len(self.menu)}"
            )
        row = choose_contract(
            arrival.own_type,
            self.menu.energy_kwh,
            self.menu.payoff_eur,
            self.menu.owner_types,
            self.menu.wear_eur_per_kwh,
            arrival.stay_h,
            self.term_h,
            arrival.stored_kwh,
            arrival.dischargeable_kwh,
        )
        if row < 0:
            return None
        energy_kwh, payoff_eur = self.menu.energy_kwh[row], self.menu.payoff_eur[row]
        return Contract(row, self.term_h, float(energy_kwh), float(payoff_eur))
