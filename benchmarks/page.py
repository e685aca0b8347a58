"""The whole leaderboard as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.board import suite_of
from benchmarks.suite import Document
from vpp_gym.evaluation.tables import Columns, shown_texts

TEMPLATE = "page.html.jinja"
LEFT, WIDTH = 10.0, 100.0
"""Where the bar of a score begins in its picture, and how long it is [px]."""


def leaderboard_page(documents: Sequence[Document]) -> str:
    """The page of some suites, from their result files alone."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return templates.get_template(TEMPLATE).render(suites=[_suite(one) for one in documents])


def _suite(document: Document) -> dict[str, Any]:
    suite = suite_of(document["suite"])
    tracks = [
        _track(name, suite.track_words(name), rows, suite.columns)
        for name, rows in document["tracks"].items()
    ]
    caveats = [line.replace("`", "") for line in suite.caveats(document)]
    return {
        "name": suite.name,
        "description": document["description"],
        "tracks": tracks,
        "caveats": [*caveats, f"Made by {document['command']}."],
    }


def _track(
    name: str, words: str, rows: Sequence[Mapping[str, Any]], columns: Columns
) -> dict[str, Any]:
    texts = shown_texts(rows, columns)
    headings = list(texts)
    cells = zip(*texts.values(), strict=True)
    shown = [
        {
            "cells": line,
            "kind": row["kind"],
            "privileged": row["privileged"],
            "bar": _bar(row),
        }
        for row, line in zip(rows, cells, strict=True)
    ]
    return {
        "name": name,
        "words": words,
        "headings": headings,
        "policy_column": headings.index("Policy"),
        "rows": shown,
    }


def _bar(row: Mapping[str, Any]) -> dict[str, Any]:
    """Where the score of a row and the ends of its interval lie [px]."""
    values = [row[f"score{end}"] for end in ("_low", "", "_high")]
    low, middle, high = (_place(row["score"] if value is None else value) for value in values)
    return {
        "low": f"{low:.1f}",
        "middle": f"{middle:.1f}",
        "width": f"{max(high - low, 0.0):.1f}",
        "words": f"score {row['score']}",
    }


def _place(score: float | None) -> float:
    return LEFT + WIDTH * min(max((score or 0.0) / 100.0, 0.0), 1.0)
