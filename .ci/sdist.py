"""Builds the source distribution and compares it with the repository.

python .ci/sdist.py FOLDER    # unpacks it there, so that its tests can be run

Leaves with an error if a file of the repository is missing in it, or is in it and not there.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
MADE = ("PKG-INFO", "setup.cfg", "vpp_gym.egg-info/")
"""What building adds."""
BUILD = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"


def tracked() -> set[str]:
    """Files of the repository that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


def build(folder: Path) -> Path:
    """The archive, built from a copy of these files so that the tree stays as it is."""
    with TemporaryDirectory() as scratch:
        for name in tracked():
            copy = Path(scratch, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / name).read_bytes())
        command = [sys.executable, "-c", BUILD, str(folder)]
        subprocess.run(command, cwd=scratch, capture_output=True, check=True)
    return next(folder.glob("*.tar.gz"))


def packed(archive: Path) -> set[str]:
    """Files in the archive, without what building adds."""
    with tarfile.open(archive) as source:
        names = {one.name.partition("/")[2] for one in source.getmembers() if one.isfile()}
    return {name for name in names if not name.startswith(MADE)}


def differences() -> list[str]:
    """How the source distribution differs from the repository."""
    with TemporaryDirectory() as scratch:
        inside, here = packed(build(Path(scratch))), tracked()
    missing = [f"missing in the source distribution: {name}" for name in sorted(here - inside)]
    return [*missing, *(f"not in the repository: {name}" for name in sorted(inside - here))]


def main() -> None:
    """Compare, and unpack if a folder is named."""
    if found := differences():
        sys.exit("\n".join(found))
    for folder in sys.argv[1:]:
        with TemporaryDirectory() as scratch, tarfile.open(build(Path(scratch))) as source:
            source.extractall(folder, filter="data")


if __name__ == "__main__":
    main()
