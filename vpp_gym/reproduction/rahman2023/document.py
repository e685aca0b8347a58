"""The whole report as one document of plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.reproduction.rahman2023.figures import known_prices
from vpp_gym.reproduction.rahman2023.ladder import end_of_ladder, ladder, ladder_tasks
from vpp_gym.reproduction.rahman2023.quirks import rules
from vpp_gym.reproduction.rahman2023.seeds import seed_tasks, spread
from vpp_gym.reproduction.rahman2023.study import Progress, Study
from vpp_gym.reproduction.rahman2023.tables import repairs, table_1, table_2, table_tasks

DIGITS = 4

PAPER_QUARTILES_EUR_PER_KWH = (0.023, 0.037, 0.060)
"""Of the imbalance price in figure 5; they pool 2018 to 2021."""


def make_all(study: Study, n_seeds: int, progress: Progress = lambda _done, _all: None) -> None:
    """Make all runs of the report."""
    spread_runs = seed_tasks(n_seeds) if n_seeds >= 2 else ()
    study.make([*table_tasks(), *ladder_tasks(), *spread_runs], progress)


def document(study: Study, n_seeds: int) -> dict[str, Any]:
    """Tables, repairs, ladder, and the spread over seeds; rounded, so that it is stable.

    Args:
        study: makes the runs that are not made yet.
        n_seeds: of owners and drawn bids; below 2 there is no spread.
    """
    prices = known_prices(study)
    return _rounded(
        {
            "paper": "Rahman et al. 2023, doi 10.1145/3575813.3597353",
            "quirks": dict(rules()),
            "table_1": table_1(),
            "table_2": table_2(study),
            "repairs": repairs(study),
            "ladder": ladder(study),
            "end_of_ladder": end_of_ladder(study),
            "seeds": spread(study, n_seeds) if n_seeds >= 2 else [],
            "imbalance_quartiles_eur_per_kwh": np.quantile(prices, (0.25, 0.5, 0.75)).tolist(),
            "paper_imbalance_quartiles_eur_per_kwh": list(PAPER_QUARTILES_EUR_PER_KWH),
        }
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, DIGITS) + 0.0 if isinstance(value, float) else value
