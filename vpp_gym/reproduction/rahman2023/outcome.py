"""What a run of the case study amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vpp_gym.evaluation.rollout import RunResult
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.reproduction.rahman2023.published import Row
from vpp_gym.reproduction.rahman2023.run_records import RunRecords

REVENUE = ("retail_eur", "shortfall_eur")
OTHER_MONEY = tuple(
    name for name in MONEY if name not in (*REVENUE, "da_eur", "im_eur", "payoff_eur")
)
"""Money that the paper does not have."""


@dataclass(frozen=True)
class Outcome:
    """Money of a year [EUR], and the books it comes from.

    Attributes:
        row: of the table.
        books: that the money comes from.
        revenue_eur: what drivers paid.
        da_eur: what the day-ahead market paid.
        im_buy_eur: paid for energy bought as imbalance, negative.
        im_sell_eur: got for energy sold as imbalance.
        payoff_eur: paid to owners, negative.
        other_eur: any other money of the ledger; the paper has none.
        load_value_eur: minus the cost of the load at imbalance prices.
        accepted: contracts signed, by place on the menu; empty without a menu.
    """

    row: Row
    books: RunRecords
    revenue_eur: float
    da_eur: float
    im_buy_eur: float
    im_sell_eur: float
    payoff_eur: float
    other_eur: float
    load_value_eur: float
    accepted: tuple[int, ...]

    @property
    def result(self) -> RunResult:
        """The run by itself, maybe with other bids; there is none of years stepped together."""
        assert self.books.result is not None, "the year was made by itself"
        return self.books.result

    @property
    def transfer_eur(self) -> float:
        """What both markets paid."""
        return self.da_eur + self.im_buy_eur + self.im_sell_eur

    @property
    def position_eur(self) -> float:
        """What the bids added: committed energy times day-ahead minus imbalance price."""
        return self.transfer_eur - self.load_value_eur

    @property
    def profit_eur(self) -> float:
        """All money together: revenue, transfer and payoff."""
        return self.revenue_eur + self.transfer_eur + self.payoff_eur + self.other_eur

    @property
    def parts_eur(self) -> dict[str, float]:
        """The profit in the parts of the paper's figure 4, and the rest if the ledger has one."""
        parts = {
            "retail revenue": self.revenue_eur,
            "day-ahead": self.da_eur,
            "imbalance": self.im_buy_eur + self.im_sell_eur,
            "payoffs": self.payoff_eur,
        }
        return {**parts, "other": self.other_eur} if OTHER_MONEY else parts

    def gain_percent(self, no_control: Outcome) -> float:
        """Profit above that of No-Control."""
        return 100 * (self.profit_eur / no_control.profit_eur - 1)


def outcome_of(row: Row, books: RunRecords, revenue_eur: float | None = None) -> Outcome:
    """The outcome in a run's books.

    Args:
        row: of the table.
        books: of the run.
        revenue_eur: instead of what the run itself earned from drivers.
    """
    terms: Mapping[str, np.ndarray] = dict(zip(TERMS, books.records.T, strict=True))
    bought = terms["im_sold_kwh"] < 0
    own_eur = sum(terms[name].sum() for name in REVENUE)
    return Outcome(
        row=row,
        books=books,
        revenue_eur=float(own_eur if revenue_eur is None else revenue_eur),
        da_eur=float(terms["da_eur"].sum()),
        im_buy_eur=float(terms["im_eur"][bought].sum()),
        im_sell_eur=float(terms["im_eur"][~bought].sum()),
        payoff_eur=float(terms["payoff_eur"].sum()),
        other_eur=float(sum(terms[name].sum() for name in OTHER_MONEY)),
        load_value_eur=float(terms["load_value_eur"].sum()),
        accepted=books.accepted,
    )
