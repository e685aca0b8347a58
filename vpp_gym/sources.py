"""Which source files a module depends on, read off its imports, and their digest.

Two things rest on this: compiled kernels are kept under the digest of the sources that they may
depend on (`vpp_gym.kernels`), and a stored result names the digest of the code that made it.
The files are scanned, not imported and not parsed, so that the scan can run at every import.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PACKAGE = Path(__file__).parent
IMPORTED = time.time()
"""When the package was imported: what is edited later is not what this program runs."""

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<base>[\w.]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n(]+)"
    r"|import[ \t]+(?P<modules>[^\n]+))",
    re.MULTILINE,
)
_TYPES_ONLY = re.compile(r"^if TYPE_CHECKING:\n(?:(?:[ \t]+[^\n]*)?\n)+", re.MULTILINE)
_TEXT = re.compile(r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""', re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*")
_EXPORT = re.compile(
    r"^from \.(?P<module>[\w.]+) import (?P<names>\([^)]*\)|[^\n(]+)", re.MULTILINE
)


class Sources:
    """The Python files of some packages.

    Args:
        packages: folder of each package by its name.
    """

    def __init__(self, packages: Mapping[str, Path]) -> None:
        self._packages = tuple(packages)
        self._paths = {
            name: path
            for package, folder in packages.items()
            for name, path in _modules_of(package, Path(folder))
        }
        self._imports: dict[str, frozenset[str]] = {}
        self._homes: dict[str, dict[str, str]] = {}

    def modules(self) -> list[str]:
        """Names of all modules, in alphabetical order."""
        return sorted(self._paths)

    def path(self, module: str) -> Path | None:
        """File of a module; None where these packages have no such module."""
        return self._paths.get(module)

    def mentions(self, module: str, text: str) -> bool:
        """Whether a text stands in the source of a module: faster than to read its imports."""
        path = self.path(module)
        return path is not None and text.encode() in path.read_bytes()

    def home(self, package: str, name: str) -> str | None:
        """Module that `from package import name` gives or takes the name from.

        None where it is the package's own, as far as its stub file says.
        """
        if self.path(f"{package}.{name}") is not None:
            return f"{package}.{name}"
        exporter = self._exports(package).get(name)
        return None if exporter is None else self.home(exporter, name) or exporter

    def imports(self, module: str) -> frozenset[str]:
        """Modules of these packages that a module imports, in its functions too.

        Imports for type checkers alone do not count, nor does a module that is named in a
        string and imported by that name. A name that a package exports in its stub file stands
        for the module that defines it.
        """
        if module not in self._imports:
            path = self.path(module)
            text = "" if path is None else path.read_text(encoding="utf-8")
            self._imports[module] = frozenset(self._imported(text))
        return self._imports[module]

    def closure(self, modules: Iterable[str]) -> list[str]:
        """The modules and all that they import, directly or not, in alphabetical order.

        Raises:
            ModuleNotFoundError: a name that these packages do not have.
        """
        begin = list(modules)
        for name in begin:
            if self.path(name) is None:
                raise ModuleNotFoundError(f"no module {name} in {', '.join(self._packages)}")
        waiting = [one for name in begin for one in self._with_parents(name)]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.imports(name)
        return sorted(found)

    def _imported(self, text: str) -> Iterator[str]:
        for base, name in scanned_imports(text):
            yield from self._with_parents(base)
            home = None if name is None else self.home(base, name)
            if home is not None:
                yield from self._with_parents(home)

    def _with_parents(self, module: str) -> Iterator[str]:
        """A module and the packages that it lies in, whose `__init__` runs before it."""
        parts = module.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if self.path(name) is not None:
                yield name

    def _exports(self, package: str) -> dict[str, str]:
        """Home of each name that a package exports, as its stub file says."""
        if package not in self._homes:
            path = self.path(package)
            stub = None if path is None else path.with_suffix(".pyi")
            text = stub.read_text(encoding="utf-8") if stub is not None and stub.is_file() else ""
            self._homes[package] = {
                name: f"{package}.{match['module']}"
                for match in _EXPORT.finditer(text)
                for name in _names(match["names"])
            }
        return self._homes[package]


def _modules_of(package: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        yield ".".join((package, *(parts[:-1] if parts[-1] == "__init__" else parts))), path


def scanned_imports(text: str) -> Iterator[tuple[str, str | None]]:
    """(module, name) of every `from module import name`, (module, None) of `import module`."""
    code = _TYPES_ONLY.sub("", _COMMENT.sub("", _TEXT.sub("''", text)))
    for match in _IMPORT.finditer(code):
        if match["base"]:
            yield from ((match["base"], name) for name in _names(match["names"]))
        else:
            yield from ((name, None) for name in _names(match["modules"]))


def _names(text: str) -> list[str]:
    parts = text.strip("() \t\n").replace("\n", " ").split(",")
    return [part.split()[0] for part in parts if part.strip()]


def content_digest(paths: Iterable[Path]) -> str:
    """Digest of the contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]
