"""Every parameter of the VPP by its dotted name, such as site.n_chargers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from vpp_gym.contracts.families import FAMILIES
from vpp_gym.parameters import Section
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractParams


class Parameter(NamedTuple):
    """One parameter.

    Attributes:
        name: with the names of its sections, such as market.gate_closure_h.
        section: class that it is a field of.
        field: its type, default and limits.
        default: its value where nothing is said.
    """

    name: str
    section: type[Section]
    field: FieldInfo
    default: Any


def known_parameters() -> dict[str, Parameter]:
    """Every parameter by its dotted name, the sections of contract families included."""
    return {one.name: one for one in _parameters(VPPParams(), "")}


def _parameters(section: Section, prefix: str) -> Iterator[Parameter]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            yield from _parameters(value, f"{prefix}{name}.")
        else:
            yield Parameter(f"{prefix}{name}", type(section), field, value)
    if isinstance(section, ContractParams):
        for name, family in FAMILIES.items():
            if family.has_section:
                yield from _parameters(section.section(name), f"{prefix}{name}.")


def section_names(known: Iterable[str]) -> set[str]:
    """Names of the sections that hold these parameters."""
    parts = (name.split(".") for name in known)
    return {".".join(one[:end]) for one in parts for end in range(1, len(one))}


def nearest(name: str, known: Iterable[str]) -> str:
    """The parameter that a wrong name most likely stands for, as the beginning of a remedy.

    The last part counts: who leaves out a section is told it, too.

    >>> nearest("site.n_charger", ["site.n_chargers", "site.charge_kw"])
    'did you mean site.n_chargers? '
    >>> nearest("n_chargers", ["site.n_chargers", "site.charge_kw"])
    'did you mean site.n_chargers? '
    >>> nearest("else", ["site.n_chargers"])
    ''
    """
    names = list(known)
    whole = get_close_matches(name, names, n=1, cutoff=0.8)
    by_last: dict[str, list[str]] = {}
    for one in names:
        by_last.setdefault(one.rpartition(".")[2], []).append(one)
    last = get_close_matches(name.rpartition(".")[2], by_last, n=1, cutoff=0.7)
    found = [*whole, *(by_last[last[0]] if last else [])]
    return f"did you mean {found[0]}? " if found else ""
