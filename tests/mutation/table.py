"""The table of what was tried: `mutants.csv` for programs, `mutants.md` for readers."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.mutation.sample import GROUPS, HERE, ROOT, Change

COLUMNS = ("group", "module", "line", "function", "kind", "change", "result", "by", "reason")
LEAST_KILLED = 0.95
"""Share of the drawn mutants that tests must find."""


def reasons() -> dict[tuple[str, str], str]:
    """(module, change) of a mutant that may survive, and why."""
    entries = tomllib.loads((HERE / "survivors.toml").read_text(encoding="utf-8"))
    return {(one["module"], one["change"]): one["reason"] for one in entries.get("survivor", [])}


def write_table(changes: list[Change], results: dict[str, dict[str, Any]]) -> int:
    """Write both files.

    Args:
        changes: that are to be tried.
        results: of those that were, by key.

    Returns:
        0 if enough were found, else 1.
    """
    rows = list(_rows(changes, results))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (HERE / "mutants.csv").write_text(text.getvalue(), encoding="utf-8")
    (HERE / "mutants.md").write_text(page(rows), encoding="utf-8")
    drawn = [row for row in rows if row["kind"] != "named"]
    killed = sum(row["result"] == "killed" for row in drawn)
    return 0 if killed >= LEAST_KILLED * len(drawn) else 1


def _rows(changes: list[Change], results: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    why = reasons()
    for change in changes:
        if change.key not in results:
            outcome, by = "not tried", ""
        else:
            by = results[change.key]["by"] or ""
            outcome = "killed" if by else "survived"
        mutant = change.mutant
        reason = why.get((change.module, change.words), "") if outcome == "survived" else ""
        yield dict(
            zip(
                COLUMNS,
                (change.group.name, change.module, mutant.line, mutant.function, mutant.operator,
                 change.words, outcome, by.removeprefix("tests/"), reason),
                strict=True,
            )
        )  # fmt: skip


def page(rows: list[dict[str, Any]]) -> str:
    """The table in Markdown: counts by group, survivors with their reason, then all."""
    drawn = [row for row in rows if row["kind"] != "named"]
    named = [row for row in rows if row["kind"] == "named"]
    lines = [
        "# Mutants",
        "",
        "Written by `make mutants` (`python -m tests.mutation.run`): each row is the code with one",
        "change, tried with JIT off by the tests that call the changed function.",
        *tried_code(),
        "",
        _line("Modules", "mutants", "killed", "survived"),
        _line("---", "---:", "---:", "---:"),
        *(_count(group.name, [r for r in drawn if r["group"] == group.name]) for group in GROUPS),
        _count("together", drawn),
        _count("named: each once passed all tests", named),
        "",
        "## Survivors",
        "",
        *_survivors(rows),
        "",
        "## All",
        "",
        _line("Place", "change", "killed by"),
        _line("---", "---", "---"),
        *(_line(_place(row), _code(row["change"]), row["by"] or row["result"]) for row in rows),
    ]
    return "\n".join(lines) + "\n"


def tried_code() -> list[str]:
    """Which code it was, where the tree is that of a repository."""
    command = ["git", "-C", os.fspath(ROOT), "log", "-1", "--format=%h of %cs"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [f"The code was that of commit {done.stdout.strip()}."]


def _count(name: str, rows: list[dict[str, Any]]) -> str:
    results = [row["result"] for row in rows]
    return _line(name, len(rows), results.count("killed"), results.count("survived"))


def _survivors(rows: list[dict[str, Any]]) -> list[str]:
    survived = [row for row in rows if row["result"] == "survived"]
    if not survived:
        return ["None."]
    head = [_line("Place", "change", "reason"), _line("---", "---", "---")]
    return head + [_line(_place(row), _code(row["change"]), row["reason"]) for row in survived]


def _line(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _place(row: dict[str, Any]) -> str:
    return f"{row['module'].removeprefix('vpp_gym/')}:{row['line']}"


def _code(text: str) -> str:
    return f"`{text}`"
