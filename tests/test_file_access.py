"""Reads the code for every way to open a file: all of them go through `vpp_gym.files`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = Path(next(iter(find_spec("vpp_gym").submodule_search_locations)))
FOLDERS = {"vpp_gym": PACKAGE, "agents": ROOT / "agents", "benchmarks": ROOT / "benchmarks"}

METHODS = {
    *("read_text", "read_bytes", "write_text", "write_bytes"),
    *("unlink", "touch", "mkdir", "rmdir", "chmod", "symlink_to", "hardlink_to"),
    *("savefig", "imsave", "imread", "tofile", "fromfile", "memmap", "loadtxt", "genfromtxt"),
    *("read_csv", "read_excel", "read_parquet", "read_json", "read_pickle", "read_table"),
    *("to_parquet", "to_excel", "to_pickle", "to_feather", "to_hdf"),
    *("savez", "savez_compressed", "savetxt", "ParquetFile", "ParquetWriter", "write_metadata"),
    *("ExcelFile", "ExcelWriter", "load_workbook", "iterparse", "memory_map", "OSFile"),
}
OF_A_MODULE = {
    "json": {"load", "dump"},
    "np": {"load", "save"},
    "numpy": {"load", "save"},
    "torch": {"load", "save"},
    "yaml": {"safe_load", "load", "dump", "safe_dump"},
    "tomllib": {"load"},
    "os": {"replace", "remove", "unlink", "makedirs", "mkdir", "rename", "fdopen", "truncate"},
}
"""Names that mean files only as attributes of these modules."""
WITH_A_PATH = {"to_csv": "path_or_buf", "to_json": "path_or_buf", "to_markdown": "buf"}
"""Methods that write a file if they are given one, and return text if not."""
IMPORTS = {
    *("tempfile", "shutil", "zipfile", "tarfile", "gzip", "bz2", "lzma", "zstandard", "mmap"),
    *("fileinput", "sqlite3", "h5py", "joblib"),
}
PACKAGED = "reads what is packaged with the code, and is behind every published row"
OWN_SOURCES = "reads the source files of these packages, which it digests"
FROM_READER = "parses what the reader has read"
TO_WRITER = "fills a file that the writer has opened"
ALLOWED: dict[str, dict[str, str]] = {
    "vpp_gym.kernels": dict.fromkeys(
        ("import tempfile", "import shutil", "mkdir", "touch"),
        "keeps compiled kernels for the next program; to lose them costs a minute",
    ),
    "vpp_gym.sources": dict.fromkeys(("read_bytes", "read_text"), OWN_SOURCES),
    "benchmarks.fingerprint": dict.fromkeys(("read_bytes", "read_text"), OWN_SOURCES),
    "vpp_gym.scenarios.calibration": {"read_text": PACKAGED},
    "vpp_gym.reproduction.rahman2023.page": {"read_text": PACKAGED},
    "vpp_gym.scenarios.world_file": {"ParquetFile": FROM_READER, "ParquetWriter": TO_WRITER},
    "vpp_gym.scenarios.files.sheet": {
        "load_workbook": FROM_READER,
        "import zipfile": FROM_READER,
        "open": "opens parts of an archive that the reader has read",
    },
    "vpp_gym.evaluation.csv_text": {"read_csv": FROM_READER},
    "vpp_gym.evaluation.many": {"read_parquet": FROM_READER},
    "benchmarks.merging": {"read_csv": FROM_READER},
    "benchmarks.speed_grid": {"read_text": "asks the system which processor it has"},
    "benchmarks.first_step": {"import tempfile": "gives a program a folder for its kernels"},
    "benchmarks.since": {"import tempfile": "has a folder for the code of a commit"},
    "benchmarks.earlier": dict.fromkeys(
        ("import tarfile", "import tempfile", "open"),
        "unpacks the code of a commit, which git has packed, to run it",
    ),
    "benchmarks.peer_ev2gym": dict.fromkeys(
        ("read_text", "yaml.safe_load", "yaml.safe_dump"),
        "changes an example of the simulator that it runs, without vpp_gym",
    ),
    "vpp_gym.plots.canvas": {"savefig": TO_WRITER},
    "vpp_gym.plots.animation": {"import shutil": "looks for ffmpeg"},
    "vpp_gym.agents.predictors": {
        "torch.load": "parses what the reader has read, for which the user has given their word"
    },
    "benchmarks.packaged": {"savez_compressed": TO_WRITER},
    "agents.forecaster": {"savez_compressed": TO_WRITER},
    "vpp_gym.agents.policy": {"savez_compressed": TO_WRITER},
    "vpp_gym.training.sweep": {"mkdir": "makes the folder in which Optuna keeps its journal"},
    "vpp_gym.training.checkpoint": {
        "savez": TO_WRITER,
        "torch.save": TO_WRITER,
        "torch.load": FROM_READER,
    },
}
"""By module: what it does beside the reader and the writer, and why."""


def modules() -> dict[str, Path]:
    """Files of all modules but those of `vpp_gym.files` itself."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *(parts[:-1] if parts[-1] == "__init__" else parts)))
            if not f"{name}.".startswith("vpp_gym.files."):
                found[name] = path
    return found


MODULES = modules()


def accesses(code: str) -> Iterator[str]:
    """Every way in which a module may open, make, move or remove a file."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (f"import {one.name}" for one in node.names if top(one.name) in IMPORTS)
        elif isinstance(node, ast.ImportFrom):
            yield from _imported(node)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(node)
        elif isinstance(node, ast.Call):
            yield from _call(node)


def top(name: str | None) -> str:
    return (name or "").partition(".")[0]


def _imported(node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    if top(module) in IMPORTS:
        yield f"import {top(module)}"
    elif not module.startswith(("vpp_gym", "agents", "benchmarks")):
        taken = {one.name for one in node.names}
        yield from sorted(taken & (METHODS | {"open"} | OF_A_MODULE.get(module, set())))


def _attribute(node: ast.Attribute) -> Iterator[str]:
    """Named, not only called: `map(Path.unlink, paths)` removes files, too."""
    owner = ast.unparse(node.value)
    if node.attr in OF_A_MODULE.get(owner, ()):
        yield f"{owner}.{node.attr}"
    elif node.attr in METHODS:
        yield node.attr


def _call(node: ast.Call) -> Iterator[str]:
    function = node.func
    if isinstance(function, ast.Name) and function.id == "open":
        yield "open"
    elif isinstance(function, ast.Attribute):
        given = {keyword.arg for keyword in node.keywords}
        path = WITH_A_PATH.get(function.attr)
        if path is not None and (node.args or path in given):
            yield function.attr
        if function.attr == "open" and ast.unparse(function.value) != "RawFile":
            yield "open"
        moved = function.attr == "replace" and len(node.args) == 1 and not node.keywords
        if moved and ast.unparse(function.value) not in OF_A_MODULE:
            yield "replace"


@pytest.mark.parametrize("name", MODULES)
def test_files_are_opened_by_the_reader_and_the_writer_only(name):
    found = set(accesses(MODULES[name].read_text(encoding="utf-8")))
    assert found - set(ALLOWED.get(name, ())) == set(), "use vpp_gym.files"


@pytest.mark.parametrize("name", ALLOWED)
def test_no_exception_is_left_behind(name):
    found = set(accesses(MODULES[name].read_text(encoding="utf-8")))
    assert set(ALLOWED[name]) <= found


@pytest.mark.parametrize(
    "code",
    [
        "open('a')",
        "path.open('w')",
        "io.open('a')",
        "os.open('a', 0)",
        "from io import open",
        "path.read_text()",
        "Path('a').write_bytes(b'')",
        "list(map(Path.unlink, paths))",
        "table.to_csv(path)",
        "table.to_csv(path_or_buf=path)",
        "pd.read_csv(path)",
        "from pandas import read_csv",
        "figure.savefig(path)",
        "np.load(path)",
        "np.savez(path, a=a)",
        "torch.load(path)",
        "torch.save(content, path)",
        "json.load(file)",
        "from json import load",
        "pq.ParquetFile(path)",
        "pq.read_table(path)",
        "os.replace(a, b)",
        "path.replace(other)",
        "import tempfile",
        "from tempfile import NamedTemporaryFile",
        "import shutil",
        "with zipfile.ZipFile(a) as b: pass\nimport zipfile",
        "path.mkdir()",
        "def f():\n    import gzip",
    ],
)
def test_an_access_is_recognised(code):
    assert list(accesses(code))


@pytest.mark.parametrize(
    "code",
    [
        "table.to_csv(index=False)",
        "json.loads(text)",
        "text.replace('a', 'b')",
        "replace(scenario, name='a')",
        "params.replace(dt_h=1)",
        "write_text(path, text)",
        "from vpp_gym.files.reader import read_text",
        "RawFile.open(path)",
        "simulation.load(scenarios)",
    ],
)
def test_other_code_is_left_alone(code):
    assert list(accesses(code)) == []
