"""The families of contracts, behind one interface: a list of offers, and what an owner signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vpp_gym.arrays import Records
from vpp_gym.contracts.choice import choose_offer, sign
from vpp_gym.contracts.menu import Menu
from vpp_gym.contracts.offer import Arrival, Contract, offers, side_by_side


class ContractFamily(Protocol):
    """Something that may be offered to each arrival."""

    def offers(self) -> Records:
        """(k,) OFFER records, in the order in which they are counted."""
        ...


def signed(family: ContractFamily, arrival: Arrival) -> tuple[int, Contract] | None:
    """Place and terms of the offer that an owner signs; None if none suits.

    The simulator calls the same kernels for each arrival.
    """
    table = family.offers()
    place = choose_offer(table, arrival)
    return None if place < 0 else (place, sign(table[place], arrival))


@dataclass(frozen=True)
class FixedTermContracts:
    """A menu of energies and payoffs, one for each type of owner, with one window.

    Attributes:
        menu: energies and payoffs by owner type.
        term_h: length of the window in which the energy may be discharged; 0: no offer.
        delay_h: the window opens so long after the arrival.

    Source: Rahman et al. 2023, Sec. 4.
    """

    menu: Menu
    term_h: float
    delay_h: float = 0.0

    def offers(self) -> Records:
        """(m,) OFFER records, types rising.

        Raises:
            InvalidInputError: a term or delay that is negative or not a number.
        """
        return offers(
            len(self.menu),
            owner_type=np.arange(len(self.menu)),
            term_h=self.term_h,
            delay_h=self.delay_h,
            energy_kwh=self.menu.energy_kwh,
            payoff_eur=self.menu.payoff_eur,
        )


@dataclass(frozen=True)
class PriceBasedContracts:
    """Plug in when you like; discharged while the market price covers the owner's price.

    The owner's price (minPrice) is a multiple of the perceived wear, or one price for
    everybody. Used or not, an owner who signs cannot lose.

    Attributes:
        markup: minPrice over the perceived wear, >= 1; 0 for `min_price_eur_per_kwh`.
        margin: share of (market price - minPrice) paid on top of minPrice.
        keep_soc: share of the capacity that the owner keeps.
        min_price_eur_per_kwh: minPrice of everybody, without a markup.

    Source: Park Lee et al. 2018, price-based contracts.
    """

    markup: float = 1.0
    margin: float = 0.25
    keep_soc: float = 0.0
    min_price_eur_per_kwh: float = 0.0

    def offers(self) -> Records:
        """(1,) OFFER records.

        Raises:
            InvalidInputError: a field out of range.
        """
        return offers(
            1,
            markup=self.markup,
            margin=self.margin,
            keep_soc=self.keep_soc,
            min_price_eur_per_kwh=self.min_price_eur_per_kwh,
        )


@dataclass(frozen=True)
class VolumeBasedContracts:
    """A volume that may be discharged within a committed interval.

    Attributes:
        energy_kwh: maxVolume.
        term_h: length of the interval.
        delay_h: the interval begins so long after the arrival.
        keep_soc: guaranteed level, a share of the capacity.
        eur_per_h: pay per hour of commitment.
        eur_per_kwh: pay per kWh of volume, used or not.
        tariff_eur_per_kwh: pay per kWh discharged.

    Source: Park Lee et al. 2018, volume-based contracts.
    """

    energy_kwh: float
    term_h: float
    delay_h: float = 0.0
    keep_soc: float = 0.0
    eur_per_h: float = 0.0
    eur_per_kwh: float = 0.0
    tariff_eur_per_kwh: float = 0.0

    def offers(self) -> Records:
        """(1,) OFFER records.

        Raises:
            InvalidInputError: a field out of range.
        """
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


@dataclass(frozen=True)
class ControlBasedContracts:
    """The VPP controls the car from plugging in to the declared departure.

    Attributes:
        keep_soc: activation limit, a share of the capacity.
        tariff_eur_per_kwh: pay per kWh discharged.
        eur_per_h: capacity pay per hour of the stay.
        eur_per_kwh_arrival: capacity pay per kWh stored above the limit on arrival.

    Source: Park Lee et al. 2018, control-based contracts.
    """

    keep_soc: float = 0.0
    tariff_eur_per_kwh: float = 0.0
    eur_per_h: float = 0.0
    eur_per_kwh_arrival: float = 0.0

    def offers(self) -> Records:
        """(1,) OFFER records.

        Raises:
            InvalidInputError: a field out of range.
        """
        return offers(
            1,
            keep_soc=self.keep_soc,
            tariff_eur_per_kwh=self.tariff_eur_per_kwh,
            eur_per_h=self.eur_per_h,
            eur_per_kwh_arrival=self.eur_per_kwh_arrival,
        )


@dataclass(frozen=True)
class HybridContracts:
    """Several families side by side: the owner picks what is worth most.

    Attributes:
        families: in the order in which ties are broken; none offers nothing.
    """

    families: Sequence[ContractFamily] = ()

    def offers(self) -> Records:
        """(k,) OFFER records of all families, one family behind the other."""
        return side_by_side([family.offers() for family in self.families])
