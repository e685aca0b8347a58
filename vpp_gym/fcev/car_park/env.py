"""`FCEVCarPark-v0`: offer the V2G of a car park day-ahead, and buy power for hydrogen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.env import ScalarShell, VectorShell
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.actions import encoding
from vpp_gym.fcev.car_park.forecast import Expectation
from vpp_gym.fcev.car_park.ledger import LEDGER, MONEY, TERMS
from vpp_gym.fcev.car_park.observation import Observer
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.car_park.state import OrderArrays
from vpp_gym.fcev.core import (
    FCEVCore,
    Numbered,
    checked_days,
    chosen_option,
    worlds_of,
)
from vpp_gym.fcev.layout import checked_action
from vpp_gym.scenarios.columns import whole


class CarParkCore(FCEVCore):
    """A batch of car parks and what an action means in them.

    Args:
        params: rules of the world.
        base: name of the years of day-ahead prices, or a source of worlds.
        first_world: number of the first world that episodes are drawn from.
        n_worlds: how many there are.
        episode_days: from gate to gate; None: from the first gate of the year to the last.
        control: "hourly", or "shape" for the few numbers that shape a day's orders.
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
        control: str,
        offer_price: str,
        n_runs: int,
    ) -> None:
        self.params = CarParkParams().changed(params)
        self.encoding = encoding(control, offer_price)
        source = CarParkSource(self.params, base) if isinstance(base, str) else base
        worlds = worlds_of(source, first_world, n_worlds)
        self.n_runs = whole("num_envs", n_runs, least=1)
        self.world = CarPark(worlds, self.params, self.n_runs)
        self.episode_days = checked_days(episode_days, self.world.n_days - 1)
        self.observer = Observer(self.world)
        self.observation_space = self.observer.layout.space
        self.action_space = self.encoding.space
        self._end = np.zeros(self.n_runs, np.int64)
        self._known: Expectation | None = None

    @property
    def over(self) -> NDArray[np.bool_]:
        """(B,) the episode has ended."""
        return self.world.state.hour >= self._end

    def begin(self, run: int, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin an episode at 12:00 of a day drawn; options `world` and `start_day` set it."""
        worlds, starts = len(self.world.scenarios), self.world.n_days - self.episode_days
        world, day = chosen_option(options, rng, {"world": worlds, "start_day": starts})
        self.world.reset(run, world, HOURS * day + NOON)
        self._known = None
        self._end[run] = HOURS * (day + self.episode_days) + NOON

    def advance(self, actions: Any, moving: NDArray[np.bool_]) -> Floats:
        """Submit every run's orders and go on to the next gate."""
        self.submit(actions, moving)
        runs = np.flatnonzero(moving)
        records = np.zeros((self.n_runs, len(TERMS)))
        records[runs] = LEDGER.over_time(self.world.advance(HOURS, runs))
        return records

    def submit(self, actions: Any, moving: NDArray[np.bool_]) -> None:
        """Have the market clear the orders of some runs."""
        array = checked_action(actions, (self.n_runs, *self.action_space.shape))
        runs = np.flatnonzero(moving)
        orders = self.orders(array)
        self.world.submit_all(OrderArrays(*(values[runs] for values in orders)), runs)
        self._known = None

    def orders(self, actions: Floats) -> OrderArrays:
        """The orders that (B, size) actions stand for; 0 is the article's."""
        return self.encoding.orders(actions, self.world, self.expectation)

    @property
    def expectation(self) -> Expectation:
        """What all runs know now; made once a day."""
        if self._known is None:
            self._known = self.world.expectation()
        return self._known

    def observe(self) -> NDArray[np.float32]:
        """(B, size) observations."""
        return self.observer.rows(self.expectation)


class FCEVCarParkEnv(ScalarShell):
    """Sell the V2G of a car park of fuel-cell cars day-ahead, and buy power for hydrogen.

    ## Description
    Drivers with price-based contracts park in work hours or home hours. Every day
    at 12:00 the aggregator offers tomorrow's V2G in lots of 100 kW, ten cars each,
    and bids for electricity for its electrolyser. What is sold is served by
    plugged-in cars, the lowest minPrice first; drivers get their minPrice and a
    margin of what the market pays above it. Model 1 of Park Lee et al. 2018; what
    is assumed stands in `vpp_gym.fcev.car_park.params.CarParkParams`.

    ## Action Space
    With `control="hourly"` `Box(-1, 1, (48,))`: V2G offers of tomorrow's 24 hours,
    then bids for power. 0 is the article's strategy for that hour, -1 nothing, +1
    all that the expected cars, or the electrolyser, can serve; rounded to lots.
    With `offer_price="action"` one number more: the least price of the offers,
    between the lowest (-1), mean (0) and highest (+1) minPrice.

    With `control="shape"` `Box(-1, 1, (8,))`: one number for each of
    `vpp_gym.fcev.car_park.bid_shape.SHAPE_PARAMETERS`, from its low (-1) over the article's (0) to
    its high (+1). Which hours and cars are offered and at what price, which hours
    are bid for, and how much of the hydrogen that drivers will refill counts as
    room in the store.

    ## Observation Space
    `Box` of the parts in `vpp_gym.fcev.car_park.observation.FIELDS`.

    ## Rewards
    Profit of the aggregator in EUR from this gate to the next: the sum of
    `vpp_gym.fcev.car_park.ledger.MONEY`. `info` holds all terms.

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
    control: "hourly" or "shape".
    offer_price: "mean_min_price" (the article) or "action"; of hourly control.
    """

    def __init__(
        self,
        params: CarParkParams | Mapping[str, Any] | None = None,
        *,
        base: str | Numbered[CarParkScenario] = "synthetic",
        n_worlds: int = 4,
        first_world: int = 0,
        episode_days: int | None = 28,
        control: str = "hourly",
        offer_price: str = "mean_min_price",
    ) -> None:
        core = CarParkCore(
            params, base, first_world, n_worlds, episode_days, control, offer_price, n_runs=1
        )
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
        control: str = "hourly",
        offer_price: str = "mean_min_price",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        core = CarParkCore(
            params, base, first_world, n_worlds, episode_days, control, offer_price, num_envs
        )
        super().__init__(core, autoreset_mode)
