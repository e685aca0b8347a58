"""Menus whose contracts differ in energy and in term, and what they are worth to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.contracts.menu import read_only
from vpp_gym.errors import InvalidInputError

COLUMNS = ("energy_kwh", "term_h", "payoff_eur", "type_prob")


@dataclass(frozen=True, eq=False)
class VariableTermMenu:
    """One contract for each pair of an energy type and a term type, both rising.

    Contract (i, j) lets the VPP discharge up to energy_kwh[i, j] within
    term_h[i, j] of arrival for payoff_eur[i, j]. In a menu of the paper's form
    the energy depends on i alone and the term on j alone. Arrays are read-only;
    writeable ones are copied.

    Attributes:
        energy_kwh: (I, J) kWh at the meter.
        term_h: (I, J) hours from arrival.
        payoff_eur: (I, J) EUR paid to the owner.
        type_prob: (I, J) joint probability of the two types.
        energy_types: (I,) the wear an owner perceives is the true wear divided by this.
        term_types: (J,) the cost of an hour under contract is divided by this.
        wear_eur_per_kwh: true wear cost of discharging.
        tied_eur_per_h: cost of being tied to the charger for an hour.

    Raises:
        InvalidInputError: arrays whose shapes do not fit.

    Source: Sales-Ortiz and Ardakanian, e-Energy 2024.
    """

    energy_kwh: Floats
    term_h: Floats
    payoff_eur: Floats
    type_prob: Floats
    energy_types: Floats
    term_types: Floats
    wear_eur_per_kwh: float
    tied_eur_per_h: float

    def __post_init__(self) -> None:
        shape = np.shape(self.energy_types) + np.shape(self.term_types)
        for name in (*COLUMNS, "energy_types", "term_types"):
            table = read_only(getattr(self, name))
            if len(shape) != 2 or not all(shape) or (name in COLUMNS and table.shape != shape):
                raise InvalidInputError(
                    f"menu.{name}", f"shape {table.shape}", "give (I, J) contracts, I and J >= 1"
                )
            object.__setattr__(self, name, table)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of energy types and of term types."""
        return len(self.energy_types), len(self.term_types)

    def __reduce__(self) -> tuple:
        return type(self), tuple(vars(self).values())


def utility(menu: VariableTermMenu) -> Floats:
    """Payoff less perceived costs, of every owner under every contract.

    Returns:
        (I, J, I, J) EUR; first the two types of the owner, then the contract.
    """
    wear = menu.wear_eur_per_kwh / menu.energy_types
    tied = menu.tied_eur_per_h / menu.term_types
    cost_eur = np.multiply.outer(wear, menu.energy_kwh)[:, np.newaxis]
    cost_eur = cost_eur + np.multiply.outer(tied, menu.term_h)[np.newaxis]
    return menu.payoff_eur - cost_eur


def ir_residuals(menu: VariableTermMenu) -> Floats:
    """What each owner gains from the own contract; negative: it would not sign.

    Returns:
        (I, J) EUR, the slack of individual rationality.
    """
    wear = (menu.wear_eur_per_kwh / menu.energy_types)[:, np.newaxis]
    tied = menu.tied_eur_per_h / menu.term_types
    return menu.payoff_eur - wear * menu.energy_kwh - tied * menu.term_h


def ic_residuals(menu: VariableTermMenu) -> Floats:
    """What each owner loses by taking another's contract; negative: it would.

    Returns:
        (I, J, I, J) EUR, the slack of incentive compatibility; first the two
        types of the owner, then the contract taken instead.
    """
    return ir_residuals(menu)[:, :, np.newaxis, np.newaxis] - utility(menu)


def expected_value_eur(
    menu: VariableTermMenu, *, energy_kappa_eur: float, term_kappa_eur: float
) -> float:
    """Objective of the design: the VPP's expected value of one contract, less its payoff.

    Args:
        menu: contracts and the probability of each.
        energy_kappa_eur: scale of the VPP's value kappa_1 * log(1 + w) of w kWh.
        term_kappa_eur: scale of its value kappa_2 * log(1 + l) of a term of l hours.
    """
    value_eur = energy_kappa_eur * np.log1p(menu.energy_kwh)
    value_eur = value_eur + term_kappa_eur * np.log1p(menu.term_h)
    return float((menu.type_prob * (value_eur - menu.payoff_eur)).sum())
