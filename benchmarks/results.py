"""The result file of a suite: ranked totals, and everything needed to make them again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.boards import SAME_OFFER
from benchmarks.differences import STATISTICS
from benchmarks.fingerprint import code_digest
from benchmarks.store import StoredRun
from benchmarks.suites import suite_of
from benchmarks.suites.base import Board, Contestants, Document, Run, Suite
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.values import value_digest
from vpp_gym.files.reader import DIGEST, digest_of, read_object
from vpp_gym.files.writer import write_text

SCHEMA = 3
KEYS = (
    *("suite", "description", "scenario", "command", "digests", "rows_sha256"),
    *("boards", "differences", "contracts", "seeds"),
)
"""What every result file has."""


@dataclass(frozen=True)
class SuiteResults:
    """What is written for one suite.

    Attributes:
        document: the result file; every table is rendered from it alone.
        rows: days or weeks of all runs as CSV.
    """

    document: dict[str, Any]
    rows: str


def assemble(
    suite: Suite,
    runs: Mapping[Run, StoredRun],
    *,
    scenario: Mapping[str, Any],
    digests: Mapping[str, Any],
    command: str,
    left_out: Sequence[str] = (),
) -> SuiteResults:
    """Rank the finished runs of a suite on its boards.

    Args:
        suite: that the runs are of.
        runs: finished runs, in the order of their contestants.
        scenario: what the runs went through, for the record.
        digests: of what made them, see `digests_of`.
        command: that makes them again.
        left_out: what did not take part, and why.
    """
    days = pd.concat([_days_of(run, stored) for run, stored in runs.items()], ignore_index=True)
    table = suite.published_rows(days)
    text = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    made = provenance(command)
    boards = {
        name: board for name, board in suite.boards.items() if board.track in set(days["track"])
    }
    ranked = {name: _board(suite, board, days, runs) for name, board in boards.items()}
    document = {
        "schema": SCHEMA,
        "suite": suite.name,
        "description": suite.description,
        "scenario": {
            **scenario,
            "worlds": int(days["world"].nunique()),
            "days": int(days["day"].nunique()),
        },
        "suite_worlds": suite.worlds,
        "command": command,
        "whole": suite.command(),
        "high": suite.high,
        **{name: made[name] for name in ("python", "versions")},
        "commits": sorted({run.metadata["commit"] or "unknown" for run in runs.values()}),
        "modified": any(run.metadata["modified"] for run in runs.values()),
        "digests": dict(digests),
        "statistics": STATISTICS,
        "left_out": list(left_out),
        "rows_sha256": sha256(text.encode()).hexdigest(),
        "boards": {name: one.rows for name, one in ranked.items()},
        "differences": {name: one.differences for name, one in ranked.items()},
        "contracts": {name: one.offers for name, one in ranked.items()},
        "seeds": {name: one.seeds for name, one in ranked.items()},
    }
    return SuiteResults(document, text)


def rows_text(table: pd.DataFrame) -> str:
    """Rows of `Suite.published_rows` as they stand in the published file."""
    text: str = table.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    return text


def days_of(runs: Mapping[Run, StoredRun]) -> pd.DataFrame:
    """Day rows of finished runs with the columns `track` and `world`."""
    return pd.concat([_days_of(run, stored) for run, stored in runs.items()], ignore_index=True)


def row_alone(
    suite: Suite, board: Board, policy: str, runs: Mapping[Run, StoredRun]
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """What a board says of a policy between the two ends of the scale, and of its seeds.

    All of it but the places among others is as on the whole board.

    Args:
        suite: of the board.
        board: that the policy stands on.
        policy: its name.
        runs: finished runs of the policy and of both ends, and perhaps others.

    Returns:
        The row, None where the policy does not stand on this board; and a row for each seed,
        none where there is one seed.
    """
    names = {suite.low, suite.high, policy}
    mine = {run: one for run, one in runs.items() if run.policy in names}
    found = _board(suite, board, days_of(mine), mine)
    row = next((row for row in found.rows if row["policy"] == policy), None)
    return row, [one for one in found.seeds if one["policy"] == policy]


def write_results(folder: Path, name: str, results: SuiteResults) -> Path:
    """Write <name>_days.csv, or _weeks, and, last, <name>.json; the path of the latter."""
    path = folder / f"{name}.json"
    document = {**results.document, DIGEST: digest_of(results.document)}
    write_text(rows_path(path, document), results.rows, make_folder=True)
    return write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")


def rows_path(path: Path, document: Document) -> Path:
    """The file with the days or weeks of all runs, beside the result file at `path`."""
    return path.with_name(f"{path.stem}_{suite_of(document['suite']).published}.csv")


def read(path: Path) -> Document:
    """The result file of a suite.

    Raises:
        InvalidInputError: it is damaged, or was written by another version of the benchmark.
    """
    document = read_object(path)
    again = f"run `{document.get('command', 'python -m benchmarks.run')}`"
    if document.get("schema") != SCHEMA:
        remedy = f"{again}: another version of the benchmark wrote it"
        raise InvalidInputError(path.name, f"schema {document.get('schema')}", remedy)
    if missing := sorted({*KEYS} - {*document}):
        raise InvalidInputError(path.name, f"no {', '.join(missing)}", f"{again}: it is damaged")
    if document.pop(DIGEST, None) not in (None, digest_of(document)):
        raise InvalidInputError(path.name, "other content than was written", again)
    return document


def digests_of(suite: Suite, everyone: Contestants) -> dict[str, Any]:
    """What the results of a suite rest on, as it is now; all but the scenarios themselves.

    Returns:
        policies: code and values behind the runs of each, by name, or name and seed.
        rules: of each track.
        scenario_code: behind the scenarios.
        ranking: code that ranks the finished runs, and its settings.
    """
    roots = suite.roots
    kind = type(suite)
    own = kind.ranked, kind.offers, kind.differences, kind.published_rows
    made = code_digest(roots.ranking, (assemble, _board, _seed_rows, *own))
    settings = value_digest(STATISTICS, suite.low, suite.high)
    return {
        "policies": {
            everyone.label(*entry): asdict(everyone.digests[entry]) for entry in everyone.entries
        },
        "rules": {track: value_digest(suite.params(track)) for track in suite.tracks},
        "scenario_code": code_digest(roots.scenarios),
        "ranking": f"{made} {settings}",
    }


def present_digests(
    suite: Suite, everyone: Contestants, document: Document, data: Path | None
) -> dict[str, Any]:
    """What results rest on as it is now, the scenarios of a published document among it.

    Args:
        suite: of the document.
        everyone: who takes part now.
        document: the published results.
        data: folder of real data.

    Raises:
        InvalidInputError: the suite reads real data, and no folder is given.
    """
    if suite.needs_data and data is None:
        raise InvalidInputError("data", None, f"{suite.name} reads real data: give its folder")
    scenarios = {
        track: suite.scenario_digests(track, map(int, worlds), data)
        for track, worlds in document["digests"]["scenarios"].items()
    }
    return {**digests_of(suite, everyone), "scenarios": scenarios}


@dataclass(frozen=True)
class _Ranked:
    """A board: its rows, what they earned more than others, offers to owners, and seeds."""

    rows: list[dict[str, Any]]
    differences: list[dict[str, Any]]
    offers: list[dict[str, Any]]
    seeds: list[dict[str, Any]]


def _board(
    suite: Suite, board: Board, days: pd.DataFrame, runs: Mapping[Run, StoredRun]
) -> _Ranked:
    mine = {run: stored for run, stored in runs.items() if run.track == board.track}
    days = days[days["track"] == board.track].drop(columns="track")
    privileged = {run.policy for run, stored in mine.items() if stored.metadata["privileged"]}
    table = suite.ranked(board, days, privileged, STATISTICS)
    walls = pd.DataFrame({"policy": run.policy, "wall_s": one.wall_s} for run, one in mine.items())
    table["wall_s"] = table["policy"].map(walls.groupby("policy")["wall_s"].mean())
    kinds = {run.policy: stored.metadata["kind"] for run, stored in mine.items()}
    table.insert(2, "kind", table["policy"].map(kinds))
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=6))
    found = suite.differences(board, days, rows, STATISTICS)
    better = {one["policy"]: one["weeks_more"] for one in found if one["why"] == SAME_OFFER}
    for row in rows:
        row["weeks_more"] = better.get(row["policy"])
    return _Ranked(
        rows,
        found,
        suite.offers(board, days, STATISTICS),
        _seed_rows(days[days["policy"].isin(table["policy"])], suite.low, board.value),
    )


def _seed_rows(days: pd.DataFrame, low: str, value: str) -> list[dict[str, Any]]:
    """What each seed earned more than the lower end of the scale, mean of the worlds [EUR]."""
    by_seed = days.groupby(["policy", "seed"], sort=False)[value].sum()
    value_eur = by_seed / days["world"].nunique()
    low_eur = float(value_eur[low].mean())
    return [
        {"policy": name, "seed": int(seed), "over": low, "gain_eur": round(eur - low_eur, 2)}
        for (name, seed), eur in value_eur.items()
        if len(value_eur[name]) > 1
    ]


def _days_of(run: Run, stored: StoredRun) -> pd.DataFrame:
    return stored.frame().assign(track=run.track, world=run.world)
