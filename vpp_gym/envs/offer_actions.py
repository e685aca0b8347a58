"""What an action in [-1, 1] says about the contracts on offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Records
from vpp_gym.params import VPPParams
from vpp_gym.simulation.offers import designed_offers


@dataclass(frozen=True)
class ActionParameter:
    """One entry of the action: at 0 what the world's parameters say, at -1 least, at 1 most.

    Attributes:
        name: field of the family's parameters in `vpp_gym.params.contract`.
        unit: of the field.
        least: value at -1; or, of a ratio, what the world's value is multiplied by.
        most: value at 1; or what the world's value is multiplied by.
        kind: "linear" between those points, "whole" the same, rounded, or "ratio": on a
            logarithmic scale.
        meaning: for the docs.

    A world's value beyond these limits is a limit itself.
    """

    name: str
    unit: str
    least: float
    most: float
    kind: str
    meaning: str

    def value(self, entry: float, usual: float) -> float | int:
        """The field's value, where the world's is `usual`."""
        if self.kind == "ratio":
            return usual * (self.most**entry if entry > 0 else self.least**-entry)
        end = max(self.most, usual) if entry > 0 else min(self.least, usual)
        if abs(entry) == 1.0:
            return end  # without rounding
        moved = usual + abs(entry) * (end - usual)
        return round(moved) if self.kind == "whole" else moved


ACTION_PARAMETERS: dict[str, tuple[ActionParameter, ...]] = {
    "fixed_term": (
        ActionParameter("kappa_eur", "EUR", 0.1, 10.0, "ratio", "scale of the value curve"),
        ActionParameter(
            "saturation_kwh", "kWh", 0.1, 10.0, "ratio", "energy from which on it flattens"
        ),
        ActionParameter("term_h", "h", 0, 24, "whole", "length of the window; 0: no contract"),
        ActionParameter(
            "delay_h", "h", 0, 12, "whole", "the window opens so long after the arrival"
        ),
    ),
    "price_based": (
        ActionParameter(
            "markup", "1", 1.0, 5.0, "linear", "least price, in units of the perceived wear"
        ),
        ActionParameter(
            "margin", "1", 0.0, 1.0, "linear", "share of the price above it that is paid"
        ),
    ),
    "volume_based": (
        ActionParameter("energy_kwh", "kWh", 0.1, 3.0, "ratio", "most that is discharged"),
        ActionParameter("term_h", "h", 1, 24, "whole", "length of the interval"),
        ActionParameter(
            "tariff_eur_per_kwh", "EUR/kWh", 0.0, 0.2, "linear", "pay for what is discharged"
        ),
        ActionParameter("eur_per_h", "EUR/h", 0.0, 0.2, "linear", "pay for the interval"),
    ),
    "control_based": (
        ActionParameter(
            "tariff_eur_per_kwh", "EUR/kWh", 0.0, 0.2, "linear", "pay for what is discharged"
        ),
        ActionParameter(
            "keep_soc", "1", 0.0, 1.0, "linear", "share of the battery that the owner keeps"
        ),
    ),
}
"""Entries of the action, by family."""


class OfferShape:
    """Contracts of one family, shaped by actions around what the world's parameters say.

    Args:
        params: rules of the world.
        family: of the contracts.

    Attributes:
        usual, least, most: rules of the world at an action of 0, -1 and 1.

    Raises:
        InvalidInputError: the world's parameters leave no room for the action.
    """

    def __init__(self, params: VPPParams, family: str) -> None:
        self.family, self.parameters = family, ACTION_PARAMETERS[family]
        self.usual = params.replace(contract={"families": (family,)})
        section = self._section(self.usual.contract.model_dump())
        self._values = {parameter.name: section[parameter.name] for parameter in self.parameters}
        self.least, self.most = (self.params(np.full(len(self.parameters), end)) for end in (-1, 1))

    def params(self, action: Floats) -> VPPParams:
        """Rules of the world with the contracts that (A,) entries stand for."""
        values = {
            parameter.name: parameter.value(float(entry), self._values[parameter.name])
            for parameter, entry in zip(self.parameters, action.clip(-1.0, 1.0), strict=True)
        }
        own_section = self.family != "fixed_term"
        return self.usual.replace(contract={self.family: values} if own_section else values)

    def offers(self, action: Floats) -> Records:
        """(k,) OFFER records; fixed terms are the exact menu for the value curve."""
        return designed_offers(self.params(action))

    def _section(self, contract: dict[str, Any]) -> dict[str, Any]:
        """The family's own fields."""
        return contract if self.family == "fixed_term" else contract[self.family]
