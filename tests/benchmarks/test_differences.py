"""Tables of paired differences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.differences import gain_columns, markdown, write_table
from benchmarks.fingerprint import SOURCES, code_digest, study_digest

STUDIES = (
    *("bidding", "contract_search", "fit_report", "forecasts", "order"),
    *("plain_sb3", "scaling", "stochastic_dispatch"),
)
COMMAND = "python -m benchmarks.scaling --days 3"


def test_gains_are_paired():
    rng = np.random.default_rng(0)
    worse = rng.normal(0.0, 100.0, 70)
    gain = gain_columns(worse + 1.0, worse)
    np.testing.assert_allclose(list(gain.values()), 70.0)


def test_pages_hold_the_rows_and_the_command(tmp_path):
    rows = [
        {"scenario": "a", "gain_eur": 3.0, "gain_low_eur": -1.0, "gain_high_eur": 7.0, "loss": 0.5},
        {
            "scenario": "b",
            "gain_eur": 1e4,
            "gain_low_eur": 1.0,
            "gain_high_eur": 2.0,
            "loss": np.nan,
        },
    ]
    about = {"title": "T", "notes": "N.", "command": COMMAND}
    write_table("own", rows, folder=tmp_path, **about)
    assert pd.read_csv(tmp_path / "own.csv").shape == (2, 5)
    page = (tmp_path / "own.md").read_text()
    assert f"\n\nMade by `{COMMAND}`; code {code_digest(['benchmarks.scaling'])}.\n\n" in page
    assert "| a | +3.0 [-1.0, +7.0] | 0.5 |" in page
    assert "| b | +10000.0 [+1.0, +2.0] | – |" in page


def test_numbers_stand_to_the_right():
    table = markdown(pd.DataFrame({"policy": ["x"], "sold_kwh": [1234.5]}))
    assert table.splitlines() == ["| policy | sold kwh |", "| --- | ---: |", "| x | 1,234.5 |"]


def test_every_study_is_told_by_the_code_behind_it():
    digests = {name: study_digest(f"python -m benchmarks.{name} --years 3") for name in STUDIES}
    assert len(set(digests.values())) == len(STUDIES)
    for name in STUDIES:
        behind = set(SOURCES.closure([f"benchmarks.{name}"]))
        assert not behind & {f"benchmarks.{other}" for other in STUDIES if other != name} - {
            "benchmarks.order"
        }
        assert not any(module.startswith("vpp_gym.fcev") for module in behind), name
