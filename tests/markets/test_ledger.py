"""Names of the terms, and the columns that the kernels write them to."""

from __future__ import annotations

from vpp_gym.markets import ledger


def test_each_column_is_where_its_name_is():
    for column, name in enumerate(ledger.TERMS):
        assert getattr(ledger, name.upper()) == column


def test_money_comes_first_and_is_all_in_eur():
    assert ledger.TERMS[: len(ledger.MONEY)] == ledger.MONEY
    assert all(name.endswith("_eur") for name in ledger.MONEY)


def test_names_are_unique():
    assert len(set(ledger.TERMS)) == len(ledger.TERMS)
