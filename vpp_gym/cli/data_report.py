"""The reports of `vpp-gym data`: about files, and about a world file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text

from vpp_gym.cli.crowding import crowding, most_recorded, recorded_crowding
from vpp_gym.cli.file_report import plain, report_document, said, show_report_of
from vpp_gym.cli.output import console, show_table
from vpp_gym.cli.params import by_name
from vpp_gym.cli.tables import Column, Grid, show_lines
from vpp_gym.errors import InvalidInputError, printable
from vpp_gym.params import as_params
from vpp_gym.scenarios.files.folder import Found
from vpp_gym.scenarios.files.options import NeededOptionsError
from vpp_gym.scenarios.files.session_rows import SessionRows
from vpp_gym.scenarios.occupancy import Occupancy, occupancy
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.world_file import ALL, read_header, read_world

READABLE = "docs/data.md lists the kinds that are read."
STYLES = {"ok": "green", "rejected": "bold red", "unknown": "dim"}


def checked_document(folder: Path, files: Sequence[Found]) -> dict[str, Any]:
    """Kind and content of each file, and how many cars there are at once."""
    sessions = [one.rows for one in files if isinstance(one.rows, SessionRows)]
    most = most_recorded(sessions) if sessions else 0
    return {
        "folder": str(folder),
        "files": [_file_document(one) for one in files],
        "most_cars_at_once": most,
        "warnings": recorded_crowding(most),
    }


def _file_document(found: Found) -> dict[str, Any]:
    document: dict[str, Any] = {"file": found.path.name, "state": _state(found)}
    if found.kind is not None:
        document |= {"kind": found.kind.name, "holds": found.kind.holds}
    if found.error is not None:
        error = as_option(found.error)
        document |= {"field": error.field, "error": str(error), "remedy": error.remedy}
    return document if found.rows is None else document | report_document(found.rows.report)


def _state(found: Found) -> str:
    if found.error is not None:
        return "rejected"
    return "unknown" if found.kind is None else "ok"


def as_option(error: InvalidInputError) -> InvalidInputError:
    """The same error, with needed options as the command line spells them."""
    if not isinstance(error, NeededOptionsError):
        return error
    return NeededOptionsError({option(name): why for name, why in error.options.items()})


def option(name: str) -> str:
    """An option as the command line spells it.

    >>> option("elaad_clock")
    '--elaad-clock'
    """
    return "--" + name.replace("_", "-")


def show_checked(document: dict[str, Any]) -> None:
    """Print a table of all files, and lines about each file of a known kind."""
    columns = [Column("File"), Column("State"), Column("Contains")]
    columns += [Column("Rows", is_number=True), Column("Kept", is_number=True)]
    rows = []
    for one in document["files"]:
        counts = (plain(one[name]) if name in one else "" for name in ("rows", "kept"))
        state = Text(one["state"], STYLES[one["state"]])
        rows.append((printable(one["file"]), state, one.get("holds", ""), *counts))
    show_table(Grid(columns, rows))
    if any(one["state"] == "unknown" for one in document["files"]):
        console.print(f"\nUnknown files are skipped. {READABLE}", soft_wrap=True)
    for one in document["files"]:
        if one["state"] == "ok":
            show_report_of(one)
        elif one["state"] == "rejected":
            kind = one.get("kind", "not readable")
            console.print(Text(f"\n{printable(one['file'])}: {kind}", "bold"), soft_wrap=True)
            show_lines(console, [one["error"]])
    _show_warnings(document)


def _show_warnings(document: dict[str, Any]) -> None:
    console.print(f"\nMost cars at once: {plain(document['most_cars_at_once'])}")
    show_lines(console, [Text(f"Warning: {one}", "yellow") for one in document["warnings"]], 0)


def described_document(path: Path) -> dict[str, Any]:
    """Content of a world file."""
    header = read_header(path)
    names = [*(one.name for one in header.splits), ALL]
    params = as_params(header.params)
    worlds = {name: read_world(path, name) for name in names}
    crowd = {name: occupancy(world, params) for name, world in worlds.items()}
    splits = {name: _split_document(world, crowd[name]) for name, world in worlds.items()}
    provenance = header.provenance.model_dump(mode="json")
    provenance["sources"] = [report_document(one) for one in header.provenance.sources]
    return {
        "file": str(path),
        **header.model_dump(mode="json", exclude={"splits", "provenance"}),
        "splits": splits,
        "most_cars_at_once": max(one.most_declared for one in crowd.values()),
        "warnings": crowding(list(crowd.values())),
        "provenance": provenance,
    }


def _split_document(scenario: Scenario, crowd: Occupancy) -> dict[str, Any]:
    sessions, da = scenario.sessions, scenario.da_eur_per_kwh
    short, long = scenario.im_short_eur_per_kwh, scenario.im_long_eur_per_kwh
    need_kwh = np.maximum(sessions.target_soc - sessions.arrival_soc, 0) * sessions.capacity_kwh
    return {
        "first_day": str(scenario.clock[0])[:10],
        "last_day": str(scenario.clock[-1])[:10],
        "days": int(scenario.day[-1]) + 1,
        "steps": scenario.n_steps,
        "sessions": len(sessions),
        "most_cars_at_once": crowd.most_declared,
        "turned_away": crowd.turned_away,
        "battery_need_kwh": round(float(need_kwh.sum()), 3),
        "stay_h_mean": _mean((sessions.departure_step - sessions.arrival_step) * scenario.dt_h),
        "da_eur_per_kwh_mean": _mean(da),
        "da_negative_steps": int((da < 0).sum()),
        "im_short_eur_per_kwh_mean": _mean(short),
        "im_long_eur_per_kwh_mean": _mean(long),
        "two_price_steps": int((short != long).sum()),
    }


def _mean(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 6) if len(values) else None


def show_described(document: dict[str, Any]) -> None:
    """Print the content of a world file."""
    splits = document["splits"]
    zone = document["timezone"] or "24 hours on every day"
    columns = [Column(), *(Column(name, is_number=True) for name in splits)]
    rows = [
        (row, *(plain(one[row]) for one in splits.values())) for row in next(iter(splits.values()))
    ]
    title = f"{printable(document['file'])}: steps of {document['dt_h']:g} h, {zone}"
    show_table(Grid(columns, rows, title=title, by_column=True))
    provenance = document["provenance"]
    console.print(Text("\nParameters", "bold"))
    stated = [f"{name}: {plain(value)}" for name, value in by_name(document["params"] or {})]
    show_lines(console, stated or ["the default ones"])
    console.print(Text(f"\nBuilt by vpp_gym {provenance['vpp_gym']} from", "bold"))
    for source in provenance["sources"]:
        show_report_of(source)
    console.print(Text("\nBuilding", "bold"))
    counts = [f"{name}: {plain(value)}" for name, value in provenance["counts"].items()]
    show_lines(console, counts or ["nothing filled, converted or left out"])
    further = {"skipped": provenance["left_aside"], **provenance.get("facts", {})}
    show_lines(console, list(said({name: value for name, value in further.items() if value})))
    _show_warnings(document)
