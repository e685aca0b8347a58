"""The suite of years whose drivers have habits that nobody states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.boards import SAME_OFFER, differences
from benchmarks.suites.base import Board
from benchmarks.suites.ev import DISPATCH, STAY, env_id_of
from benchmarks.suites.ev_learning import LearningSuite
from vpp_gym.policies.baselines import baseline

DAY_AHEAD = "VPPDayAhead-v0"
STATED_LAW = "by the stated law of departures"
"""Why a planner that learns the habits of drivers is compared with one that does not."""
TRACKING, BY_STATED_LAW = "tracking_mpc_price", "learned_mpc_price"
"""The planner that learns habits as it goes, and the same one by the law that parameters state."""
TOLD = "told_habits_price"
"""Is told how likely each driver is to leave early."""
POLICIES = (
    *("charge_on_arrival", "charge_at_deadline", "algorithm_1_3h", "rolling_mpc"),
    *("rolling_mpc_price", "hazard_mpc_price", "learned_mpc_price"),
    *("adaptive_mpc_price", "tracking_mpc_price"),
    *("learned_mpc_price+climatology", "tracking_mpc_price+climatology"),
    *(TOLD, "hindsight"),
)


class ShiftingSuite(LearningSuite):
    """Leaderboards on which planners learn habits as a run goes on, or do not."""

    def baselines(self) -> Mapping[str, Any]:
        """Rules, planners by the stated law, planners that learn habits, and who is told them."""
        return {name: baseline(name) for name in POLICIES}

    def takes(self, agent: Any) -> bool:
        """Agents that dispatch, as they were trained: in years as the parameters say."""
        return super().takes(agent) and env_id_of(agent) in (STAY, DISPATCH, DAY_AHEAD)

    def differences(
        self,
        board: Board,
        days: pd.DataFrame,
        rows: Sequence[Mapping[str, Any]],
        statistics: Mapping[str, int],
    ) -> list[dict[str, Any]]:
        """As without, and of who learns habits over the same planner by the stated law."""
        found = super().differences(board, days, rows, statistics)
        over, value_eur = {TRACKING: BY_STATED_LAW}, self.scale(board).value_eur
        more = differences(days, rows, over, value_eur, statistics)
        return [*found, *({**one, "why": STATED_LAW} for one in more if one["why"] == SAME_OFFER)]
