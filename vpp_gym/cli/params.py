"""Options by which commands take parameters of the site, the market, drivers and owners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

ParamsFile = Annotated[
    Path | None,
    typer.Option(
        "--params",
        help="YAML file of parameters: chargers, prices, market rules, owners. "
        "See docs/parameters.md and examples/site.yaml.",
        show_default=False,
    ),
]
SetParams = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="One parameter, such as site.n_chargers=40; may be given several times, and counts "
        "more than --params.",
        show_default=False,
    ),
]


def stated_changes(file: Path | None, words: list[str] | None) -> dict[str, Any]:
    """What a file and words state, as changes of the default parameters.

    Raises:
        InvalidInputError: a file that cannot be read, an unknown name, or a value that is not
            taken.
    """
    if file is None and not words:
        return {}
    from vpp_gym.params.stated import joined, read_changes, set_changes

    read = {} if file is None else read_changes(file)
    return joined(read, set_changes(words or []))


def by_name(changes: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Changes as pairs of dotted name and value.

    >>> dict(by_name({"site": {"n_chargers": 40}, "guarantee": False}))
    {'site.n_chargers': 40, 'guarantee': False}
    """
    for name, value in changes.items():
        if isinstance(value, Mapping):
            yield from by_name(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
