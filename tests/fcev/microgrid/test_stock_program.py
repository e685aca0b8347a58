"""The worth of stored hydrogen: by hand where the answer is known, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.state import rules_of
from vpp_gym.fcev.microgrid.stock_program import Years, hydrogen_value
from vpp_gym.fcev.microgrid.stock_value import trained_stock_value

PRICE, TRAILER = 1.1946, 3.0


def years(n_days: int = 2, **series: float) -> Years:
    """One year of constant hours: nothing is made, needed or refilled unless given."""
    given = {"import_price": 0.2, "export_price": 0.02, **series}
    shape = (1, 24 * n_days)
    return Years(*(np.full(shape, given.get(name, 0.0)) for name in Years._fields))


def rules(**changes):
    return rules_of(MicrogridParams().changed(changes))


def test_hydrogen_counts_at_its_price_when_accounts_close():
    worth = hydrogen_value(years(), rules())
    np.testing.assert_allclose(worth.eur_per_kg, PRICE)


def test_hydrogen_that_spares_a_trailer_is_worth_what_that_costs():
    """Drivers refill 100 kg an hour for their trips, 2,400 a day: more than the store holds."""
    worth = hydrogen_value(years(trips_kg=100.0), rules())
    np.testing.assert_allclose(worth.eur_per_kg[:2], TRAILER)
    np.testing.assert_allclose(worth.eur_per_kg[2], PRICE)


def test_hydrogen_that_spares_an_import_is_worth_what_that_saves():
    """A kg, 20.094 kWh, saves 0.14 - 0.0735 EUR/kWh and is refilled for its price: 2.531 EUR.

    The last day needs 100 kg; what there is beyond that only counts at its price.
    """
    kwh_per_kg = 39.4 * 0.51
    need_kwh = 100 * kwh_per_kg / 24
    last_day = years(1, deficit=need_kwh, most_v2g=need_kwh, import_price=0.14)
    worth = hydrogen_value(last_day, rules()).eur_per_kg[0]
    np.testing.assert_allclose(worth[:2], PRICE + (0.14 - 0.0735) * kwh_per_kg)
    np.testing.assert_allclose(worth[2:], PRICE)


def test_a_kg_that_fills_the_store_takes_the_place_of_one_to_be_made():
    """600 kW all day make 274 kg: the last of it would find no room, and be exported at 0.02."""
    worth = hydrogen_value(years(wind=600.0), rules())
    exported = 0.02 * 39.4 / 0.75
    assert worth.eur_per_kg[0, -1] == pytest.approx(exported)
    assert worth.eur_per_kg[0, 0] == pytest.approx(PRICE)


def test_more_hydrogen_is_worth_less_and_autumn_more_than_spring():
    params = MicrogridParams()
    worth = trained_stock_value(params)
    assert worth.eur_per_kg.shape == (366, len(worth.level_kg) - 1)
    assert (np.diff(worth.eur_per_kg, axis=1) <= 1e-9).all()
    assert worth.eur_per_kg.max() <= TRAILER + 1e-9
    assert worth.marginal_eur_per_kg(24 * 280, 1000.0) > 1.5 * PRICE
    assert worth.marginal_eur_per_kg(24 * 100, 1000.0) < PRICE
    assert worth.marginal_eur_per_kg(24 * 365, 1000.0) == pytest.approx(PRICE)
