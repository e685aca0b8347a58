"""What offers to owners are worth at other costs of battery wear, for whom, and who loses.

    python -m benchmarks.wear [--worlds 2] [--jobs 2] [--out FOLDER]

One scheduler, the rolling MPC, under every offer, in synthetic validation years by hours and by
quarter hours. Nothing is bid.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from benchmarks.differences import RESULTS, write_table
from vpp_gym.arrays import Floats
from vpp_gym.contracts.choice import pay_eur_per_kwh
from vpp_gym.contracts.families import ControlBased
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.rollout import runner_for
from vpp_gym.files.trial import check_folder
from vpp_gym.markets.ledger import COLUMN, LEDGER
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.params.contract import ContractChanges, offer
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import PRICE_OFFER
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.workers import worker_pool

WEARS = (0.01, 0.02, 0.03, 0.05)
"""EUR per discharged kWh."""
STEPS_H = (1.0, 0.25)
NONE = "none"
OFFERS = (NONE, "menu 1 h", "menu 2 h", "menu 3 h", "tariff", "price")
LEAST_EUR = 0.5
"""A type loses if its owners lose more than this in a year, all together."""

TITLE = "Offers to owners at other costs of wear"
NOTES = (
    "The rolling MPC without bids, mean of {worlds} synthetic validation years, EUR a year. "
    "`vpp` is what the operator earns more than without contracts (profit less position), "
    "`owners` what owners are paid minus the wear of what was discharged at its true cost, "
    "`together` the sum. `losing types`: types of owners whose balance is negative; an owner of "
    "type t takes wear for 1 / t of what it is, so that those above 1 may sign at a loss. "
    "`losers %` is their share of all owners. The tariff is the default one, which rises with the "
    "wear; the price-based offer pays every owner the own perceived wear."
)


@dataclass(frozen=True)
class Task:
    """A run of the study.

    Attributes:
        offer: one of `OFFERS`.
        wear_eur_per_kwh: true cost of wear.
        dt_h: hours per step.
        world: number of the validation year.
        days: how many, None for all.
    """

    offer: str
    wear_eur_per_kwh: float
    dt_h: float
    world: int
    days: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a run, EUR and kWh.

    Attributes:
        value_eur: profit less position.
        paid_eur: (types,) what owners of each type were paid.
        wear_eur: (types,) their wear at its true cost.
        discharge_kwh: at the meter.
        contracts: signed.
    """

    value_eur: float
    paid_eur: Floats
    wear_eur: Floats
    discharge_kwh: float
    contracts: float


def params_of(wear_eur_per_kwh: float) -> VPPParams:
    """The reference world at another cost of wear."""
    return DEFAULT.replace(owner={"wear_eur_per_kwh": wear_eur_per_kwh})


def contract_of(name: str, wear_eur_per_kwh: float) -> ContractChanges:
    """What an offer of the table changes in `ContractParams`."""
    if name == NONE:
        return {"families": ()}
    if name.startswith("menu"):
        return offer("fixed_term", term_h=int(name.split()[1]))
    if name == "price":
        return PRICE_OFFER
    ratio = ControlBased().tariff_eur_per_kwh / DEFAULT.owner.wear_eur_per_kwh
    return offer("control_based", tariff_eur_per_kwh=ratio * wear_eur_per_kwh)


def play(name: str, wear_eur_per_kwh: float, scenario: Scenario, days: int | None) -> Outcome:
    """The rolling MPC under one offer through a year.

    Args:
        name: one of `OFFERS`.
        wear_eur_per_kwh: true cost of wear.
        scenario: of the year.
        days: how many of it; None: all.
    """
    policy = rolling_mpc(None, contract=contract_of(name, wear_eur_per_kwh))
    params = with_offer(policy, params_of(wear_eur_per_kwh))
    n_steps = scenario.n_steps if days is None else days * scenario.periods_per_day
    runner = runner_for(policy, scenario, params, 0, n_steps)
    sim: Any = runner.simulation
    types = np.array(params.owner.types)
    paid_eur, discharged_kwh = np.zeros(len(types)), np.zeros(len(types))
    total = np.zeros(len(LEDGER.names))
    state: Any = None
    for step in range(n_steps):
        ev, occupied = sim.state.ev[0].copy(), sim.state.occupied[0].copy()
        decision, state = policy.predict(runner.observe(), state, np.array([step == 0]), True)
        (row,) = runner.act(decision)
        total += row
        if not params.contract.families:
            continue
        load = np.clip(np.asarray(decision.net_load_kwh), ev["lo_kwh"], ev["hi_kwh"])
        out_kwh = np.where(occupied, np.maximum(-load, 0.0), 0.0)
        own = type_of(ev["perceived_eur_per_kwh"], wear_eur_per_kwh, types)
        at_once = out_kwh * _pay(ev, float(scenario.da_eur_per_kwh[step]))
        left = occupied & (ev["leaves"] <= step + 1)
        # Who leaves early forfeits what was promised for the whole stay.
        kept = np.where(left & (ev["departure"] <= step + 1), ev["payoff_eur"], 0.0)
        rest_eur = -row[COLUMN.payoff_eur] - at_once.sum()
        due = kept * (rest_eur / kept.sum()) if kept.sum() > 0 else kept
        paid_eur += np.bincount(own, weights=at_once + due, minlength=len(types))
        discharged_kwh += np.bincount(own, weights=out_kwh, minlength=len(types))
    table = dict(zip(LEDGER.names, total, strict=True))
    value_eur = sum(table[name] for name in LEDGER.money) - LEDGER.part_eur("position", table)
    return Outcome(
        float(value_eur),
        paid_eur,
        discharged_kwh * wear_eur_per_kwh,
        float(table["discharge_kwh"]),
        float(table["contracts"]),
    )


def type_of(perceived_eur_per_kwh: Floats, wear_eur_per_kwh: float, types: Floats) -> Any:
    """(n,) place of each owner's type; the first where there is nobody."""
    share = np.divide(
        wear_eur_per_kwh,
        perceived_eur_per_kwh,
        out=np.full(len(perceived_eur_per_kwh), types[0]),
        where=perceived_eur_per_kwh > 0,
    )
    return np.abs(share[:, None] - types).argmin(axis=1)


def _pay(ev: Any, da_eur_per_kwh: float) -> Floats:
    """(n,) EUR per discharged kWh that is paid at once."""
    terms = ev["tariff_eur_per_kwh"], ev["margin"], ev["min_price_eur_per_kwh"]
    return np.array(
        [
            pay_eur_per_kwh(tariff, margin, least, da_eur_per_kwh)
            for tariff, margin, least in zip(*terms, strict=True)
        ]
    )


@cache
def year(dt_h: float, world: int) -> Scenario:
    """A synthetic validation year."""
    scenario: Scenario = SyntheticSource("validation", dt_h=dt_h).scenario(world)
    return scenario


def make(task: Task) -> Outcome:
    """One run of the study."""
    return play(task.offer, task.wear_eur_per_kwh, year(task.dt_h, task.world), task.days)


def tasks(worlds: int, days: int | None = None) -> list[Task]:
    """All runs; without contracts wear makes no difference."""
    return [
        Task(name, wear, dt_h, world, days)
        for dt_h, world, name, wear in product(STEPS_H, range(worlds), OFFERS, WEARS)
        if name != NONE or wear == WEARS[0]
    ]


def rows(outcomes: Mapping[Task, Outcome]) -> list[dict[str, Any]]:
    """A row for each time step, wear and offer, mean of the worlds."""
    worlds = sorted({task.world for task in outcomes})
    days = next(iter(outcomes)).days
    types, share = DEFAULT.owner.types, DEFAULT.owner.type_prob
    table = []
    for dt_h, wear, name in product(STEPS_H, WEARS, OFFERS[1:]):
        found = [outcomes[Task(name, wear, dt_h, world, days)] for world in worlds]
        without = [outcomes[Task(NONE, WEARS[0], dt_h, world, days)] for world in worlds]
        gains = [one.value_eur - base.value_eur for one, base in zip(found, without, strict=True)]
        balance = np.mean([one.paid_eur - one.wear_eur for one in found], axis=0)
        loses = balance < -LEAST_EUR
        names = ", ".join(f"{one:g}" for one, lost in zip(types, loses, strict=True) if lost)
        table.append(
            {
                "step_h": f"{dt_h:g}",
                "wear": f"{wear:g}",
                "offer": name,
                "vpp_eur": _tenth(np.mean(gains)),
                "worlds_with_a_gain": f"{sum(gain > 0 for gain in gains)} of {len(gains)}",
                "owners_eur": _tenth(balance.sum()),
                "together_eur": _tenth(np.mean(gains) + balance.sum()),
                "v2g_kwh": _tenth(np.mean([one.discharge_kwh for one in found])),
                "contracts": float(np.mean([one.contracts for one in found])),
                "losing_types": names or "none",
                "losers_%": float(100 * np.dot(share, loses)),
                **{
                    f"type_{one:g}_eur": _tenth(eur)
                    for one, eur in zip(types, balance, strict=True)
                },
            }
        )
    return table


def _tenth(value: Any) -> float:
    return round(float(value), 1) + 0.0


def outcomes_of(todo: Sequence[Task], jobs: int) -> dict[Task, Outcome]:
    """The runs, with their progress."""
    if jobs == 0:
        return {task: make(task) for task in track(todo, "runs")}
    with worker_pool(jobs) as pool:
        found = track(pool.map(make, todo), "runs", total=len(todo))
        return dict(zip(todo, found, strict=True))


def main(
    worlds: Annotated[int, typer.Option(min=1, max=4, help="Number of validation years.")] = 2,
    days: Annotated[int | None, typer.Option(min=1, help="Only so many days of each.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Number of processes.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Write wear.csv and wear.md."""
    check_folder(out, "out")
    found = rows(outcomes_of(tasks(worlds, days), jobs))
    options = f" --worlds {worlds}" + (f" --days {days}" if days else "")
    write_table(
        "wear",
        found,
        title=TITLE,
        notes=NOTES.format(worlds=worlds),
        command=f"python -m benchmarks.wear{options}",
        folder=out,
    )


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
