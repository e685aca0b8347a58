"""The document in a JSON file."""

from __future__ import annotations

import json
from typing import Any

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import with_each_key_once
from vpp_gym.scenarios.files.limits import MOST_JSON, check_marks
from vpp_gym.scenarios.files.raw import RawFile


def json_document(raw: RawFile, *, numbers_as_text: bool = False) -> Any:
    """The document that a JSON file holds.

    Args:
        raw: the file.
        numbers_as_text: keep numbers as they are written, also those beyond a float.

    Raises:
        InvalidInputError: no JSON, a key that stands twice in an object, or a document that nests
            too deep or is too large.
    """
    as_text: dict[str, Any] = {"parse_float": str, "parse_int": str, "parse_constant": str}
    check_marks(raw.text, MOST_JSON, raw.name, "split the file")
    try:
        numbers = as_text if numbers_as_text else {}
        return json.loads(raw.text, object_pairs_hook=with_each_key_once, **numbers)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(raw.name, str(error), "give a complete JSON file") from error
