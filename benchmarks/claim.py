"""A sentence that follows from results, and its numbers in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.evidence import Results, Row


@dataclass(frozen=True)
class Claim:
    """A sentence and when it is true.

    Attributes:
        name: in the markers.
        holds: the condition.
        yes: sentence if it holds, with the values in braces.
        no: sentence if it does not.
        values: what stands in the sentences.
    """

    name: str
    holds: Callable[[Results], bool]
    yes: str
    no: str
    values: Callable[[Results], Mapping[str, str]]

    def sentence(self, results: Results) -> str:
        """What the results say.

        Raises:
            UnknownClaimError: the results do not hold what it is about.
        """
        text = self.yes if self.holds(results) else self.no
        return text.format(**self.values(results))


def eur(value: float) -> str:
    """A sum of money in words.

    >>> eur(-1234.4)
    '1,234 EUR'
    """
    return f"{abs(round(value)):,} EUR"


def more(value: float) -> str:
    """How much more, or less.

    >>> more(-3.2), more(1500)
    ('3 EUR less', '1,500 EUR more')
    """
    return f"{eur(value)} {'more' if round(value) >= 0 else 'less'}"


def gain_words(row: Row, name: str = "eur", worlds: str = "worlds_more") -> str:
    """How much more, with its interval and the number of worlds.

    >>> gain_words({"eur": 12.3, "eur_low": 3, "eur_high": 21, "worlds_more": 11, "worlds": 12})
    '12 EUR a year more (95 % interval 3 to 21; more in 11 of 12 worlds)'
    """
    low, high = round(row[f"{name}_low"]) + 0, round(row[f"{name}_high"]) + 0
    value = round(row[name])
    count = f"; more in {row[worlds]} of {row['worlds']} worlds" if row["worlds"] > 1 else ""
    word = "more" if value >= 0 else "less"
    if high < 0:
        low, high = -high, -low
    return f"{abs(value):,} EUR a year {word} (95 % interval {low:,} to {high:,}{count})"
