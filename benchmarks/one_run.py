"""Published rows of one run by the code on the path, for `benchmarks.renew --commit`.

Run as a script with the tree of a commit as working folder and on the path: a line of JSON says
which run, and its rows are printed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.results import present_digests, read, rows_text
from benchmarks.store import load_run
from benchmarks.suites import suite_of
from benchmarks.suites.base import Run, worlds_of
from benchmarks.tasks import make_all, task
from vpp_gym.files.folders import scratch_folder


def rows_of_run(path: Path, asked: dict[str, Any]) -> str:
    """The rows of a run as they would be published.

    Args:
        path: result file of the suite.
        asked: track, policy, seed and place of the world, and the folder of real data or None.
    """
    document = read(path)
    suite, data = suite_of(document["suite"]), asked["data"] and Path(asked["data"])
    everyone, world = suite.contestants(), worlds_of(document)[asked["world"]]
    now = present_digests(suite, everyone, document, data)
    run = Run(suite.name, asked["track"], asked["policy"], asked["seed"], world)
    with scratch_folder() as folder:
        made: Any = {"digests": now, "data": data, "out": folder, "outside": {}}
        ((done, failure),) = make_all([task(run, everyone, **made)], 0)
        stored = load_run(done.path, done.key)
        if failure or stored is None:
            sys.exit(str(failure))
        days = stored.frame().assign(track=run.track, world=run.world)
        return rows_text(suite.published_rows(days))


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    sys.stdout.write(rows_of_run(Path("benchmarks/results") / given["file"], given))
