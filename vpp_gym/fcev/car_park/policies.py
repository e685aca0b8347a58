"""Aggregators of the car park: the article's, planners by stay, and one that sees the future."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.car_park.article import article_orders, planned_bids
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.planner import Memory, ScenarioPlanner, planned_store
from vpp_gym.fcev.car_park.simulation import CarParkScenario
from vpp_gym.fcev.car_park.snapshot import CarParkOrders, CarParkSnapshot
from vpp_gym.fcev.car_park.stay_plan import day_plan_kwh
from vpp_gym.policy import Policy, StatelessPolicy

STEPS = 41
"""Prices between the lowest and the highest minPrice at which an offer is examined."""


CarParkPolicy = Policy[CarParkSnapshot, CarParkOrders]
"""Turns what is known at 12:00 into tomorrow's orders."""

StatelessCarParkPolicy = StatelessPolicy[CarParkSnapshot, CarParkOrders]
"""The same, from the snapshot alone."""


@dataclass
class ArticleAggregator(StatelessCarParkPolicy):
    """Offers where the expected price exceeds the mean minPrice of all drivers.

    Source: Park Lee et al. 2018, Sec. 4.2.
    """

    name: str = "article"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkOrders:
        """The article's orders."""
        return article_orders(snapshot)


@dataclass
class NoV2G(StatelessCarParkPolicy):
    """Buys for the electrolyser as the article does, and offers nothing."""

    name: str = "no_v2g"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkOrders:
        """Bids only."""
        return with_offers(snapshot, np.zeros(HOURS, np.int64), np.zeros(HOURS))


@dataclass
class StayPlanner(StatelessCarParkPolicy):
    """Each car in its best hours of tomorrow, by its own contract.

    Hours are planned with the expected price and each driver's minPrice and margin.
    Offers ask for the price at which the cars planned for the hour cost the aggregator
    nothing. What was sold for tonight is taken off the tanks that stay over midnight.
    """

    name: str = "stay_planner"

    def decide(self, snapshot: CarParkSnapshot) -> CarParkOrders:
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
class ForesightAggregator(ScenarioPlanner):
    """The scenario planner with the prices to come in place of scenarios. Privileged.

    Its store is planned with the prices of the day after tomorrow, too. Who will park and
    how far they drive it does not know.
    """

    name: str = "foresight"
    privileged: bool = True
    _days: Floats | None = None

    def reveal(
        self, scenario: CarParkScenario, params: CarParkParams, start_step: int, end_step: int
    ) -> None:
        """Receive the prices of the scenario, all of them.

        Args:
            scenario: of the run.
            params: its rules.
            start_step: hour at which the first day of the run begins.
            end_step: first hour after the run.
        """
        self._days = scenario.da_eur_per_kwh.reshape(-1, HOURS)

    def predict(
        self,
        observation: CarParkSnapshot,
        state: Memory | None = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[CarParkOrders, Memory]:
        """The orders for the prices to come."""
        if self._days is None:
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        tomorrow = min(observation.day + 1, len(self._days) - 1)
        known = replace(observation, forecast_eur_per_kwh=self._days[tomorrow])
        return super().predict(known, state, episode_start, deterministic)

    def bids(self, snapshot: CarParkSnapshot) -> tuple[Ints, Floats]:
        """Lots and highest prices of the plan of two days."""
        assert self._days is not None
        later = self._days[min(snapshot.day + 2, len(self._days) - 1)]
        return planned_store(snapshot, later)


def with_offers(snapshot: CarParkSnapshot, lots: Ints, limit_eur_per_kwh: Floats) -> CarParkOrders:
    """Orders with these offers, as far as cars are expected, and planned bids."""
    return CarParkOrders(
        offer_lots=np.minimum(lots, snapshot.max_offer_lots),
        bid_lots=planned_bids(snapshot, snapshot.forecast_eur_per_kwh),
        offer_limit_eur_per_kwh=limit_eur_per_kwh,
        bid_limit_eur_per_kwh=snapshot.break_even_eur_per_kwh,
    )
