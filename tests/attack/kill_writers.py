"""Kills every writer in the middle of its work, and fills its disk.

    python -m tests.attack.kill_writers VOLUME world "stored run" ...

Each attempt is a fork of one process. It is killed by the kernel when it has written so many
bytes, or before the n-th time that it opens, renames or removes a file. After that the file
under its final name is the old one or the new one, whole. In the last attempts the disk is full
after so many bytes: then the writer says so and the old file is there. Prints one JSON document.
"""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attack.readers import digest, world_file
from vpp_gym.errors import InvalidInputError

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
TIMEOUT_S = 100
REFUSED, FELL_THROUGH = 3, 4


@dataclass(frozen=True)
class Writer:
    """Something that writes one file, or one folder.

    Attributes:
        name: of it.
        target: name of the file or folder.
        write: writes the old (0) or the new (1) content into a folder.
        content: of a target that is whole; raises if it is not.
        aside: where the old one may be while a folder is exchanged.
    """

    name: str
    target: str
    write: Callable[[Path, int], object]
    content: Callable[[Path], Any] = Path.read_bytes
    aside: str = ""


def write_a_world(folder: Path, version: int) -> None:
    from vpp_gym.scenarios.world_file import write_world

    world = _worlds()[version]
    write_world(folder / "world.parquet", world)


_MADE: dict[str, Any] = {}


def _worlds() -> list[Any]:
    """Two worlds, built once before the first fork."""
    if "worlds" not in _MADE:
        from dataclasses import replace

        import vpp_gym.scenarios.world_file as files

        kept: list[Any] = []
        written, files.write_world = files.write_world, lambda path, world: kept.append(world)
        with tempfile.TemporaryDirectory() as place:
            world_file(Path(place))
        files.write_world = written
        scenario = replace(kept[0].scenario, da_eur_per_kwh=kept[0].scenario.da_eur_per_kwh + 0.01)
        _MADE["worlds"] = [kept[0], replace(kept[0], scenario=scenario)]
    found: list[Any] = _MADE["worlds"]
    return found


def write_a_run(folder: Path, version: int) -> None:
    from benchmarks.store import StoredRun, save_run

    days = {"profit_eur": [1.0 + version] * 500}
    save_run(folder / "run.json", StoredRun("a" * 64, 1.0, {"policy": "x"}, days))


def write_a_policy(folder: Path, version: int) -> None:
    from tests.agents.test_policy import CARD_OF_TEST, random_network
    from vpp_gym.training.export import export_policy

    export_policy(random_network(seed=version), CARD_OF_TEST, folder / "seed_3")


def policy_of(folder: Path) -> Any:
    from vpp_gym.agents.policy import AgentPolicy

    agent = AgentPolicy.load(folder)
    return digest([vars(agent.predictor), agent.card])


def write_a_checkpoint(folder: Path, version: int) -> None:
    from tests.attack.agent_files import trained
    from vpp_gym.training.checkpoint import Progress, save_checkpoint

    trainer, _ = trained()
    progress = Progress(rounds=version, steps=128 * (1 + version))
    save_checkpoint(folder, trainer.run, trainer.model, trainer.stack, progress)


def checkpoint_of(path: Path) -> Any:
    """A checkpoint and the replay buffer that it names."""
    from tests.attack.agent_files import trained
    from vpp_gym.training.checkpoint import load_checkpoint

    trainer, _ = trained()
    progress = load_checkpoint(path.parent, trainer.run, trainer.model, trainer.stack)
    return progress.rounds


def write_a_figure(folder: Path, version: int) -> None:
    on_command_line(["contracts", "--term", str(1 + version), "--figure", str(folder / "menu.png")])


def write_days(folder: Path, version: int) -> None:
    policy = ("charge_on_arrival", "charge_at_deadline")[version]
    on_command_line(["run", policy, "--days", "3", "--out", str(folder / "days.csv")])


def days_of(path: Path) -> Any:
    """Which policy's days; how long the policy took to decide is not the same twice."""
    import pandas as pd

    table = pd.read_csv(path)
    assert len(table) == 3
    assert table["profit_eur"].notna().all()
    return table["policy"].unique().tolist()


def on_command_line(arguments: list[str]) -> None:
    """A command of vpp-gym; its refusal is that of a function."""
    from vpp_gym.cli import app

    code = app(arguments, standalone_mode=False)
    if code:
        raise InvalidInputError("command", arguments[0], f"exit code {code}")


WRITERS = (
    Writer("world", "world.parquet", write_a_world),
    Writer("stored run", "run.json", write_a_run),
    Writer("figure", "menu.png", write_a_figure),
    Writer("days", "days.csv", write_days, days_of),
    Writer("policy", "seed_3", write_a_policy, policy_of, aside=".seed_3.old"),
    Writer("checkpoint", "checkpoint.pt", write_a_checkpoint, checkpoint_of),
)


def in_a_fork(work: Callable[[], object]) -> int:
    """Wait status of a process that does some work; output is thrown away."""
    child = os.fork()
    if child == 0:
        signal.alarm(TIMEOUT_S)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        code = FELL_THROUGH
        try:
            work()
            code = 0
        except (InvalidInputError, SystemExit):
            code = REFUSED
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def after_bytes(write: Callable[[], object], most: int, dies: bool) -> Callable[[], object]:
    """No file may grow beyond so many bytes: the process dies, or gets an error as of a disk."""

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL if dies else signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        write()

    return work


def before_event(write: Callable[[], object], number: int) -> Callable[[], object]:
    """The process dies before it changes the folder for the n-th time."""

    def work() -> None:
        left = number

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if event not in EVENTS or (event == "open" and not changes(arguments)):
                return
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        write()

    return work


def changes(arguments: tuple[Any, ...]) -> bool:
    """Whether a file is opened to be written."""
    path, mode, flags = arguments
    if str(path).startswith("/dev/"):
        return False
    return bool(set(mode or "") & set("wax+")) or bool((flags or 0) & WRITES)


def attack(writer: Writer, volume: float) -> dict[str, Any]:
    """What came of killing a writer at many places."""
    failures: list[str] = []
    deaths = refusals = 0
    with tempfile.TemporaryDirectory() as place:
        old, new, work = (Path(place, name) for name in ("old", "new", "work"))
        for folder, version in ((old, 0), (new, 1)):
            folder.mkdir()
            if (status := in_a_fork(lambda f=folder, v=version: writer.write(f, v))) != 0:
                return {"failures": [f"it does not write: {status}"], "deaths": 0}
        right = [writer.content(folder / writer.target) for folder in (old, new)]
        assert right[0] != right[1]

        def attempt(how: str, wrap: Callable[[Callable[[], object]], Callable[[], object]]) -> int:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(old, work)
            status = in_a_fork(wrap(lambda: writer.write(work, 1)))
            if problem := broken(writer, work, right):
                failures.append(f"{how}: {problem}")
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
                failures.append(f"{how}: took more than {TIMEOUT_S} s")
            return status

        for k in range(round(12 * max(1.0, volume))):
            status = attempt(f"killed before change {k}", lambda w, k=k: before_event(w, k))
            if not os.WIFSIGNALED(status):
                break
            deaths += 1
        size = max(one.stat().st_size for one in new.rglob("*") if one.is_file())
        points = [0, 1, 512, size // 3, size // 2, size - 1]
        for most in sorted({max(0, one) for one in points}):
            status = attempt(
                f"killed after {most} bytes", lambda w, m=most: after_bytes(w, m, dies=True)
            )
            deaths += os.WIFSIGNALED(status)
            status = attempt(
                f"disk full after {most} bytes", lambda w, m=most: after_bytes(w, m, dies=False)
            )
            code = os.waitstatus_to_exitcode(status)
            refusals += code == REFUSED
            if code not in (REFUSED, 0):
                failures.append(f"disk full after {most} bytes: exit code {code}, no refusal")
            names = {one.name for one in work.iterdir()} - {one.name for one in old.iterdir()}
            if names - {one.name for one in new.iterdir()}:
                failures.append(f"disk full after {most} bytes: leaves {sorted(names)}")
        status = in_a_fork(lambda: writer.write(work, 1))
        if status or broken(writer, work, right[1:]):
            failures.append(f"the next one does not write: {status}")
    return {"failures": failures, "deaths": deaths, "refusals": refusals}


def broken(writer: Writer, folder: Path, right: list[Any]) -> str:
    """What is wrong with the target, if anything."""
    places = [folder / writer.target]
    if writer.aside and not places[0].exists():
        places.append(folder / writer.aside)
    try:
        found = writer.content(places[-1])
    except Exception as error:  # noqa: BLE001  (that is what is looked for)
        return f"not whole: {type(error).__name__}: {str(error)[:150]}"
    return "" if found in right else "neither the old nor the new one"


def warm_up(writer: Writer) -> None:
    """Import and compile before the first fork, once for all of them."""
    with tempfile.TemporaryDirectory() as place, redirect_stdout(io.StringIO()):
        writer.write(Path(place), 0)


def main() -> None:
    """Kill the writers named on the command line."""
    volume, names = float(sys.argv[1]), sys.argv[2:]
    _worlds()
    if {"policy", "checkpoint"} & set(names):
        import torch

        torch.set_num_threads(1)
    if "checkpoint" in names:
        from tests.attack.agent_files import trained

        trained()
    chosen = [one for one in WRITERS if one.name in names]
    for one in chosen:
        warm_up(one)
    sys.stdout.write(json.dumps({one.name: attack(one, volume) for one in chosen}))


if __name__ == "__main__":
    main()
