"""The folder of real files, and small files of the same forms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def data_folder() -> Path:
    """Folder of the real files; the test is skipped without it."""
    if not os.environ.get("VPP_GYM_DATA"):
        pytest.skip("VPP_GYM_DATA is not set: it names the folder of the real files")
    return Path(os.environ["VPP_GYM_DATA"])


@pytest.fixture
def csv_file(tmp_path):
    """Writes lines to a CSV file."""

    def write(*lines, name="prices.csv"):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    return write
