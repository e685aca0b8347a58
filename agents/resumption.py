"""What may change when a run goes on from its checkpoint: nothing but where it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.changes import short_name
from agents.dotted import flat, merged, nested
from agents.hyperparameters import validated
from agents.options import environment_options
from agents.settings import RunSettings
from vpp_gym.errors import InvalidInputError

MISSING = object()


def extended(saved: RunSettings, asked: Mapping[str, Any], *, done: int) -> RunSettings:
    """The saved run, with later steps to end at if they are asked for.

    Args:
        saved: settings of the run.
        asked: settings to resume it with, all or some of them, in mappings.
        done: environment steps of the run so far.

    Raises:
        InvalidInputError: a setting that the run was not begun with, or steps that it
            cannot end at.
    """
    wanted = flat(_plain(asked))
    steps = wanted.pop("timesteps", saved.timesteps)
    _refuse_differences(saved, wanted)
    if steps == saved.timesteps:
        return saved
    if steps < saved.timesteps:
        remedy = f"the run was begun for {saved.timesteps}: ask for no fewer, or leave it out"
        raise InvalidInputError("timesteps", steps, remedy)
    if done < saved.timesteps:
        remedy = (
            f"the run was begun for {saved.timesteps}, by which its learning rate falls, and has "
            f"done {done}: resume it to its end, then resume it with more"
        )
        raise InvalidInputError("timesteps", steps, remedy)
    return validated(merged(saved.model_dump(), {"timesteps": steps}))


def refuse_another_run(saved: RunSettings, run: RunSettings, *, done: int) -> None:
    """Refuse to go on with settings other than the saved ones, a later end aside.

    Raises:
        InvalidInputError: as `extended`.
    """
    wanted = _plain(run.model_dump(mode="json"))
    left_out = flat(_plain(saved.model_dump(mode="json"))).keys() - flat(wanted).keys()
    asked = merged(as_settings(dict.fromkeys(sorted(left_out))), wanted)
    extended(saved, asked, done=done)


def _refuse_differences(saved: RunSettings, wanted: Mapping[str, Any]) -> None:
    begun = flat(_plain(saved.model_dump(mode="json")))
    usual = {
        f"world.arguments.{name}": _plain(option.default)
        for name, option in environment_options(saved.env_id).items()
    }
    known = usual | begun
    other = {name: value for name, value in wanted.items() if known.get(name, MISSING) != value}
    if not other:
        return
    first, *more = other
    remedy = f"the saved run has {known.get(first, 'none')!r}"
    if more:
        told = (f"{short_name(name)} ({other[name]!r}, saved {known.get(name)!r})" for name in more)
        remedy += f"; also differ: {', '.join(told)}"
    remedy += ". Leave out what differs to resume, or begin another run with --run-dir"
    raise InvalidInputError(short_name(first), other[first], remedy)


def as_settings(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Checked changes, by full dotted name, as mappings of settings."""
    settings: dict[str, Any] = {}
    for dotted, value in changes.items():
        settings = merged(settings, nested(dotted, value))
    return settings


def _plain(value: Any) -> Any:
    """As JSON has it: lists for tuples; what JSON cannot say by its repr."""
    return json.loads(json.dumps(value, default=repr))
