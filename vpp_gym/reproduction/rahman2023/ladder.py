"""The paper's gain with its rules removed one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, NO_V2G, V2G, Row
from vpp_gym.reproduction.rahman2023.quirks import NONE, PAPER
from vpp_gym.reproduction.rahman2023.rules import Rules
from vpp_gym.reproduction.rahman2023.study import Study, Task

ROWS = (NO_CONTROL, NO_V2G, V2G[2])
"""Those of the gain of 12.2 %: contracts of 3 h, uniform types."""

END_ROWS = (NO_CONTROL, NO_V2G, *V2G)


class Rung(NamedTuple):
    """A step of the ladder: what changes, and all rules from there on."""

    change: str
    rules: Rules


def rungs() -> Iterator[Rung]:
    """Steps from the paper's rules to those of this project, each with all changes before it."""
    quirks = PAPER
    yield Rung("as in the paper", Rules(quirks))
    quirks = quirks.without("baselines_bid_apart")
    yield Rung("the same bids in every row", Rules(quirks))
    yield Rung("no bids", Rules(quirks, "none"))
    for change, names in (
        (
            "drivers receive and pay for the energy they asked for",
            ("revenue_of_no_control", "ignores_charge_efficiency"),
        ),
        (
            "plans as the model states them: all prices, (16d), at most 97 %",
            ("price_zero_after_last", "energy_unplanned", "soc_unbounded", "laxity_margin"),
        ),
        ("negative prices are kept", ("prices_floored",)),
        ("forecasts from past data only", ("forecast_with_future",)),
        ("whole stays, all 10,000 sessions", ("days_cut_at_23",)),
    ):
        quirks = quirks.without(*names)
        yield Rung(change, Rules(quirks, "none"))
    yield Rung("forecasts start from the day-ahead price", Rules(quirks, "none", "anchored"))
    yield Rung("every EV planned", Rules(quirks, "none", "mpc"))
    yield Rung("wait-and-see bids on past data only", Rules(quirks, "honest", "mpc"))


END = {
    "Algorithm 1, hour-of-day means": Rules(NONE, "none"),
    "every EV planned, bids on past data only": Rules(NONE, "honest", "mpc"),
}
"""The end of the ladder, for contracts of every term: the paper's operation and a better one."""


def ladder_tasks() -> Iterator[Task]:
    """Runs that the ladder needs."""
    yield from (Task(row, rung.rules) for rung in rungs() for row in ROWS)
    yield from (Task(row, rules) for rules in END.values() for row in END_ROWS)


def ladder(study: Study) -> list[dict[str, Any]]:
    """One row per step: profits, and the gain of V2G over both baselines [EUR]."""
    return [{"change": rung.change, **_compared(study, rung.rules, ROWS)} for rung in rungs()]


def end_of_ladder(study: Study) -> list[dict[str, Any]]:
    """One row per operation and row of the table: profit and its parts [EUR]."""
    return [
        {"operation": name, "row": row.name, **parts(study, row, rules)}
        for name, rules in END.items()
        for row in END_ROWS
    ]


def parts(study: Study, row: Row, rules: Rules) -> dict[str, float]:
    """Profit of a run, split [EUR].

    position: the bids. flexibility: what the load costs less than that of No-Control.
    contracts: payoffs. drivers: their payments, and any money that the paper does not have,
    less those of No-Control.
    """
    own, base = study.outcome(row, rules), study.outcome(NO_CONTROL, rules)
    return {
        "profit_eur": own.profit_eur,
        "gain_eur": own.profit_eur - base.profit_eur,
        "position_eur": own.position_eur,
        "flexibility_eur": own.load_value_eur - base.load_value_eur,
        "contracts_eur": own.payoff_eur,
        "drivers_eur": own.revenue_eur + own.other_eur - (base.revenue_eur + base.other_eur),
        "charging_eur": -own.load_value_eur - own.payoff_eur,
    }


def _compared(study: Study, rules: Rules, rows: tuple[Row, ...]) -> dict[str, Any]:
    no_control, no_v2g, v2g = (study.outcome(row, rules) for row in rows)
    split = parts(study, rows[-1], rules)
    return {
        "no_control_eur": no_control.profit_eur,
        "no_v2g_eur": no_v2g.profit_eur,
        "v2g_eur": v2g.profit_eur,
        "gain_percent": v2g.gain_percent(no_control),
        "over_no_v2g_eur": v2g.profit_eur - no_v2g.profit_eur,
        "position_gain_eur": v2g.position_eur - no_control.position_eur,
        "flexibility_eur": split["flexibility_eur"],
        "contracts_eur": split["contracts_eur"],
        "drivers_eur": split["drivers_eur"],
    }
