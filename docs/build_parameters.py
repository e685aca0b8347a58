"""Writes docs/parameters.md from the parameters' own fields and docstrings.

python docs/build_parameters.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from vpp_gym.params import PRESETS, VPPParams
from vpp_gym.params.names import Parameter, known_parameters

PAGE = Path(__file__).with_name("parameters.md")
EXAMPLE = Path(__file__).parents[1] / "examples" / "site.yaml"
UNITS = {
    "_eur_per_kwh": "EUR/kWh",
    "_eur_per_h": "EUR/h",
    "_eur_per_kw": "EUR/kW",
    "_eur_per_kw_month": "EUR/kW",
    "_per_kwh_arrival": "EUR/kWh",
    "_kwh": "kWh",
    "_kw": "kW",
    "_eur": "EUR",
    "_h": "h",
    "_steps": "steps",
    "_soc": "share",
    "_eff": "share",
    "_prob": "share",
    "_share": "share",
    "participation": "share",
    "_floor": "share",
}
"""Of a name's ending, longest first; a `soc` at the end counts as `_soc`."""
LIMITS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}
TOP = ""

INTRODUCTION = """\
# Parameters of the virtual power plant

<!-- Written by `python docs/build_parameters.py`; do not edit. -->

Chargers, batteries, market rules, drivers, owners, contracts and the site's connection. Where
they are given:

- on the command line, `vpp-gym run`, `vpp-gym demo` and `vpp-gym data build` take
  `--params site.yaml` and `--set site.n_chargers=40`; what `--set` says counts more than the file;
- from Python, `gym.make(..., params=...)`, `vpp_gym.evaluate(..., params=...)` and
  `vpp_gym.Simulation(...)` take a mapping such as `{"site": {"n_chargers": 40}}`, the name of a
  preset, or `vpp_gym.load_params("site.yaml")`;
- a world file keeps what `vpp-gym data build` was told, and `vpp-gym data describe` shows it. Who
  runs the world gets these parameters, and a mapping, a file or `--set` changes them one by one. A
  preset, or `vpp_gym.load_params`, which says every parameter, takes their place.

What is not given has its default. An unknown name is refused with the name that is most like it, a
value of another type or outside its range with the name, the value and the remedy. A file is YAML
or JSON of at most 100,000 characters. It is read as numbers, text, true, false, null, lists and
mappings: tags, anchors and aliases are refused, and nothing in it is run. `no` is text, as in
YAML 1.2.

`examples/site.yaml`:

```yaml
{example}```

`preset` at the top of a file, or `--set preset=plain`, names what the rest changes: {presets}.
"""


def page() -> str:
    """The page as Markdown."""
    names = ", ".join(f"`{name}`" for name in PRESETS)
    example = EXAMPLE.read_text(encoding="utf-8")
    sections: dict[str, list[Parameter]] = {}
    for name, one in known_parameters().items():
        sections.setdefault(name.rpartition(".")[0], []).append(one)
    top = sections.pop(TOP)
    introduction = INTRODUCTION.replace("{example}", example).replace("{presets}", names)
    parts = [introduction, _section("The world", top)]
    parts += [_section(f"`{name}`", rows) for name, rows in sections.items()]
    return "\n".join(parts)


def _section(title: str, rows: Iterable[Parameter]) -> str:
    """One section: what it is, its table, and where its defaults come from."""
    rows = list(rows)
    about, meanings, sources = _told(rows)
    lines = ["| Name | Unit | Default | Range | Meaning |", "| --- | --- | --- | --- | --- |"]
    for one in rows:
        short = one.name.rpartition(".")[2]
        default = _value(one.default) + "".join(_in_presets(one))
        meaning = meanings[short].replace("|", "\\|").replace("None", "null")
        cells = (f"`{short}`", _unit(short), default, _range(one.field), meaning)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n\n".join([f"## {title}", about, "\n".join(lines), *sources]) + "\n"


def _told(rows: list[Parameter]) -> tuple[str, dict[str, str], list[str]]:
    """First line, meaning of each field, and the paragraphs after the last field's.

    Raises:
        KeyError: a field without a meaning in its class's docstring.
    """
    section = rows[0].section
    names = {one.name.rpartition(".")[2] for one in rows}
    meanings: dict[str, str] = {}
    sources: list[str] = []
    for kind in reversed(section.__mro__):
        if names & set(inspect.get_annotations(kind)):
            own = _entries(inspect.cleandoc(kind.__doc__ or ""), names)
            meanings |= own
            sources += _after(inspect.cleandoc(kind.__doc__ or ""), own)
    if lost := names - set(meanings):
        raise KeyError(f"{section.__name__}: say in its docstring what {sorted(lost)} means")
    about = (section.__doc__ or "").partition("\n")[0]
    return about, meanings, list(dict.fromkeys(sources))


def _entries(text: str, names: set[str]) -> dict[str, str]:
    """The lines `name: meaning` of a docstring, each with what is indented below it."""
    joined = re.sub(r"\n {4,}", " ", text)
    found: dict[str, str] = {}
    for line in joined.splitlines():
        words, colon, meaning = line.partition(": ") if ": " in line else line.partition(":")
        if colon:
            found |= {name: meaning.strip() for name in words.split(", ") if name in names}
    return found


def _after(text: str, entries: Mapping[str, str]) -> list[str]:
    """Paragraphs of a docstring that come after its entries, and so tell sources."""
    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")[1:]]
    told = (one for one in paragraphs if not one.startswith(">>>"))
    return [one for one in told if one.split(":")[0].split(", ")[0] not in entries]


def _unit(name: str) -> str:
    padded = f"_{name}"
    return next((unit for end, unit in UNITS.items() if padded.endswith(end)), "")


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"`[{', '.join(str(one) for one in value)}]`"
    named = {None: "null", True: "true", False: "false"}
    known = named.get(value, value) if isinstance(value, bool | None) else value
    return f"`{known:g}`" if isinstance(known, float) else f"`{known}`"


def _in_presets(one: Parameter) -> Iterable[str]:
    """What presets have in the place of the default."""
    for name, preset in PRESETS.items():
        value = _read(preset, one.name)
        if value != one.default:
            yield f"; {name}: {_value(value)}"


def _read(params: VPPParams, name: str) -> Any:
    value: Any = params
    for part in name.split("."):
        inner = getattr(value, "section", None) if not hasattr(value, part) else None
        value = inner(part) if inner is not None else getattr(value, part)
    return value


def _range(field: FieldInfo) -> str:
    """Limits of a number, or the values that are taken."""
    limits = [
        text.format(f"{limit:,}" if isinstance(limit, int) else f"{limit:g}")
        for one in field.metadata
        for name, text in LIMITS.items()
        if (limit := getattr(one, name, None)) is not None
    ]
    return ", ".join(filter(None, [_choices(field.annotation), *limits]))


def _choices(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(_value(one) for one in inner)
    if origin in (Union, UnionType):
        return ", ".join(filter(None, map(_choices, inner)))
    if origin is tuple:
        return "a list"
    if annotation is type(None):
        return "`null`"
    return {int: "whole", bool: "`true`, `false`"}.get(annotation, "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
