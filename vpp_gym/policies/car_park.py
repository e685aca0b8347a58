"""Aggregators of the car park: the article's, planners by stay, and one that sees the future."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.calendar import HOURS
from vpp_gym.hydrogen.carpark_views import CarParkSheet, CarParkSnapshot
from vpp_gym.hydrogen.carpark_world import CarPark
from vpp_gym.hydrogen.offers import article_sheet, planned_bids
from vpp_gym.policies.car_park_planner import ScenarioPlanner
from vpp_gym.policies.hydrogen_base import HydrogenPolicy, Strategy
from vpp_gym.solvers.car_stays import day_plan_kwh, hindsight_plan

Floats = NDArray[np.float64]

STEPS = 41
"""Prices between the lowest and the highest minPrice at which an offer is examined."""


CarParkPolicy = HydrogenPolicy[CarParkSnapshot, CarParkSheet]
"""Turns what is known at 12:00 into tomorrow's sheet."""

CarParkStrategy = Strategy[CarParkSnapshot, CarParkSheet]
"""The same, from the snapshot alone."""


@dataclass
class ArticleAggregator(CarParkStrategy):
    """Offers where the expected price exceeds the mean minPrice of all drivers.

    Source: Park Lee et al. 2018, Sec. 4.2.
    """

    name: str = "article"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkSheet:
        """The article's sheet."""
        return article_sheet(snapshot)


@dataclass
class NoV2G(CarParkStrategy):
    """Buys for the electrolyser as the article does, and offers nothing."""

    name: str = "no_v2g"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkSheet:
        """Bids only."""
        return with_offers(snapshot, np.zeros(HOURS, np.int64), np.zeros(HOURS))


@dataclass
class StayPlanner(CarParkStrategy):
    """Each car in its best hours of tomorrow, by its own contract.

    Hours are planned with the expected price and each driver's minPrice and margin.
    Offers ask for the price at which the cars planned for the hour cost the aggregator
    nothing. What was sold for tonight is taken off the tanks that stay over midnight.
    """

    name: str = "stay_planner"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkSheet:
        """The plan, cut to whole lots."""
        plan = self._plan_kwh(snapshot)
        lot_kwh = snapshot.params.market.lot_kw
        lots = ((plan.sum(axis=0) + 1e-9) // lot_kwh).astype(np.int64)
        return with_offers(snapshot, lots, self._asked(snapshot, plan))

    def _asked(self, snapshot: CarParkSnapshot, plan_kwh: Floats) -> Floats:
        """(24,) EUR/kWh: least price at which what is planned does not lose."""
        ask, margin = snapshot.min_price_eur_per_kwh, snapshot.margin
        prices = np.linspace(ask.min(), ask.max(), STEPS)
        excess = prices - ask[:, None]
        kept = np.where(excess > 0, (1 - margin[:, None]) * excess, excess)
        gain = plan_kwh.T @ kept
        return prices[(gain >= -1e-12).argmax(axis=1)]

    def _plan_kwh(self, snapshot: CarParkSnapshot) -> Floats:
        ask = snapshot.min_price_eur_per_kwh[:, None]
        excess = snapshot.forecast_eur_per_kwh - ask
        overnight = (snapshot.presence[:, 0] * snapshot.energy_kwh).sum()
        tonight = 1.0 - min(snapshot.sold_kwh / max(overnight, 1e-9), 1.0)
        return day_plan_kwh(
            (1 - snapshot.margin[:, None]) * excess,
            snapshot.presence,
            snapshot.energy_kwh,
            tonight,
            snapshot.params.fuel_cell.v2g_kw,
        )


@dataclass
class ForesightAggregator(CarParkStrategy):
    """Offers what the optimum in hindsight would sell, cut to whole lots. Privileged."""

    name: str = "foresight"
    privileged: bool = True
    _energy_kwh: Floats | None = None
    _price: Floats | None = None

    def reveal(self, world: CarPark, begin: int, end: int) -> None:
        """Receive the future of the world's first run.

        Args:
            world: of the run.
            begin: hour in which the run begins.
            end: first hour after it.
        """
        k = int(world.state.world[0])
        first = HOURS * (begin // HOURS + 1)
        energy = np.zeros(HOURS * world.n_days)
        _, energy[begin:end] = hindsight_plan(k, world.bank, world.rules, begin, first, end)
        self._energy_kwh, self._price = energy, world.bank.da[k]

    def decide(self, snapshot: CarParkSnapshot) -> CarParkSheet:
        """The best sheet, whatever the price asked."""
        if self._energy_kwh is None or self._price is None:
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        tomorrow = slice(HOURS * (snapshot.day + 1), HOURS * (snapshot.day + 2))
        energy, price = self._energy_kwh[tomorrow], self._price[tomorrow]
        if len(energy) == 0:
            return article_sheet(snapshot)
        lots = ((energy + 1e-6) // snapshot.params.market.lot_kw).astype(np.int64)
        return with_offers(snapshot, lots, price, price)


def with_offers(
    snapshot: CarParkSnapshot,
    lots: NDArray[np.int64],
    limit_eur_per_kwh: Floats,
    forecast: Floats | None = None,
) -> CarParkSheet:
    """A sheet with these offers, as far as cars are expected, and planned bids."""
    expected = snapshot.forecast_eur_per_kwh if forecast is None else forecast
    return CarParkSheet(
        offer_lots=np.minimum(lots, snapshot.max_offer_lots),
        bid_lots=planned_bids(snapshot, expected),
        offer_limit_eur_per_kwh=limit_eur_per_kwh,
        bid_limit_eur_per_kwh=snapshot.break_even_eur_per_kwh,
    )


def hourly_bound_eur(world: CarPark, begin: int, end: int) -> Floats:
    """(end - begin,) EUR whose sum no policy exceeds, lots and the store's room left out."""
    k = int(world.state.world[0])
    first = HOURS * (begin // HOURS + 1)
    v2g_eur, _ = hindsight_plan(k, world.bank, world.rules, begin, first, end)
    params = world.params
    worth = params.fuel_cell.hydrogen_eur_per_kg * params.kg_per_kwh
    lots = params.electrolyser.power_kw // params.market.lot_kw
    gain = np.maximum(worth - world.bank.da[k, first:end], 0.0)
    bound_eur = v2g_eur.copy()
    bound_eur[first - begin :] += lots * params.market.lot_kw * gain
    return bound_eur


def profit_bound_eur(world: CarPark, begin: int, end: int) -> float:
    """EUR that no policy exceeds on these hours."""
    return float(hourly_bound_eur(world, begin, end).sum())


def car_park_baselines() -> dict[str, CarParkPolicy]:
    """Every baseline by name."""
    policies: tuple[CarParkPolicy, ...] = (
        NoV2G(),
        ArticleAggregator(),
        StayPlanner(),
        ScenarioPlanner(),
        ForesightAggregator(),
    )
    return {policy.name: policy for policy in policies}
