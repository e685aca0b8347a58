"""The contracts that an action in [-1, 1] of `VPPContracts-v0` offers."""

from __future__ import annotations

import numpy as np

from vpp_gym.arrays import Floats, Records
from vpp_gym.contracts.families import FAMILIES, designed_offers
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import offer


class OfferShape:
    """Contracts of one family, shaped by actions around the values in the parameters.

    Args:
        params: parameters of the environment.
        family: name of one of `vpp_gym.contracts.families.FAMILIES`; None: the first that the
            parameters offer, or the fixed-term menu where they offer nothing.

    Attributes:
        parameters: what each entry of the action sets.
        neutral, least, most: parameters at an action of 0, -1 and 1.

    Raises:
        InvalidInputError: the parameters leave no room for the action.
    """

    def __init__(self, params: VPPParams, family: str | None) -> None:
        if family is None:
            family = next(iter(params.contract.families), "fixed_term")
        self.neutral = params.replace(contract={"families": (family,)})
        self.family, self.parameters = family, FAMILIES[family].action_parameters
        section = self.neutral.contract.section(family)
        self._centre = [getattr(section, parameter.name) for parameter in self.parameters]
        self.least, self.most = (self.params(np.full(len(self.parameters), end)) for end in (-1, 1))

    def params(self, action: Floats) -> VPPParams:
        """Parameters with the contracts that (A,) entries stand for."""
        entries = action.clip(-1.0, 1.0).tolist()
        values = {
            parameter.name: parameter.value(entry, centre)
            for parameter, entry, centre in zip(self.parameters, entries, self._centre, strict=True)
        }
        return self.neutral.replace(contract=offer(self.family, **values))

    def offers(self, action: Floats) -> Records:
        """(k,) OFFER records; for fixed terms the exact menu of the value curve."""
        return designed_offers(self.params(action))
