"""ElaadNL transactions: what is read, dropped and refused."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.elaad import read_transactions, sessions_table

ROW = (1, "8/27/2019 14:52", "8/27/2019 17:58", 3.11, 3.1, 9.86)


def _read(path, day_first=False, clock="local", **options):
    return read_transactions(path, day_first=day_first, clock=clock, **options)


def _table(transactions, **options):
    given = {"start": "2019-08-27", "n_steps": 48, "demand_rule": "reference", **options}
    return sessions_table(transactions, **given)


def test_reference_rule_on_the_first_row_of_the_open_data(elaad_file):
    transactions, _ = _read(elaad_file(ROW))
    table, notes = _table(transactions)
    row = table.iloc[0]
    assert (row.arrival_step, row.departure_step) == (14, 18)
    assert row.arrival_soc == pytest.approx(1 - 3.1 * 11 * 0.98 / 80, abs=1e-15)
    assert notes["sessions"] == 1


def test_quarters(elaad_file):
    transactions, _ = _read(elaad_file(ROW))
    table, _ = _table(transactions, dt_h=0.25, n_steps=192)
    assert tuple(table.iloc[0][["arrival_step", "departure_step"]]) == (59, 59 + 13)


def test_metered_rule_needs_the_metered_energy(elaad_file):
    transactions, _ = _read(elaad_file(ROW, (2, *ROW[1:5], 60.0)))
    table, notes = _table(transactions, demand_rule="metered")
    at_meter_kwh = (table.target_soc - table.arrival_soc) * table.capacity_kwh / 0.98
    np.testing.assert_allclose(at_meter_kwh, [9.86, 3.11 * 11])
    assert notes["demand_capped"] == 1


def test_damage_is_dropped_and_counted(elaad_file):
    good = [(i, *ROW[1:]) for i in range(2, 60)]
    path = elaad_file(
        ROW,
        ROW,
        (100, ROW[1], ROW[1], -0.05, 0, 0),
        (101, *ROW[1:4], "", 9.86),
        (102, *ROW[1:4], 3.1, -2),
        *good,
    )
    transactions, report = _read(path)
    assert len(transactions) == 59
    assert report["dropped_duplicate_id"] == 1
    assert report["dropped_stay_not_positive"] == 1
    assert report["dropped_not_a_number"] == 1
    assert report["dropped_negative_charge"] == 1
    assert report["rows"] == 63


def test_sessions_outside_the_period_are_counted(elaad_file):
    transactions, _ = _read(elaad_file(ROW))
    table, notes = _table(transactions, start="2019-08-28")
    assert (len(table), notes["outside_period"]) == (0, 1)


def test_utc_becomes_dutch_clock_time_only_when_asked(elaad_file):
    path = elaad_file(ROW)
    assert str(_read(path)[0].start[0]) == "2019-08-27 14:52:00"
    assert str(_read(path, clock="utc")[0].start[0]) == "2019-08-27 16:52:00"


def test_day_first_and_separator(elaad_file):
    row = (1, "27/8/2019 14:52", "27/8/2019 17:58", 3.11, 3.1, 9.86)
    path = elaad_file(row, separator=";")
    transactions, _ = _read(path, day_first=True, separator=";")
    assert str(transactions.start[0]) == "2019-08-27 14:52:00"
    with pytest.raises(InvalidInputError, match="only one column was found with separator=','"):
        _read(path, day_first=True)


def test_wrong_date_order_is_refused(elaad_file):
    with pytest.raises(InvalidInputError, match=r"UTCTransactionStart\[0\]: got '8/27/2019"):
        _read(elaad_file(ROW), day_first=True)


def test_date_order_that_parses_but_contradicts_the_stays_is_refused(elaad_file):
    overnight = (1, "3/4/2019 20:00", "4/4/2019 8:00", 12, 4, 10)
    with pytest.raises(InvalidInputError, match="check day_first"):
        _read(elaad_file(overnight))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ((1, *ROW[1:3], 186.6, 3.1, 9.86), "ConnectedTime"),
        ((1, *ROW[1:5], 9860), "TotalEnergy"),
        ((1, *ROW[1:4], "three", 9.86), r"ChargeTime\[0\]"),
        ((1, "soon", *ROW[2:]), r"UTCTransactionStart\[0\]"),
    ],
)
def test_wrong_units_and_text_name_the_column(elaad_file, row, field):
    with pytest.raises(InvalidInputError, match=field):
        _read(elaad_file(row))


def test_missing_file_and_column(tmp_path, csv_file):
    with pytest.raises(InvalidInputError, match=r"file: got .*nowhere\.csv"):
        _read(tmp_path / "nowhere.csv")
    with pytest.raises(InvalidInputError, match="must have the column UTCTransactionStart"):
        _read(csv_file("TransactionId,Energy", "1,2"))
    columns = "TransactionId,UTCTransactionStart,UTCTransactionStop,ConnectedTime,ChargeTime"
    empty = csv_file(f"{columns},TotalEnergy")
    with pytest.raises(InvalidInputError, match="0 rows"):
        _read(empty)


def test_options_are_not_guessed(elaad_file):
    path = elaad_file(ROW)
    with pytest.raises(InvalidInputError, match="clock: got 'cet'"):
        _read(path, clock="cet")
    transactions, _ = _read(path)
    with pytest.raises(InvalidInputError, match="demand_rule: got 'guess'"):
        _table(transactions, demand_rule="guess")
