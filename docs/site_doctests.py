"""Has the API show doctests as code, wherever they stand in a docstring."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

DOCTEST = re.compile(r"^>>> .*(?:\n(?!\s*$).+)*", re.MULTILINE)
"""A prompt, and what follows it up to an empty line."""


def fenced(text: str) -> str:
    """A docstring whose doctests are blocks of code.

    >>> print(fenced("Adds."))
    Adds.
    """
    return DOCTEST.sub(lambda found: f"```pycon\n{found[0]}\n```", text)


class Doctests(Extension):
    """Fences doctests before docstrings are read."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
