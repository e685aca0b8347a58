"""What MkDocs does here beyond its configuration: it also shows what lies beside docs/.

Pages link to one another, to results and to examples as these lie in the repository, so that the
links work there, too. On the site they lead to the pages that are made of those files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from posixpath import normpath, relpath
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = "benchmarks/results"
MOVED = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "tests/mutation/mutants.md": "results/mutants.md",
}
FIRST = ("vpp_gym", "envs", "policies", "evaluation", "agents", "scenarios", "contracts")
"""Packages that stand first among those of the API."""
FENCE = re.compile(r"(^ *```.*?^ *```[^\n]*$)", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?<![\[`])`(vpp_gym(?:\.\w+)+)`(?!`)")
LINK = re.compile(r"(\]\(|(?:href|src)=\")(?![a-z]+:|#|/)([^)#\s\"]+)")
SOURCE = re.compile(r"\]\((?:\.\./)+(vpp_gym/[\w/]+\.py)\)")
ESCAPED = "\\|"
BAR = re.compile(r"(?<!`)`([^`\n<>&]*\\\|[^`\n<>&]*)`(?!`)")
COMMENT = re.compile(r"^ *<!--.*?-->\n|<!--.*?-->", re.DOTALL | re.MULTILINE)
"""Markers of what is generated; within a list they would end it."""
LOADED = re.compile(
    r"<(?:script|img|iframe|source|link(?![^>]*rel=\"(?:canonical|next|prev)))[^>]*?"
    r"(?:src|href)=\"((?:https?:)?//[^\"]+)"
)
MORE = "More"
"""Section of pages that the navigation does not name."""


def _package_folder() -> Path:
    """Where the sources of the package lie: in the repository, or where it is installed."""
    if (ROOT / "vpp_gym").is_dir():
        return ROOT / "vpp_gym"
    spec = find_spec("vpp_gym")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("vpp_gym is not installed")
    return Path(spec.origin).parent


def _packages() -> tuple[str, ...]:
    """Packages whose exported names make up the API: those with a stub that says them."""
    folder = _package_folder()
    stubs = (path.parent.relative_to(folder.parent) for path in folder.rglob("__init__.pyi"))
    names = sorted(".".join(path.parts) for path in stubs)
    places = {name: FIRST.index(last) for name in names if (last := name.split(".")[-1]) in FIRST}
    return tuple(sorted(names, key=lambda name: (places.get(name, len(FIRST)), name)))


PACKAGES = _packages()
API_PAGES = tuple(f"api/{package}.md" for package in PACKAGES)


def site_path(path: str) -> str:
    """Where a file of the repository stands on the site.

    >>> site_path("docs/world.md"), site_path("examples/bidding.py")
    ('world.md', 'examples/bidding.md')
    """
    if path in MOVED:
        return MOVED[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith(f"{RESULTS}/"):
        return "results/" + path.removeprefix(f"{RESULTS}/")
    if path.startswith("examples/") and path.endswith(".py"):
        return path.removesuffix(".py") + ".md"
    if path.startswith("vpp_gym/") and path.endswith(".py"):
        return f"source/{path.removesuffix('.py')}.md"
    return path


def with_links(text: str, path: str) -> str:
    """A page's text with the links that the site needs, and without comments.

    Args:
        text: Markdown.
        path: of its file in the repository.
    """
    page = site_path(path)

    def link(found: re.Match[str]) -> str:
        target = normpath(f"{path}/../{found[2]}")
        return found[1] + relpath(site_path(target), f"{page}/..")

    parts = FENCE.split(text)
    return "".join(
        part if place % 2 else LINK.sub(link, with_bars(COMMENT.sub("", part)))
        for place, part in enumerate(parts)
    )


def with_bars(text: str) -> str:
    """Code in tables without the backslash that GitHub needs before a bar, and MkDocs shows."""
    return BAR.sub(lambda found: f"<code>{found[1].replace(ESCAPED, '&#124;')}</code>", text)


def with_api(text: str, page: str) -> str:
    """A page's text in which every name of the API leads to its description.

    Args:
        text: Markdown.
        page: its place on the site.
    """
    known = api_places()

    def link(found: re.Match[str]) -> str:
        place = known.get(found[1])
        return f"[`{found[1]}`]({relpath(place, f'{page}/..')})" if place else found[0]

    parts = FENCE.split(text)
    return "".join(part if place % 2 else NAME.sub(link, part) for place, part in enumerate(parts))


@cache
def api_places() -> dict[str, str]:
    """Where each package and each name of the API is described, by the name that users import."""
    places = {package: f"api/{package}.md" for package in PACKAGES}
    for package in PACKAGES:
        for name in exported(package):
            places[f"{package}.{name.rpartition('.')[2]}"] = f"api/{package}.md"
    return places


def code_page(path: Path) -> str:
    """A module as a page: what it is about, and its code."""
    code = path.read_text(encoding="utf-8")
    about = (ast.get_docstring(ast.parse(code)) or "").partition("\n")[0]
    return f"# {path.name}\n\n{about}\n\n```python\n{code}```\n"


def linked_sources() -> list[str]:
    """Modules of the package to which pages lead."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    return sorted({name for text in texts for name in SOURCE.findall(text)})


def api_page(package: str) -> str:
    """A page that has MkDocs describe the names that a package exports."""
    earlier = {name: one for one in PACKAGES[: PACKAGES.index(package)] for name in exported(one)}
    contents = "\n\n".join(
        _elsewhere(name, earlier[name]) if name in earlier else _described(name)
        for name in exported(package)
    )
    return f"# {package}\n\n{_about(package)}\n\n{contents}\n"


def _elsewhere(name: str, package: str) -> str:
    short = name.rpartition(".")[2]
    return f"## `{short}`\n\nIn [`{package}`]({package}.md#{name})."


def _described(name: str) -> str:
    """What has MkDocs describe a name; names that no statement of their own defines are named."""
    module, _, short = name.rpartition(".")
    path = _package_folder().joinpath(*module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    defined = {
        getattr(target, "id", "")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        for target in (getattr(node, "targets", None) or [getattr(node, "target", None)])
    }
    text = path.read_text(encoding="utf-8")
    own = re.search(rf"^(?:class|def) {short}\b", text, re.MULTILINE)
    return f"::: {name}" if own or short in defined else f"## `{short}`\n\nOf `{module}`."


def exported(package: str) -> Iterator[str]:
    """Full names of what a package exports, packages aside, read from its stub."""
    path = _package_folder().joinpath(*package.split(".")[1:], "__init__.pyi")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{package}.{node.module}.{alias.name}" for alias in node.names)


def api_index() -> str:
    """The list of packages."""
    rows = "\n".join(f"| [`{one}`]({one}.md) | {_about(one)} |" for one in PACKAGES)
    return (
        "# API\n\nThe names below are stable: a release says what changes in them. Other modules "
        f"may change at any time.\n\n| Package | Content |\n| --- | --- |\n{rows}\n"
    )


def _about(package: str) -> str:
    path = _package_folder().joinpath(*package.split(".")[1:], "__init__.py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


def beside_docs() -> Iterator[tuple[str, Path | str]]:
    """Files of the site that do not lie in docs/: their place, and where they lie or their text."""
    for path in sorted((ROOT / RESULTS).iterdir()):
        if path.is_file():
            yield site_path(f"{RESULTS}/{path.name}"), path
    for name, place in MOVED.items():
        if place != "index.md":
            yield place, ROOT / name
    for path in sorted((ROOT / "examples").glob("*.py")):
        yield site_path(f"examples/{path.name}"), code_page(path)
    for name in linked_sources():
        yield site_path(name), code_page(_package_folder().parent / name)
    yield "api/index.md", api_index()
    for package in PACKAGES:
        yield f"api/{package}.md", api_page(package)


def with_everything(nav: list[Any], pages: list[str]) -> list[Any]:
    """The navigation with the generated pages in their sections, and a section of what is left.

    Args:
        nav: of the configuration.
        pages: all pages of the site.
    """
    named = set(_named(nav))
    left = [page for page in pages if page not in named]
    sections = {name: _section(nav, name) for name in ("API", "Results", "Tutorials", "Project")}
    sections["API"] += [page for page in API_PAGES if page in left]
    sections["Results"].append({"Tables": [one for one in left if one.startswith("results/")]})
    sections["Tutorials"].append({"Scripts": [one for one in left if one.startswith("examples/")]})
    sections["Project"] += [one for one in left if one in MOVED.values() and "/" not in one]
    if sources := [one for one in left if one.startswith("source/")]:
        sections["Project"].append({"Sources": sources})
    named = set(_named(nav))
    more = [page for page in pages if page not in named]
    return [*nav, {MORE: more}] if more else nav


def _section(nav: list[Any], name: str) -> list[Any]:
    """The entries of a section at the top of the navigation."""
    (entries,) = (item[name] for item in nav if isinstance(item, dict) and name in item)
    assert isinstance(entries, list)
    return entries


def _named(item: Any) -> Iterator[str]:
    """Pages that a part of the navigation names."""
    if isinstance(item, str):
        yield item
    elif isinstance(item, dict):
        yield from (page for entries in item.values() for page in _named(entries))
    elif isinstance(item, list):
        yield from (page for entry in item for page in _named(entry))


def on_files(files: Any, config: Any) -> Any:
    """Add the files beside docs/, and name them in the navigation."""
    from mkdocs.structure.files import File

    for place, content in beside_docs():
        given = {"content": content} if isinstance(content, str) else {"abs_src_path": content}
        files.append(File.generated(config, place, **given))
    pages = sorted(file.src_uri for file in files.documentation_pages())
    config.nav = with_everything(config.nav, pages)
    return files


def loaded(html: str) -> list[str]:
    """Addresses from which a page would load something over the network.

    >>> loaded('<a href="https://a.org">a</a><script src="https://b.org/c.js"></script>')
    ['https://b.org/c.js']
    """
    return LOADED.findall(html)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that is not whole without a network."""
    from mkdocs.exceptions import PluginError

    if found := loaded(output):
        raise PluginError(f"{page.file.src_uri} would load {', '.join(found)}")
    return output


def shown(markdown: str, place: str) -> str:
    """The text of a page with links to pages of the site.

    Args:
        markdown: of the file that the page is made of.
        place: of the page on the site.
    """
    if place.startswith(("api/", "examples/", "source/")):
        return markdown
    places = {place: path for path, place in MOVED.items() if place != "index.md"}
    results = f"{RESULTS}/{place.removeprefix('results/')}"
    path = places.get(place) or (results if place.startswith("results/") else f"docs/{place}")
    return with_api(with_links(markdown, path), place)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead the links of a page to pages of the site."""
    return shown(markdown, page.file.src_uri)
