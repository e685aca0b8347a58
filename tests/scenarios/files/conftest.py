"""Files of the known forms in a temporary folder, and the folder of the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.files import samples


@pytest.fixture
def written(tmp_path: Path):
    """Writes lines or text to a file."""

    def write(content, name="file.csv"):
        return samples.write(tmp_path / name, content)

    return write
