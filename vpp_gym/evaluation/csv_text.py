"""Tables as CSV that a spreadsheet opens as text and numbers, and as nothing else."""

from __future__ import annotations

import io
import os
from typing import Any

import pandas as pd

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.names import cell_text
from vpp_gym.files.reader import read_text


def csv_text(table: pd.DataFrame, float_format: str | None = None) -> str:
    """A table as CSV, without its index.

    Names of files and policies stand in it: a text that a spreadsheet would run as a formula
    gets an apostrophe in front.

    Args:
        table: any.
        float_format: of its numbers, such as "%.6g"; None for all digits.
    """
    plain = table.rename(columns=_plain)
    for place, dtype in enumerate(table.dtypes):
        if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
            plain.isetitem(place, table.iloc[:, place].map(_plain))
    text: str = plain.to_csv(index=False, float_format=float_format, lineterminator="\n")
    return text


def read_table(path: str | os.PathLike[str]) -> pd.DataFrame:
    """The table in a CSV file, numbers where all of a column are.

    Raises:
        InvalidInputError: no such file, or one that is no CSV.
    """
    text = read_text(path)
    try:
        return pd.read_csv(io.StringIO(text))
    except ValueError as error:
        remedy = f"give a readable CSV file ({error})"
        raise InvalidInputError("file", os.fspath(path), remedy) from error


def _plain(value: Any) -> Any:
    return cell_text(value) if isinstance(value, str) else value
