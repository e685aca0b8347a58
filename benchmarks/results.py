"""The result file of a suite: ranked totals, and everything needed to make them again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.store import StoredRun, write_whole
from benchmarks.suite import Run, Suite
from vpp_gym.evaluation.provenance import provenance

SCHEMA = 1
STATISTICS: dict[str, int] = {"block_days": 7, "n_resamples": 2000, "seed": 0}


@dataclass(frozen=True)
class SuiteResults:
    """What is written for one suite.

    Attributes:
        document: the result file; every table is rendered from it alone.
        days: day rows of all runs as CSV.
    """

    document: dict[str, Any]
    days: str


def assemble(
    suite: Suite,
    runs: Mapping[Run, StoredRun],
    *,
    scenario: Mapping[str, Any],
    fingerprint: Mapping[str, str],
    command: str,
    left_out: Sequence[str] = (),
) -> SuiteResults:
    """Rank the finished runs of a suite, each track by itself.

    Args:
        suite: that the runs are of.
        runs: finished runs, in the order of their contestants.
        scenario: what the runs went through, for the record.
        fingerprint: of the code that made them.
        command: that makes them again.
        left_out: what did not take part, and why.
    """
    days = pd.concat([_days_of(run, stored) for run, stored in runs.items()], ignore_index=True)
    table = suite.day_table(days)
    text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    made = provenance(command)
    document = {
        "schema": SCHEMA,
        "suite": suite.name,
        "description": suite.description,
        "scenario": {
            **scenario,
            "worlds": int(days["world"].nunique()),
            "days": int(days["day"].nunique()),
        },
        "command": command,
        **{name: made[name] for name in ("python", "versions")},
        "commits": sorted({run.metadata["commit"] or "unknown" for run in runs.values()}),
        "modified": any(run.metadata["modified"] for run in runs.values()),
        "fingerprint": dict(fingerprint),
        "statistics": STATISTICS,
        "left_out": list(left_out),
        "days_sha256": sha256(text.encode()).hexdigest(),
        "tracks": {
            track: _track_rows(suite, track, days, runs)
            for track in suite.tracks
            if track in set(days["track"])
        },
        "contracts": {
            track: suite.offers(days[days["track"] == track], STATISTICS)
            for track in suite.tracks
            if track in set(days["track"])
        },
    }
    return SuiteResults(document, text)


def write_results(folder: Path, name: str, results: SuiteResults) -> Path:
    """Write <name>_days.csv and, last, <name>.json; the path of the latter."""
    write_whole(folder / f"{name}_days.csv", results.days)
    path = folder / f"{name}.json"
    write_whole(path, json.dumps(results.document, indent=1, allow_nan=False) + "\n")
    return path


def _days_of(run: Run, stored: StoredRun) -> pd.DataFrame:
    return stored.frame().assign(track=run.track, world=run.world)


def _track_rows(
    suite: Suite, track: str, days: pd.DataFrame, runs: Mapping[Run, StoredRun]
) -> list[dict[str, Any]]:
    mine = {run: stored for run, stored in runs.items() if run.track == track}
    privileged = {run.policy for run, stored in mine.items() if stored.metadata["privileged"]}
    table = suite.ranked(days[days["track"] == track], privileged, STATISTICS)
    walls = pd.DataFrame({"policy": run.policy, "wall_s": one.wall_s} for run, one in mine.items())
    table["wall_s"] = table["policy"].map(walls.groupby("policy")["wall_s"].mean())
    kinds = {run.policy: stored.metadata["kind"] for run, stored in mine.items()}
    table.insert(2, "kind", table["policy"].map(kinds))
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=6))
    return rows
