"""The rules behind the paper's numbers that its model does not state, each with a switch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from vpp_gym.errors import InvalidInputError

LAXITY_MARGIN_H = 0.001
"""Laxity that plans keep until the hour of departure."""

UNBOUNDED_SOC = 2.0
"""A limit far above every state of charge in the case study."""


def _quirk(rule: str) -> Any:
    return field(default=True, metadata={"rule": rule})


@dataclass(frozen=True)
class Quirks:
    """Which of these rules apply; all of them in the paper's numbers.

    Each changes the scenario, a parameter, the forecast, the plan or the accounting, never
    the simulator. Where one is removed, the rule of this project applies instead.

    Source: found by comparing the published figures with the public data and code.
    """

    days_cut_at_23: bool = _quirk(
        "stays end at hour 23, days begin empty, and sessions that cannot be charged in "
        "time are left out"
    )
    prices_floored: bool = _quirk("negative prices of both markets are set to zero")
    forecast_with_future: bool = _quirk(
        "the forecast of imbalance prices is the hour-of-day mean of 2018 to 2021, including the "
        "test year and later years"
    )
    baselines_bid_apart: bool = _quirk(
        "No-Control and No-V2G may only buy day-ahead, rows with contracts may also sell"
    )
    revenue_of_no_control: bool = _quirk("every row earns the retail revenue of No-Control")
    ignores_charge_efficiency: bool = _quirk(
        "EVs without a contract, and all under No-Control, take the missing energy from the "
        "grid without the charger's losses, and leave up to 0.2 kWh short"
    )
    price_zero_after_last: bool = _quirk(
        "in plans the price is zero after the departure of the EV that arrived last"
    )
    energy_unplanned: bool = _quirk(
        "plans limit the discharge of each hour to the contract's remaining energy, not the "
        "sum over the hours (program (16d))"
    )
    soc_unbounded: bool = _quirk(
        "EVs within their contract's window may be charged beyond 97 %, even beyond 100 %"
    )
    laxity_margin: bool = _quirk(f"plans keep {LAXITY_MARGIN_H:g} h of laxity until the last hour")

    def without(self, *names: str) -> Quirks:
        """The same rules without some of them.

        Raises:
            InvalidInputError: no such rule.

        >>> Quirks().without("prices_floored").prices_floored
        False
        """
        known = [quirk.name for quirk in fields(self)]
        for name in names:
            if name not in known:
                raise InvalidInputError("quirk", name, f"use {', '.join(known)}")
        return replace(self, **dict.fromkeys(names, False))


PAPER = Quirks()
NONE = Quirks().without(*(quirk.name for quirk in fields(Quirks)))


def rules() -> Iterator[tuple[str, str]]:
    """Name and meaning of every quirk."""
    for quirk in fields(Quirks):
        yield quirk.name, quirk.metadata["rule"]
