"""The two ways in which vpp_gym refuses: bad input, and a solve without an answer."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InvalidInputError(ValueError):
    """Input that cannot be used, with the field, the value and the remedy.

    >>> print(InvalidInputError("n_chargers", 0, "use 1 or more"))
    n_chargers: got 0; use 1 or more
    """

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(printable(f"{field}: got {_short(value)}; {remedy}"))

    def __reduce__(self) -> tuple:
        return type(self), (self.field, self.value, self.remedy)


def printable(text: str) -> str:
    r"""A text of which a terminal shows every sign; what would steer it is spelt out.

    >>> print(printable("a\x1b[2J\n.csv"))
    a\x1b[2J\n.csv
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


class SolveFailedError(RuntimeError):
    """A solver ended without a usable answer; nothing was dispatched."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known name that is most like a wrong one, as the beginning of a remedy.

    >>> suggestion("roling_mpc", ["rolling_mpc", "no_v2g"])
    'did you mean rolling_mpc? '
    >>> suggestion("else", ["rolling_mpc", "no_v2g"])
    ''
    """
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]}? " if close else ""


def _short(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
