"""Delete this file and its use in `agents.environments` with the new environment arguments."""

from __future__ import annotations

import inspect
from typing import Any

NAMES = {"scenario": "base", "n_scenarios": "n_worlds", "first_scenario": "first_world"}


def renamed(kind: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a fuel-cell environment by their former names."""
    if "n_worlds" not in inspect.signature(kind).parameters:
        return arguments
    return {NAMES.get(name, name): value for name, value in arguments.items()}


def completed(batch: Any) -> Any:
    """A batch whose core has a layout, and knows the option `scenario`."""
    core: Any = batch.core
    if not hasattr(core, "layout"):
        core.layout = core.codec if hasattr(core, "codec") else core.observer.layout
    if hasattr(core, "world"):
        begin = core.begin

        def begin_scenario(run: int, rng: Any, options: Any) -> None:
            begin(run, rng, {"world" if name == "scenario" else name: options[name]
                             for name in options})  # fmt: skip

        core.begin = begin_scenario
    return batch
