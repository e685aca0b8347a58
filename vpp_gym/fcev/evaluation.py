"""Policies of the hydrogen worlds through a scenario: a row a day, totals and scores."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.leaderboard import ranking
from vpp_gym.evaluation.metrics import score
from vpp_gym.fcev.calendar import HOURS, START
from vpp_gym.fcev.car_park import ledger as carpark_terms
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.policies import CarParkPolicy, hourly_bound_eur, profit_bound_eur
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.microgrid import ledger as microgrid
from vpp_gym.fcev.microgrid.hindsight import hourly_microgrid_bound_eur, run_of
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.policies import MicrogridPolicy
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.runner import car_park_seat, microgrid_seat
from vpp_gym.ledger import Ledger

NOON = 12
KEYS = ["policy", "scenario", "seed"]
SHARES = (*carpark_terms.LEDGER.shares, *microgrid.LEDGER.shares)
NOT_ADDITIVE = ("world", "day", "date", *SHARES)


def evaluate_car_park(
    policy: CarParkPolicy | EnvironmentAgent,
    scenario: CarParkScenario,
    params: CarParkParams,
    *,
    start_day: int = 0,
    end_day: int | None = None,
    seed: int = 0,
) -> tuple[pd.DataFrame, CarPark]:
    """Run a policy from 12:00 of the first day to the end of the last.

    Args:
        policy: of the aggregator, or an agent of `FCEVCarPark-v0`.
        scenario: its world.
        params: rules.
        start_day: day of the first gate.
        end_day: first day after the run; None: the end of the scenario.
        seed: names the run in the results: the training seed of an agent.

    Returns:
        A row per day with every term, the profit and the time of a decision; and the
        world after the run, with what each driver earned.
    """
    seat = car_park_seat(policy, scenario, params)
    world = seat.world
    days = _days(start_day, end_day, world.n_days)
    world.reset(hour=HOURS * days[0] + NOON)
    _reveal(policy, world, HOURS * days[0] + NOON, HOURS * (days[-1] + 1))
    records, state, solving_s = [], None, []
    for day in days:
        began = time.perf_counter()
        orders, state = policy.predict(seat.look(), state, day == days[0], True)
        solving_s.append(time.perf_counter() - began)
        seat.submit(orders)
        today = world.advance(HOURS - NOON)[0]
        morning = world.advance(NOON)[0] if day != days[-1] else today[:0]
        records.append((today, morning))
    mornings = [records[0][0][:0], *(morning for _, morning in records)]
    by_day = [
        np.concatenate([morning, today])
        for morning, (today, _) in zip(mornings, records, strict=False)
    ]
    rows = _rows(by_day, days, carpark_terms.LEDGER, solving_s)
    return _labelled(rows, policy.name, scenario.name, seed), world


def evaluate_microgrid(
    policy: MicrogridPolicy | EnvironmentAgent,
    scenario: MicrogridScenario,
    params: MicrogridParams,
    *,
    start_day: int = 0,
    end_day: int | None = None,
    seed: int = 0,
) -> tuple[pd.DataFrame, Floats]:
    """Run a policy, or an agent of `FCEVMicrogrid-v0`, through whole days.

    Returns:
        A row per day with every term, the profit and the time of a decision; and the
        (hours, len(TERMS)) records.
    """
    seat = microgrid_seat(policy, scenario, params)
    world = seat.world
    days = _days(start_day, end_day, world.n_days)
    begin, end = HOURS * days[0], HOURS * (days[-1] + 1)
    world.reset(hour=begin)
    _reveal(policy, world, begin, end)
    records, state = np.empty((end - begin, len(microgrid.TERMS))), None
    solving_s = np.empty(end - begin)
    for hour in range(end - begin):
        shown = seat.look()
        began = time.perf_counter()
        decision, state = policy.predict(shown, state, hour == 0, True)
        solving_s[hour] = time.perf_counter() - began
        records[hour] = seat.act(decision)
    by_day = list(records.reshape(len(days), HOURS, -1))
    mean_s = solving_s.reshape(len(days), HOURS).mean(axis=1).tolist()
    rows = _rows(by_day, days, microgrid.LEDGER, mean_s)
    rows["self_sufficiency"] = 1.0 - rows["import_kwh"] / rows["load_kwh"]
    return _labelled(rows, policy.name, scenario.name, seed), records


def totals_of(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy, scenario and seed: sums, the last fairness, mean time of a decision."""
    return _with_shares(_sums(days).reset_index())


def mean_year(days: pd.DataFrame) -> pd.DataFrame:
    """One row per policy and seed: totals as of `totals_of`, mean of the scenarios.

    Shares are those of the mean sums: V2G delivered in all worlds of V2G sold in all.
    """
    worlds = _sums(days).groupby(["policy", "seed"], sort=False)
    return _with_shares(worlds.mean(numeric_only=True).reset_index())


def _sums(days: pd.DataFrame) -> pd.DataFrame:
    """By policy, scenario and seed."""
    runs = days.groupby(KEYS, sort=False)
    adds = [name for name in days if name not in (*KEYS, *NOT_ADDITIVE, "solve_ms")]
    table = runs[adds].sum(min_count=1).assign(days=runs.size(), solve_ms=runs["solve_ms"].mean())
    return table.assign(**{name: runs[name].last() for name in SHARES if name in days})


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Sums with what part of the load is imported, and of the sold V2G delivered."""
    if "load_kwh" in table:
        share = table["import_kwh"] / table["load_kwh"]
        table = table.drop(columns="self_sufficiency", errors="ignore")
        table = table.assign(import_share=share, self_sufficiency=1.0 - share)
    if "sold_kwh" in table:
        sold_kwh = table["sold_kwh"].where(table["sold_kwh"] > 0)
        table = table.assign(delivered_share=table["v2g_kwh"] / sold_kwh)
    return table


def car_park_bound_eur(
    scenario: CarParkScenario, params: CarParkParams, days: Sequence[int] | None = None
) -> float:
    """Profit that no policy exceeds from the first gate of these days to their end."""
    world = CarPark([scenario], params)
    chosen = _days(0, None, world.n_days) if days is None else list(days)
    return profit_bound_eur(world, HOURS * chosen[0] + NOON, HOURS * (chosen[-1] + 1))


def car_park_bound(scenario: CarParkScenario, params: CarParkParams) -> pd.DataFrame:
    """What no policy exceeds in sum, as the days of a policy called hindsight.

    Lots are split, and cars serve in their own best hours whatever the merit order: an
    upper end for scores, not a plan that could be carried out. The store has the room it
    has.
    """
    world = CarPark([scenario], params)
    world.reset(hour=NOON)
    days = list(range(world.n_days))
    eur = np.append(np.zeros(NOON), hourly_bound_eur(world, NOON, HOURS * world.n_days))
    rows = pd.DataFrame({"day": days, "date": [str(START + day) for day in days]})
    rows["profit_eur"] = eur.reshape(-1, HOURS).sum(axis=1)
    rows["solve_ms"] = 0.0
    return _labelled(rows, "hindsight", scenario.name, 0)


def microgrid_bound(
    scenario: MicrogridScenario,
    params: MicrogridParams,
    *,
    start_day: int = 0,
    end_day: int | None = None,
) -> pd.DataFrame:
    """What no policy exceeds in sum, as the days of a policy called hindsight.

    Every hour is known, stays commit what they give, and each car outside its interval is
    paid its own least reward: an upper end for scores, not a plan that could be carried out.
    """
    world = Microgrid([scenario], params)
    days = _days(start_day, end_day, world.n_days)
    begin, end = HOURS * days[0], HOURS * (days[-1] + 1)
    world.reset(hour=begin)
    rows = pd.DataFrame({"day": days, "date": [str(START + day) for day in days]})
    eur = hourly_microgrid_bound_eur(run_of(world, begin, end))
    rows["profit_eur"] = eur.reshape(-1, HOURS).sum(axis=1)
    rows["solve_ms"] = 0.0
    return _labelled(rows, "hindsight", scenario.name, 0)


def fcev_leaderboard(
    days: pd.DataFrame,
    *,
    privileged: Collection[str] = (),
    block_days: int = 7,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per policy, best first: 0 is the article's strategy, 100 hindsight.

    Args:
        days: rows of the evaluations of all policies, `article` and `hindsight` among them,
            on the same days of one scenario, or of several with a column `world` added that
            numbers them.
        privileged: policies that saw the future.
        block_days: of the bootstrap.
        n_resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        Columns as of `vpp_gym.evaluation.leaderboard.leaderboard`, without a flexibility
        score, and the totals of `mean_year`: money is EUR over all days, mean of the worlds.
    """
    table = mean_year(days).drop(columns=["days"])
    numbers = [name for name in table.select_dtypes("number") if name not in KEYS]
    return ranking(
        days,
        table,
        scores={"score": "profit_eur"},
        summed_up=numbers,
        low="article",
        high="hindsight",
        privileged=privileged,
        block_days=block_days,
        n_resamples=n_resamples,
        seed=seed,
    )


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
    by_day: list[Floats], days: list[int], ledger: Ledger, solving_s: Sequence[float]
) -> pd.DataFrame:
    sums = np.array([ledger.over_time(day) for day in by_day])
    rows = pd.DataFrame(sums, columns=list(ledger.names))
    rows.insert(0, "day", days)
    rows.insert(1, "date", [str(START + day) for day in days])
    rows["profit_eur"] = sums[:, : len(ledger.money)].sum(axis=1)
    rows["solve_ms"] = 1e3 * np.asarray(solving_s)
    return rows


def _labelled(rows: pd.DataFrame, policy: str, scenario: str, seed: int) -> pd.DataFrame:
    rows.insert(0, "policy", policy)
    rows.insert(1, "scenario", scenario)
    rows.insert(2, "seed", seed)
    return rows
