"""The baselines by name, and the offers to owners that were tuned for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from vpp_gym.params.contract import ContractChanges, offer
from vpp_gym.policies.bidders import Bidder, ExpectedLoadBidder, WaitAndSee
from vpp_gym.policies.operator import Operator
from vpp_gym.policy import Policy, made_by_name

if TYPE_CHECKING:
    from vpp_gym.policies.departure_law import Departures

PRICE_OFFER = offer("price_based", markup=1.25, margin=0.0)
"""What policies whose name ends with `price` offer: pay for each kWh by the owner's own wear.

Tuned on synthetic validation years of the reference world by
`python -m benchmarks.contract_search`. The posted tariff, for names that end with `tariff`,
is what `params` offer.
"""

HINDSIGHT_OFFER = PRICE_OFFER
"""What the optimum in hindsight offers."""

PLAIN_OFFERS: dict[str, ContractChanges] = {
    "control": offer("control_based", tariff_eur_per_kwh=0.01334, keep_soc=0.0),
    "price": offer("price_based", markup=1.0, margin=0.0),
}
"""Offers tuned in the plain world (`params="plain"`, hours), by the ending of a policy's name.

There a wear of 0.01 EUR/kWh is what the first pays four of five types of owners, and all who
lose nothing are content.
"""

Maker = Callable[[], Policy]


def baseline(name: str) -> Policy:
    """A fresh baseline by its name; only its own module is imported.

    Args:
        name: one of `baseline_names()`, or else of `PLAIN_WORLD_NAMES`, `LEARNED_NAMES`,
            `HABIT_NAMES` or `SITE_NAMES`.

    Raises:
        InvalidInputError: there is no such baseline.

    >>> baseline("rolling_mpc_3h").name
    'rolling_mpc_3h'
    """
    for others in (_PLAIN_MAKERS, _LEARNED_MAKERS, _HABIT_MAKERS, _SITE_MAKERS):
        if name in others and name not in _MAKERS:
            return others[name]()
    return made_by_name(_MAKERS, name)


def baseline_names() -> tuple[str, ...]:
    """Names of all baselines, in the order of `baselines`."""
    return tuple(_MAKERS)


def baselines() -> dict[str, Policy]:
    """The policies of the leaderboards of the reference world by name, fresh objects.

    Rules and schedulers settle all energy as imbalance, unless their name ends with that
    of a bidder. Without another ending they offer no contracts; `tariff` stands for what
    `params` offer.
    """
    return {name: make() for name, make in _MAKERS.items()}


def plain_baselines() -> dict[str, Policy]:
    """The policies of older leaderboards by name, fresh objects, with the offers tuned there.

    Their `rolling_mpc_price`, `hindsight` and so on offer `PLAIN_OFFERS`.
    """
    return {name: make() for name, make in _PLAIN_MAKERS.items()}


def _rule(kind: str) -> Policy:
    from vpp_gym.policies import rules

    made: Policy = getattr(rules, kind)()
    return made


def _no_v2g() -> Policy:
    from vpp_gym.policies.scheduler import no_v2g

    return no_v2g()


def _algorithm_1(term_h: int, anchored: bool = False) -> Policy:
    from vpp_gym.policies.forecasters import DayAheadAnchored
    from vpp_gym.policies.scheduler import algorithm_1

    if not anchored:
        return algorithm_1(term_h)
    return algorithm_1(term_h, DayAheadAnchored(), name=f"algorithm_1_{term_h}h_anchored")


def _mpc(family: str, offered: ContractChanges | None = None, ending: str = "") -> Policy:
    """One of the rolling MPCs with an offer, or with what `params` offer."""
    from vpp_gym.policies import scheduler

    made: Policy = getattr(scheduler, family)(
        None if ending else 0, contract=offered, name=f"{family}_{ending}" if ending else family
    )
    return made


def _rolling_mpc(term_h: int) -> Policy:
    from vpp_gym.policies.scheduler import rolling_mpc

    return rolling_mpc(term_h)


def _stochastic_mpc(offered: ContractChanges | None = None, ending: str = "") -> Policy:
    from vpp_gym.policies.stochastic_mpc import StochasticMPC

    if offered is None:
        return StochasticMPC()
    return StochasticMPC(contract=offered, name=f"stochastic_mpc_{ending}")


def _climatology() -> Bidder:
    from vpp_gym.policies.climatology import ClimatologyBidder, synthetic_climatology

    return ClimatologyBidder(synthetic_climatology())


def _two_stage() -> Bidder:
    from vpp_gym.policies.two_stage import TwoStage

    return TwoStage()


def _hindsight(offered: ContractChanges) -> Policy:
    from vpp_gym.policies.hindsight import Hindsight

    return Hindsight(contract=offered)


def _operator(dispatcher: Maker, bidder: Callable[[], Bidder]) -> Policy:
    return Operator(dispatcher(), bidder())


_RULES: dict[str, Maker] = {
    "charge_on_arrival": partial(_rule, "ChargeOnArrival"),
    "charge_at_deadline": partial(_rule, "ChargeAtDeadline"),
    "price_threshold": partial(_rule, "PriceThreshold"),
}

_PAPER: dict[str, Maker] = {
    "no_v2g": _no_v2g,
    **{f"algorithm_1_{term_h}h": partial(_algorithm_1, term_h) for term_h in (1, 2, 3)},
}

_MENUS: dict[str, Maker] = {f"rolling_mpc_{h}h": partial(_rolling_mpc, h) for h in (1, 2, 3)}

_FAMILIES = ("rolling_mpc", "hazard_mpc")

_TARIFF: dict[str, Maker] = {
    f"{family}_tariff": partial(_mpc, family, None, "tariff") for family in _FAMILIES
}

_PRICE: dict[str, Maker] = {
    f"{family}_price": partial(_mpc, family, PRICE_OFFER, "price") for family in _FAMILIES
}

_BIDDERS: dict[str, Callable[[], Bidder]] = {
    "expected_load": ExpectedLoadBidder,
    "wait_and_see": WaitAndSee,
    "two_stage": _two_stage,
    "climatology": _climatology,
}

_MAKERS: dict[str, Maker] = {
    **_RULES,
    **_PAPER,
    **{family: partial(_mpc, family) for family in _FAMILIES},
    **_MENUS,
    **_TARIFF,
    **_PRICE,
    **{
        f"charge_on_arrival+{bidder}": partial(
            _operator, _RULES["charge_on_arrival"], _BIDDERS[bidder]
        )
        for bidder in ("expected_load", "climatology")
    },
    "algorithm_1_3h_anchored+expected_load": partial(
        _operator, partial(_algorithm_1, 3, True), ExpectedLoadBidder
    ),
    **{
        f"rolling_mpc_tariff+{bidder}": partial(
            _operator, _TARIFF["rolling_mpc_tariff"], _BIDDERS[bidder]
        )
        for bidder in ("expected_load", "two_stage")
    },
    **{
        f"hazard_mpc_tariff+{bidder}": partial(_operator, _TARIFF["hazard_mpc_tariff"], bid)
        for bidder, bid in _BIDDERS.items()
    },
    **{
        f"hazard_mpc_price+{bidder}": partial(
            _operator, _PRICE["hazard_mpc_price"], _BIDDERS[bidder]
        )
        for bidder in ("two_stage", "climatology")
    },
    "hindsight": partial(_hindsight, HINDSIGHT_OFFER),
}
"""How each baseline of the reference world is made, by its name."""

_PLAIN_ROLLING: Maker = partial(_mpc, "rolling_mpc")

_PLAIN_STOCHASTIC: dict[str, Maker] = {
    "stochastic_mpc": _stochastic_mpc,
    **{
        f"stochastic_mpc_{ending}": partial(_stochastic_mpc, offered, ending)
        for ending, offered in PLAIN_OFFERS.items()
    },
}

_PLAIN_MAKERS: dict[str, Maker] = {
    **_RULES,
    **_PAPER,
    "rolling_mpc": _PLAIN_ROLLING,
    **_MENUS,
    "rolling_mpc_10h": partial(_rolling_mpc, 10),
    **{
        f"rolling_mpc_{ending}": partial(_mpc, "rolling_mpc", offered, ending)
        for ending, offered in PLAIN_OFFERS.items()
    },
    **_PLAIN_STOCHASTIC,
    "rolling_mpc+expected_load": partial(_operator, _PLAIN_ROLLING, ExpectedLoadBidder),
    **{
        f"{name}+expected_load": partial(_operator, make, ExpectedLoadBidder)
        for name, make in _PLAIN_STOCHASTIC.items()
    },
    "rolling_mpc+wait_and_see": partial(_operator, _PLAIN_ROLLING, WaitAndSee),
    "rolling_mpc+two_stage": partial(_operator, _PLAIN_ROLLING, _two_stage),
    "hindsight": partial(_hindsight, PLAIN_OFFERS["price"]),
}
"""How each baseline of the plain world is made, by its name."""

PLAIN_WORLD_NAMES = tuple(_PLAIN_MAKERS)
"""Names of the baselines of older leaderboards, in the order of `plain_baselines`.

`baseline` makes those that are not among `baseline_names()`, too.
"""


def _learned(family: str, offered: ContractChanges | None = None, ending: str = "") -> Policy:
    """A planner with the learned forecast and an offer, or with what `params` offer."""
    from vpp_gym.policies.learned import LearnedForecaster, learned_mpc
    from vpp_gym.policies.stochastic_mpc import StochasticMPC

    name, term_h = (f"{family}_{ending}", None) if ending else (family, 0)
    if family == "stochastic_learned_mpc":
        return StochasticMPC(
            term_h, contract=offered, name=name, forecaster=LearnedForecaster(), departures="law"
        )
    departures: Departures = "learnt" if family == "adaptive_mpc" else "law"
    return learned_mpc(term_h, contract=offered, name=name, departures=departures)


_LEARNED_FAMILIES = ("learned_mpc", "adaptive_mpc", "stochastic_learned_mpc")

_LEARNED: dict[str, Maker] = {
    **{family: partial(_learned, family) for family in _LEARNED_FAMILIES},
    **{
        f"{family}_tariff": partial(_learned, family, None, "tariff")
        for family in _LEARNED_FAMILIES
    },
    **{
        f"{family}_price": partial(_learned, family, PRICE_OFFER, "price")
        for family in _LEARNED_FAMILIES
    },
}

_LEARNED_MAKERS: dict[str, Maker] = {
    **_LEARNED,
    **{
        f"{name}+{bidder}": partial(_operator, _LEARNED[name], _BIDDERS[bidder])
        for name in ("learned_mpc_tariff", "learned_mpc_price")
        for bidder in ("expected_load", "two_stage", "climatology")
    },
}
"""How each planner with the learned forecast is made, by its name."""

LEARNED_NAMES = tuple(_LEARNED_MAKERS)
"""Names of planners with the learned forecast, which knows quarters of an hour only.

`learned_mpc` is `hazard_mpc` with that forecast, `adaptive_mpc` learns the law of departures
from its own past, `stochastic_learned_mpc` weighs how the forecast may be revised. `baseline`
makes them, too; most are on the leaderboard of the recorded year.
"""


def _each_by_itself(kind: str, name: str, offered: ContractChanges | None = None) -> Policy:
    """A planner that believes of each driver how likely an early departure is."""
    from vpp_gym.policies import tracked_law

    term_h = 0 if name == "tracking_mpc" else None
    made: Policy = getattr(tracked_law, kind)(name=name, term_h=term_h, contract=offered)
    return made


_HABIT_MAKERS: dict[str, Maker] = {
    "tracking_mpc": partial(_each_by_itself, "TrackingScheduler", "tracking_mpc"),
    "tracking_mpc_tariff": partial(_each_by_itself, "TrackingScheduler", "tracking_mpc_tariff"),
    "tracking_mpc_price": partial(
        _each_by_itself, "TrackingScheduler", "tracking_mpc_price", PRICE_OFFER
    ),
    "tracking_mpc_price+climatology": partial(
        _operator,
        partial(_each_by_itself, "TrackingScheduler", "tracking_mpc_price", PRICE_OFFER),
        _climatology,
    ),
    "told_habits_price": partial(_each_by_itself, "ToldHabits", "told_habits_price", PRICE_OFFER),
}
"""How each planner of habits is made, by its name."""

HABIT_NAMES = tuple(_HABIT_MAKERS)
"""Names of planners that learn from the past of their run who leaves early, and of one that is
told, see `vpp_gym.policies.tracked_law`. They know quarters of an hour only."""


def _site_mpc(name: str, **settings: Any) -> Policy:
    """A scheduler of a whole site with the offer of its name, or none."""
    from vpp_gym.policies.site_fast import FastSiteScheduler

    if name.endswith("_price"):
        settings["contract"] = PRICE_OFFER
    term_h = None if name.endswith(("_tariff", "_price")) else 0
    return FastSiteScheduler(name=name, term_h=term_h, **settings)


def _site_learned(name: str) -> Policy:
    """A scheduler of a whole site that knows the law of departures and the learned forecast."""
    from vpp_gym.policies.learned import LearnedForecaster

    return _site_mpc(name, early=True, forecaster=LearnedForecaster())


def _site_known_prices() -> Policy:
    """A scheduler of a whole site that is told all prices, and nothing else of the future."""
    from vpp_gym.policies.forecasters import PerfectForecast

    return _site_mpc("site_known_prices", early=True, forecaster=PerfectForecast())


def _keeping_sun(name: str) -> Policy:
    """A baseline with a battery that keeps sun for later."""
    from vpp_gym.policies.site_mpc import SelfConsumption

    return SelfConsumption(baseline(name))


def _site_hindsight() -> Policy:
    """The optimum of a site with the whole future known."""
    from vpp_gym.policies.site_hindsight import SiteHindsight

    return SiteHindsight()


_KEEPING_SUN = ("charge_on_arrival", "algorithm_1_3h", "rolling_mpc", "rolling_mpc_tariff")

_SITE_MAKERS: dict[str, Maker] = {
    **{name: partial(_site_mpc, name) for name in ("site_mpc", "site_mpc_tariff")},
    **{
        f"site_hazard_mpc{ending}": partial(_site_mpc, f"site_hazard_mpc{ending}", early=True)
        for ending in ("", "_tariff", "_price")
    },
    **{
        f"site_learned_mpc{ending}": partial(_site_learned, f"site_learned_mpc{ending}")
        for ending in ("", "_tariff", "_price")
    },
    "site_mpc_exact": partial(_site_mpc, "site_mpc_exact", single=None),
    "site_known_prices": _site_known_prices,
    **{f"{name}+self_consumption": partial(_keeping_sun, name) for name in _KEEPING_SUN},
    "site_hindsight": _site_hindsight,
}
"""How each baseline that knows of a site is made, by its name."""

SITE_NAMES = tuple(_SITE_MAKERS)
"""Names of the baselines that know of a site, see `vpp_gym.policies.site_mpc` and
`vpp_gym.policies.site_fast`."""
