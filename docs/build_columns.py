"""Writes the keys on docs/columns.md from the map's models, and the maps on docs/countries.md.

python docs/build_columns.py
"""

from __future__ import annotations

import re
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vpp_gym.scenarios.files.columns_map import ColumnsMap

PAGES = tuple(Path(__file__).with_name(name) for name in ("columns.md", "countries.md"))
MAPS = Path(__file__).parents[1] / "examples" / "columns"
MARKER = re.compile(r"<!-- (\w+) -->.*?<!-- /\1 -->", re.DOTALL)


def page(text: str) -> str:
    """A page with what stands between its markers written anew: all keys, or a map.

    Args:
        text: of the page, with a pair of markers around each of them.
    """

    def written(found: re.Match[str]) -> str:
        name = found[1]
        content = keys() if name == "keys" else _map(name)
        return f"<!-- {name} -->\n\n{content}\n\n<!-- /{name} -->"

    return MARKER.sub(written, text)


def keys() -> str:
    """A table of the keys of every part of a map."""
    parts = []
    for model, paths in _places().items():
        title, *others = paths
        alike = f" The same keys: {', '.join(others)}." if others else ""
        about = (model.__doc__ or "").strip().partition("\n")[0]
        parts.append(f"### {title}\n\n{about}{alike}\n\n{_table(model)}")
    return "\n\n".join(parts)


def _map(name: str) -> str:
    content = (MAPS / f"{name}.yaml").read_text(encoding="utf-8")
    return f"```yaml\n{content}```"


def _places() -> dict[type[BaseModel], list[str]]:
    """Every part of a map with the paths at which it stands."""
    found: dict[type[BaseModel], list[str]] = {}

    def visit(model: type[BaseModel], path: str) -> None:
        found.setdefault(model, []).append(f"`{path}`" if path else "The map")
        for name, field in model.model_fields.items():
            if inner := _model_in(field.annotation):
                listed = "[]" if get_origin(field.annotation) is tuple else ""
                visit(inner, f"{path}.{name}{listed}".lstrip("."))

    visit(ColumnsMap, "")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _table(model: type[BaseModel]) -> str:
    lines = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{name}` | {_value(field)} | {_default(field)} | {meaning} |")
    return "\n".join(lines)


def _value(field: FieldInfo) -> str:
    """What a key takes, in words."""
    return _words(field.annotation)


def _words(annotation: Any) -> str:
    origin = get_origin(annotation)
    inner = [one for one in get_args(annotation) if one is not type(None)]
    if origin in (Union, UnionType):
        return ", ".join(map(_words, inner))
    if origin is Literal:
        return ", ".join(f"`{_mark(one)}`" for one in inner)
    if origin is tuple:
        return "list of keys" if _model_in(annotation) else "text or list"
    if origin is dict:
        return "numbers by name" if _number(inner[1]) else "values by column"
    if _model_in(annotation):
        return "keys"
    return "whole number" if annotation is int else "text"


def _number(annotation: Any) -> bool:
    return annotation is float or float in get_args(annotation)


def _mark(value: Any) -> str:
    return {"\t": "tab", " ": "(blank)", "|": "\\|"}.get(value, str(value))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    if field.default in (None, (), {}):
        return ""
    return f"`{_mark(field.default)}`"


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(page(path.read_text(encoding="utf-8")), encoding="utf-8")
