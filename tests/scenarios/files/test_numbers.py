"""Numbers of text cells: none that no quantity is as large as."""

from __future__ import annotations

import pandas as pd
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.numbers import number_cells


@pytest.mark.parametrize(
    ("unit", "cell"), [("h", "1e400"), ("h", "1e308"), ("h", "-2000001"), ("kWh", "1e13")]
)
def test_a_number_beyond_any_quantity_is_refused_with_its_line(unit, cell):
    cells = pd.Series(["1", cell, "3"], index=[2, 3, 4], name="x")
    with pytest.raises(InvalidInputError, match=r"a\.csv line 3, x"):
        number_cells(cells, file="a.csv", unit=unit)


def test_large_numbers_that_may_be_are_read():
    cells = pd.Series(["1e11", "-"], name="x")
    assert number_cells(cells, file="a.csv", unit="Wh").tolist()[0] == 1e11
