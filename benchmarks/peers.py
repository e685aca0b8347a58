"""Steps a second beside EV2Gym and Chargax, each in an environment of its own.

    python -m benchmarks.peers [--ev2gym PYTHON] [--chargax PYTHON] [--seconds 3] [--out FOLDER]

PYTHON is the interpreter of an environment in which that simulator is installed; what is not given
is left out. All are measured in turns in one run, at 50 chargers with few and with many cars. The
simulators do not do the same in a step: the notes of the table say what differs.
`benchmarks.peer_ev2gym` and `benchmarks.peer_chargax` say what to install; `python
docs/build_speed.py` puts the results on the page.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from time import perf_counter
from types import ModuleType
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from benchmarks import peer_chargax, peer_ev2gym
from benchmarks.differences import RESULTS, write_table
from benchmarks.fingerprint import ROOT
from benchmarks.peer_answers import Run, Stretch, repeated
from benchmarks.speed_grid import SITES, WARM_UP, Site, batch, machine, scalar
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.trial import check_folder

OURS = "vpp_gym"
OUR_CASES = ((1, 1), (16, 1), (256, 1), (256, 2), (2_048, 1), (2_048, 2))
"""Environments, and threads."""
OUR_STEP_MIN = 60
TURNS = 5
PATIENCE_S = 900.0
"""Seconds after which a simulator that does not answer is given up."""
TITLE = "Steps a second beside EV2Gym and Chargax"
NOTES = (
    "50 chargers, one random action of each environment that is repeated; rates are the best of "
    f"{TURNS} turns, in each of which every row has its stretch. Where the slowest turn is a small "
    "share of the best, other programs disturbed the row, and it says little. These simulators "
    "differ in their task, and no row says which of them is the better one. Cars connected are "
    "averages of what was stepped, and not the same: arrivals were set to come near ours. Ours: "
    "steps of an hour, bids, contracts, settlement and dispatch of the fleet, stepped from Python, "
    "resets included; compile is until the first step, with kernels that an earlier program "
    "compiled, in one to two minutes, and kept on disk. "
)
EV2GYM_NOTES = (
    "EV2Gym: steps of a quarter of an hour, its example of V2G for profit at homes, a power for "
    "each port; compile is to make the environment, nothing is compiled. "
)
CHARGAX_NOTES = (
    "Chargax: steps of 5 minutes, residential profile, one of 21 levels for each charger, resets "
    "included; its cost depends on how chargers are grouped: in groups of 2, as its documentation "
    "does, or in one group, which shares the power of one charger. A scan runs "
    f"{peer_chargax.STEPS_A_CALL} steps (one environment: a day) in one call, which a policy "
    "outside of JAX cannot use. Every row is compiled anew in every program. "
)


@dataclass(frozen=True)
class Kind:
    """A simulator that is measured beside ours.

    Attributes:
        option: that names its interpreter.
        title: it calls itself.
        module: that runs in its interpreter.
        notes: on what was measured.
    """

    option: str
    title: str
    module: ModuleType
    notes: str


KINDS = (
    Kind("ev2gym", "EV2Gym", peer_ev2gym, EV2GYM_NOTES),
    Kind("chargax", "Chargax", peer_chargax, CHARGAX_NOTES),
)


@dataclass
class Case:
    """A row of the table while it is measured.

    Attributes:
        about: its first columns.
        run: steps it for some seconds.
        compile_s: until it could run.
        done: what was stepped in each turn.
    """

    about: Mapping[str, Any]
    run: Run
    compile_s: float
    done: list[Stretch] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Its rates: the best of all turns."""
        rates = [one.steps / (one.step_s + one.reset_s) for one in self.done]
        rate = max(rates)
        apart = [one.steps / one.step_s for one in self.done if one.reset_s > 0]
        cars = float(np.mean([one.connected for one in self.done]))
        return {
            **self.about,
            "connected": cars,
            "env_steps_per_s": rate,
            "slowest_turn": min(rates) / rate,
            "without_resets_per_s": max(apart, default=np.nan),
            "car_steps_per_s": rate * cars,
            "compile_s": self.compile_s,
        }


class Peer:
    """A simulator in an interpreter of its own.

    Args:
        kind: of simulator.
        python: path or name of the interpreter.

    Raises:
        InvalidInputError: no such interpreter, or one that cannot import it.
    """

    def __init__(self, kind: Kind, python: str) -> None:
        self.kind = kind
        self._python = os.path.abspath(python) if os.path.dirname(python) else python
        words = [self._python, "-m", kind.module.__name__]
        try:
            self._process = subprocess.Popen(
                words,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            raise self._refused(f"name the Python of its environment ({error.strerror})") from error
        self.version: str = self._answer("version")["version"]

    def ask(self, expected: str, **request: Any) -> dict[str, Any]:
        """The answer to a request.

        Args:
            expected: a name that stands in the answer.
            request: its content.

        Raises:
            InvalidInputError: it failed, stopped or does not answer.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._stopped() from error
        return self._answer(expected)

    def close(self) -> None:
        """End its process."""
        self._process.kill()
        self._process.communicate()

    def cases(self, site: Site) -> Iterator[Case]:
        """All that is measured of it at a site, ready to run."""
        for case in self.kind.module.CASES:
            place = {"cars": site.cars, "chargers": site.chargers}
            ready = self.ask("compile_s", prepare={**case, **place})
            about = {
                **place,
                "simulator": self.kind.title,
                "setting": case["setting"],
                "step_min": self.kind.module.STEP_MIN,
                "environments": case["environments"],
            }
            yield Case(about, self._run(ready["place"]), ready["compile_s"])

    def _run(self, place: int) -> Run:
        return lambda seconds: Stretch(**self.ask("steps", run=place, seconds=seconds))

    def _answer(self, expected: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        patience = Timer(PATIENCE_S, self._process.kill)
        patience.start()
        try:
            line = self._process.stdout.readline()
        finally:
            patience.cancel()
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict) and "error" in found:
            self.close()
            raise self._refused(self._remedy(found))
        if not isinstance(found, dict) or expected not in found:
            raise self._stopped()
        return found

    def _stopped(self) -> InvalidInputError:
        self.close()
        command = f"{self._python} -m {self.kind.module.__name__}"
        return self._refused(f"it stopped without an answer; see what `{command}` says in a clone")

    def _remedy(self, found: Mapping[str, Any]) -> str:
        if found.get("missing"):
            package = str(found["missing"]).partition(".")[0]
            return f"install {package} there, or name another interpreter ({found['error']})"
        return f"see whether {self.kind.title} runs there ({found['error']})"

    def _refused(self, remedy: str) -> InvalidInputError:
        return InvalidInputError(self.kind.option, self._python, remedy)


def our_cases(site: Site) -> Iterator[Case]:
    """All that is measured of ours at a site, ready to run."""
    for num_envs, threads in OUR_CASES:
        begin = perf_counter()
        if num_envs == 1:
            step, core = scalar(site)
        else:
            envs: Any = batch(site, num_envs, threads)
            step, core = _repeating(envs, envs.action_space.sample()), envs.unwrapped.core
        step()
        compile_s = perf_counter() - begin
        for _ in range(WARM_UP):
            step()
        about = {
            "cars": site.cars,
            "chargers": site.chargers,
            "simulator": OURS,
            "setting": "gym.make" if num_envs == 1 else f"gym.make_vec, threads: {threads}",
            "step_min": OUR_STEP_MIN,
            "environments": num_envs,
        }
        yield Case(about, _our_run(step, core.simulation.state, num_envs), compile_s)


def _repeating(envs: Any, action: Any) -> Any:
    return lambda: envs.step(action)


def _our_run(step: Any, state: Any, num_envs: int) -> Run:
    cars: list[float] = []
    for _ in range(336 if num_envs == 1 else 48):
        step()
        cars.append(state.run["connected"].mean())
    connected = float(np.mean(cars))

    def run(seconds: float) -> Stretch:
        calls, spent = repeated(step, seconds)
        return Stretch(calls * num_envs, spent, connected=connected)

    return run


def measured(
    site: Site, peers: Sequence[Peer], seconds: float, failed: dict[str, str]
) -> list[dict[str, Any]]:
    """The rows of a site.

    Args:
        site: one of those with 50 chargers.
        peers: beside ours.
        seconds: for each row.
        failed: by simulator, why it is left out; filled when one fails on the way.
    """
    groups: dict[str, list[Case]] = {OURS: list(our_cases(site))}
    for peer in peers:
        if peer.kind.title not in failed:
            with _noted(failed, peer.kind.title):
                groups[peer.kind.title] = list(peer.cases(site))
    for _ in range(TURNS):
        for name, cases in groups.items():
            if name in failed:
                continue
            with _noted(failed, name):
                for case in cases:
                    case.done.append(case.run(seconds / TURNS))
    return [case.row() for cases in groups.values() for case in cases if case.done]


@contextmanager
def _noted(failed: dict[str, str], name: str) -> Iterator[None]:
    """Note why a simulator failed, and go on without it."""
    try:
        yield
    except InvalidInputError as error:
        failed[name] = str(error)


def run(pythons: Mapping[str, str | None], seconds: float, out: Path) -> dict[str, str]:
    """Measure what was given, write the table, and say by simulator why one failed on the way."""
    peers: list[Peer] = []
    failed: dict[str, str] = {}
    rows, loads = [], [os.getloadavg()[0]]
    try:
        for kind in KINDS:
            python = pythons.get(kind.option)
            if python is not None:
                peers.append(Peer(kind, python))
        for site in SITES:
            if site.chargers == SITES[0].chargers:
                rows += measured(site, peers, seconds, failed)
                loads.append(os.getloadavg()[0])
                Console().print(f"{site.cars} cars: done")
    finally:
        for peer in peers:
            peer.close()
    about = "".join(peer.kind.notes for peer in peers)
    versions = "".join(f"{peer.kind.title} {peer.version}. " for peer in peers)
    stopped = "".join(f"{name} stopped on the way. " for name in failed)
    load = ", ".join(f"{one:.1f}" for one in loads)
    notes = (
        f"{NOTES}{about}{versions}{stopped}Machine: {machine()}; its load before and after each "
        f"number of cars was {load}: other programs lower all rates, most of all those on two "
        "threads."
    )
    given = "".join(f" --{peer.kind.option} PYTHON" for peer in peers)
    command = f"python -m benchmarks.peers{given} --seconds {seconds:g}"
    write_table("peers", rows, title=TITLE, notes=notes, command=command, folder=out)
    return failed


def main(
    ev2gym: Annotated[str | None, typer.Option(help="Python that has EV2Gym.")] = None,
    chargax: Annotated[str | None, typer.Option(help="Python that has Chargax.")] = None,
    seconds: Annotated[float, typer.Option(min=0.05, help="Seconds for each rate.")] = 3.0,
    out: Annotated[Path, typer.Option(help="Folder of the table.")] = RESULTS,
) -> None:
    """Measure steps a second beside other simulators, and write the table."""
    check_folder(out, "out")
    failed = run({"ev2gym": ev2gym, "chargax": chargax}, seconds, out)
    if failed:
        sys.exit("\n".join(failed.values()))


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
