"""What is on offer, in the words of tables and pages."""

from __future__ import annotations

import pytest

from vpp_gym.params import as_params
from vpp_gym.params.contract import offer


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        (offer("price_based"), "price-based contracts priced at the owner's perceived wear"),
        (
            offer("price_based", markup=1.5),
            "price-based contracts priced at 1.5 times the owner's perceived wear",
        ),
        (
            offer("volume_based", energy_kwh=10.0, term_h=5.0),
            "volume-based contracts of 10 kWh within 5 h",
        ),
        (
            offer("control_based", tariff_eur_per_kwh=0.05),
            "control-based contracts at 0.05 EUR/kWh",
        ),
        ({"families": ()}, "no contracts"),
    ],
)
def test_an_offer_says_what_it_is(contract, words):
    assert as_params({"contract": contract}).contract.in_words() == words
