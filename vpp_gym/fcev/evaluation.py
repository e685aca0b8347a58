"""What evaluations of both worlds of fuel-cell cars share: spans, rows of days, totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.worlds import Runner, Scale, World
from vpp_gym.fcev.calendar import HOURS, START
from vpp_gym.parameters import Section
from vpp_gym.policy import Policy

RUN_KEYS = ["policy", "scenario", "seed"]
NOT_ADDITIVE = ("world", "day", "date", "fairness", "self_sufficiency")


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
        n_money: so many terms, from the first on, add up to the profit.
        default: parameters where none are given.
    """

    n_money: ClassVar[int]
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
        sums = np.array([hours.sum(axis=0) for hours in np.split(records, begins[1:])])
        rows = pd.DataFrame(sums, columns=list(self.terms))
        days = runner.day[begins]
        rows.insert(0, "day", days)
        rows.insert(1, "date", dates(days, getattr(scenario, "start", START)))
        rows["profit_eur"] = sums[:, : self.n_money].sum(axis=1)
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


def totals(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy, scenario and seed: sums, the last fairness, mean time of a decision."""
    return _with_shares(_sums(days).reset_index())


def mean_year(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy and seed: what `totals` has, mean of the scenarios.

    Shares are those of the mean sums: V2G delivered in all scenarios of V2G sold in all.
    """
    runs = _sums(days).drop(columns="days").groupby(["policy", "seed"], sort=False)
    return _with_shares(runs.mean(numeric_only=True).reset_index())


def _sums(days: pd.DataFrame) -> pd.DataFrame:
    """By policy, scenario and seed."""
    runs = days.groupby(RUN_KEYS, sort=False)
    adds = [name for name in days if name not in (*RUN_KEYS, *NOT_ADDITIVE, "solve_ms")]
    table = runs[adds].sum(min_count=1).assign(days=runs.size(), solve_ms=runs["solve_ms"].mean())
    return table.assign(fairness=runs["fairness"].last()) if "fairness" in days else table


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Sums with what part of the load is imported, and of the sold V2G delivered."""
    if "load_kwh" in table:
        share = table["import_kwh"] / table["load_kwh"]
        table = table.assign(import_share=share, self_sufficiency=1.0 - share)
    if "sold_kwh" in table:
        sold_kwh = table["sold_kwh"].where(table["sold_kwh"] > 0)
        table = table.assign(delivered_share=table["v2g_kwh"] / sold_kwh)
    return table


SCALE = Scale(
    low="article",
    high="hindsight",
    totals=mean_year,
    scores={"score": lambda days: days["profit_eur"]},
)
