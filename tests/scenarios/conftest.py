"""The folder of real files, and small files of the same forms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ELAAD_HEADER = (
    '"TransactionId","ChargePoint","Connector","UTCTransactionStart","UTCTransactionStop",'
    '"StartCard","ConnectedTime","ChargeTime","TotalEnergy","MaxPower"\n'
)


@pytest.fixture
def data_folder() -> Path:
    """Folder of the real files; the test is skipped without it."""
    if not os.environ.get("VPP_GYM_DATA"):
        pytest.skip("VPP_GYM_DATA is not set: it names the folder of the real files")
    return Path(os.environ["VPP_GYM_DATA"])


@pytest.fixture
def elaad_file(tmp_path):
    """Writes an ElaadNL file from rows of (id, start, stop, stay_h, charge_h, kWh)."""

    def write(*rows, name="elaad.csv", separator=","):
        lines = [
            f'{i},"a",1,{a},{b},"c",{stay},{charge},{kwh},11' for i, a, b, stay, charge, kwh in rows
        ]
        text = ELAAD_HEADER + "\n".join(lines) + "\n"
        (tmp_path / name).write_text(text.replace(",", separator))
        return tmp_path / name

    return write


@pytest.fixture
def csv_file(tmp_path):
    """Writes lines to a CSV file."""

    def write(*lines, name="prices.csv"):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    return write
