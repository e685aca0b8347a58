"""The table of what a step books: money, energy and counts, each stated once.

Every world has one `Ledger`, in its module `ledger`. Columns of the records, the reward, parts of
the profit, tables of days, leaderboards, figures and pages are derived from it. A new term is one
line of the table, and one line in the step that books it:

    Term("network_fee_eur", "EUR", "money", "service", "paid to the grid for imported energy"),

    row[COLUMN.network_fee_eur] = -rules.fee_eur_per_kwh * max(load_kwh, 0.0)

Pages that list the terms are built anew by `python docs/build.py`. Schedulers, bidders and
hindsight plan with what their own programs say: of a term that stands in none of them they know
nothing, and hindsight is then no bound on the profit.
"""

from __future__ import annotations

from collections import Counter, namedtuple
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import Any, Literal, NamedTuple

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError

Role = Literal["money", "value", "amount", "share"]
ROLES: dict[Role, str] = {
    "money": "EUR in the profit and the reward; costs are negative",
    "value": "EUR that are not in the profit",
    "amount": "energy, hydrogen or a count: adds up over time",
    "share": "a ratio or an index: does not add up, the last one of a period counts",
}
PROFIT = "profit_eur"
"""Name of the sum of all money, in tables of days and runs."""


class Term(NamedTuple):
    """A quantity that a step books.

    Attributes:
        name: of its column; ends in the unit.
        unit: "EUR", "kWh", "kg" and the like; "1" for counts and shares.
        role: one of `ROLES`.
        part: part of the profit that it belongs to: of all money, and of a value that moves
            money from one part to another (see `Part`). Else empty.
        meaning: what it is.
    """

    name: str
    unit: str
    role: Role
    part: str
    meaning: str


class Part(NamedTuple):
    """A part of the profit.

    Attributes:
        name: of the part.
        label: what figures call a gain in it.
        meaning: what it is.
        out_of: another part, which values of this part are taken out of: they count here and
            are subtracted there. Else empty.
    """

    name: str
    label: str
    meaning: str
    out_of: str = ""

    @property
    def eur(self) -> str:
        """Name of its sum in tables."""
        return f"{self.name}_eur"


@dataclass(frozen=True)
class Ledger:
    """The terms of a world, in the order of the columns of its records.

    Attributes:
        terms: money first, so that the reward is the sum of the first columns.
        parts: of the profit; they add up to it.

    Raises:
        InvalidInputError: a name that is no name or stands there twice, an unknown role, a unit
            that the name does not end in, money behind other terms or without a part, a part
            that is unknown or empty.

    >>> part = Part("trade", "trade", "what is bought and sold")
    >>> ledger = Ledger((Term("sold_eur", "EUR", "money", "trade", "got for energy"),), (part,))
    >>> ledger.names, ledger.columns.sold_eur
    (('sold_eur',), 0)
    """

    terms: tuple[Term, ...]
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        _check_names("part", [part.name for part in self.parts])
        _check_names("term", [term.name for term in self.terms])
        for term in self.terms:
            _check_role(term)
            self._check_part(term)
        others = [term.name for term in self.terms[len(self.money) :] if term.role == "money"]
        if others:
            raise InvalidInputError("terms", others, "state money before all other terms")
        for part in self.parts:
            self._check_terms(part)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of all terms, in the order of the columns."""
        return tuple(term.name for term in self.terms)

    @cached_property
    def money(self) -> tuple[str, ...]:
        """Names of the first terms, which are money; their sum is the profit and the reward."""
        first = next((k for k, term in enumerate(self.terms) if term.role != "money"), None)
        return self.names[:first]

    @cached_property
    def shares(self) -> tuple[str, ...]:
        """Names of the terms that do not add up over time."""
        return tuple(term.name for term in self.terms if term.role == "share")

    @cached_property
    def columns(self) -> Any:
        """Column of each term in a record, as an attribute; kernels read it as a constant."""
        return namedtuple("Columns", self.names)(*range(len(self.names)))

    @cached_property
    def remainders(self) -> tuple[Part, ...]:
        """Parts that something is taken out of; tables of days have a column for each."""
        return tuple(part for part in self.parts if self._taken_out(part))

    @cached_property
    def split(self) -> tuple[str, ...]:
        """Columns of a table of days or runs that add up to the profit, part by part.

        Those are the terms of each part; for a remainder it is its own sum.
        """
        return self.split_without()

    def split_without(self, *names: str) -> tuple[str, ...]:
        """The columns of `split`, without those of some parts."""
        columns: list[str] = []
        for part in self.parts:
            if part.name not in names:
                columns += [part.eur] if part in self.remainders else self.names_in(part)
        return tuple(columns)

    def names_in(self, part: Part) -> list[str]:
        """Names of the terms that belong to a part."""
        return [term.name for term in self.terms if term.part == part.name]

    def part_eur(self, name: str, booked: Any) -> Any:
        """A part of the profit.

        Args:
            name: of the part.
            booked: numbers, arrays or columns of a table by name: every term of the part, and
                the values that are taken out of it.
        """
        part = next((part for part in self.parts if part.name == name), None)
        if part is None:
            known = ", ".join(part.name for part in self.parts)
            raise InvalidInputError("part", name, f"use one of {known}")
        total = _sum_of(booked, self.names_in(part))
        for value in self._taken_out(part):
            total = total - _column(booked, value)
        return total

    def parts_eur(self, table: Any) -> dict[str, Any]:
        """Every part of the profit by the name of its sum; together they are the profit.

        Args:
            table: numbers, arrays or columns of a table by name: those of `split`.
        """
        return {
            part.eur: _sum_of(table, [part.eur] if part in self.remainders else self.names_in(part))
            for part in self.parts
        }

    def over_time(self, records: Floats) -> Floats:
        """What a period amounts to: sums, and the last of each share.

        Args:
            records: (..., T, K) of T > 0 steps.

        Returns:
            (..., K)
        """
        total: Floats = records.sum(axis=-2)
        for name in self.shares:
            column = self.names.index(name)
            total[..., column] = records[..., -1, column]
        return total

    def described(self) -> list[tuple[str, str, str, str, str]]:
        """Name, unit, whether in the reward, part and meaning of each term, as pages show them."""
        return [
            (
                f"`{term.name}`",
                term.unit,
                "yes" if term.role == "money" else "",
                term.part.replace("_", " "),
                term.meaning,
            )
            for term in self.terms
        ]

    def _taken_out(self, part: Part) -> list[str]:
        """Names of the values that other parts take out of this one."""
        takers = [other.name for other in self.parts if other.out_of == part.name]
        return [t.name for t in self.terms if t.part in takers and t.role == "value"]

    def _check_part(self, term: Term) -> None:
        known = {part.name: part for part in self.parts}
        if term.role in ("amount", "share"):
            if term.part:
                raise InvalidInputError(term.name, term.part, "only EUR belong to a part")
            return
        if term.part not in known and (term.part or term.role == "money"):
            raise InvalidInputError(
                term.name, term.part, f"name the part of the profit: one of {', '.join(known)}"
            )
        if term.role == "value" and term.part and not known[term.part].out_of:
            raise InvalidInputError(
                term.name, term.part, "only a part that is taken out of another has values"
            )

    def _check_terms(self, part: Part) -> None:
        names = {other.name: other for other in self.parts if other.name != part.name}
        if not self.names_in(part):
            raise InvalidInputError("parts", part.name, "state a term that belongs to it")
        if part.out_of and (part.out_of not in names or names[part.out_of].out_of):
            raise InvalidInputError(part.name, part.out_of, "take it out of a part that is whole")
        if part.eur == PROFIT or (part in self.remainders and part.eur in self.names):
            raise InvalidInputError("parts", part.name, f"{part.eur} is another column: rename it")


def _check_names(what: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        letters = name.isidentifier() and name == name.lower() and not name.startswith("_")
        if not letters or iskeyword(name) or name == PROFIT:
            raise InvalidInputError(what, name, "use a name of its own, in small letters")
        if times > 1:
            raise InvalidInputError(what, name, f"state it once, not {times} times")


def _check_role(term: Term) -> None:
    if term.role not in ROLES:
        raise InvalidInputError(term.name, term.role, f"use a role of {', '.join(ROLES)}")
    if term.role in ("money", "value") and term.unit != "EUR":
        raise InvalidInputError(term.name, term.unit, f"a term of role {term.role} is in EUR")
    ending = "" if term.unit == "1" else "_" + term.unit.lower().replace("/", "_per_")
    if not term.name.endswith(ending):
        raise InvalidInputError(term.name, term.unit, f"end the name in {ending}")
    if not term.meaning:
        raise InvalidInputError(term.name, term.meaning, "say what it means")


def _sum_of(booked: Any, names: list[str]) -> Any:
    total = _column(booked, names[0])
    for name in names[1:]:
        total = total + _column(booked, name)
    return total


def _column(booked: Any, name: str) -> Any:
    if name not in booked:
        raise InvalidInputError("columns", list(booked), f"add {name}")
    return booked[name]
