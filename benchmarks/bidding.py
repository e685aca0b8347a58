"""What day-ahead bidders earn under dual and Dutch pricing, on the loads of one dispatcher.

    python -m benchmarks.bidding [--years 4] [--risk] [--out FOLDER]

The rolling MPC dispatches, whose load does not depend on the bids; so one run serves all
bidders, and their incomes are compared day by day, and over all years of a split together.
Real years are included where VPP_GYM_DATA is set.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from benchmarks.differences import RESULTS, gain_columns, write_table
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import TAIL_SHARE
from vpp_gym.files.trial import check_folder
from vpp_gym.markets.risk import tail_mean
from vpp_gym.markets.settlement import applied_prices
from vpp_gym.params import DEFAULT, VPPParams
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.bidders import Bidder, ExpectedLoadBidder, WaitAndSee, ZeroBidder
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policies.two_stage import TwoStage
from vpp_gym.policy import Privileged
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.simulation import Simulation
from vpp_gym.solvers.newsvendor import income_eur, scenarios_of

NEUTRAL = "expected_load"
TITLE = "Day-ahead bidders on the load of the rolling MPC"
NOTES = (
    "The reference world by quarter hours. Income of both markets of a year, EUR: `gain` is what "
    "a bidder earns beyond buying the "
    "expected load, `vss` what it earns beyond the bid at expected values, `over_wait_and_see` "
    "beyond the mean of the best bids of the same scenarios; each with a 95 % block-bootstrap "
    "interval over weeks. Where several years are taken together, all figures are per year. "
    "`cvar` is the mean income of the worst 5 % of the days, EUR a day; `bid_s` the processor "
    "time of all schedules of a year. Settings were chosen on synthetic years of training and "
    "validation and on the prices of 2018 (`real:train`), never on test years. † saw the "
    "prices of tomorrow within 10 %.\n\n"
    "Once prices are known, one side of the imbalance costs nothing under dual pricing: there "
    "wait-and-see covers the load, which is as good as any bet, and on average bids the mean "
    "load. The two-stage bid is the quantile of the load at which the mean cost of being "
    "short and of being long balance. Both err by what nobody can know of tomorrow's load, "
    "which is most of the cost; between them lies what the skew of the load and unequal "
    "costs of the two sides are worth, less the error of estimating both."
)


def bidders(risk: bool) -> list[Bidder]:
    """Fresh bidders, in the order of the table; a risk term takes seconds a year."""
    return [
        ZeroBidder(),
        ExpectedLoadBidder(),
        WaitAndSee(),
        TwoStage("expected_value"),
        TwoStage("wait_and_see"),
        TwoStage(),
        *([TwoStage(beta=0.3)] if risk else []),
        WaitAndSee(noisy_oracle=0.1),
    ]


Incomes = dict[str, tuple[np.ndarray, float]]
"""Income by day [EUR] and seconds of a year, of each bidder."""


@dataclass
class Contestant:
    """A bidder, its schedules by day and its time."""

    bidder: Bidder
    schedules: np.ndarray
    state: Any = None
    seconds: float = 0.0

    def observe(self, snapshot: Any, day: int) -> None:
        """Bid, or watch."""
        begin = process_time()
        schedule, self.state = self.bidder.bids(snapshot, self.state)
        self.seconds += process_time() - begin
        if schedule is not None and day + 1 < len(self.schedules):
            self.schedules[day + 1] = schedule


def incomes(scenario: Scenario, params: VPPParams, risk: bool) -> Incomes:
    """Income by day (days,) [EUR] and seconds, of each bidder."""
    dispatcher = rolling_mpc(0)
    params = with_offer(dispatcher, params)
    sim = Simulation(scenario, params)
    periods = round(24 / scenario.dt_h)
    shape = (scenario.n_steps // periods, periods)
    contestants = [Contestant(bidder, np.zeros(shape)) for bidder in bidders(risk)]
    for each in contestants:
        if isinstance(each.bidder, Privileged) and each.bidder.privileged:
            each.bidder.reveal(scenario, params, 0, scenario.n_steps)
    sim.reset(0, 0, scenario.n_steps)
    load = np.zeros(scenario.n_steps)
    for t in range(scenario.n_steps):
        snapshot = sim.snapshot(0)
        decisions, _ = dispatcher.predict(snapshot)
        for each in contestants:
            each.observe(snapshot, t // periods)
        sim.step(decisions)
        load[t] = float(np.asarray(decisions.net_load_kwh).sum())
    da = scenario.da_eur_per_kwh
    short, long = applied_prices(
        params.market.imbalance_pricing,
        da,
        scenario.im_short_eur_per_kwh,
        scenario.im_long_eur_per_kwh,
    )
    world = scenarios_of(*(series.reshape(shape) for series in (da, short, long, load)))
    return {
        each.bidder.name: (income_eur(each.schedules, world).sum(axis=1), each.seconds)
        for each in contestants
    }


def compared(label: str, pricing: str, years: Sequence[Incomes]) -> list[dict[str, Any]]:
    """The rows of some years under one pricing rule, per year."""
    daily = {name: np.concatenate([year[name][0] for year in years]) for name in years[0]}
    privileged = {bidder.name for bidder in bidders(risk=True) if bidder.privileged}

    def gain(name: str, other: str) -> dict[str, float]:
        columns = gain_columns(daily[name], daily[other])
        return {column: value / len(years) for column, value in columns.items()}

    def words(name: str, other: str) -> str:
        return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*gain(name, other).values())

    return [
        {
            "pricing": pricing,
            "scenario": label,
            "bidder": f"{name} †" if name in privileged else name,
            "income_eur": float(income.sum()) / len(years),
            **gain(name, NEUTRAL),
            "vss": words(name, "expected_value"),
            "over_wait_and_see": words(name, "wait_and_see_load"),
            "cvar_eur": tail_mean(income, TAIL_SHARE),
            "bid_s": sum(year[name][1] for year in years) / len(years),
        }
        for name, income in daily.items()
    ]


def sources(years: int) -> dict[str, tuple[ScenarioSource, int]]:
    """Where the years come from, and how many of each; the split's first year is the usual one."""
    found: dict[str, tuple[ScenarioSource, int]] = {
        f"synthetic:{split}": (SyntheticSource(split, n_scenarios=years), years)
        for split in ("validation", "test")
    }
    if os.environ.get("VPP_GYM_DATA"):
        found |= {name: (as_source(name), 1) for name in ("real:train", "real:test")}
    return found


def main(
    years: Annotated[int, typer.Option(min=1, help="Number of synthetic years of each split.")] = 4,
    risk: Annotated[
        bool, typer.Option("--risk", help="Also run the bid with a risk term.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Compare all bidders under dual and Dutch pricing."""
    check_folder(out, "out")
    rows = []
    worlds = [(pricing, name) for pricing in ("dual", "dutch") for name in sources(years)]
    for pricing, name in track(worlds, "worlds"):
        source, n = sources(years)[name]
        params = DEFAULT.replace(market={"imbalance_pricing": pricing})
        each = [incomes(source.scenario(index), params, risk) for index in range(n)]
        if n > 1:
            rows += compared(f"{name}, mean of {n} years", pricing, each)
        for index, year in enumerate(each):
            rows += compared(f"{name} {index}", pricing, [year])
    command = "python -m benchmarks.bidding" + (" --risk" if risk else "")
    write_table("bidding", rows, title=TITLE, notes=NOTES, command=command, folder=out)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
