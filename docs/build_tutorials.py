"""Writes the code and the output of examples into the pages that show them.

python docs/build_tutorials.py          # the code
python docs/build_tutorials.py --run    # the code, and what each example prints (a few minutes)

A page says what it shows: `<!-- code: examples/bidding.py weekly_eur -->` is the function
`weekly_eur` of that file, without names it is the whole file, and what it prints is
`<!-- output: examples/bidding.py -->`. Each ends with `<!-- /code -->` or `<!-- /output -->`.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
CODE = re.compile(r"<!-- code: (\S+)((?: \w+)*) -->.*?<!-- /code -->", re.DOTALL)
OUTPUT = re.compile(r"<!-- output: (\S+) -->(.*?)<!-- /output -->", re.DOTALL)


def pages() -> list[Path]:
    """Pages that show an example."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
    return [path for path, text in texts.items() if CODE.search(text) or OUTPUT.search(text)]


def page(text: str) -> str:
    """A page with the code between its markers written anew."""

    def written(found: re.Match[str]) -> str:
        shown = code(ROOT / found[1], found[2].split())
        opened = f"<!-- code: {found[1]}{found[2]} -->"
        return f"{opened}\n\n```python\n{shown}\n```\n\n<!-- /code -->"

    return CODE.sub(written, text)


def code(path: Path, names: list[str]) -> str:
    """An example's code: all of it, or what it defines under these names.

    Raises:
        KeyError: it defines nothing of that name.
    """
    text = path.read_text(encoding="utf-8")
    if not names:
        return text.strip()
    defined = dict(_definitions(ast.parse(text)))
    lines = text.splitlines()
    parts = ["\n".join(lines[slice(*defined[name])]) for name in names]
    return "\n\n\n".join(parts)


def _definitions(tree: ast.Module) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names that a module defines, with their first line and the one after the last."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield node.name, (first - 1, node.end_lineno or first)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, (node.lineno - 1, node.end_lineno or node.lineno)


def outputs() -> dict[str, str]:
    """What the pages say that examples print, by the example's path."""
    found = (OUTPUT.findall(path.read_text(encoding="utf-8")) for path in pages())
    return {name: _unfenced(text) for one in found for name, text in one}


def _unfenced(text: str) -> str:
    return text.strip().removeprefix("```text\n").removesuffix("\n```")


def with_output(text: str) -> str:
    """A page with what its examples print, which are run for it."""

    def written(found: re.Match[str]) -> str:
        command = [sys.executable, str(ROOT / found[1])]
        run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
        printed = run.stdout.rstrip()
        return f"<!-- output: {found[1]} -->\n\n```text\n{printed}\n```\n\n<!-- /output -->"

    return OUTPUT.sub(written, text)


def main() -> None:
    """Write the pages."""
    for path in pages():
        text = page(path.read_text(encoding="utf-8"))
        if "--run" in sys.argv[1:]:
            text = with_output(text)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
