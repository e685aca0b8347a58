"""`vpp-gym demo`: what smart charging earns, in one table and one picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp_gym.cli.output import (
    AsJson,
    checked_file,
    number_text,
    print_json,
    say,
    show_table,
)
from vpp_gym.cli.params import ParamsFile, SetParams, stated_changes
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid

if TYPE_CHECKING:
    from vpp_gym.params import VPPParams
    from vpp_gym.plots.day_view import DayView
    from vpp_gym.policy import Policy
    from vpp_gym.scenarios.scenario import Scenario

DAYS = 7
FIRST_DAY = 28
"""Days before the week, so that forecasts have a history."""
LONGEST_STAY_DAYS = 7

COLUMNS = {
    "profit_eur": "Profit EUR",
    "cost_eur": "Energy cost EUR",
    "demand_satisfaction": "Demand served",
    "fully_served_share": "Cars fully served",
}


def demo(
    seed: Annotated[int, typer.Option(min=0, help="Seed that selects the week of the year.")] = 0,
    out: Annotated[Path, typer.Option(help="Picture file to write: png, svg or pdf.")] = Path(
        "day.png"
    ),
    params: ParamsFile = None,
    set_params: SetParams = None,
    as_json: AsJson = False,
) -> None:
    """Simulate one week under two policies and draw its last day.

    The policies are charging on arrival, and a rolling plan on price forecasts
    made from past data that knows how likely drivers are to leave early. Both
    have the same cars and prices. Neither discharges cars or bids day-ahead.
    """
    checked_file("out", out, (".png", ".svg", ".pdf"))
    from vpp_gym.params import as_params

    rules = as_params(stated_changes(params, set_params))
    with at_work("Simulating"):
        rows, views = _week(seed, rules)
    first = next(iter(rows.values()))
    day = str(next(iter(views.values())).start)
    if as_json:
        print_json({"days": DAYS, "last_day": day, "policies": rows, "picture": str(out)})
        _draw(views, out)
        return
    cars, demand_kwh = (number_text(name, first[name]) for name in ("departures", "demand_kwh"))
    show_table(_table(rows, f"{DAYS} days until {day}: {cars} cars ask for {demand_kwh} kWh"))
    _draw(views, out)
    say(f"Picture of {day}: {out}")


def _week(seed: int, params: VPPParams) -> tuple[dict[str, dict[str, float]], dict[str, DayView]]:
    """Totals of the week, and its last day, by policy."""
    import numpy as np

    from vpp_gym.policies.rules import ChargeOnArrival
    from vpp_gym.policies.scheduler import hazard_mpc
    from vpp_gym.scenarios.synthetic import SyntheticSource

    year = SyntheticSource("validation").scenario(0)
    days = int(year.day[-1]) + 1 - DAYS - LONGEST_STAY_DAYS
    day = int(np.random.default_rng(seed).integers(FIRST_DAY, days))
    start, end = np.searchsorted(year.day, (day, day + DAYS)).tolist()
    came = (year.sessions.arrival_step >= start) & (year.sessions.arrival_step < end)
    week = replace(year, sessions=year.sessions.take(came))
    rows, views = {}, {}
    for policy in (ChargeOnArrival(), hazard_mpc(0)):
        rows[policy.name], views[policy.name] = _simulate(policy, week, params, start, end)
    return rows, views


def _simulate(
    policy: Policy, week: Scenario, params: VPPParams, start: int, end: int
) -> tuple[dict[str, float], DayView]:
    """Totals of all cars that arrive before `end`, and the day that ends there.

    The run goes on until the last car has left, so that policies that charge early
    and late are compared on the same cars.
    """
    import numpy as np

    from vpp_gym.envs.recorder import DayRecorder
    from vpp_gym.markets.ledger import TERMS
    from vpp_gym.policies.base import with_offer
    from vpp_gym.scenarios.departures import leaving_step
    from vpp_gym.simulation.simulation import Simulation

    leaves = leaving_step(week.sessions, params.owner, week.dt_h, week.n_steps)
    last = max(end, int(leaves.max()))
    simulation = Simulation(week, with_offer(policy, params))
    simulation.reset(0, start, last)
    recorder = DayRecorder(simulation)
    recorder.restart()
    booked, state = np.zeros(len(TERMS)), None
    for step in range(start, last):
        decisions, state = policy.predict(simulation.snapshot(), state)
        record = simulation.step(decisions)[0]
        booked += record
        if step < end:
            recorder.add(record)
    return _totals(dict(zip(TERMS, booked.tolist(), strict=True))), recorder.view()


def _totals(booked: dict[str, float]) -> dict[str, float]:
    from vpp_gym.markets.ledger import MONEY

    return {
        "profit_eur": sum(booked[name] for name in MONEY),
        "cost_eur": -booked["load_value_eur"],
        "charge_kwh": booked["charge_kwh"],
        "demand_kwh": booked["demand_kwh"],
        "demand_satisfaction": booked["served_kwh"] / booked["demand_kwh"],
        "fully_served_share": booked["fully_served"] / booked["departures"],
        "departures": int(booked["departures"]),
    }


def _draw(views: dict[str, DayView], out: Path) -> None:
    from vpp_gym.plots.canvas import save_figure
    from vpp_gym.plots.policy_day import draw_policy_day

    save_figure(draw_policy_day(views, title="vpp-gym demo"), out)


def _table(rows: dict[str, dict[str, float]], title: str) -> Grid:
    headings = (Column(heading, is_number=True) for heading in COLUMNS.values())
    return Grid(
        (Column("Policy"), *headings),
        [
            (name, *(number_text(column, row[column]) for column in COLUMNS))
            for name, row in rows.items()
        ],
        title=title,
    )
