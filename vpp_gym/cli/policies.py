"""The policies that `vpp-gym run` knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from vpp_gym.cli.output import console, print_json
from vpp_gym.errors import InvalidInputError

if TYPE_CHECKING:
    from vpp_gym.policy import Policy


COLUMNS = {"policy": "Policy", "forecast": "Forecast of prices", "offers": "Offers to owners"}
"""What fits on a terminal; the bidder's name is part of the policy's."""

AGENTS_RUN = "python -m benchmarks.run --policies NAME"
"""In a clone of the repository, where the trained agents lie."""


def named_policy(name: str | None) -> Policy:
    """A fresh policy.

    Raises:
        InvalidInputError: no name, or one that nobody has.
    """
    from vpp_gym.policies.baselines import baseline, baseline_names

    known = baseline_names()
    if name is None or name not in known:
        remedy = f"use one of {', '.join(known)}; trained agents run with `{AGENTS_RUN}`"
        raise InvalidInputError("POLICY", name, remedy)
    return baseline(name)


def list_policies(as_json: bool) -> None:
    """Print what each policy says of itself."""
    from vpp_gym.policies.baselines import baselines

    rows = [_facts(policy) for policy in baselines().values()]
    if as_json:
        print_json(rows)
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name, heading in COLUMNS.items():
        table.add_column(heading, no_wrap=name != "offers")
    for row in rows:
        table.add_row(*("-" if row[name] is None else str(row[name]) for name in COLUMNS))
    console.print(table)


def _facts(policy: Any) -> dict[str, Any]:
    """Its name, the class to read about it, its forecast, offers and bids."""
    dispatcher = getattr(policy, "dispatcher", policy)
    forecaster = getattr(dispatcher, "forecaster", None)
    bids_itself = "its own" if hasattr(policy, "bid_bound") else None
    return {
        "policy": policy.name,
        "dispatch": type(dispatcher).__name__,
        "forecast": "the future" if policy.privileged else getattr(forecaster, "name", None),
        "offers": _offers(policy),
        "menu_term_h": getattr(policy, "term_h", None) or None,
        "bids": getattr(getattr(policy, "bidder", None), "name", bids_itself),
    }


def _offers(policy: Any) -> str | None:
    """What it offers to owners, in words; None: nothing."""
    from vpp_gym.params import DEFAULT
    from vpp_gym.policies.base import with_offer

    offers = with_offer(policy, DEFAULT).contract
    return offers.in_words() if offers.families else None
