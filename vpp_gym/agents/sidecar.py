"""The card beside a saved model: what it was trained in, so that it is judged in the same world."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vpp_gym.agents.normalisation import Normalisation
from vpp_gym.agents.setting import Setting
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.files.reader import DIGEST, MB, digest_of, read_bytes, read_object
from vpp_gym.files.writer import write_text

SCHEMA = 1
SUFFIX = ".card.json"
AGAIN = "save the model again with vpp_gym.save"


@dataclass(frozen=True)
class Sidecar:
    """What a model needs beside its weights.

    Attributes:
        setting: what it was trained in.
        normalisation: statistics by which it was shown observations; None: it was not.
        wrappers: names of the wrappers that it was trained behind, the outermost first.
        stacked: how many observations SB3's `VecFrameStack` showed it at once.
        scaled_first: each of them was scaled before they were stacked.
        model_sha256: of the file of the model.
    """

    setting: Setting
    normalisation: Normalisation | None = None
    wrappers: tuple[str, ...] = ()
    stacked: int = 1
    scaled_first: bool = False
    model_sha256: str | None = None

    def write(self, model: Path) -> Path:
        """Write the card beside the file of the model; its path.

        Raises:
            InvalidInputError: a setting that JSON cannot say, or a place that cannot be written.
        """
        content = {
            "schema": SCHEMA,
            "setting": self.setting.as_json(),
            "normalisation": None if self.normalisation is None else self.normalisation.as_json(),
            "wrappers": list(self.wrappers),
            "stacked": self.stacked,
            "scaled_first": self.scaled_first,
            "model_sha256": file_digest(model),
            **provenance(),
        }
        text = json.dumps({**content, DIGEST: digest_of(content)}, indent=1, allow_nan=False)
        return write_text(sidecar_path(model), text + "\n")

    @classmethod
    def read(cls, model: Path) -> Sidecar | None:
        """The card beside a model; None where there is none.

        Raises:
            InvalidInputError: it was edited, belongs to another file, or is of another version.
        """
        path = sidecar_path(model)
        if not path.is_file():
            return None
        content = read_object(path, max_bytes=16 * MB)
        if content.pop(DIGEST, None) != digest_of(content):
            raise InvalidInputError("card", str(path), f"it is not what was written: {AGAIN}")
        if content.get("schema") != SCHEMA:
            remedy = f"another version wrote it: {AGAIN}"
            raise InvalidInputError("card", f"schema {content.get('schema')}", remedy)
        if content.get("model_sha256") != file_digest(model):
            remedy = f"{model.name} is not the file that it was written for: {AGAIN}"
            raise InvalidInputError("card", str(path), remedy)
        scaled, wrappers = content.get("normalisation"), content.get("wrappers", [])
        return cls(
            Setting.of_json(_mapping(content.get("setting"))),
            None if scaled is None else Normalisation.of_json(scaled),
            tuple(map(str, wrappers if isinstance(wrappers, list) else [])),
            int(content.get("stacked", 1)),
            bool(content.get("scaled_first", False)),
            str(content["model_sha256"]),
        )


def sidecar_path(model: Path) -> Path:
    """Where the card of a model is: `ppo.card.json` beside `ppo.zip`."""
    return model.with_name(f"{model.stem}{SUFFIX}")


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(read_bytes(path, field="model")).hexdigest()


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError("card.setting", value, AGAIN)
    return value
