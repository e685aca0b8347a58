"""What the completion of a shell offers after `vpp-gym`: ids, policies, agents and boards.

Press the tabulator: nothing is run, and only what the names need is imported.
"""

from __future__ import annotations

from collections.abc import Iterable

from vpp_gym.cli.ids import env_ids
from vpp_gym.sources import PACKAGE


def ids(incomplete: str) -> list[str]:
    """Ids of environments that agents are trained in."""
    return _that_begin(incomplete, env_ids())


def all_ids(incomplete: str) -> list[str]:
    """Ids of all environments."""
    return _that_begin(incomplete, env_ids(stays=True))


def policies(incomplete: str) -> list[str]:
    """Names of baselines."""
    from vpp_gym.policies.baselines import baseline_names

    return _that_begin(incomplete, baseline_names())


def agents(incomplete: str) -> list[str]:
    """Names of pretrained agents; files are the shell's."""
    folders = (PACKAGE / "agents" / "trained").iterdir()
    return _that_begin(incomplete, sorted(folder.name for folder in folders))


def boards(incomplete: str) -> list[str]:
    """Names of boards."""
    from vpp_gym.boards.published import boards as published

    return _that_begin(incomplete, published())


def _that_begin(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
