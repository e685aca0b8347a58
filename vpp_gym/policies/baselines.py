"""The baselines by name, and the offers to owners that were tuned for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from vpp_gym.params.contract import ContractChanges, offer
from vpp_gym.policies.bidders import Bidder, ExpectedLoadBidder, WaitAndSee
from vpp_gym.policies.operator import Operator
from vpp_gym.policy import Policy, made_by_name

MENU_TERM_H = 10
"""Term of the fixed-term menu with which the rolling MPC earned most.

The menu is the paper's (kappa 0.2 EUR) with a longer window; its own 1 to 3 h lose money.
This and the other offers below were tuned on the four synthetic validation years by
`python -m benchmarks.contract_search`.
"""

TUNED_OFFERS: dict[str, ContractChanges] = {
    "control": offer("control_based", tariff_eur_per_kwh=0.01334, keep_soc=0.0),
    "price": offer("price_based", markup=1.0, margin=0.0),
}
"""Offers of other families with which the rolling MPC earned most, by the ending of its name.

The tariff of the first is what four of five types of owners perceive as wear at most: one
price for everybody, whatever owners report. The second pays every owner the own perceived
wear, as reported.
"""

HINDSIGHT_OFFER = TUNED_OFFERS["price"]
"""With it hindsight earned most, bids left out, on a synthetic validation year."""

Maker = Callable[[], Policy]


def baseline(name: str) -> Policy:
    """A fresh baseline by its name; only its own module is imported.

    Args:
        name: one of `baseline_names()`.

    Raises:
        InvalidInputError: there is no such baseline.

    >>> baseline("rolling_mpc_3h").name
    'rolling_mpc_3h'
    """
    return made_by_name(_MAKERS, name)


def baseline_names() -> tuple[str, ...]:
    """Names of all baselines, in the order of `baselines`."""
    return tuple(_MAKERS)


def baselines() -> dict[str, Policy]:
    """The policies of the leaderboard by name, fresh objects.

    Rules and schedulers settle all energy as imbalance, unless their name ends with that
    of a bidder. The rolling MPC comes without contracts, with the paper's menus and with
    tuned offers to owners, the stochastic MPC without contracts and with the offers of
    other families.
    """
    return {name: make() for name, make in _MAKERS.items()}


def _rule(kind: str) -> Policy:
    from vpp_gym.policies import rules

    made: Policy = getattr(rules, kind)()
    return made


def _no_v2g() -> Policy:
    from vpp_gym.policies.scheduler import no_v2g

    return no_v2g()


def _algorithm_1(term_h: int) -> Policy:
    from vpp_gym.policies.scheduler import algorithm_1

    return algorithm_1(term_h)


def _rolling_mpc(term_h: int = 0, offered: str | None = None) -> Policy:
    from vpp_gym.policies.scheduler import rolling_mpc

    if offered is None:
        return rolling_mpc(term_h)
    return rolling_mpc(contract=TUNED_OFFERS[offered], name=f"rolling_mpc_{offered}")


def _stochastic_mpc(offered: str | None = None) -> Policy:
    from vpp_gym.policies.stochastic_mpc import StochasticMPC

    if offered is None:
        return StochasticMPC()
    return StochasticMPC(contract=TUNED_OFFERS[offered], name=f"stochastic_mpc_{offered}")


def _two_stage() -> Bidder:
    from vpp_gym.policies.two_stage import TwoStage

    return TwoStage()


def _hindsight() -> Policy:
    from vpp_gym.policies.hindsight import Hindsight

    return Hindsight(contract=HINDSIGHT_OFFER)


def _operator(dispatcher: Maker, bidder: Callable[[], Bidder]) -> Policy:
    return Operator(dispatcher(), bidder())


_STOCHASTIC: dict[str, Maker] = {
    "stochastic_mpc": _stochastic_mpc,
    **{f"stochastic_mpc_{name}": partial(_stochastic_mpc, name) for name in TUNED_OFFERS},
}

_MAKERS: dict[str, Maker] = {
    "charge_on_arrival": partial(_rule, "ChargeOnArrival"),
    "charge_at_deadline": partial(_rule, "ChargeAtDeadline"),
    "price_threshold": partial(_rule, "PriceThreshold"),
    "no_v2g": _no_v2g,
    **{f"algorithm_1_{term_h}h": partial(_algorithm_1, term_h) for term_h in (1, 2, 3)},
    "rolling_mpc": _rolling_mpc,
    **{f"rolling_mpc_{h}h": partial(_rolling_mpc, h) for h in (1, 2, 3, MENU_TERM_H)},
    **{f"rolling_mpc_{name}": partial(_rolling_mpc, 0, name) for name in TUNED_OFFERS},
    **_STOCHASTIC,
    "rolling_mpc+expected_load": partial(_operator, _rolling_mpc, ExpectedLoadBidder),
    **{
        f"{name}+expected_load": partial(_operator, make, ExpectedLoadBidder)
        for name, make in _STOCHASTIC.items()
    },
    "rolling_mpc+wait_and_see": partial(_operator, _rolling_mpc, WaitAndSee),
    "rolling_mpc+two_stage": partial(_operator, _rolling_mpc, _two_stage),
    "hindsight": _hindsight,
}
"""How each baseline is made, by its name."""
