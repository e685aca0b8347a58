"""Set up before anything is tested: fresh kernels, and the way hypothesis searches.

Numba keeps compiled kernels on disk and compiles one again when its own file
changes, not when a kernel that it calls does. Tests therefore keep theirs in a
folder named after the sources that a kernel may depend on: change one, and all
are compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import hypothesis

KEPT_S = 24 * 3600
"""Kernels that no test has used for this long go."""

IMPORTED = re.compile(r"^(?:from|import) (vpp_gym[.\w]*)", re.MULTILINE)


def kernel_sources(package: Path) -> list[Path]:
    """Modules that compile kernels, and whatever these import from the package."""
    text = {path: path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    module = {
        ".".join(path.relative_to(package.parent).with_suffix("").parts): path for path in text
    }
    waiting = [path for path in text if "numba" in text[path]]
    found = set(waiting)
    while waiting:
        for name in IMPORTED.findall(text[waiting.pop()]):
            path = module.get(name) or module[f"{name}.__init__"]
            if path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def kernel_folder(package: Path) -> Path:
    """Folder of the kernels compiled from the present sources, for this user only."""
    digest = hashlib.sha256()
    for path in kernel_sources(package):
        digest.update(path.read_bytes())
    base = Path(tempfile.gettempdir(), f"vpp_gym-kernels-{os.getuid()}")
    base.mkdir(mode=0o700, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.getuid():
        return Path(tempfile.mkdtemp())  # somebody else's folder: nothing of it is loaded
    folder = base / digest.hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    folder.touch()
    for other in base.iterdir():
        if time.time() - other.stat().st_mtime > KEPT_S:
            shutil.rmtree(other, ignore_errors=True)
    return folder


assert "numba" not in sys.modules, "numba was imported before its folder of kernels was set"
os.environ["NUMBA_CACHE_DIR"] = str(kernel_folder(Path(find_spec("vpp_gym").origin).parent))

# The same examples in every run; `pytest --hypothesis-profile=search` looks for new ones.
hypothesis.settings.register_profile("repeat", deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile(
    "search", parent=hypothesis.settings.get_profile("default"), deadline=None, max_examples=2000
)
hypothesis.settings.load_profile("repeat")
