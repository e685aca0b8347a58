"""Puts the published rows into the package, so that who installs it can rank among them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.results import rows_path
from benchmarks.suites import suite_of
from benchmarks.suites.base import Document
from vpp_gym.arrays import Floats
from vpp_gym.boards.digest import world_digest
from vpp_gym.boards.published import EV_QUANTITIES, FCEV_QUANTITIES, HERE, SCHEMA, packed
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.csv_text import read_table
from vpp_gym.files.reader import read_object
from vpp_gym.files.writer import write_file, write_text

Runs = list[tuple[str, int]]


def packaged(document: Document, rows: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Floats]]:
    """The document and arrays of a suite, as `vpp_gym.boards.published` reads them.

    Digests of its worlds are added by `with_worlds`.

    Args:
        document: the result file of the suite.
        rows: of the file beside it.
    """
    suite = suite_of(document["suite"])
    is_ev = suite.published == "weeks"
    runs: dict[str, Runs] = {}
    values: dict[str, Floats] = {}
    for track in dict.fromkeys(rows["track"]):
        of_track = rows[rows["track"] == track]
        take = _weeks if is_ev else _days
        runs[track], values[track] = take(of_track)
    boards = {
        name: {
            "track": suite.boards[name].track,
            "words": suite.boards[name].words,
            "value": "operations" if name == "operations" else "profit",
            "kinds": {row["policy"]: row["kind"] for row in ranked},
        }
        for name, ranked in document["boards"].items()
    }
    digests = document["digests"]
    about = {
        "schema": SCHEMA,
        "suite": document["suite"],
        "quantities": list(EV_QUANTITIES if is_ev else FCEV_QUANTITIES),
        "low": suite.low,
        "high": document["high"],
        "days": document["scenario"]["days"],
        "scenarios": digests["scenarios"],
        "rules": {track: suite.params(track).model_dump(mode="json") for track in values},
        "rows_sha256": document["rows_sha256"],
        "boards": boards,
        "runs": {track: [list(one) for one in named] for track, named in runs.items()},
    }
    return about, values


def with_worlds(about: Mapping[str, Any], n_worlds: int, before: Mapping[str, Any]) -> Document:
    """What is packaged, with the digests of the worlds.

    They are taken over from what was packaged of the same scenarios before. Worlds of files have
    none where the files are not there.

    Args:
        about: of `packaged`.
        n_worlds: on how many scenarios policies rank.
        before: what is packaged now; empty: nothing.
    """
    same = before.get("scenarios") == json.loads(json.dumps(about["scenarios"]))
    if same and "world_digests" in before:
        return {**about, "world_digests": before["world_digests"]}
    suite = suite_of(about["suite"])
    found: dict[str, list[str]] = {}
    for track in about["scenarios"]:
        try:
            worlds = [suite.scenario(track, world, None) for world in range(n_worlds)]
        except InvalidInputError:
            worlds = []  # of files
        found[track] = [world_digest(world) for world in worlds]
    return {**about, "world_digests": found}


def _weeks(rows: pd.DataFrame) -> tuple[Runs, Floats]:
    """Runs, and (runs, worlds, weeks, quantities) of them."""
    runs = list(dict.fromkeys(zip(rows["policy"], rows["seed"].astype(int), strict=True)))
    table = rows.set_index(["policy", "seed", "world", "week"]).sort_index()
    shape = rows["world"].nunique(), rows["week"].nunique(), len(EV_QUANTITIES)
    columns = list(EV_QUANTITIES)
    values = [table.loc[run, columns].to_numpy(dtype=np.float64).reshape(shape) for run in runs]
    return [(str(name), int(seed)) for name, seed in runs], np.array(values)


def _days(rows: pd.DataFrame) -> tuple[Runs, Floats]:
    """Runs, and (runs, worlds, days, 1) EUR of them."""
    names = [name for name in rows if name not in ("track", "world", "date")]
    table = rows.sort_values(["world", "date"])
    shape = rows["world"].nunique(), rows["date"].nunique(), 1
    runs: Runs = []
    for name in names:
        stem, _, seed = str(name).rpartition(".")
        runs.append((stem, int(seed)) if stem and seed.isdigit() else (str(name), 0))
    values = [table[name].to_numpy(dtype=np.float64).reshape(shape) for name in names]
    return runs, np.array(values)


def package(path: Path, document: Document, folder: Path = HERE) -> None:
    """Write what is packaged of a suite.

    Args:
        path: of its result file.
        document: that it holds.
        folder: of the package.
    """
    about, values = packaged(document, read_table(rows_path(path, document)))
    arrays: Mapping[str, Any] = {track: packed(one) for track, one in values.items()}
    n_worlds = next(iter(values.values())).shape[1]
    file = folder / f"{document['suite']}.json"
    whole = with_worlds(about, n_worlds, read_object(file) if file.exists() else {})
    write_file(
        folder / f"{document['suite']}.npz", lambda file: np.savez_compressed(file, **arrays)
    )
    write_text(file, json.dumps(whole, indent=1) + "\n")


def findings(documents: Mapping[Path, Document], folder: Path = HERE) -> Iterator[str]:
    """Which suites are packaged otherwise than they are published.

    Args:
        documents: result files by their paths.
        folder: of the package.
    """
    for path, document in documents.items():
        about, _ = packaged(document, read_table(rows_path(path, document)))
        file = folder / f"{document['suite']}.json"
        found = read_object(file) if file.exists() else {}
        found.pop("world_digests", None)
        if found != json.loads(json.dumps(about)):
            yield f"{file.name} in vpp_gym/boards does not hold what {path.name} says"
