"""Names that are found in files or given by others, before they name files or stand in tables."""

from __future__ import annotations

import re
from typing import Any

from vpp_gym.errors import InvalidInputError

NAME_PATTERN = r"^\w[\w.+-]*$"
MAX_LENGTH = 100
_NAME = re.compile(NAME_PATTERN)
_CELL = re.compile(r"[\\`|]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|\[(?=[^\]]*\]\()")
"""Tags, entities and links are recognised; signs that stand for themselves stay."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def checked_name(name: Any, field: str = "name") -> str:
    """A name that is safe as a part of a path, in a table and on a command line.

    >>> checked_name("hazard_mpc_tariff+expected_load")
    'hazard_mpc_tariff+expected_load'

    Raises:
        InvalidInputError: other signs than letters, digits and _ . + - , a first sign of the
            last three, or too long a name.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_LENGTH:
        remedy = (
            f"use letters, digits and the signs _ . + - only, a letter or digit first, and at "
            f"most {MAX_LENGTH} of them"
        )
        raise InvalidInputError(field, name, remedy)
    return name


def cell_markdown(text: str) -> str:
    r"""A text as a cell of a Markdown table, without tags, links and further cells.

    >>> cell_markdown("< 0.5 [0.1, 0.9]"), cell_markdown("a|b <i>")
    ('< 0.5 [0.1, 0.9]', 'a\\|b \\<i>')
    """
    return _CELL.sub(lambda sign: f"\\{sign[0]}", " ".join(text.split()))


def cell_text(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    >>> cell_text("=1+1"), cell_text("no_v2g")
    ("'=1+1", 'no_v2g')
    """
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
