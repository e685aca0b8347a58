"""The policies that `vpp-gym run` can run: baselines by name, and policies of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vpp_gym.cli.output import print_json, show_table
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.errors import InvalidInputError, suggestion

if TYPE_CHECKING:
    from vpp_gym.policy import Policy


COLUMNS = {"policy": "Policy", "forecast": "Price forecast", "offers": "Contracts offered"}
"""What fits on a terminal; the bidder's name is part of the policy's name."""

NAME_ONE = "name a policy, such as `vpp-gym run rolling_mpc`"
OWN = "for a policy of your own give package.module:name"
LISTED = "`vpp-gym run --list` lists the baselines"


def named_policy(name: str | None) -> Policy:
    """A new policy.

    Args:
        name: a baseline's name, or "package.module:name" of a policy, its class or a
            function that makes one without arguments.

    Raises:
        InvalidInputError: no name, an unknown one, or something that is not a policy.
    """
    from vpp_gym.policies.baselines import PLAIN_WORLD_NAMES, baseline

    if name is not None and ":" in name:
        from vpp_gym.evaluation.outside import outside_policy

        return outside_policy(name, field="POLICY")
    known = tuple(dict.fromkeys((*_names(), *PLAIN_WORLD_NAMES)))
    if name is None:
        raise InvalidInputError("POLICY", None, f"{NAME_ONE}; {LISTED}; {OWN}")
    if name not in known:
        raise InvalidInputError("POLICY", name, f"{suggestion(name, known)}{LISTED}; {OWN}")
    return baseline(name)


def _names() -> tuple[str, ...]:
    """Names of all baselines but those of older boards."""
    from vpp_gym.policies.baselines import HABIT_NAMES, LEARNED_NAMES, SITE_NAMES, baseline_names

    return (*baseline_names(), *LEARNED_NAMES, *HABIT_NAMES, *SITE_NAMES)


def list_policies(as_json: bool) -> None:
    """Print a row about each baseline."""
    from vpp_gym.policies.baselines import baseline

    rows = [_facts(baseline(name)) for name in _names()]
    if as_json:
        print_json(rows)
        return
    cells = [["-" if row[name] is None else str(row[name]) for name in COLUMNS] for row in rows]
    show_table(Grid([Column(heading) for heading in COLUMNS.values()], cells))


def _facts(policy: Any) -> dict[str, Any]:
    """Name of the policy, class of its dispatcher, forecast, contracts and bids."""
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
    """Contracts that it offers to owners, in words; None if it offers none."""
    from vpp_gym.params import DEFAULT
    from vpp_gym.policies.base import with_offer

    offers = with_offer(policy, DEFAULT).contract
    return offers.in_words() if offers.families else None
