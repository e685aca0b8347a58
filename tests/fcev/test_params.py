"""Parameters: the stated cost of V2G, what is assumed, what is refused."""

from __future__ import annotations

import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.technology import FuelCellParams
from vpp_gym.parameters import assumptions, parameters


def test_v2g_costs_what_the_article_states():
    """63.45 EUR/MWh: Park Lee et al. 2018, Sec. 4.2.2; 30 kWh are 1.5 kg: Sec. 4.3.1."""
    cell = FuelCellParams()
    assert 1e3 * cell.v2g_cost_eur_per_kwh == pytest.approx(63.45, abs=5e-3)
    assert 30 / cell.kwh_per_kg == pytest.approx(1.5, abs=0.01)
    assert CarParkParams().cars_per_lot == 10


@pytest.mark.parametrize("params", [CarParkParams(), MicrogridParams()], ids=lambda p: type(p))
def test_every_parameter_says_what_it_means_and_where_it_is_from(params):
    for one in parameters(params):
        assert one.origin in ("stated", "assumed")
        assert len(one.meaning) > 10, one.name
    assert 20 < len(assumptions(params)) < len(list(parameters(params)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"n_car": 3}, "params.n_car"),
        ({"contract": {"tier_margins": (0.5,)}}, "params.contract"),
        ({"contract": {"usual_level": (0.2, 1.0)}}, "params"),
        ({"fuel_cell": {"efficiency": 1.2}}, "params.fuel_cell.efficiency"),
    ],
)
def test_wrong_parameters_are_refused_by_name(changes: dict, field: str):
    with pytest.raises(InvalidInputError) as refused:
        CarParkParams().changed(changes)
    assert refused.value.field == field


def test_changes_reach_into_sections():
    params = CarParkParams().changed({"electrolyser": {"power_kw": 5.0}})
    assert params.electrolyser.power_kw == 5.0
    assert params.electrolyser.store_kg == CarParkParams().electrolyser.store_kg
