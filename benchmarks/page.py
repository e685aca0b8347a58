"""The whole leaderboard as one HTML page that needs nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from benchmarks.suites import suite_of
from benchmarks.suites.base import (
    Document,
    added_words,
    interval_words,
    period,
    seed_words,
    subset_words,
)
from vpp_gym.evaluation.tables import Columns, shown_texts

TEMPLATE = "page.html.jinja"
SCORE = "Score [95 %]"
"""Behind this column stands the picture of the score."""
LEFT, WIDTH = 5.0, 110.0
"""Where the scale begins in the picture of a score, and how long it is [px]."""
LOWEST, HIGHEST = -25.0, 150.0
"""Scores beyond are drawn here, so that the others do not shrink."""


def leaderboard_page(documents: Sequence[Document]) -> str:
    """The page of some suites, from their result files alone."""
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["breakable"] = breakable
    return templates.get_template(TEMPLATE).render(suites=[_suite(one) for one in documents])


def breakable(name: str) -> Markup:
    """A name that a narrow screen may break behind _ and +.

    >>> breakable("a_b<c>")
    Markup('a_<wbr>b&lt;c&gt;')
    """
    return Markup(re.sub(r"([_+]+)", r"\1<wbr>", str(escape(name))))


def _suite(document: Document) -> dict[str, Any]:
    suite = suite_of(document["suite"])
    boards = [
        _board(name, suite.boards[name].words, rows, suite.boards[name].columns)
        for name, rows in document["boards"].items()
    ]
    caveats = [
        *subset_words(document),
        *suite.caveats(document),
        *seed_words(document),
        interval_words(document),
    ]
    world = f"{document['description']}; {period(document)}."
    return {
        "name": suite.name,
        "description": f"{world[0].upper()}{world[1:]}",
        "lead": suite.lead(document),
        "boards": boards,
        "caveats": [line.replace("`", "") for line in caveats],
        "command": document["command"],
        "added": [words.replace("`", "") for words in added_words(document)],
    }


def _board(
    name: str, words: str, rows: Sequence[Mapping[str, Any]], columns: Columns
) -> dict[str, Any]:
    texts = shown_texts(rows, columns)
    headings = list(texts)
    cells = zip(*texts.values(), strict=True)
    scale = _scale(rows)
    shown = [
        {
            "cells": line,
            "kind": row["kind"],
            "privileged": row["privileged"],
            "bar": _bar(row, scale),
        }
        for row, line in zip(rows, cells, strict=True)
    ]
    return {
        "name": name,
        "words": words,
        "headings": headings,
        "policy_column": headings.index("Policy"),
        "score_column": headings.index(SCORE) if SCORE in headings else -1,
        "ends": [f"{_place(end, scale):.1f}" for end in (0.0, 100.0)],
        "rows": shown,
    }


def _scale(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Least and greatest score that a picture shows: 0, 100 and every policy's, within limits."""
    scores = [0.0, 100.0, *(row["score"] for row in rows if row["score"] is not None)]
    return max(min(scores), LOWEST), min(max(scores), HIGHEST)


def _bar(row: Mapping[str, Any], scale: tuple[float, float]) -> dict[str, Any]:
    """Where the score of a row and the ends of its interval lie [px]."""
    values = [row[f"score{end}"] for end in ("_low", "", "_high")]
    low, middle, high = (_place(row["score"] if one is None else one, scale) for one in values)
    return {
        "low": f"{low:.1f}",
        "middle": f"{middle:.1f}",
        "width": f"{max(high - low, 0.0):.1f}",
        "words": f"score {row['score']}",
    }


def _place(score: float | None, scale: tuple[float, float]) -> float:
    low, high = scale
    return LEFT + WIDTH * (min(max(score or 0.0, low), high) - low) / (high - low)
