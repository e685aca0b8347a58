"""`FCEVCarPark-v0`: offer the V2G of a car park day-ahead, and buy power for hydrogen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from gymnasium.vector import AutoresetMode
from pydantic import Field

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.episodes import Spans
from vpp_gym.fcev.calendar import HOURS, NOON
from vpp_gym.fcev.car_park.actions import encoding
from vpp_gym.fcev.car_park.forecast import Expectation
from vpp_gym.fcev.car_park.ledger import LEDGER, MONEY, TERMS
from vpp_gym.fcev.car_park.observation import Observer
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.recorder import CarParkRecorder
from vpp_gym.fcev.car_park.scenario import CarParkScenarios, car_park_source
from vpp_gym.fcev.car_park.simulation import CarPark, CarParkScenario
from vpp_gym.fcev.car_park.state import OrderArrays, empty_orders
from vpp_gym.fcev.core import FCEVCore
from vpp_gym.fcev.source import YearSource
from vpp_gym.settings import ObservationForm, Settings, checked

Control = Literal["hourly", "shape"]
OfferPrice = Literal["mean_min_price", "action"]


class CarParkSettings(Settings):
    """Settings of `FCEVCarPark-v0`.

    Attributes:
        control: "hourly" is two numbers for every hour of tomorrow, "shape" the few numbers
            that shape a day's orders.
        offer_price: "mean_min_price" asks what the article asks, "action" puts the price of
            the offers in the action, too; of hourly control.
        episode_days: from gate closure to gate closure; None: from the first of the year to
            the last.
    """

    control: Control = "hourly"
    offer_price: OfferPrice = "mean_min_price"
    episode_days: int | None = Field(default=28, ge=1)


class CarParkCore(FCEVCore):
    """A batch of car parks and what an action means in them.

    Args:
        source: of the years that episodes are drawn from.
        params: rules of the world.
        settings: what is decided and shown.
        n_envs: batch size.

    Attributes:
        submitted: the last orders of all runs.
    """

    terms, n_money = TERMS, len(MONEY)
    settings_kind = CarParkSettings
    settings: CarParkSettings
    simulation: CarPark

    def __init__(
        self,
        source: YearSource[CarParkScenario],
        params: CarParkParams,
        settings: CarParkSettings,
        n_envs: int = 1,
    ) -> None:
        self.encoding = encoding(settings.control, settings.offer_price)
        park = CarPark(source, params, n_envs)
        gates = HOURS * np.arange(park.n_days) + NOON
        super().__init__(source, params, settings, n_envs, park, gates)
        self.observer = Observer(park)
        self.layout = self.observer.layout
        self.action_shape = (self.encoding.size,)
        self._known: Expectation | None = None
        self.submitted = empty_orders(self.n_runs)

    @property
    def max_steps(self) -> int:
        """Days of an episode."""
        return self.episode_days

    def begin(self, runs: Ints, spans: Spans) -> None:
        """Begin given episodes, each at 12:00 of a day."""
        for run, span in zip(runs.tolist(), spans, strict=True):
            self.simulation.reset(run, span.scenario, span.start)
            self._end[run] = span.end
        self._known = None

    def step(self, actions: Any) -> tuple[Floats, Any]:
        """Submit every run's orders, go on to the next gate, and observe: see `Core.step`."""
        moving = ~self.over
        self.submit(actions, moving)
        runs = np.flatnonzero(moving)
        hourly = self.simulation.advance(HOURS, runs)
        records = np.zeros((self.n_runs, len(TERMS)))
        records[runs] = LEDGER.over_time(hourly)
        if self.on_step is not None and moving[0]:
            for record in hourly[0]:
                self.on_step(record)
        return records, self.observe()

    def recorder(self) -> CarParkRecorder:
        """Keeps what happens in the first run, and draws it."""
        recorder = CarParkRecorder(self, "FCEVCarPark-v0")
        self.on_step = recorder.add
        return recorder

    def submit(self, actions: Any, moving: Bools) -> None:
        """Have the market clear the orders of some runs.

        Raises:
            InvalidInputError: an action out of shape or range; nothing has moved.
        """
        orders, runs = self.orders(self._checked(actions)), np.flatnonzero(moving)
        self.simulation.submit_all(OrderArrays(*(values[runs] for values in orders)), runs)
        self._known, self.submitted = None, orders

    def orders(self, actions: Floats) -> OrderArrays:
        """The orders that (B, A) actions stand for; 0 is the article's."""
        return self.encoding.orders(actions, self.simulation, self.expectation)

    @property
    def expectation(self) -> Expectation:
        """What all runs know now; made once a day."""
        if self._known is None:
            self._known = self.simulation.expectation()
        return self._known

    def observe(self) -> Any:
        """(B, size) flat observations, or the named parts of them."""
        return self._shown(self.observer.flat(self.expectation))


class FCEVCarParkEnv(Env):
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
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`: `vpp_gym.fcev.car_park.observation.FIELDS`.

    ## Rewards
    Profit of the aggregator in EUR from this gate to the next: the sum of
    `vpp_gym.fcev.car_park.ledger.MONEY`. `info` holds all terms.

    ## Starting State
    12:00 of a day drawn, tanks at their usual level, nothing sold. `reset(seed, options)`
    draws scenario and day; options `scenario`, `start_day` and `episode_days` set them.

    ## Episode End
    Truncated after `episode_days` steps; never terminated.

    ## Arguments
    scenario: years of day-ahead prices by name: "synthetic" (default), "synthetic:test" and
        the like, also with the prefix "car_park:"; or a `CarParkScenario`, several, or a
        source of them.
    params: `CarParkParams`, or a mapping of changes to the default.
    control, offer_price, observation, episode_days: see
        `vpp_gym.fcev.car_park.env.CarParkSettings`.
    n_scenarios: of a name: scenarios that episodes are drawn from.
    first_scenario: of a name: number of the first of them; other numbers have other drivers.
        Test on other numbers than those trained on.
    render_mode: "rgb_array" or "human" draws yesterday and today.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = CarParkCore
    core: CarParkCore

    @names_its_keywords
    def __init__(
        self,
        scenario: CarParkScenarios | None = None,
        params: CarParkParams | Mapping[str, Any] | None = None,
        *,
        control: Control = "hourly",
        offer_price: OfferPrice = "mean_min_price",
        observation: ObservationForm = "flat",
        episode_days: int | None = 28,
        n_scenarios: int = 4,
        first_scenario: int = 0,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            CarParkSettings,
            control=control,
            offer_price=offer_price,
            observation=observation,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, n_scenarios, first_scenario)
        super().__init__(CarParkCore(*world, settings), render_mode)


class FCEVCarParkVectorEnv(VectorEnv):
    """A batch of `FCEVCarPark-v0`; see `vpp_gym.env.VectorEnv`."""

    core_kind = CarParkCore
    core: CarParkCore

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: CarParkScenarios | None = None,
        params: CarParkParams | Mapping[str, Any] | None = None,
        *,
        control: Control = "hourly",
        offer_price: OfferPrice = "mean_min_price",
        observation: ObservationForm = "flat",
        episode_days: int | None = 28,
        n_scenarios: int = 4,
        first_scenario: int = 0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            CarParkSettings,
            control=control,
            offer_price=offer_price,
            observation=observation,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, n_scenarios, first_scenario)
        core = CarParkCore(*world, settings, num_envs)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)


def world_of(
    scenario: CarParkScenarios | None,
    params: CarParkParams | Mapping[str, Any] | None,
    n_scenarios: int,
    first_scenario: int,
) -> tuple[YearSource[CarParkScenario], CarParkParams]:
    """Scenarios and rules, from what a user of `gym.make` says.

    Raises:
        InvalidInputError: a value that cannot be used.
    """
    rules = CarParkParams().changed(params)
    return car_park_source(scenario, rules, n_scenarios, first_scenario), rules
