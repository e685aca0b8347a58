"""Damages every file that some readers read, and writes down how that went.

    python -m tests.attack.damage_readers NUMBER SEED "ENTSO-E CSV" "world" ...

Prints one JSON document. Each reader is given so many damages of its sample. Memory beyond
`MAX_MB` and time beyond `MAX_S` are failures; so is any other exception than `InvalidInputError`,
and a changed result of a file that carries checksums. What failed is kept in the folder that
VPP_GYM_ATTACK_KEEP names, for a reproduction with one file.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.attack.damage import damages
from tests.attack.readers import Reader, by_name, digest
from tests.peak import peak_mb
from vpp_gym.errors import InvalidInputError

MAX_MB, MAX_S = 1000, 20
KEEP = os.environ.get("VPP_GYM_ATTACK_KEEP")


class HangError(BaseException):
    """The reader took too long; no reader's own handler catches it."""


@contextmanager
def within_time() -> Iterator[None]:
    """No more than `MAX_S` of work, nor ten times as long of waiting."""

    def too_long(*_: object) -> None:
        raise HangError

    clocks = {
        signal.ITIMER_PROF: (signal.SIGPROF, MAX_S),
        signal.ITIMER_REAL: (signal.SIGALRM, 10 * MAX_S),
    }
    for clock, (number, seconds) in clocks.items():
        signal.signal(number, too_long)
        signal.setitimer(clock, seconds)
    try:
        yield
    finally:
        for clock in clocks:
            signal.setitimer(clock, 0)


def limit_memory() -> None:
    """Let the process have no more than so much beyond what its imports take."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    most = pages * resource.getpagesize() + MAX_MB * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def outcome(reader: Reader, folder: Path) -> str:
    """ "same" or another digest, "refused", "left aside", or what else happened."""
    try:
        with within_time(), warnings.catch_warnings():
            warnings.simplefilter("error")
            read = reader.read(folder)
        return "left aside" if read is None else digest(read)
    except InvalidInputError as error:
        str(error).encode()
        return "refused"
    except HangError:
        return f"failed: took more than {MAX_S} s"
    except BaseException as error:  # noqa: BLE001  (that is what is looked for)
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"failed: {type(error).__name__}: {str(error)[:120]} ({last.filename}:{last.lineno})"


def attack(reader: Reader, number: int, seed: int) -> dict[str, Any]:
    """How a reader takes so many damages."""
    counts: Counter[str] = Counter()
    failures: list[str] = []
    began = time.process_time()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        reader.make(folder)
        path = folder / reader.file
        good = path.read_bytes()
        right = outcome(reader, folder)
        if right.startswith(("failed", "refused", "left aside")):
            failures.append(f"the good file: {right}")
        for damaged in damages(good, number, seed):
            path.write_bytes(damaged.content)
            result = outcome(reader, folder)
            if result == right:
                result = "same"
            elif not result.startswith(("refused", "left aside", "failed")):
                result = "failed: another result in silence" if reader.checked else "other"
            if result.startswith("failed"):
                failures.append(f"{damaged.how}: {result}")
                keep(reader, damaged.how, damaged.content)
            counts[result.split(":")[0]] += 1
    return {
        "counts": dict(counts),
        "failures": failures,
        "cpu_s": round(time.process_time() - began, 1),
    }


def keep(reader: Reader, how: str, content: bytes) -> None:
    if KEEP:
        name = f"{reader.name}-{how}-{reader.file}".replace(" ", "_").replace("/", "_")
        Path(KEEP).mkdir(parents=True, exist_ok=True)
        Path(KEEP, name).write_bytes(content)


def main() -> None:
    """Attack the readers named on the command line."""

    number, seed, names = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    readers = [by_name(name) for name in names]
    with tempfile.TemporaryDirectory() as place:
        for reader in readers:  # imports count as before the attack
            folder = Path(place, reader.name.replace(" ", "_"))
            folder.mkdir()
            reader.make(folder)
            reader.read(folder)
    limit_memory()
    report: dict[str, Any] = {one.name: attack(one, number, seed) for one in readers}
    most_mb = peak_mb()
    sys.stdout.write(json.dumps({"readers": report, "peak_mb": round(most_mb)}))


if __name__ == "__main__":
    main()
