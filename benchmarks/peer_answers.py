"""How a simulator that runs in an interpreter of its own answers what `benchmarks.peers` asks.

Uses the standard library only, as of Python 3.9: it is imported there. Requests and answers are
lines of JSON. What else the simulator prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

Run = Callable[[float], "Stretch"]
Prepare = Callable[[dict], "tuple[float, Run]"]
"""From a case to the seconds that it took to compile, and what runs it for some seconds."""


class Stretch(NamedTuple):
    """What was stepped without a pause.

    Attributes:
        steps: of all environments together.
        step_s: seconds that they took.
        reset_s: seconds of resets between them, where these are timed apart.
        connected: cars per environment, on average.
    """

    steps: float
    step_s: float
    reset_s: float = 0.0
    connected: float = 0.0


def repeated(step: Callable[[], Any], seconds: float) -> tuple[int, float]:
    """Calls until some seconds are over, at least one, and how long they took."""
    calls, begin, spent = 0, perf_counter(), 0.0
    while spent < seconds or calls == 0:
        step()
        calls += 1
        spent = perf_counter() - begin
    return calls, spent


def answer(load: Callable[[], tuple[str, Prepare]]) -> None:
    """Import a simulator and answer requests until there are no more.

    Args:
        load: imports it, and gives its version and what prepares a case.
    """
    out = os.dup(1)
    os.dup2(2, 1)

    def send(content: dict[str, Any]) -> None:
        os.write(out, (json.dumps(content) + "\n").encode())

    def failed(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        send({"error": f"{kind.__name__}: {error}", "missing": missing})
        sys.__excepthook__(kind, error, trace)

    sys.excepthook = failed
    version, prepare = load()
    send({"version": version})
    runs: list[Run] = []
    for line in sys.stdin:
        request = json.loads(line)
        if "prepare" in request:
            compile_s, run = prepare(request["prepare"])
            runs.append(run)
            send({"place": len(runs) - 1, "compile_s": compile_s})
        else:
            send(runs[request["run"]](request["seconds"])._asdict())
