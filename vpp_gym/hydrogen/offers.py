"""How many lots of V2G to offer in each hour: the article's strategy, and its plan of energy."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vpp_gym.hydrogen.carpark_views import CarParkSheet, CarParkSnapshot

Floats = NDArray[np.float64]


@njit(cache=True)
def planned_lots(
    forecast: Floats,
    threshold: float,
    presence: Floats,
    energy_kwh: Floats,
    min_price: Floats,
    v2g_kw: float,
    cars_per_lot: int,
) -> NDArray[np.int64]:
    """(24,) lots: hours from the dearest down, each car counted while its tank lasts.

    A car counts in an hour if its minPrice is below the expected price. In each
    hour the cars with the lowest minPrices are taken to serve; their tanks count
    for less hours then.

    Args:
        forecast: (24,) EUR/kWh.
        threshold: EUR/kWh; hours expected at or below it are left out.
        presence: (n, 24) probability that a car is plugged in.
        energy_kwh: (n,) each car's energy for V2G.
        min_price: (n,) EUR/kWh.
        v2g_kw: of a car.
        cars_per_lot: expected cars that one lot needs.
    """
    lots = np.zeros(24, np.int64)
    left_kwh = energy_kwh.copy()
    order = np.argsort(min_price, kind="mergesort")
    for h in np.argsort(-forecast, kind="mergesort"):
        if forecast[h] <= threshold:
            break
        cars = 0.0
        for i in order:
            if min_price[i] < forecast[h] and left_kwh[i] >= v2g_kw - 1e-9:
                cars += presence[i, h]
        lots[h] = int(cars + 1e-9) // cars_per_lot
        wanted = float(lots[h] * cars_per_lot)
        for i in order:
            if wanted <= 0.0:
                break
            if presence[i, h] > 0.0 and left_kwh[i] >= v2g_kw - 1e-9:
                left_kwh[i] -= v2g_kw
                wanted -= presence[i, h]
    return lots


def offered_lots(
    snapshot: CarParkSnapshot, forecast: Floats, threshold_eur_per_kwh: float
) -> NDArray[np.int64]:
    """(24,) lots planned with some forecast and threshold."""
    return planned_lots(
        forecast,
        threshold_eur_per_kwh,
        snapshot.presence,
        snapshot.energy_kwh,
        snapshot.min_price_eur_per_kwh,
        snapshot.params.fuel_cell.v2g_kw,
        snapshot.params.cars_per_lot,
    )


def planned_bids(snapshot: CarParkSnapshot, forecast: Floats) -> NDArray[np.int64]:
    """(24,) lots to buy: hours from the cheapest up, below break-even, while there is room."""
    lots = np.zeros(len(forecast), np.int64)
    room = snapshot.room_lots
    for hour in np.argsort(forecast, kind="stable"):
        if forecast[hour] >= snapshot.break_even_eur_per_kwh:
            break
        lots[hour] = min(snapshot.max_bid_lots, room)
        room -= lots[hour]
    return lots


def article_sheet(snapshot: CarParkSnapshot) -> CarParkSheet:
    """Offer where the expected price exceeds the mean minPrice, and capacity suffices.

    Buy for the electrolyser where hydrogen would be cheaper than its price. The
    limit of the offers, the mean minPrice, and the plans of tanks and store are ours.

    Source: Park Lee et al. 2018, Sec. 4.2.
    """
    mean = snapshot.mean_min_price_eur_per_kwh
    forecast = snapshot.forecast_eur_per_kwh
    return CarParkSheet(
        offer_lots=offered_lots(snapshot, forecast, mean),
        bid_lots=planned_bids(snapshot, forecast),
        offer_limit_eur_per_kwh=mean,
        bid_limit_eur_per_kwh=snapshot.break_even_eur_per_kwh,
    )
