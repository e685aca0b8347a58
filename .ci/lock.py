"""Writes the digests of the pinned packages, as `pip install --require-hashes` checks them.

python .ci/lock.py          # ask the package index, and write .ci/locked.txt anew
python .ci/lock.py --here   # print the name of that file if it is for this kind of machine

A file of constraints cannot carry digests where the project itself is installed, too, since a
folder has none. So the pinned packages are installed from this list first, and the project
afterwards, with constraints.txt. The digests are of the files that pip takes under the Python
and the system below; elsewhere versions are pinned, and nothing is compared.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
PINS, LOCKED = ROOT / "constraints.txt", ROOT / ".ci" / "locked.txt"
KIND = ("Linux", "x86_64", "3.11")
NOT_LOCKED = {"torch"}
"""Under one version there are builds for the CPU and for each kind of GPU, from several places;
which of them is installed is for the user to say."""
HEAD = f"""\
# Written by `python .ci/lock.py`; do not edit. For Python {KIND[2]} on {KIND[0]}, {KIND[1]}.
# Without {", ".join(sorted(NOT_LOCKED))}, of which there are several builds under one version.
"""
LINE = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s\\]+)(?: --hash=sha256:(?P<digest>\w{64}))?$"
)


def pins(path: Path) -> dict[str, tuple[str, str | None]]:
    """Version and digest of each package in a list, by its normalised name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [LINE.match(line) for line in lines if line and not line.startswith("#")]
    if None in found:
        raise ValueError(f"{path.name}: every line is name==version")
    return {
        re.sub(r"[-_.]+", "-", one["name"]).lower(): (one["version"], one["digest"])
        for one in found
        if one is not None
    }


def is_for_this_machine() -> bool:
    """Whether pip takes the files here whose digests are listed."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (platform.system(), platform.machine(), version) == KIND


def locked_lines() -> list[str]:
    """name==version --hash=... of every pinned package, as pip reports it."""
    wanted = [
        f"{name}=={version}" for name, (version, _) in pins(PINS).items() if name not in NOT_LOCKED
    ]
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps"]
        command += ["--ignore-installed", "--report", str(report), *wanted]
        subprocess.run(command, check=True)
        installs = json.loads(report.read_text(encoding="utf-8"))["install"]
    lines = {
        one["metadata"]["name"]: f"{one['metadata']['name']}=={one['metadata']['version']} "
        f"--hash=sha256:{one['download_info']['archive_info']['hashes']['sha256']}"
        for one in installs
    }
    return [lines[name] for name in sorted(lines, key=str.lower)]


def main() -> None:
    """Write the list, or say whether it is for this machine."""
    if "--here" in sys.argv[1:]:
        sys.stdout.write(LOCKED.relative_to(ROOT).as_posix() if is_for_this_machine() else "")
        return
    if not is_for_this_machine():
        sys.exit(f"run it with Python {KIND[2]} on {KIND[0]}, {KIND[1]}")
    LOCKED.write_text(HEAD + "\n".join(locked_lines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
