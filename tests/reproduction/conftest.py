from __future__ import annotations

import os
from pathlib import Path

import pytest

from vpp_gym.reproduction.rahman2023.study import Study


@pytest.fixture(scope="session")
def study() -> Study:
    """Runs of the case study, each made once for all tests."""
    if not os.environ.get("VPP_GYM_DATA"):
        pytest.skip("VPP_GYM_DATA is not set: it names the folder of the real files")
    return Study(Path(os.environ["VPP_GYM_DATA"]))
