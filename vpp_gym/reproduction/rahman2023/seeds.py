"""How much the rows depend on chance: other owners, and bids drawn by the paper's recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from vpp_gym.reproduction.rahman2023.bids import drawn_schedules_kwh
from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, TABLE_2, V2G, Row
from vpp_gym.reproduction.rahman2023.rules import Rules
from vpp_gym.reproduction.rahman2023.study import Study, Task


def drawn(row: Row, seed: int) -> Task:
    """The row with owners and bids of another seed."""
    return Task(replace(row, type_seed=seed), Rules(bids="drawn", bid_seed=seed))


def seed_tasks(n_seeds: int) -> Iterator[Task]:
    """Runs with owners and bids of seeds 0 to n_seeds - 1, and one baseline."""
    yield Task(NO_CONTROL)
    yield from (drawn(row, seed) for row in V2G for seed in range(n_seeds))


def spread(study: Study, n_seeds: int) -> list[dict[str, Any]]:
    """One row per term: mean and standard deviation over the seeds, beside the paper's figures.

    The baseline's bids are drawn with the same seeds. Its load owes them nothing, so its
    profit is that of the paper's bids with the position exchanged.
    """
    base_eur = np.array([_no_control_eur(study, seed) for seed in range(n_seeds)])
    return [_row(study, row, base_eur) for row in V2G]


def _row(study: Study, row: Row, base_eur: np.ndarray) -> dict[str, Any]:
    runs = [study.outcome(*drawn(row, seed)) for seed in range(len(base_eur))]
    profit_eur = np.array([run.profit_eur for run in runs])
    printed = TABLE_2[row]
    columns = {
        "profit_eur": (profit_eur, printed.profit_eur),
        "payoff_eur": (np.array([run.payoff_eur for run in runs]), printed.payoff_eur),
        "contracts": (np.array([sum(run.accepted) for run in runs]), None),
        "position_eur": (np.array([run.position_eur for run in runs]), None),
        "gain_percent": (100 * (profit_eur / base_eur - 1), printed.gain_percent),
    }
    result: dict[str, Any] = {"row": row.name, "seeds": len(runs)}
    for name, (values, paper) in columns.items():
        result |= {f"{name}_mean": float(values.mean()), f"{name}_sd": float(values.std(ddof=1))}
        if paper is not None:
            result[f"paper_{name}"] = paper
    return result


def _no_control_eur(study: Study, seed: int) -> float:
    known = study.outcome(NO_CONTROL)
    schedules_kwh = drawn_schedules_kwh(study.case, sells=False, seed=seed)
    return known.profit_eur - known.position_eur + study.case.position_eur(schedules_kwh)
