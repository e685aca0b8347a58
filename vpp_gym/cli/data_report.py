"""The reports of `vpp-gym data`: about files, and about a world file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from vpp_gym.cli.output import console
from vpp_gym.scenarios.files.coverage import coverage
from vpp_gym.scenarios.files.folder import Found
from vpp_gym.scenarios.files.price_rows import PriceRows
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.world_file import ALL, read_header, read_world

STYLES = {"ok": "green", "rejected": "bold red", "unknown": "dim"}


def checked_document(found: Found) -> dict[str, Any]:
    """Kind and content of a file."""
    document: dict[str, Any] = {"file": found.path.name, "state": _state(found)}
    if found.kind is not None:
        document |= {"kind": found.kind.name, "holds": found.kind.holds}
    if found.error is not None:
        error = found.error
        document |= {"field": error.field, "error": str(error), "remedy": error.remedy}
    if found.rows is not None:
        document |= found.rows.report.model_dump(mode="json")
        document["kept"] = found.rows.report.kept
        if isinstance(found.rows, PriceRows):
            document["coverage"] = coverage(found.rows)
    return document


def _state(found: Found) -> str:
    if found.error is not None:
        return "rejected"
    return "unknown" if found.kind is None else "ok"


def show_checked(documents: list[dict[str, Any]]) -> None:
    """Print a table of all files, and lines about each file of a known kind."""
    table = Table(box=None)
    for column in ("File", "State", "Contains"):
        table.add_column(column)
    for column in ("Rows", "Kept"):
        table.add_column(column, justify="right")
    for one in documents:
        counts = (f"{one[name]:,}" if name in one else "" for name in ("rows", "kept"))
        state = Text(one["state"], STYLES[one["state"]])
        table.add_row(Text(one["file"]), state, one.get("holds", ""), *counts)
    console.print(table)
    for one in documents:
        if one["state"] != "unknown":
            console.print(f"\n{one['file']}: {one.get('kind', 'not readable')}", style="bold")
            console.print(Text(_findings(one)))


def _findings(document: dict[str, Any]) -> str:
    """Lines about one file."""
    if document["state"] == "rejected":
        return f"  {document['error']}"
    lines = []
    for title in ("options", "dropped", "changed", "facts", "coverage"):
        numbers = document.get(title, {}).items()
        said = [f"{name}: {_plain(value)}" for name, value in numbers if value != ""]
        if said:
            lines.append(f"  {title}: " + "; ".join(said))
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def described_document(path: Path) -> dict[str, Any]:
    """Content of a world file."""
    header = read_header(path)
    names = [*(one.name for one in header.splits), ALL]
    return {
        "file": str(path),
        **header.model_dump(mode="json", exclude={"splits", "provenance"}),
        "splits": {name: _split_document(read_world(path, name)) for name in names},
        "provenance": header.provenance.model_dump(mode="json"),
    }


def _split_document(scenario: Scenario) -> dict[str, Any]:
    sessions, da = scenario.sessions, scenario.da_eur_per_kwh
    short, long = scenario.im_short_eur_per_kwh, scenario.im_long_eur_per_kwh
    need_kwh = np.maximum(sessions.target_soc - sessions.arrival_soc, 0) * sessions.capacity_kwh
    return {
        "first_day": str(scenario.clock[0])[:10],
        "last_day": str(scenario.clock[-1])[:10],
        "days": int(scenario.day[-1]) + 1,
        "steps": scenario.n_steps,
        "sessions": len(sessions),
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
    title = f"{document['file']}: steps of {document['dt_h']:g} h, {zone}"
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("")
    for name in splits:
        table.add_column(name, justify="right")
    for row in next(iter(splits.values())):
        table.add_row(row, *(_plain(one[row]) for one in splits.values()))
    console.print(table)
    provenance = document["provenance"]
    console.print(f"\nBuilt by vpp_gym {provenance['vpp_gym']} from", style="bold")
    for source in provenance["sources"]:
        console.print(
            f"  {source['file']} ({source['kind']}, sha256 {source['sha256'][:12]})", soft_wrap=True
        )
    if aside := provenance["left_aside"]:
        console.print(f"  skipped: {', '.join(aside)}", soft_wrap=True)
    for name, count in provenance["counts"].items():
        console.print(f"  {name}: {count:,}", soft_wrap=True)
