"""`FCEVCarPark-v0`: offer the V2G of a car park day-ahead, and buy power for hydrogen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from vpp_gym.envs.fields import Field
from vpp_gym.envs.hydrogen_shell import (
    HydrogenCore,
    Numbered,
    checked_days,
    chosen_option,
    worlds_of,
)
from vpp_gym.envs.layout import Layout, between, checked_action
from vpp_gym.envs.shell import ScalarShell, VectorShell
from vpp_gym.errors import InvalidInputError
from vpp_gym.hydrogen.calendar import HOURS
from vpp_gym.hydrogen.carpark import MONEY, TERMS
from vpp_gym.hydrogen.carpark_views import CarParkSheet, CarParkSnapshot
from vpp_gym.hydrogen.carpark_world import CarPark, CarParkScenario
from vpp_gym.hydrogen.offers import article_sheet
from vpp_gym.hydrogen.params import CarParkParams, changed
from vpp_gym.scenarios.car_park import CarParkSource
from vpp_gym.scenarios.columns import whole

Floats = NDArray[np.float64]
NOON = 12

FIELDS = (
    Field("forecast", HOURS, "EUR/kWh", 0.1, -20, 20, "expected price of tomorrow's hours"),
    Field("cars", HOURS, "1", 1.0, 0, 1, "cars expected in those hours, share of all"),
    Field("weekend", 1, "1", 1.0, 0, 1, "tomorrow is a Saturday or Sunday"),
    Field("winter", 1, "1", 1.0, -1, 1, "1 at midwinter, -1 at midsummer"),
    Field("today", 2, "EUR/kWh", 0.1, -20, 20, "mean and highest price of today"),
    Field("min_price", 3, "EUR/kWh", 0.1, 0, 20, "least, mean and highest minPrice"),
    Field("margin", 1, "1", 1.0, 0, 1, "mean margin of the drivers"),
    Field("energy", 1, "1", 1.0, 0, 1, "V2G above the reserves at the last plug-in, share of all"),
    Field("stock", 2, "1", 1.0, 0, 1.5, "hydrogen in the store, and on order for today; shares"),
    Field("break_even", 1, "EUR/kWh", 0.1, 0, 20, "price below which making hydrogen pays"),
)  # fmt: skip
"""The observation, at gate closure."""


class CarParkCore(HydrogenCore):
    """A batch of car parks and what an action means in them.

    Args:
        params: rules of the world.
        base: name of the years of day-ahead prices, or a source of worlds.
        first_world: number of the first world that episodes are drawn from.
        n_worlds: how many there are.
        episode_days: from gate to gate; None: from the first gate of the year to the last.
        offer_price: "mean_min_price", or "action" for one number more.
        n_runs: size of the batch.
    """

    terms, n_money = TERMS, len(MONEY)

    def __init__(
        self,
        params: CarParkParams | Mapping[str, Any] | None,
        base: str | Numbered[CarParkScenario],
        first_world: int,
        n_worlds: int,
        episode_days: int | None,
        offer_price: str,
        n_runs: int,
    ) -> None:
        self.params = changed(CarParkParams(), params)
        if offer_price not in ("mean_min_price", "action"):
            raise InvalidInputError("offer_price", offer_price, "use mean_min_price or action")
        source = CarParkSource(self.params, base) if isinstance(base, str) else base
        worlds = worlds_of(source, first_world, n_worlds)
        self.n_runs = whole("num_envs", n_runs, least=1)
        self.world = CarPark(worlds, self.params, self.n_runs)
        self.episode_days = checked_days(episode_days, self.world.n_days - 1)
        self.priced = offer_price == "action"
        self.layout = Layout(FIELDS)
        self.observation_space = self.layout.space
        self.action_space = spaces.Box(-1.0, 1.0, (2 * HOURS + self.priced,), np.float32)
        self._end = np.zeros(self.n_runs, np.int64)
        self._seen: dict[int, CarParkSnapshot] = {}

    @property
    def over(self) -> NDArray[np.bool_]:
        """(B,) the episode has ended."""
        return self.world.state.hour >= self._end

    def begin(self, run: int, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin an episode at 12:00 of a day drawn; options `world` and `start_day` set it."""
        worlds, starts = len(self.world.scenarios), self.world.n_days - self.episode_days
        world, day = chosen_option(options, rng, {"world": worlds, "start_day": starts})
        self.world.reset(run, world, HOURS * day + NOON)
        self._seen.pop(run, None)
        self._end[run] = HOURS * (day + self.episode_days) + NOON

    def advance(self, actions: Any, moving: NDArray[np.bool_]) -> Floats:
        """Submit every run's sheet and go on to the next gate."""
        array = checked_action(actions, (self.n_runs, *self.action_space.shape))
        for run in np.flatnonzero(moving).tolist():
            self.world.submit(self.sheet(array[run], self.snapshot(run)), run)
        self._seen.clear()
        return self.world.advance(HOURS, moving).sum(axis=1)

    def snapshot(self, run: int) -> CarParkSnapshot:
        """What the aggregator of a run knows now; made once a day."""
        if run not in self._seen:
            self._seen[run] = self.world.snapshot(run)
        return self._seen[run]

    def sheet(self, action: Floats, snapshot: CarParkSnapshot) -> CarParkSheet:
        """The sheet that an action stands for; 0 is the article's."""
        usual = article_sheet(snapshot)
        offers = between(action[:HOURS], 0, usual.offer_lots, snapshot.max_offer_lots)
        bids = between(action[HOURS : 2 * HOURS], 0, usual.bid_lots, snapshot.max_bid_lots)
        limit = snapshot.mean_min_price_eur_per_kwh
        if self.priced:
            prices = snapshot.min_price_eur_per_kwh
            limit = float(between(action[-1], prices.min(), limit, prices.max()))
        return CarParkSheet(
            offer_lots=np.rint(offers).astype(np.int64),
            bid_lots=np.rint(bids).astype(np.int64),
            offer_limit_eur_per_kwh=limit,
            bid_limit_eur_per_kwh=usual.bid_limit_eur_per_kwh,
        )

    def observe(self) -> NDArray[np.float32]:
        """(B, size) observations."""
        return np.stack([self._look(self.snapshot(run)) for run in range(self.n_runs)])

    def _look(self, snapshot: CarParkSnapshot) -> NDArray[np.float32]:
        prices, params = snapshot.min_price_eur_per_kwh, self.params
        today = snapshot.today_eur_per_kwh
        store_kg = params.electrolyser.store_kg
        full_kwh = params.n_cars * params.fuel_cell.tank_kg * params.fuel_cell.kwh_per_kg
        return self.layout.flat(
            {
                "forecast": snapshot.forecast_eur_per_kwh,
                "cars": snapshot.presence.mean(axis=0),
                "weekend": snapshot.weekend,
                "winter": snapshot.winter,
                "today": [today.mean(), today.max()],
                "min_price": [prices.min(), prices.mean(), prices.max()],
                "margin": snapshot.margin.mean(),
                "energy": snapshot.energy_kwh.sum() / full_kwh,
                "stock": [snapshot.stock_kg / store_kg, snapshot.committed_kg / store_kg],
                "break_even": snapshot.break_even_eur_per_kwh,
            }
        )


class FCEVCarParkEnv(ScalarShell):
    """Sell the V2G of a car park of fuel-cell cars day-ahead, and buy power for hydrogen.

    ## Description
    Drivers with price-based contracts park in work hours or home hours. Every day
    at 12:00 the aggregator offers tomorrow's V2G in lots of 100 kW, ten cars each,
    and bids for electricity for its electrolyser. What is sold is served by
    plugged-in cars, the lowest minPrice first; drivers get their minPrice and a
    margin of what the market pays above it. Model 1 of Park Lee et al. 2018; what
    is assumed stands in `vpp_gym.hydrogen.params.CarParkParams`.

    ## Action Space
    `Box(-1, 1, (48,))`: V2G offers of tomorrow's 24 hours, then bids for power. 0
    is the article's strategy for that hour, -1 nothing, +1 all that the expected
    cars, or the electrolyser, can serve; rounded to lots. With
    `offer_price="action"` one number more: the least price of the offers, between
    the lowest (-1), mean (0) and highest (+1) minPrice.

    ## Observation Space
    `Box` of the parts in `vpp_gym.envs.fcev_car_park.FIELDS`.

    ## Rewards
    Profit of the aggregator in EUR from this gate to the next: the sum of
    `vpp_gym.hydrogen.carpark.MONEY`. `info` holds all terms.

    ## Starting State
    12:00 of a day drawn, tanks at their usual level, nothing sold. Options `world`
    and `start_day` set it.

    ## Episode End
    Truncated after `episode_days` steps; never terminated.

    ## Arguments
    params: `CarParkParams`, or a mapping of changes to the default.
    base: years of day-ahead prices, "synthetic" by default; or a source of worlds.
    n_worlds: worlds that episodes are drawn from.
    first_world: number of the first of them; other worlds have other drivers and weather.
    episode_days: 28; None: the year.
    offer_price: "mean_min_price" (the article) or "action".
    """

    def __init__(
        self,
        params: CarParkParams | Mapping[str, Any] | None = None,
        *,
        base: str | Numbered[CarParkScenario] = "synthetic",
        n_worlds: int = 4,
        first_world: int = 0,
        episode_days: int | None = 28,
        offer_price: str = "mean_min_price",
    ) -> None:
        core = CarParkCore(params, base, first_world, n_worlds, episode_days, offer_price, n_runs=1)
        super().__init__(core)


class FCEVCarParkVectorEnv(VectorShell):
    """A batch of `FCEVCarPark-v0`; arguments are those of `FCEVCarParkEnv`."""

    def __init__(
        self,
        num_envs: int = 1,
        params: CarParkParams | Mapping[str, Any] | None = None,
        *,
        base: str | Numbered[CarParkScenario] = "synthetic",
        n_worlds: int = 4,
        first_world: int = 0,
        episode_days: int | None = 28,
        offer_price: str = "mean_min_price",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        core = CarParkCore(
            params, base, first_world, n_worlds, episode_days, offer_price, n_runs=num_envs
        )
        super().__init__(core, autoreset_mode)
