"""Agents by name and by file: pretrained ones, and models saved with what they were trained in."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from vpp_gym.agents.normalisation import Normalisation
from vpp_gym.agents.origin import agent_of, origin_of
from vpp_gym.agents.policy import CARD, TRAINED, AgentPolicy
from vpp_gym.agents.predictors import is_torch_module, needed
from vpp_gym.agents.sidecar import Sidecar
from vpp_gym.agents.stays import StayModelAgent
from vpp_gym.errors import InvalidInputError, suggestion
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.files.writer import write_file

SUFFIXES = (".zip", ".pt", ".pth")


def pretrained() -> dict[str, tuple[int, ...]]:
    """Seeds of the pretrained agents that this package brings, by name.

    >>> pretrained()["ppo_synthetic"]
    (0, 1, 2, 3, 4)
    """
    found: dict[str, list[int]] = {}
    for card in sorted(TRAINED.glob(f"*/seed_*/{CARD}")):
        name, seed = card.parent.parent.name, card.parent.name.removeprefix("seed_")
        found.setdefault(name, []).append(int(seed))
    return {name: tuple(sorted(seeds)) for name, seeds in found.items()}


def load(
    name: str | os.PathLike[str], *, seed: int = 0, trust: bool = False
) -> EnvironmentAgent | StayModelAgent:
    """An agent by name or file, ready for `vpp_gym.evaluate`.

    Pretrained agents and folders of `vpp-gym train` are plain arrays: nothing in them is ever
    executed. Files of Stable-Baselines3 and torch hold pickles and need the user's word.

    Args:
        name: of a pretrained agent, see `vpp_gym.agents.pretrained`; or the folder of a trained
            policy, or a .zip or .pt with its card beside it, as `vpp_gym.save` writes them.
        seed: of a pretrained agent, which of its trainings.
        trust: the user's word that a file with pickles does no harm.

    >>> agent = load("ppo_synthetic")
    >>> agent.name, agent.env_id
    ('ppo_synthetic', 'VPPDayAhead-v0')

    Raises:
        InvalidInputError: no such agent or file, or no word.
    """
    path, known = Path(name), pretrained()
    if str(name) in known:
        if seed not in known[str(name)]:
            raise InvalidInputError(
                "seed", seed, f"{name} has {', '.join(map(str, known[str(name)]))}"
            )
        return AgentPolicy.load(TRAINED / str(name) / f"seed_{seed}")
    if (path / CARD).is_file() or path.suffix.lower() in SUFFIXES:
        return agent_of(path, seed=seed, trust=trust)
    remedy = (
        f"{suggestion(str(name), known)}use one of {', '.join(known)}, the folder of a trained "
        f"policy, or a file that ends with {' or '.join(SUFFIXES)}"
    )
    raise InvalidInputError("agent", str(name), remedy)


def save(
    model: Any, path: str | os.PathLike[str], env: Any = None, *, vecnormalize: Any = None
) -> Path:
    """Save a model with a card of what it was trained in, so that it is judged in the same world.

    `ppo.zip` gets `ppo.card.json` beside it: environment, all its settings and rules, the fields
    of its observation, and the statistics of `VecNormalize` as plain numbers.

    Args:
        model: of Stable-Baselines3 or sb3-contrib, or a torch module.
        path: of the file: .zip, or .pt for a torch module.
        env: that it was trained in, as in training; None: the one that the model holds.
        vecnormalize: SB3's wrapper with the statistics; None: the one around `env`, if any.

    Returns:
        the file of the model.

    Raises:
        InvalidInputError: no environment of this package, settings that are objects and cannot
            stand in a card, another suffix, or a place that cannot be written to.
    """
    file = Path(path)
    module = is_torch_module(model)
    if file.suffix.lower() not in (SUFFIXES[1:] if module else SUFFIXES[:1]):
        kind = "a torch module" if module else "a model of Stable-Baselines3"
        remedy = f"{kind} goes to {'a .pt' if module else 'a .zip'}"
        raise InvalidInputError("path", str(path), remedy)
    holds = getattr(model, "get_env", lambda: None)() if env is None else env
    if holds is None:
        raise InvalidInputError("env", None, "the model holds none: give the one of its training")
    origin = origin_of(holds)
    scaled = origin.behind.normalisation
    if vecnormalize is not None:
        scaled = Normalisation.of_vec_normalize(vecnormalize)
    card = Sidecar(
        origin.setting, scaled, origin.wrappers, origin.behind.stacked, origin.behind.scaled_first
    )
    card.setting.as_json()  # refused before anything is written
    in_memory = io.BytesIO()
    if module:
        needed("torch", "a torch module").save(model, in_memory)
    else:
        model.save(in_memory)
    write_file(file, lambda out: out.write(in_memory.getbuffer()))
    card.write(file)
    return file
