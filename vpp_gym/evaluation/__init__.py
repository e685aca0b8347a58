"""Evaluate a policy, score it and rank it: rollouts, metrics and statistics."""

from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.metrics import profit_parts, score, score_interval, totals
from vpp_gym.evaluation.rollout import RunResult, evaluate
from vpp_gym.evaluation.statistics import (
    Interval,
    block_bootstrap,
    interquartile_mean,
    paired_difference,
    stratified_bootstrap,
)
from vpp_gym.evaluation.tables import markdown_table

__all__ = [
    "EnvironmentAgent",
    "Interval",
    "RunResult",
    "block_bootstrap",
    "evaluate",
    "interquartile_mean",
    "leaderboard",
    "markdown_table",
    "paired_difference",
    "profit_parts",
    "score",
    "score_interval",
    "stratified_bootstrap",
    "totals",
]
