"""YAML of a map of columns as plain values: text, lists and mappings, and nothing else.

Every scalar stays text, so that `NO` is a zone and not a falsehood, and `1.10` keeps its
zero; the model of the map makes numbers where it wants them.
"""

from __future__ import annotations

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.plain_yaml import Plain, parsed_yaml
from vpp_gym.scenarios.files.raw import RawFile

LARGEST_BYTES = 100_000


def yaml_values(raw: RawFile) -> Plain:
    """The content of a YAML file, which may be JSON, too.

    Raises:
        InvalidInputError: a file that is too large, or refused by
            `vpp_gym.files.plain_yaml.parsed_yaml`.
    """
    if len(raw.content) > LARGEST_BYTES:
        value = f"{len(raw.content)} bytes"
        raise InvalidInputError(raw.name, value, f"a map has at most {LARGEST_BYTES}")
    return parsed_yaml(raw.text, file=raw.name, as_text=True)
