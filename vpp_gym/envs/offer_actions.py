"""The contracts that an action in [-1, 1] of `VPPContracts-v0` offers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from vpp_gym.arrays import Floats, Ints, Records
from vpp_gym.contracts.families import FAMILIES
from vpp_gym.contracts.offer import OFFER, check_offers
from vpp_gym.kernels import by_field, records
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import offer
from vpp_gym.simulation.simulation import Simulation


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
        self._section = self.neutral.contract.section(family)
        self._centre = [getattr(self._section, parameter.name) for parameter in self.parameters]
        self.least, self.most = (self.params(np.full(len(self.parameters), end)) for end in (-1, 1))

    def params(self, action: Floats) -> VPPParams:
        """Parameters with the contracts that (A,) entries stand for."""
        return self.neutral.replace(contract=offer(self.family, **self._values(action)))

    def _values(self, action: Floats) -> dict[str, float | int]:
        """What (A,) entries set, by name."""
        entries = action.clip(-1.0, 1.0).tolist()
        return {
            parameter.name: parameter.value(entry, centre)
            for parameter, entry, centre in zip(self.parameters, entries, self._centre, strict=True)
        }

    def offers(self, action: Floats) -> Records:
        """(k,) OFFER records; for fixed terms the exact menu of the value curve."""
        return self.offers_of(action[None])[0]

    def offers_of(self, actions: Floats) -> list[Records]:
        """The offers of each of (n, A) actions.

        Only the family is made for each action, and all offers are checked together: whole
        parameters, and a check of each list alone, would take longer than a planned day.
        """
        tables = [
            self._section.replace(**self._values(action)).offers(self.neutral) for action in actions
        ]
        if not tables:
            return []
        # As bytes: NumPy compares the fields of all tables before it joins them.
        as_bytes = np.concatenate([table.view(np.uint8) for table in tables])
        joined, lengths = by_field(as_bytes.view(OFFER)), [*map(len, tables)]
        joined["family"] = np.repeat(np.arange(len(tables)), lengths)
        check_offers(joined)
        joined["family"] = 0
        ends = np.cumsum([0, *lengths]).tolist()
        return [joined[first:end] for first, end in pairwise(ends)]


def post_each(simulation: Simulation, tables: Sequence[Records], runs: Ints) -> None:
    """Post a checked list of offers of its own in each of some runs.

    As `vpp_gym.simulation.simulation.Simulation.post_offers` does in one after the other, with
    one new state for all of them.

    Args:
        simulation: of the runs.
        tables: (n,) OFFER records of each run.
        runs: (n,) rows of the batch.
    """
    state = simulation.state
    n_envs, room = state.offers.shape
    size = max(room, *map(len, tables)) if len(tables) else room
    on_offer, accepted = records((n_envs, size), OFFER), np.zeros((n_envs, size), np.int64)
    on_offer[:, :room], accepted[:, :room] = state.offers, state.accepted
    on_offer[runs] = np.zeros((), dtype=OFFER)
    for run, table in zip(runs.tolist(), tables, strict=True):
        on_offer[run, : len(table)] = table
    state.run["posted"][runs] = 1
    simulation.state = state._replace(offers=on_offer, accepted=accepted)
