"""Tables 1 and 2, ours beside the paper's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vpp_gym.contracts.design import design_menu
from vpp_gym.contracts.menu import Menu
from vpp_gym.params import DEFAULT
from vpp_gym.reproduction.rahman2023.published import (
    NO_CONTROL,
    NO_V2G,
    TABLE_1,
    TABLE_2,
    UNIFORM,
    V2G,
    Row,
)
from vpp_gym.reproduction.rahman2023.quirks import PAPER
from vpp_gym.reproduction.rahman2023.rules import Rules
from vpp_gym.reproduction.rahman2023.study import Study, Task

WEAR_EUR_PER_KWH = {"current": 0.05, "future": 0.01}
"""Scenarios of battery wear; both tables are those of the future."""

POWER_KW = 11.0

REPAIRS: tuple[tuple[str, tuple[str, ...], tuple[Row, ...]], ...] = (
    ("plans have prices up to each EV's own departure",
     ("price_zero_after_last",), (NO_V2G, *V2G)),
    ("no EV above 97 %", ("soc_unbounded",), V2G),
    ("both, and (16d): the energy limit holds for the sum of all planned hours",
     ("price_zero_after_last", "soc_unbounded", "energy_unplanned"), V2G),
    ("negative prices are kept", ("prices_floored",), (NO_CONTROL,)),
    ("charging to the target, losses included",
     ("ignores_charge_efficiency",), (NO_CONTROL,)),
    ("the same bids in every row", ("baselines_bid_apart",), (NO_CONTROL, NO_V2G)),
)  # fmt: skip
"""Rules removed one at a time: the change, the rules, and the rows that it changes."""


def paper_menu(term_h: int, wear_eur_per_kwh: float = WEAR_EUR_PER_KWH["future"]) -> Menu:
    """The menu of a term."""
    return design_menu(
        DEFAULT.owner.types,
        UNIFORM,
        kappa_eur=0.2,
        wear_eur_per_kwh=wear_eur_per_kwh,
        energy_cap_kwh=POWER_KW * term_h,
    )


def table_1() -> list[dict[str, float]]:
    """Contracts of each term and type; whether they round to the printed ones."""
    rows = []
    for term_h, printed in TABLE_1.items():
        menu = paper_menu(term_h)
        for k, (paper_eur, paper_kwh) in enumerate(printed):
            payoff_eur, energy_kwh = float(menu.payoff_eur[k]), float(menu.energy_kwh[k])
            rows.append(
                {
                    "term_h": term_h,
                    "owner_type": float(menu.owner_types[k]),
                    "payoff_eur": payoff_eur,
                    "energy_kwh": energy_kwh,
                    "paper_payoff_eur": paper_eur,
                    "paper_energy_kwh": paper_kwh,
                }
            )
    return rows


def table_2(study: Study) -> list[dict[str, Any]]:
    """All rows: profit, transfer, payoff and gain, ours and the paper's, and our split."""
    base = study.outcome(NO_CONTROL)
    rows = []
    for row, printed in TABLE_2.items():
        own = study.outcome(row)
        rows.append(
            {
                "row": row.name,
                "profit_eur": own.profit_eur,
                "paper_profit_eur": printed.profit_eur,
                "transfer_eur": own.transfer_eur,
                "paper_transfer_eur": printed.transfer_eur,
                "payoff_eur": own.payoff_eur,
                "paper_payoff_eur": printed.payoff_eur,
                "gain_percent": own.gain_percent(base),
                "paper_gain_percent": printed.gain_percent,
                "revenue_eur": own.revenue_eur,
                "da_eur": own.da_eur,
                "im_buy_eur": own.im_buy_eur,
                "im_sell_eur": own.im_sell_eur,
                "position_eur": own.position_eur,
                "load_value_eur": own.load_value_eur,
                "contracts": sum(own.accepted),
                "contracts_by_type": list(own.accepted),
            }
        )
    return rows


def repairs(study: Study) -> list[dict[str, Any]]:
    """Profits with one repair alone, beside those with none."""
    return [
        {
            "repair": name,
            "row": row.name,
            "profit_eur": study.outcome(row, Rules(PAPER.without(*quirks))).profit_eur,
            "paper_profit_eur": study.outcome(row).profit_eur,
        }
        for name, quirks, rows in REPAIRS
        for row in rows
    ]


def table_tasks() -> Iterator[Task]:
    """Runs that Table 2 and the repairs need."""
    yield from (Task(row) for row in TABLE_2)
    yield from (
        Task(row, Rules(PAPER.without(*quirks))) for _, quirks, rows in REPAIRS for row in rows
    )
