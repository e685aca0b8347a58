"""What evaluations of both worlds of fuel-cell cars share: spans, and rows of days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.worlds import Runner, World
from vpp_gym.fcev.calendar import HOURS, START
from vpp_gym.ledger import PROFIT
from vpp_gym.parameters import Section
from vpp_gym.policy import Policy


class Years(Protocol):
    """A scenario of whole days, hour by hour."""

    @property
    def name(self) -> str:
        """Label in results."""
        ...

    @property
    def n_days(self) -> int:
        """Days of the scenario."""
        ...


ScenarioT = TypeVar("ScenarioT", bound=Years)
ParamsT = TypeVar("ParamsT", bound=Section)


class FCEVWorld(World[ScenarioT, ParamsT], Generic[ScenarioT, ParamsT]):
    """A world of fuel-cell cars; runs are of whole days and their steps are hours.

    Attributes:
        default: parameters where none are given.
    """

    default: ClassVar[Any]

    def rules(self, policy: Policy, params: Any) -> ParamsT:
        """As asked for."""
        rules: ParamsT = self.default.changed(params)
        return rules

    def n_steps(self, scenario: ScenarioT) -> int:
        """Hours of a scenario."""
        return HOURS * scenario.n_days

    def span(self, scenario: ScenarioT, start_step: int, end_step: int | None) -> tuple[int, int]:
        """First hour of a run and one past its last, checked: whole days."""
        start, end = super().span(scenario, start_step, end_step)
        for field, step in (("start_step", start), ("end_step", end)):
            if step % HOURS:
                raise InvalidInputError(field, step, f"give whole days: a multiple of {HOURS}")
        return start, end

    def day_rows(
        self, scenario: ScenarioT, runner: Runner, records: Floats, solve_s: Floats
    ) -> pd.DataFrame:
        """One row per day of a run."""
        begins = np.flatnonzero(np.diff(runner.day, prepend=-1))
        by_day = np.split(records, begins[1:])
        sums = np.array([self.ledger.over_time(hours) for hours in by_day])
        rows = pd.DataFrame(sums, columns=list(self.ledger.names))
        days = runner.day[begins]
        rows.insert(0, "day", days)
        rows.insert(1, "date", dates(days, getattr(scenario, "start", START)))
        rows[PROFIT] = sums[:, : len(self.ledger.money)].sum(axis=1)
        mean_s = [np.nanmean(seconds) for seconds in np.split(solve_s, begins[1:])]
        rows["solve_ms"] = 1e3 * np.array(mean_s)
        return rows


def dates(days: Sequence[int] | Ints, start: np.datetime64 = START) -> list[str]:
    """The date of each day of a scenario.

    >>> dates([0, 31])
    ['2019-01-01', '2019-02-01']
    """
    first = start.astype("datetime64[D]")
    return [str(first + np.timedelta64(int(day), "D")) for day in days]


def bound_rows(
    hourly_eur: Floats, start_day: int, scenario: Years, start: np.datetime64 = START
) -> pd.DataFrame:
    """A bound on the profit of whole days, as the rows of a policy called hindsight.

    Args:
        hourly_eur: (hours,) EUR from the first midnight on.
        start_day: day on which it begins.
        scenario: of the run.
        start: first day of the scenario.
    """
    by_day = hourly_eur.reshape(-1, HOURS).sum(axis=1)
    days = np.arange(start_day, start_day + len(by_day))
    return pd.DataFrame(
        {
            "policy": "hindsight",
            "scenario": scenario.name,
            "seed": 0,
            "day": days,
            "date": dates(days, start),
            "profit_eur": by_day,
            "solve_ms": 0.0,
        }
    )
