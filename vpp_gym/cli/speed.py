"""`vpp-gym speed`: how many steps a second this machine makes."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from vpp_gym.cli import completion
from vpp_gym.cli.ids import env_ids
from vpp_gym.cli.output import AsJson, print_json, show_table
from vpp_gym.cli.progress import at_work
from vpp_gym.cli.tables import Column, Grid
from vpp_gym.errors import InvalidInputError, suggestion

DAILY = ("VPPBidding-v0", "VPPContracts-v0")
"""Environments whose step is a day, dispatched by a policy: here by a rule, the fastest one."""


def speed(
    env: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Environment, of {', '.join(env_ids(stays=True))}; repeat it for several.",
            show_default="VPPDayAhead-v0",
            autocompletion=completion.all_ids,
        ),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(
            min=1, help="Environments in a batch; repeat it for several.", show_default="1, 64"
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.01, help="How long each is measured at least.")
    ] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Measure steps a second of environments and of batches of them, with random actions.

    Compilation is not counted. Environments that step a day at a time dispatch by
    charging on arrival.
    """
    chosen, known = env or ["VPPDayAhead-v0"], env_ids(stays=True)
    for name in chosen:
        if name not in known:
            remedy = f"{suggestion(name, known)}use one of {', '.join(known)}"
            raise InvalidInputError("env", name, remedy)
    rows = []
    with at_work("Measuring") as report:
        for name in chosen:
            for size in batch or [1, 64]:
                report(f"Measuring {name}, {size} at once")
                rows.append(_measured(name, size, seconds))
    if as_json:
        print_json(rows)
        return
    heads = ("Environment", "At once", "Steps a second", "Simulated hours a second")
    columns = [Column(head, is_number=place > 0) for place, head in enumerate(heads)]
    cells = [
        [
            str(row["env"]),
            f"{row['batch']:,}",
            f"{row['steps_per_s']:,.0f}",
            f"{row['hours_per_s']:,.0f}",
        ]
        for row in rows
    ]
    show_table(Grid(columns, cells))


def _measured(name: str, size: int, seconds: float) -> dict[str, Any]:
    """Steps a second of an environment, or of a batch."""
    import gymnasium as gym

    more: dict[str, Any] = {"scheduler": "charge_on_arrival"} if name in DAILY else {}
    if size == 1:
        env: Any = gym.make(name, disable_env_checker=True, **more)
    else:
        mode = "vector_entry_point"
        env = gym.make_vec(name, num_envs=size, vectorization_mode=mode, **more)
    env.action_space.seed(0)
    env.reset(seed=0)
    _stepped(env, size, 2)  # compiles
    steps, begun = 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        steps += _stepped(env, size, 4)
    rate = steps * size / passed
    core = env.unwrapped.core
    per_day = getattr(core, "steps_a_day", None)
    hours = _hours_of(name, core, per_day)
    env.close()
    return {
        "env": name,
        "batch": size,
        "steps_per_s": round(rate, 1),
        "hours_per_s": round(rate * hours, 1),
    }


def _hours_of(name: str, core: Any, per_day: int | None) -> float:
    """Hours of a step of an environment."""
    if per_day is not None:
        return 24.0 / float(per_day)
    return 24.0 if name == "FCEVCarPark-v0" else 1.0


def _stepped(env: Any, size: int, times: int) -> int:
    """Make some steps, with new episodes where one ends; how many."""
    for _ in range(times):
        _, _, _, over, _ = env.step(env.action_space.sample())
        if size == 1 and over:
            env.reset()
    return times
