"""Tables as CSV: names of files and policies are no formulas."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from vpp_gym.evaluation.csv_text import csv_text


def test_numbers_and_dates_stay_as_pandas_writes_them():
    table = pd.DataFrame(
        {
            "policy": ["no_v2g", "hazard_mpc+two_stage"],
            "profit_eur": [-1.5, np.nan],
            "day": pd.to_datetime(["2019-01-01", "2019-01-02"]),
            "count": [-1, 2],
            "privileged": [True, False],
        }
    )
    assert csv_text(table) == table.to_csv(index=False, lineterminator="\n")
    assert csv_text(table, "%.2g") == table.to_csv(
        index=False, float_format="%.2g", lineterminator="\n"
    )


def test_a_formula_becomes_text():
    link = '=HYPERLINK("http://x")'
    table = pd.DataFrame({link: ["a", "@b"], "name": ["-1+1", 7], "twice": [-1.0, 2.0]})
    table.columns = [link, "name", "name"]
    read = pd.read_csv(io.StringIO(csv_text(table)), header=None, dtype=str)
    assert read.to_numpy().tolist() == [
        [f"'{link}", "name", "name"],
        ["a", "'-1+1", "-1.0"],
        ["'@b", "7", "2.0"],
    ]
    assert table.iloc[0, 1] == "-1+1"
