"""`vpp-gym doctor`: checks that everything is installed and works."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from vpp_gym.cli.output import AsJson, console, print_json, show_table
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid

if TYPE_CHECKING:
    from vpp_gym.cli.checks import Check

STYLES = {"ok": "green", "broken": "bold red", "absent": "yellow"}


def doctor(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with real data; by default VPP_GYM_DATA.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the installation: versions, compiled kernels, solvers, real data.

    "broken": a required part is missing or fails (exit code 1). "absent": an
    optional part is not installed or not set up.
    """
    from vpp_gym.cli.checks import all_checks

    found = []
    with at_work("Checking") as report:
        for check in all_checks(data):
            found.append(check)
            report(f"Checking what comes after {check.name}")
    broken = [check.name for check in found if check.state == "broken"]
    if as_json:
        print_json({"ok": not broken, "checks": [asdict(check) for check in found]})
    else:
        show_table(Grid((Column(), Column(), Column()), [_row(check) for check in found]))
        console.print(
            f"Broken: {', '.join(broken)}"
            if broken
            else "Everything required is installed and works."
        )
    if broken:
        raise typer.Exit(1)


def _row(check: Check) -> tuple[str, Text, str]:
    remedy = f"\n-> {check.remedy}" if check.remedy else ""
    return check.name, Text(check.state, STYLES[check.state]), check.found + remedy
