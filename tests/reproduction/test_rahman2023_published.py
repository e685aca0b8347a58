"""The figures copied from the paper agree with one another."""

from __future__ import annotations

import pytest

from vpp_gym.reproduction.rahman2023.published import NO_CONTROL, REVENUE_EUR, TABLE_2


@pytest.mark.parametrize("row", TABLE_2, ids=lambda row: row.name)
def test_profit_is_revenue_transfer_and_payoff(row):
    figures = TABLE_2[row]
    parts_eur = REVENUE_EUR + figures.transfer_eur + figures.payoff_eur
    assert figures.profit_eur == pytest.approx(parts_eur, abs=1)  # each is rounded
    gain = figures.profit_eur / TABLE_2[NO_CONTROL].profit_eur - 1
    assert 100 * gain == pytest.approx(figures.gain_percent, abs=0.1)
