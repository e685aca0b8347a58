"""Suites of EVs with planners that learned to forecast, and agents of one decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.boards import SAME_OFFER, differences
from benchmarks.suites.base import Board, trained_or_none
from benchmarks.suites.ev import BIDDING, CONTRACTS, STAY, EVSuite, env_id_of, of_site
from vpp_gym.policies.baselines import LEARNED_NAMES, baseline

SAME_FORECAST = "same offer and forecast"
"""Why an agent is compared with a planner."""
CONSTANT_OFFER = "constant offer"
"""Why an agent that makes offers is compared with the scheduler that it has."""
CONSTANT = "rolling_mpc_price"
"""The scheduler of that agent, with the best constant offer that is known."""
FORECASTS = {"learned": "learned_mpc", "anchored": "hazard_mpc"}
"""The planner with each forecast that single stays may show."""


SLOW = ("stochastic_learned_mpc", "stochastic_learned_mpc_tariff")
"""Left out: with the price-based offer it runs, which is the strongest of the three."""
SLOW_IN_MANY = ("stochastic_learned_mpc_price", "adaptive_mpc", "adaptive_mpc_tariff")
"""Left out besides where there are many worlds; the board of the recorded year has them."""


def learned_planners(left_out: Collection[str] = SLOW) -> dict[str, Any]:
    """The planners with the learned forecast, which knows quarters of an hour.

    Args:
        left_out: their names.
    """
    return {name: baseline(name) for name in LEARNED_NAMES if name not in left_out}


class LearningSuite(EVSuite):
    """Leaderboards with what learned to forecast, and with agents of bids or dispatch alone.

    Args:
        name: one of `benchmarks.suites.ev_worlds.WORLDS`, of quarter hours.
    """

    def baselines(self) -> Mapping[str, Any]:
        """Rules, schedulers, those that learned to forecast, bidders, and who knows more."""
        left_out = (*SLOW, *SLOW_IN_MANY) if self.world.worlds > 1 else SLOW
        return {**super().baselines(), **learned_planners(left_out)}

    def takes(self, agent: Any) -> bool:
        """Agents that were trained for its time step, and not at a site."""
        return getattr(agent, "dt_h", None) in (None, self.world.dt_h) and not of_site(agent)

    def ranked(
        self,
        board: Board,
        days: pd.DataFrame,
        privileged: Collection[str],
        statistics: Mapping[str, int],
    ) -> pd.DataFrame:
        """As without; who only bids is not on the board of operations."""
        if board.name == "operations":
            agents = trained_or_none(self).items()
            only_bid = {name for (name, _), one in agents if env_id_of(one) == BIDDING}
            days = days[~days["policy"].isin(only_bid)]
        return super().ranked(board, days, privileged, statistics)

    def differences(
        self,
        board: Board,
        days: pd.DataFrame,
        rows: Sequence[Mapping[str, Any]],
        statistics: Mapping[str, int],
    ) -> list[dict[str, Any]]:
        """As without, and of agents over the planner with their forecast, offer and bids."""
        found = super().differences(board, days, rows, statistics)
        names = [str(row["policy"]) for row in rows if not row["privileged"]]
        same, value_eur = self.same_forecast(names, board), self.scale(board).value_eur
        pairs = differences(days, rows, same, value_eur, statistics)
        pairs = [{**one, "why": SAME_FORECAST} for one in pairs if one["why"] == SAME_OFFER]
        if board.name == "operations":
            offering = dict.fromkeys(self.making_offers(names), CONSTANT)
            more = differences(days, rows, offering, value_eur, statistics)
            more = [{**one, "why": CONSTANT_OFFER} for one in more if one["why"] == SAME_OFFER]
            pairs = [*pairs, *more]
        return [*found, *pairs]

    def alike(self, policies: Mapping[str, Any], scheduler: str, board: Board) -> dict[str, str]:
        """As without; nobody has the offers of an agent that makes them anew every day."""
        offering = self.making_offers(policies)
        return super().alike(
            {name: one for name, one in policies.items() if name not in offering}, scheduler, board
        )

    def making_offers(self, names: Collection[str]) -> list[str]:
        """Trained agents among some policies that make offers anew every day."""
        agents = trained_or_none(self).items()
        return [
            name
            for (name, seed), one in agents
            if seed == 0 and name in names and env_id_of(one) == CONTRACTS
        ]

    def same_forecast(self, names: Sequence[str], board: Board) -> dict[str, str]:
        """The planner that has the same forecast as an agent, offer and bids being the same.

        Args:
            names: of policies without knowledge of the future.
            board: that they are on.

        Returns:
            its name by agent; without those that see no forecast of a planner.
        """
        agents = {name: one for (name, _), one in trained_or_none(self).items() if name in names}
        planners = {name: forecast_of(agent) for name, agent in agents.items()}
        found: dict[str, str] = {}
        for planner in sorted({one for one in planners.values() if one is not None}):
            those = {name: agents[name] for name, one in planners.items() if one == planner}
            found |= self.alike(those, planner, board)
        return found


def forecast_of(agent: Any) -> str | None:
    """The planner whose forecast of prices a trained agent sees or works with; None: it has none.

    With corrected prices that is the planner that it corrects.
    """
    settings: Mapping[str, Any] = getattr(agent, "settings", {})
    if env_id_of(agent) == STAY:
        return FORECASTS[settings.get("forecast", "learned")]
    if settings.get("control") == "price" or "forecast" in settings.get("columns", ()):
        return str(settings.get("planner", "hazard_mpc"))
    return None
