"""Policies of the hydrogen worlds through one scenario: a row a day, totals and scores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import score
from vpp_gym.hydrogen import carpark_terms, microgrid
from vpp_gym.hydrogen.calendar import HOURS, START
from vpp_gym.hydrogen.carpark_world import CarPark, CarParkScenario
from vpp_gym.hydrogen.microgrid_world import Microgrid, MicrogridScenario
from vpp_gym.hydrogen.params import CarParkParams, MicrogridParams
from vpp_gym.policies.car_park import CarParkPolicy, profit_bound_eur
from vpp_gym.policies.microgrid import MicrogridPolicy

Floats = NDArray[np.float64]

NOON = 12
KEYS = ["policy", "scenario"]
NOT_ADDITIVE = ("day", "date", "fairness", "self_sufficiency")


def evaluate_car_park(
    policy: CarParkPolicy,
    scenario: CarParkScenario,
    params: CarParkParams,
    *,
    start_day: int = 0,
    end_day: int | None = None,
) -> tuple[pd.DataFrame, CarPark]:
    """Run a policy from 12:00 of the first day to the end of the last.

    Args:
        policy: of the aggregator.
        scenario: its world.
        params: rules.
        start_day: day of the first gate.
        end_day: first day after the run; None: the end of the scenario.

    Returns:
        A row per day with every term, the profit and the time of a decision; and the
        world after the run, with what each driver earned.
    """
    world = CarPark([scenario], params)
    days = _days(start_day, end_day, world.n_days)
    world.reset(hour=HOURS * days[0] + NOON)
    _reveal(policy, world, HOURS * days[0] + NOON, HOURS * (days[-1] + 1))
    records, state, solving_s = [], None, []
    for day in days:
        began = time.perf_counter()
        sheet, state = policy.predict(world.snapshot(), state, day == days[0], True)
        solving_s.append(time.perf_counter() - began)
        world.submit(sheet)
        today = world.advance(HOURS - NOON)[0]
        morning = world.advance(NOON)[0] if day != days[-1] else today[:0]
        records.append((today, morning))
    mornings = [records[0][0][:0], *(morning for _, morning in records)]
    by_day = [
        np.concatenate([morning, today])
        for morning, (today, _) in zip(mornings, records, strict=False)
    ]
    rows = _rows(by_day, days, carpark_terms.TERMS, len(carpark_terms.MONEY), solving_s)
    return _labelled(rows, policy.name, scenario.name), world


def evaluate_microgrid(
    policy: MicrogridPolicy,
    scenario: MicrogridScenario,
    params: MicrogridParams,
    *,
    start_day: int = 0,
    end_day: int | None = None,
) -> tuple[pd.DataFrame, Floats]:
    """Run a policy through whole days.

    Returns:
        A row per day with every term, the profit and the time of a decision; and the
        (hours, len(TERMS)) records.
    """
    world = Microgrid([scenario], params)
    days = _days(start_day, end_day, world.n_days)
    begin, end = HOURS * days[0], HOURS * (days[-1] + 1)
    world.reset(hour=begin)
    _reveal(policy, world, begin, end)
    records, state = np.empty((end - begin, len(microgrid.TERMS))), None
    solving_s = np.empty(end - begin)
    for hour in range(end - begin):
        snapshot = world.snapshot()
        began = time.perf_counter()
        decision, state = policy.predict(snapshot, state, hour == 0, True)
        solving_s[hour] = time.perf_counter() - began
        records[hour] = world.advance([decision])[0]
    by_day = list(records.reshape(len(days), HOURS, -1))
    mean_s = solving_s.reshape(len(days), HOURS).mean(axis=1).tolist()
    rows = _rows(by_day, days, microgrid.TERMS, len(microgrid.MONEY), mean_s)
    rows["fairness"] = [float(day[-1, microgrid.FAIRNESS]) for day in by_day]
    rows["self_sufficiency"] = 1.0 - rows["import_kwh"] / rows["load_kwh"]
    return _labelled(rows, policy.name, scenario.name), records


def totals_of(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy and scenario: sums, the last fairness, the mean time of a decision."""
    runs = days.groupby(KEYS, sort=False)
    adds = [name for name in days if name not in (*KEYS, *NOT_ADDITIVE, "solve_ms")]
    table = runs[adds].sum().assign(days=runs.size(), solve_ms=runs["solve_ms"].mean())
    if "fairness" in days:
        table["fairness"] = runs["fairness"].last()
        table["import_share"] = table["import_kwh"] / table["load_kwh"]
        table["self_sufficiency"] = 1.0 - table["import_share"]
    return table.reset_index()


def car_park_bound_eur(
    scenario: CarParkScenario, params: CarParkParams, days: Sequence[int] | None = None
) -> float:
    """Profit that no policy exceeds from the first gate of these days to their end."""
    world = CarPark([scenario], params)
    chosen = _days(0, None, world.n_days) if days is None else list(days)
    return profit_bound_eur(world, HOURS * chosen[0] + NOON, HOURS * (chosen[-1] + 1))


def scored(totals: pd.DataFrame, top_eur: float, low: str = "article") -> pd.DataFrame:
    """Totals with the score: 0 the article's strategy, 100 the optimum in hindsight."""
    if low not in set(totals["policy"]):
        raise InvalidInputError("totals", low, "run this policy too: it is an end of the scale")
    low_eur = float(totals.loc[totals["policy"] == low, "profit_eur"].iloc[0])
    return totals.assign(score=score(totals["profit_eur"].to_numpy(), low_eur, top_eur))


def _days(start_day: int, end_day: int | None, n_days: int) -> list[int]:
    end = n_days if end_day is None else end_day
    if not 0 <= start_day < end <= n_days:
        raise InvalidInputError("start_day, end_day", (start_day, end_day), f"0 to {n_days}")
    return list(range(start_day, end))


def _reveal(policy: Any, world: Any, begin: int, end: int) -> None:
    if policy.privileged:
        policy.reveal(world, begin, end)


def _rows(
    by_day: list[Floats],
    days: list[int],
    terms: tuple[str, ...],
    n_money: int,
    solving_s: Sequence[float],
) -> pd.DataFrame:
    sums = np.array([day.sum(axis=0) for day in by_day])
    rows = pd.DataFrame(sums, columns=list(terms))
    rows.insert(0, "day", days)
    rows.insert(1, "date", [str(START + day) for day in days])
    rows["profit_eur"] = sums[:, :n_money].sum(axis=1)
    rows["solve_ms"] = 1e3 * np.asarray(solving_s)
    return rows


def _labelled(rows: pd.DataFrame, policy: str, scenario: str) -> pd.DataFrame:
    rows.insert(0, "policy", policy)
    rows.insert(1, "scenario", scenario)
    return rows
