"""`FCEVMicrogrid-v0`: run a neighbourhood on sun, wind, hydrogen and its cars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.env import ScalarShell, VectorShell
from vpp_gym.envs.fields import Field
from vpp_gym.fcev.calendar import HOURS, winter
from vpp_gym.fcev.core import (
    FCEVCore,
    Numbered,
    checked_days,
    chosen_option,
    worlds_of,
)
from vpp_gym.fcev.layout import Layout, between, checked_action
from vpp_gym.fcev.microgrid.ledger import MONEY, TERMS
from vpp_gym.fcev.microgrid.observation import AHEAD, Calendar, Columns, look
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.scenario import MicrogridSource
from vpp_gym.fcev.microgrid.simulation import Microgrid, MicrogridScenario
from vpp_gym.fcev.microgrid.state import Decisions
from vpp_gym.scenarios.columns import whole

AT_REST = 0.25
"""Actions on energy this near to 0 are the article's order: an agent that explores around it
does not pay for every hour in which it wavers."""
LEAST_FACTOR, MOST_FACTOR = 0.25, 1.5
MOST_REWARD_EUR_PER_H = 0.5

FIELDS = (
    Field("clock", 2, "1", 1.0, -1, 1, "sine and cosine of the time of day"),
    Field("weekend", 1, "1", 1.0, 0, 1, "Saturday or Sunday"),
    Field("winter", 1, "1", 1.0, -1, 1, "1 at midwinter, -1 at midsummer"),
    Field("deficit", AHEAD, "kW per car", 10.0, 0, 20, "deficit now, expected 1 to 11 h ahead"),
    Field("made", AHEAD, "kW per car", 10.0, 0, 20, "surplus and wind, likewise"),
    Field("price", AHEAD, "EUR/kWh", 0.1, -20, 20, "price of imports, likewise"),
    Field("open", AHEAD, "1", 1.0, 0, 1, "share of cars within their interval, likewise"),
    Field("available", 1, "kW per car", 10.0, 0, 1, "what the cars can give now"),
    Field("left", 1, "kWh per car", 100.0, 0, 2, "volume left of the cars at disposal"),
    Field("fuel", 1, "1", 1.0, 0, 1, "mean level of the tanks at home"),
    Field("stock", 1, "1", 1.0, 0, 1, "hydrogen in the store, share of its capacity"),
    Field("room", 1, "kW per car", 10.0, 0, 20, "what the electrolyser can take now"),
)  # fmt: skip
"""The observation of an hour."""


class MicrogridCore(FCEVCore):
    """A batch of microgrids and what an action means in them.

    Args:
        params: rules of the world.
        base: name of the years of day-ahead prices, or a source of worlds.
        n_worlds: how many worlds episodes are drawn from.
        first_world: seed of the first of them; the others follow.
        episode_days: from midnight to midnight; None: the year.
        volumes: the agent sets the committed volume of the stays that begin.
        rewards: the agent sets a reward for cars outside their interval.
        drawn_stock: episodes begin with a store filled as drawn, not as `params` say.
        n_runs: size of the batch.
    """

    terms, n_money = TERMS, len(MONEY)

    def __init__(
        self,
        params: MicrogridParams | Mapping[str, Any] | None,
        base: str | Numbered[MicrogridScenario],
        n_worlds: int,
        first_world: int,
        episode_days: int | None,
        volumes: bool,
        rewards: bool,
        drawn_stock: bool,
        n_runs: int,
    ) -> None:
        self.params = MicrogridParams().changed(params)
        source = MicrogridSource(self.params, base) if isinstance(base, str) else base
        worlds = worlds_of(source, first_world, n_worlds)
        self.n_runs = whole("num_envs", n_runs, least=1)
        self.world = Microgrid(worlds, self.params, self.n_runs)
        self.episode_days = checked_days(episode_days, self.world.n_days)
        self.volumes, self.rewards, self.drawn_stock = volumes, rewards, drawn_stock
        self.layout = Layout(FIELDS)
        self.observation_space = self.layout.space
        self.action_space = spaces.Box(-1.0, 1.0, (2 + volumes + rewards,), np.float32)
        self._end = np.zeros(self.n_runs, np.int64)
        starts = np.cumsum([0, *self.layout.sizes[:-1]]).tolist()
        at = {field.name: column for field, column in zip(FIELDS, starts, strict=True)}
        self._columns = Columns(**at)
        shares = [one.cars.usual_open.mean(axis=0) for one in worlds]
        self._calendar = Calendar(winter(self.world.n_days), np.stack(shares))

    @property
    def over(self) -> NDArray[np.bool_]:
        """(B,) the episode has ended."""
        return self.world.state.hour >= self._end

    def begin(self, run: int, rng: np.random.Generator, options: Mapping[str, Any]) -> None:
        """Begin an episode at a midnight drawn; options `world` and `start_day` set it."""
        worlds, starts = len(self.world.scenarios), self.world.n_days - self.episode_days + 1
        world, day = chosen_option(options, rng, {"world": worlds, "start_day": starts})
        stock_share = float(rng.random()) if self.drawn_stock else None
        self.world.reset(run, world, HOURS * day, stock_share)
        self._end[run] = HOURS * (day + self.episode_days)

    def advance(self, actions: Any, moving: NDArray[np.bool_]) -> Floats:
        """Decide and settle an hour of every run that moves."""
        array = checked_action(actions, (self.n_runs, *self.action_space.shape))
        return self.world.advance_all(moving, self.decisions(array))

    def decisions(self, actions: Floats) -> Decisions:
        """(B,) decisions that (B, A) actions stand for; 0 is the article's order."""
        state, dataset = self.world.state, self.world.dataset
        k, t = state.world, np.minimum(state.hour, dataset.load.shape[1] - 1)
        available_kwh, room_kwh = self.world.limits_kwh()
        served_kwh = np.minimum(dataset.deficit[k, t], available_kwh)
        taken_kwh = np.minimum(dataset.surplus[k, t] + dataset.wind[k, t], room_kwh)
        more = list(actions.T[2:])
        at_rest = np.zeros(self.n_runs)
        volume = more.pop(0) if self.volumes else at_rest
        reward = more.pop(0) if self.rewards else at_rest
        return Decisions(
            v2g_kwh=between(beyond_rest(actions[:, 0]), 0.0, served_kwh, available_kwh),
            electrolyser_kwh=between(beyond_rest(actions[:, 1]), 0.0, taken_kwh, room_kwh),
            volume_factor=between(volume, LEAST_FACTOR, 1.0, MOST_FACTOR),
            reward_eur_per_h=MOST_REWARD_EUR_PER_H * np.maximum(reward, 0.0),
        )

    def observe(self) -> NDArray[np.float32]:
        """(B, size) observations."""
        world, layout = self.world, self.layout
        rows = np.empty((self.n_runs, len(layout.scale)))
        look(self._columns, self._calendar, world.dataset, world.rules, world.state, rows)
        return np.clip((rows / layout.scale).astype(np.float32), layout.low, layout.high)


def beyond_rest(action: Floats) -> Floats:
    """Position in [-1, 1] that an action stands for: 0 near to 0, then straight to the ends.

    >>> beyond_rest(np.array([-1.0, -0.25, 0.1, 0.625, 1.0])).tolist()
    [-1.0, 0.0, 0.0, 0.5, 1.0]
    """
    return (action - np.clip(action, -AT_REST, AT_REST)) / (1.0 - AT_REST)


class FCEVMicrogridEnv(ScalarShell):
    """Serve a neighbourhood from sun, wind, hydrogen and the fuel-cell cars of its drivers.

    ## Description
    Households use their PV first. What they lack in an hour, cars within their
    contracts can give; what is made beyond the load can go to the electrolyser,
    whose hydrogen the cars refill; the connection takes the rest. Drivers have
    volume-based contracts, or control-based ones with
    `params={"contract": {"family": "control_based"}}`. Model 2 of Park Lee et al.
    2018; what is assumed stands in `vpp_gym.fcev.microgrid.params.MicrogridParams`.

    ## Action Space
    `Box(-1, 1)` of two numbers. V2G: 0 serves the deficit as far as the cars can
    (the article), -1 gives nothing, +1 all that the contracts allow. Electrolyser:
    0 takes surplus and wind (the article), -1 nothing, +1 all it can. Both: from -0.25
    to 0.25 as 0, and straight from there to the ends. With
    `volumes=True` one more: the maxVolume of the stays that begin in the next hour
    times 0.25 (-1), 1 (0) or 1.5 (+1). With `rewards=True` one more: up to 0.5
    EUR/h, above 0, for parked cars that plug in outside their interval in the next
    hour.

    ## Observation Space
    `Box` of the parts in `vpp_gym.fcev.microgrid.env.FIELDS`.

    ## Rewards
    Minus the cost of the hour in EUR: the sum of `vpp_gym.fcev.microgrid.ledger.MONEY`.
    `info` holds all terms, among them import, shortage and the fairness among
    drivers, and the self-sufficiency of the hour.

    ## Starting State
    Midnight of a day drawn, tanks full, the store as filled as `params` say, or as drawn.
    Options `world` and `start_day` set the day.

    ## Episode End
    Truncated after `episode_days`; never terminated.

    ## Arguments
    params: `MicrogridParams`, or a mapping of changes to the default.
    base: years of day-ahead prices, "synthetic" by default; or a source of worlds.
    n_worlds, first_world: worlds that episodes are drawn from, by their seeds. Weather, cars
        and contracts follow the seed alone: test on other seeds than those trained on.
    episode_days: 7; None: the year.
    volumes, rewards: the two options of the action.
    drawn_stock: the store is filled as drawn at the start. A week from a given store never
        comes to the trailers that a year may need; an agent for whole years trains so.
    """

    def __init__(
        self,
        params: MicrogridParams | Mapping[str, Any] | None = None,
        *,
        base: str | Numbered[MicrogridScenario] = "synthetic",
        n_worlds: int = 4,
        first_world: int = 0,
        episode_days: int | None = 7,
        volumes: bool = False,
        rewards: bool = False,
        drawn_stock: bool = False,
    ) -> None:
        core = MicrogridCore(
            params,
            base,
            n_worlds,
            first_world,
            episode_days,
            volumes,
            rewards,
            drawn_stock,
            n_runs=1,
        )
        super().__init__(core)


class FCEVMicrogridVectorEnv(VectorShell):
    """A batch of `FCEVMicrogrid-v0`; arguments are those of `FCEVMicrogridEnv`."""

    def __init__(
        self,
        num_envs: int = 1,
        params: MicrogridParams | Mapping[str, Any] | None = None,
        *,
        base: str | Numbered[MicrogridScenario] = "synthetic",
        n_worlds: int = 4,
        first_world: int = 0,
        episode_days: int | None = 7,
        volumes: bool = False,
        rewards: bool = False,
        drawn_stock: bool = False,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        core = MicrogridCore(
            params,
            base,
            n_worlds,
            first_world,
            episode_days,
            volumes,
            rewards,
            drawn_stock,
            n_runs=num_envs,
        )
        super().__init__(core, autoreset_mode)
