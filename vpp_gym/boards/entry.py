"""Own runs on the worlds of a published board: which board, and the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vpp_gym.agents.origin import setting_of_agent
from vpp_gym.agents.setting import Setting
from vpp_gym.agents.stays import StayModelAgent
from vpp_gym.arrays import Floats
from vpp_gym.boards.digest import world_digest
from vpp_gym.boards.kept import KeptRuns
from vpp_gym.boards.published import Board, board_named, boards, week_sums
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.rollout import evaluate

MOST_SHOWN = 4
OFFER = "contract."
"""Rules of EVs that begin so are what a policy offers to owners, and may differ on a board."""
BIDS = ("period", "schedule")
"""Bids of `VPPDayAhead-v0` that the agent makes itself."""

MARGIN_DAYS = 7
"""Days that a part of a world is run on for: what its end settles is not in the published rows."""

Progress = Callable[[str, int, int], None]
"""Called with what runs, the days done and the days in all."""


@dataclass(frozen=True)
class Entry:
    """What a policy earned on the worlds of a board.

    Attributes:
        name: row label.
        env_id: environment that it plays; None: it reads snapshots.
        seeds: of its trainings.
        values: (seeds, worlds, periods, quantities) of every week, or day.
        days: that were run of each world.
        world_digests: of the scenarios that it ran in.
        rules: of the runs.
    """

    name: str
    env_id: str | None
    seeds: tuple[int, ...]
    values: Floats
    days: int
    world_digests: tuple[str, ...]
    rules: Mapping[str, Any]


def board_of(agent: EnvironmentAgent | StayModelAgent, name: str | None = None) -> Board:
    """The published board of the world that an agent was trained in.

    Args:
        agent: of any environment; of single stays, on a fleet.
        name: of the board or suite that is asked for; None: the first with the same rules and
            time step: "market" for agents that bid, "operations" for others.

    Raises:
        InvalidInputError: its rules differ from those of every board, with what differs.
    """
    setting: Setting = getattr(agent, "setting", None) or setting_of_agent(agent)
    if name is not None:
        asked = board_named(name)
        if name == asked.suite:
            asked = _preferred([one for one in boards().values() if one.suite == name], setting)
        if found := list(_differences(setting, asked)):
            raise _refused(agent, asked, found)
        return asked
    same = [one for one in boards().values() if not list(_differences(setting, one))]
    same = [one for one in same if not one.worlds.real] or same
    if same:
        return _preferred([one for one in same if one.suite == same[0].suite], setting)
    nearest = min(
        (one for one in boards().values() if one.worlds.world == setting.world),
        key=lambda one: len(list(_differences(setting, one))),
    )
    raise _refused(agent, nearest, list(_differences(setting, nearest)))


def _refused(agent: Any, board: Board, found: Sequence[str]) -> InvalidInputError:
    more = f"; and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    remedy = (
        f"{agent.name} was trained under other rules: {'; '.join(found[:MOST_SHOWN])}{more}. "
        "Train it under those of the board, or judge it alone with --against none"
    )
    return InvalidInputError("board", board.name, remedy)


def _preferred(same: Sequence[Board], setting: Setting) -> Board:
    """Of the boards of one suite the one that ranks by what an agent decides."""
    bids = setting.settings.get("bids") in BIDS or setting.env_id == "VPPBidding-v0"
    wanted = "market" if bids else "operations"
    named = [board for board in same if board.name.endswith(f".{wanted}")]
    return (named or list(same))[0]


def _differences(setting: Setting, board: Board) -> Iterator[str]:
    """What rules of an agent differ from those of a board, what it offers to owners aside."""
    suite = board.worlds
    if suite.world != setting.world:
        yield f"world: trained in {setting.world}, the board is of {suite.world}"
        return
    if suite.dt_h != setting.dt_h:
        yield f"dt_h: trained with {setting.dt_h:g}, the board has {suite.dt_h:g}"
    mine, theirs = (flat(one.model_dump(mode="json")) for one in (setting.params, board.params))
    for name, value in mine.items():
        may_differ = suite.world == "ev" and name.startswith(OFFER)
        if not may_differ and theirs.get(name) != value:
            yield f"params.{name}: trained with {value!r}, the board has {theirs.get(name)!r}"


def flat(fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Rules by dotted name."""
    values: dict[str, Any] = {}
    for name, value in fields.items():
        dotted = f"{prefix}{name}"
        values |= flat(value, f"{dotted}.") if isinstance(value, Mapping) else {dotted: value}
    return values


def run_on_board(
    policies: Sequence[Any],
    board: Board,
    *,
    name: str | None = None,
    worlds: int | None = None,
    days: int | None = None,
    progress: Progress = lambda what, done, total: None,
    kept: KeptRuns | None = None,
) -> Entry:
    """Run the trainings of one policy through the worlds of a board.

    Args:
        policies: one for each seed; agents, or policies that read snapshots.
        board: whose worlds and rules they run under; offers to owners are their own.
        name: row label; None: that of the first.
        worlds: how many scenarios, from the first; None: all that policies rank on.
        days: how many days of each, from the first: whole weeks; None: all.
        progress: called after each day.
        kept: runs that are over already, and where those are kept that end.

    Raises:
        InvalidInputError: worlds or days that the board does not have.
    """
    runs = KeptRuns() if kept is None else kept
    n_worlds, n_days = checked_span(board, worlds, days)
    label = name or str(policies[0].name)
    values, digests = [], []
    for seed, policy in enumerate(policies):
        of_seed = []
        for world in range(n_worlds):
            scenario = board.worlds.scenario(board.track, world)
            if seed == 0:
                digests.append(world_digest(scenario))
            what = f"{label}, world {world + 1} of {n_worlds}"
            what += f", seed {seed + 1} of {len(policies)}" if len(policies) > 1 else ""
            found = runs.get(seed, world)
            if found is None:
                found = _run(policy, board, scenario, n_days, what, progress)
                runs.put(seed, world, found)
            of_seed.append(found)
        values.append(of_seed)
    return Entry(
        name=label,
        env_id=getattr(policies[0], "env_id", None),
        seeds=tuple(int(getattr(one, "seed", 0)) for one in policies),
        values=np.array(values),
        days=n_days,
        world_digests=tuple(digests),
        rules=_rules(policies[0], board).model_dump(mode="json"),
    )


def checked_span(board: Board, worlds: int | None, days: int | None) -> tuple[int, int]:
    """Number of worlds, and of days of each; all for None.

    Raises:
        InvalidInputError: more than the board has, none, or days that are not whole weeks.
    """
    n_worlds = board.n_worlds if worlds is None else worlds
    if not 1 <= n_worlds <= board.n_worlds:
        raise InvalidInputError("worlds", worlds, f"{board.name} has 1 to {board.n_worlds}")
    if days is None or days == board.days:
        return n_worlds, board.days
    step = board.period_days
    if not 1 <= days < board.days or days % step:
        whole = f"whole weeks: a multiple of {step}" if step > 1 else "whole days"
        raise InvalidInputError("days", days, f"give {whole}, up to {board.days}")
    return n_worlds, days


def _run(
    policy: Any, board: Board, scenario: Any, days: int, what: str, progress: Progress
) -> Floats:
    """(periods, quantities) of a run."""
    per_day = round(24 / board.worlds.dt_h)
    until = days + MARGIN_DAYS
    end = None if until >= board.days else until * per_day
    result = evaluate(
        policy,
        scenario,
        _rules(policy, board),
        end_step=end,
        progress=lambda done, total: progress(what, done, total),
    )
    return quantities_of(result.days.head(days), board)


def _rules(policy: Any, board: Board) -> Any:
    """Rules of the board, with the contracts that an agent was trained to offer."""
    setting = getattr(policy, "setting", None)
    rules = board.params
    if setting is None or board.worlds.world != "ev":
        return rules
    return rules.replace(contract=setting.params.contract)


def quantities_of(days: pd.DataFrame, board: Board) -> Floats:
    """(periods, quantities) of the day rows of a run, as the published rows have them."""
    numbers = days[list(board.quantities)].to_numpy(dtype=np.float64)
    return week_sums(days["day"].to_numpy(), numbers, board.period_days)
