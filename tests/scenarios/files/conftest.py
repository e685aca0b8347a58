"""Files of the known forms in a temporary folder, and the folder of the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scenarios.files import samples


@pytest.fixture
def written(tmp_path: Path):
    """Writes lines or text to a file."""

    def write(content, name="file.csv"):
        return samples.write(tmp_path / name, content)

    return write


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the real files; the test is skipped without it."""
    if not os.environ.get("VPP_GYM_DATA"):
        pytest.skip("VPP_GYM_DATA is not set: it names the folder of the real files")
    return Path(os.environ["VPP_GYM_DATA"])
