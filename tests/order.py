"""The order in which files of tests are handed to processes that share them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

LONGEST = (
    "simulation/test_site_oracle.py",
    "simulation/test_oracle.py",
    "simulation/test_standby.py",
    "benchmarks/test_fingerprint.py",
    "attack/test_environments.py",
    "agents/test_judging.py",
    "test_cli_evaluate.py",
    "attack/test_kill.py",
    "attack/test_files.py",
    "scenarios/test_calibration.py",
    "kernels/test_bits.py",
    "kernels/test_folder.py",
    "agents/test_submitting_page.py",
    "agents/test_sweep.py",
    "test_docs_world.py",
    "agents/test_training_page.py",
    "test_ledger.py",
    "policies/test_site_hindsight.py",
    "solvers/test_site_lp.py",
    "evaluation/test_many.py",
    "test_workers.py",
    "test_examples.py",
)
"""Files that take longest, as `make test` lists the slowest tests; within the folder of tests."""


def file_of(test: str) -> str:
    """The file of a test, within the folder of tests, from the name that pytest gives it."""
    return test.partition("::")[0].removeprefix("tests/")


def longest_first(tests: Sequence[str]) -> list[int]:
    """Places of tests so that no process is left alone with a long file at the end.

    Files of `LONGEST` come first, then those with most tests. Tests of a file stay together and
    in their order.
    """
    files = [file_of(test) for test in tests]
    sizes, rank = Counter(files), {file: place for place, file in enumerate(LONGEST)}
    began = {file: place for place, file in reversed(list(enumerate(files)))}

    def key(place: int) -> tuple[int, int, int]:
        file = files[place]
        return rank.get(file, len(rank)), -sizes[file], began[file]

    return sorted(range(len(tests)), key=key)
