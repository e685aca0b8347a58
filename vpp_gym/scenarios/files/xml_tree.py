"""XML of the platforms: elements by their plain names; nothing outside the file is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.limits import DEEPEST_XML, MOST_XML, check_marks
from vpp_gym.scenarios.files.raw import RawFile


def xml_root(raw: RawFile) -> ElementTree.Element:
    """Root element of a file.

    Raises:
        InvalidInputError: no well-formed XML, one that declares entities, an encoding
            that there is not, or a document that is too large or too deep.
    """
    if "<!DOCTYPE" in raw.text or "<!ENTITY" in raw.text:
        remedy = "give XML without DOCTYPE, not a web page"
        raise InvalidInputError(raw.name, "a document type", remedy)
    check_marks(raw.text, MOST_XML, raw.name, "split the file")
    parser = ElementTree.XMLParser(target=_Shallow())
    try:
        return ElementTree.fromstring(raw.text.encode("utf-8"), parser)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise InvalidInputError(raw.name, str(error), "give a complete XML file") from error


class _Shallow(ElementTree.TreeBuilder):
    """Builds a tree whose elements lie inside one another no deeper than documents of prices."""

    depth = 0

    def start(self, tag: Any, attrs: Any, /) -> ElementTree.Element:
        self.depth += 1
        if self.depth > DEEPEST_XML:
            raise ValueError(f"elements more than {DEEPEST_XML} deep")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> ElementTree.Element:
        self.depth -= 1
        return super().end(tag)


def plain(element: ElementTree.Element) -> str:
    """Name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Direct children of that name."""
    return (child for child in element if plain(child) == name)


def text_of(element: ElementTree.Element, *path: str) -> str | None:
    """Text at a path of names below an element; None where there is none."""
    for name in path:
        found = next(children(element, name), None)
        if found is None:
            return None
        element = found
    return (element.text or "").strip() or None


def needed(element: ElementTree.Element, *path: str, file: str) -> str:
    """Text at a path of names below an element.

    Raises:
        InvalidInputError: there is none.
    """
    found = text_of(element, *path)
    if found is None:
        raise InvalidInputError(f"{file} {plain(element)}", None, f"it must hold {'/'.join(path)}")
    return found
