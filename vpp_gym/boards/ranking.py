"""Own runs among the published ones: rank, intervals, and how often one earned more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.boards.published import Board
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.statistics import (
    Interval,
    block_weights,
    interquartile_mean,
    paired_difference,
    score_interval,
    share_of_wins,
)

WEEK_DAYS = 7
N_RESAMPLES = 2000
OWN = "yours"
"""Kind of the policies that are not published."""


@dataclass(frozen=True)
class Ranking:
    """A board with own policies on it, all on the same weeks of the same worlds.

    Attributes:
        board: that it extends.
        worlds: how many scenarios were run, from the first.
        days: how many days of each.
        rows: one for each policy, best first: rank (None for those that saw the future), policy,
            kind, seeds, value_eur, the mean of the worlds, gain_eur over the low end and score,
            each with _low and _high (95 %), worlds_more, the number of worlds with a gain, and of
            EVs demand_satisfaction. Of every policy but the one in question also what that one
            earned more: own_gain_eur with _low and _high, and own_better, the share of weeks in
            which it earned more, ties half (probability of improvement).
        own: name of the policy in question; None: there is none.
    """

    board: Board
    worlds: int
    days: int
    rows: tuple[Mapping[str, Any], ...]
    own: str | None

    @property
    def row(self) -> Mapping[str, Any]:
        """The row of the policy in question; there is one."""
        return next(row for row in self.rows if row["policy"] == self.own)

    @property
    def ranked(self) -> int:
        """How many policies have a rank."""
        return sum(row["rank"] is not None for row in self.rows)


def ranking(board: Board, runs: Mapping[str, Floats], own: str | None = None) -> Ranking:
    """Rank own policies among the published ones.

    Args:
        board: with the published runs.
        runs: (seeds, worlds, periods, quantities) of every own policy, by name: of the first
            worlds of the board, and of their first weeks or days. Without any the published
            ones are ranked.
        own: the policy in question; None: the first.

    Raises:
        InvalidInputError: a name that is published, or runs of different spans.
    """
    if clash := sorted(set(runs) & set(board.policies())):
        raise InvalidInputError("name", clash[0], f"{board.name} has a policy of that name")
    first = next(iter(runs.values()), board.values)
    shape = first.shape[1:3]
    for name, values in runs.items():
        if values.shape[1:3] != shape:
            remedy = f"run it on {shape[0]} worlds and {shape[1]} weeks or days, as the others"
            raise InvalidInputError("runs", f"{name}: {values.shape[1:3]}", remedy)
    if shape[0] > board.n_worlds or shape[1] > board.n_periods:
        raise InvalidInputError("runs", shape, f"{board.name} has {board.n_worlds} worlds")
    everyone = {
        **{name: board.of(name)[:, : shape[0], : shape[1]] for name in board.policies()},
        **runs,
    }
    in_question = own if own is not None else next(iter(runs), None)
    rows = sorted(_rows(board, everyone, set(runs), in_question), key=lambda row: -row["value_eur"])
    rank = 0
    for row in rows:
        rank += row["kind"] != "hindsight"
        row["rank"] = None if row["kind"] == "hindsight" else rank
    whole = shape[1] == board.n_periods
    days = board.days if whole else shape[1] * board.period_days
    ordered = tuple({"rank": row.pop("rank"), **row} for row in rows)
    return Ranking(board, shape[0], days, ordered, in_question)


def _rows(
    board: Board, everyone: Mapping[str, Floats], own: set[str], in_question: str | None
) -> Iterator[dict[str, Any]]:
    """One row for each policy, without its rank."""
    eur = {name: board.value_eur(values) for name, values in everyone.items()}
    block = WEEK_DAYS // board.period_days
    _, n_worlds, n_periods = eur[board.low].shape
    draws = {"block_days": block, "n_resamples": N_RESAMPLES}
    weights = block_weights(n_periods, n_worlds=n_worlds, rng=np.random.default_rng(0), **draws)
    drawn: dict[str, Any] = {"weights": weights}
    ends = [interquartile_mean(eur[name], axis=0) for name in (board.low, board.high)]
    for name, values in eur.items():
        low = eur[board.low]
        gain = paired_difference(values, low, rng=np.random.default_rng(0), **drawn)
        scored = score_interval(values, *ends, rng=np.random.default_rng(0), **drawn)
        by_world = interquartile_mean(values.sum(axis=2), axis=0)
        row: dict[str, Any] = {
            "policy": name,
            "kind": OWN if name in own else board.kinds[name],
            "seeds": len(values),
            "value_eur": float(interquartile_mean(values.sum(axis=2).mean(axis=1))),
            **_columns("gain_eur", gain),
            **_columns("score", scored),
            "worlds_more": int(
                (by_world > interquartile_mean(low.sum(axis=2), axis=0) + 1e-6).sum()
            ),
            **_service(board, everyone[name]),
        }
        if in_question is not None and name != in_question:
            mine = eur[in_question]
            more = paired_difference(mine, values, rng=np.random.default_rng(0), **drawn)
            row |= _columns("own_gain_eur", more)
            row["own_better"] = share_of_wins(mine, values, block_days=block)
        yield row


def _columns(name: str, interval: Interval) -> dict[str, float | None]:
    """An interval as three columns; None where it is not defined."""
    ends = {"": interval.estimate, "_low": interval.low, "_high": interval.high}
    return {f"{name}{end}": float(x) if np.isfinite(x) else None for end, x in ends.items()}


def _service(board: Board, values: Floats) -> dict[str, float]:
    """What share of the demand was served, over all worlds and weeks: middle of the seeds."""
    if "demand_kwh" not in board.quantities:
        return {}
    demand, served, missed, given = (
        values[..., board.quantities.index(name)].sum(axis=(1, 2))
        for name in ("demand_kwh", "served_kwh", "unserved_kwh", "discharge_kwh")
    )
    share = np.divide(served, demand, out=np.ones_like(served), where=demand > 0)
    return {
        "demand_satisfaction": float(interquartile_mean(share)),
        "unserved_kwh": float(interquartile_mean(missed)) / values.shape[1],
        "discharge_kwh": float(interquartile_mean(given)) / values.shape[1],
    }


def neighbours(found: Ranking, around: int = 2, best: int = 3) -> list[Mapping[str, Any]]:
    """The rows worth showing: the best, the ends of the scale, and those next to the own ones.

    Args:
        found: the whole ranking.
        around: how many to either side.
        best: how many from the top.
    """
    places = [place for place, row in enumerate(found.rows) if row["kind"] == OWN]
    near = {place + step for place in places for step in range(-around, around + 1)}
    ends = {found.board.low, found.board.high}
    shown = []
    for place, row in enumerate(found.rows):
        is_best = row["rank"] is not None and row["rank"] <= best
        if place in near or is_best or row["policy"] in ends:
            shown.append(row)
    return shown
