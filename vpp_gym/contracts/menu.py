"""The menu of contracts offered to every owner, and what it is worth to whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError


def read_only(values: ArrayLike) -> Floats:
    """The values as a read-only array: a copy, unless they are one already."""
    if isinstance(values, np.ndarray) and values.dtype.char == "d" and not values.flags.writeable:
        return values
    column = np.array(values, dtype=np.float64)
    column.setflags(write=False)
    return column


@dataclass(frozen=True, eq=False)
class Menu:
    """One contract per owner type, the types in rising order.

    Contract k lets the VPP discharge up to energy_kwh[k] for payoff_eur[k].
    Its window is not part of the menu. Arrays are read-only; writeable ones are copied.

    Attributes:
        energy_kwh: (m,) kWh at the meter; 0 means that nothing is offered.
        payoff_eur: (m,) EUR paid to the owner.
        owner_types: (m,) types the menu is designed for; the wear an owner
            perceives is the true wear divided by the type.
        type_prob: (m,) probability of each type.
        wear_eur_per_kwh: true wear cost of discharging.

    Raises:
        InvalidInputError: columns of unequal length, or none.

    Source: Rahman et al. 2023, Sec. 4.
    """

    energy_kwh: Floats
    payoff_eur: Floats
    owner_types: Floats
    type_prob: Floats
    wear_eur_per_kwh: float

    def __post_init__(self) -> None:
        shape = np.shape(self.energy_kwh)
        for name in ("energy_kwh", "payoff_eur", "owner_types", "type_prob"):
            column = read_only(getattr(self, name))
            if column.shape != shape or column.ndim != 1 or not column.size:
                raise InvalidInputError(
                    f"menu.{name}", f"shape {column.shape}", "give (m,) values for each, m >= 1"
                )
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.energy_kwh)

    def __reduce__(self) -> tuple:
        return type(self), tuple(vars(self).values())


def utility(menu: Menu) -> Floats:
    """Payoff less perceived wear, of every type under every contract.

    Returns:
        (m, m) EUR; row: the owner's type, column: the contract.

    Source: Rahman et al. 2023, Sec. 4, the owner's cost w * gamma_c / theta.
    """
    perceived_eur_per_kwh = menu.wear_eur_per_kwh / menu.owner_types
    return menu.payoff_eur - np.outer(perceived_eur_per_kwh, menu.energy_kwh)


def ir_residuals(menu: Menu) -> Floats:
    """What each type gains from its own contract; negative: it would not sign.

    Returns:
        (m,) EUR, the slack of individual rationality.

    Source: Rahman et al. 2023, program (7).
    """
    return menu.payoff_eur - menu.energy_kwh * (menu.wear_eur_per_kwh / menu.owner_types)


def ic_residuals(menu: Menu) -> Floats:
    """What each type loses by taking another type's contract; negative: it would.

    Returns:
        (m, m) EUR, the slack of incentive compatibility; row: the owner's type,
        column: the contract taken instead; 0 on the diagonal.

    Source: Rahman et al. 2023, program (7).
    """
    table = utility(menu)
    return np.diag(table)[:, np.newaxis] - table


def expected_value_eur(menu: Menu, kappa_eur: float, saturation_kwh: float = 1.0) -> float:
    """Objective of the design: the VPP's expected value of one contract, less its payoff.

    Args:
        menu: contracts and the probability of each.
        kappa_eur: scale of the VPP's value kappa * log(1 + w / saturation) of w kWh.
        saturation_kwh: see `vpp_gym.contracts.design.design_menu`.

    Source: Rahman et al. 2023, program (7).
    """
    value_eur = kappa_eur * np.log1p(menu.energy_kwh / saturation_kwh)
    return float(menu.type_prob @ (value_eur - menu.payoff_eur))
