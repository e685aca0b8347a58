"""Draws the pictures of README and docs: leaderboards, a day of several policies, one at a site.

    python -m benchmarks.figures

The leaderboards come from the result files; the days are simulated, always the same.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from benchmarks.fingerprint import ROOT
from benchmarks.leaderboard import RESULTS, published
from benchmarks.results import read
from benchmarks.suites import suite_of
from benchmarks.suites.base import Document
from vpp_gym.cli.day_figure import last_day
from vpp_gym.envs.recorder import DayRecorder
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.rollout import runner_for
from vpp_gym.files.trial import check_folder
from vpp_gym.markets.ledger import LEDGER
from vpp_gym.plots.day import draw_day
from vpp_gym.plots.day_view import DayView
from vpp_gym.plots.frontier import draw_frontier
from vpp_gym.plots.leaderboard import draw_leaderboard, save_figure
from vpp_gym.plots.policy_day import draw_policy_day
from vpp_gym.policies.base import with_offer
from vpp_gym.policy import Policy

IMAGES = ROOT / "docs" / "images"
DAY = 129
"""Day of the first embedded benchmark year that is drawn; an ordinary Friday in May."""
DRAWN = ("charge_on_arrival", "hazard_mpc_tariff+expected_load")
AGENT = "ppo_synthetic"
SUITE = suite_of("embedded")
SITE_WORLD, SITE_DAY, SITE_POLICY = 3, 6, "site_hazard_mpc"
"""Of the suite `site`, the day that is drawn: sunny, and congested in the evening."""
BOARD = "market"
"""Board that is drawn with the parts of its profit."""


def policy_day(policy: Policy, day: int) -> DayView:
    """One day of the embedded benchmark year, after the week before it."""
    return deque(day_views(policy, day), maxlen=1).pop()()


def day_views(policy: Policy, day: int, title: str = "") -> Iterator[Callable[[], DayView]]:
    """The same day as it grows: what makes its view, after each of its steps.

    The run goes on for a day more, so that cars which stay overnight are not settled at midnight.
    """
    track = next(iter(SUITE.tracks))
    scenario = SUITE.scenario(track, 0, None)
    params = with_offer(policy, SUITE.params(track))
    if policy.privileged:
        raise InvalidInputError("policy", policy.name, "draw policies that see no future")
    days = (day - 7, day, day + 1, day + 2)
    first, midnight, last, end = np.searchsorted(scenario.day, days).tolist()
    runner = runner_for(policy, scenario, params, first, end)
    recorder = DayRecorder(runner.simulation, title=title)
    recorder.restart()
    state = None
    for step in range(first, last):
        decisions, state = policy.predict(runner.observe(), state, np.array([step == first]), True)
        recorder.add(runner.act(decisions)[0])
        if step >= midnight:
            yield recorder.view


def site_day() -> DayView:
    """A day at a site, after the days of its world before it."""
    suite = suite_of("site")
    track = next(iter(suite.tracks))
    scenario = suite.scenario(track, SITE_WORLD, None)
    end = (SITE_DAY + 1) * scenario.periods_per_day
    view = last_day(suite.policy(SITE_POLICY, 0), scenario, {}, end)
    return replace(view, title=f"{SITE_POLICY}, a congested evening")


def board_table(document: Document, board: str) -> pd.DataFrame:
    """Rows of a board, as `draw_leaderboard` and `draw_frontier` read them.

    A board whose rows were tried again after the ledger gained a term has no column of it: the
    profit is the same without.
    """
    rows = pd.DataFrame(document["boards"][board])
    gained = [name for name in LEDGER.split if name not in rows]
    return rows.assign(**dict.fromkeys(gained, 0.0))


def main(
    results: Annotated[Path, typer.Option(help="Folder of the result files.")] = RESULTS,
    out: Annotated[Path, typer.Option(help="Folder of the pictures.")] = IMAGES,
) -> None:
    """Draw the leaderboards, the frontiers and the day."""
    check_folder(out, "out")
    for path in published(results):
        document = read(path)
        if BOARD not in document["boards"]:
            continue
        title = f"{document['description']}; board {BOARD}"
        figure = draw_leaderboard(board_table(document, BOARD), title=title)
        save_figure(figure, out / f"leaderboard_{path.stem}.png")
        title = f"Suite {path.stem}: value of operations against demand served"
        figure = draw_frontier(board_table(document, "operations"), "operations_eur", title=title)
        save_figure(figure, out / f"frontier_{path.stem}.png")
    agents = [AGENT] if (AGENT, 0) in SUITE.contestants().agents else []
    views = {
        name.replace("+", "\n+"): policy_day(SUITE.policy(name, 0), DAY)
        for name in (*DRAWN, *agents)
    }
    save_figure(draw_policy_day(views, title="One day, the same cars and prices"), out / "day.png")
    save_figure(draw_day(site_day()), out / "site_day.png")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
