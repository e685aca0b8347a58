"""Prints the lowest versions that pyproject.toml allows, as constraints for pip.

python .ci/lowest_versions.py > lowest.txt
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
LOWER_BOUND = re.compile(r"^([\w.-]+)\s*>=\s*([\w.]+)")


def main() -> None:
    """One line `name==version` for every dependency with a lower bound, extras included."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    for requirement in sorted(
        {*project["dependencies"], *(one for some in extras for one in some)}
    ):
        if found := LOWER_BOUND.match(requirement):
            sys.stdout.write(f"{found[1]}=={found[2]}\n")


if __name__ == "__main__":
    main()
