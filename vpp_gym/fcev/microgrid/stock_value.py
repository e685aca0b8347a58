"""What stored hydrogen is worth in a microgrid, learned from its training years."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.scenario import MicrogridSource
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario
from vpp_gym.fcev.microgrid.state import Rules, rules_of
from vpp_gym.fcev.microgrid.stock_program import HydrogenValue, Years, hydrogen_value

TRAINING = "synthetic:train"
FIRST_SEED, N_YEARS = 5000, 16
"""Weather, households and schedules follow the seed: no scenario that is tested has these."""


@lru_cache(maxsize=8)
def trained_stock_value(params: MicrogridParams) -> HydrogenValue:
    """Value by day and level, from training years with the same parameters."""
    source, rules = MicrogridSource(params, TRAINING), rules_of(params)
    worlds = [source.scenario(FIRST_SEED + number) for number in range(N_YEARS)]
    return hydrogen_value(years_of(worlds, params, rules), rules)


def years_of(worlds: list[MicrogridScenario], params: MicrogridParams, rules: Rules) -> Years:
    """Hours of several scenarios, as the operator books them."""
    surplus = np.stack([one.households.surplus_kwh for one in worlds])
    wind = np.stack([one.wind_kwh for one in worlds])
    da = np.stack([one.da_eur_per_kwh for one in worlds])
    cars_open = np.stack([one.cars.open.sum(axis=0) for one in worlds])
    return Years(
        deficit=np.stack([one.households.deficit_kwh for one in worlds]),
        made=surplus + wind * rules.wind_serves_houses,
        wind=wind * (not rules.wind_serves_houses),
        import_price=da + params.money.import_fee_eur_per_kwh,
        export_price=da - params.money.export_fee_eur_per_kwh,
        most_v2g=rules.v2g_kw * cars_open,
        trips_kg=rules.trip_kg * np.stack([_arrivals(one.cars.parked) for one in worlds]),
    )


def _arrivals(parked: NDArray[np.bool_]) -> Floats:
    """(hours,) cars that come."""
    before = np.concatenate([parked[:, :1], parked[:, :-1]], axis=1)
    counts: Floats = (parked & ~before).sum(axis=0).astype(np.float64)
    return counts
