"""`VPPDayAhead-v0`: bid into the day-ahead market and dispatch the fleet."""

from __future__ import annotations

from collections.abc import Sequence

from gymnasium.vector import AutoresetMode

from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.envs.columns import ColumnName
from vpp_gym.envs.core import HourlyCore, Params, Scenarios, world_of
from vpp_gym.envs.settings import Bids, Control, DayAheadSettings, StepReward
from vpp_gym.envs.step_kernel import BidMode
from vpp_gym.planning.planner import PlannerName
from vpp_gym.settings import ObservationForm, checked


class DayAheadCore(HourlyCore):
    """A batch of episodes of the day-ahead problem: dispatch first, then bids."""

    settings_kind = DayAheadSettings
    title = "VPPDayAhead-v0"
    settings: DayAheadSettings

    def _bidding(self) -> tuple[BidMode, float]:
        return BidMode[self.settings.bids.upper()], self.settings.bid_scale


class VPPDayAheadEnv(Env):
    """Bid the fleet's energy day-ahead, and dispatch the fleet in every step.

    ## Description
    A virtual power plant of privately owned EVs offers V2G contracts to arriving owners
    (`params.contract`; by default a posted tariff per kWh discharged, which costs nothing
    unless it is used). At 12:00 it submits a bid schedule: one bid per delivery period of
    tomorrow. In every step, a quarter of an hour by default, it dispatches the fleet. The
    difference between schedule and load is settled in the imbalance market. Drivers declare
    when they leave; many leave earlier or later, and nobody is told in advance.

    ## Action Space
    `Box(-1, 1)`; two entries by default. The dispatch comes first: with `control="fleet"` one
    number, which sets the net load of the fleet in this step: 0 idles, +1 charges and -1
    discharges all it can; with `control="per_ev"` one number per charger, which does the same for
    its EV. Idle is what is nearest to nothing that still serves the cars in time, where that is
    guaranteed. With `control="price"` two numbers, for any size of the fleet: the built-in
    planner plans every EV in this step as if the short (buying) and the long (selling) price that
    it expects now were dearer by `price_scale` times each; 0 is exactly the planner, +1 makes it
    wait, or sell, where it would not. Where the site has a stationary battery (`params.storage`),
    one entry follows for its load: 0 idles, +1 charges and -1 discharges all it can. The bids
    follow: with `bids="period"` one per step, so that the steps after one gate closure set, in
    order, the periods of the schedule that the next one submits; with `bids="schedule"` one per
    delivery period of tomorrow, and of an hour that the clock of the world's time zone shows
    again in autumn, read at gate closure only; with `bids="expected_load"` none. A bid of 0 buys
    the expected load; +1 sells, on top of it, `bid_scale` times the range from the least to the
    largest bid that is allowed, and -1 buys as much; what lies beyond that range is cut off. The
    expected load of a period is its mean load so far in the episode. The range is what the cars
    of the past days could take, and what those with a running contract could give, see
    `vpp_gym.params.MarketParams`. On the first day of an episode both are zero.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`. The parts are those of
    `vpp_gym.envs.fields.FLEET_FIELDS`, and `CHARGER_FIELDS` for
    `control="per_ev"`; `vpp_gym.envs.site_fields.site_fields` where there is a site; `columns`
    appends groups of `vpp_gym.envs.columns.COLUMNS`.

    ## Rewards
    EUR. With `reward="profit"` the profit of the step: day-ahead and imbalance income, pay to
    owners for discharged energy and, for EVs that departed, retail revenue, payoffs and the
    penalty on unserved energy.

    With `reward="spread"`, the default, what no policy can change is taken out. The price
    level is the mean day-ahead price of the four weeks up to the start of the episode. A kWh
    that is charged or discharged counts at its price less the price level; a kWh that a driver
    misses costs the penalty and the retail price less the price level; what drivers would pay
    if all demand were served is left out. Over complete stays this differs from the profit by an
    amount that is the same for every policy.

    With `reward="planner_gain"` what the action earned beyond that of the built-in planner from
    the same state: the step at its real prices, and what remains as the planner values it after
    the step. The planner's own action earns 0.

    `info` holds every term of `vpp_gym.markets.ledger.TERMS`.

    ## Starting State
    Gate closure (12:00), with no EV connected but those that arrive in that step.
    `reset(seed, options)` draws scenario and day; options `scenario`, `start_day` and
    `episode_days` set them.

    ## Episode End
    Truncated after `episode_days`; never terminated. EVs that are still connected then
    are settled as if the rest of each stay were charged as early or late as it was so far, at
    the mean day-ahead price until the declared departure: nothing is gained by what is left.
    `env.spec.max_episode_steps` is the length of these episodes: `gym.make(env.spec)`
    keeps it, so give `max_episode_steps` too if you make longer ones from that spec.

    ## Arguments
    scenario: a `Scenario`, a sequence of them, a source, or a name: "synthetic"
        (default), "synthetic:validation", "synthetic:test", "real:train",
        "real:test" (from the folder that VPP_GYM_DATA names).
    params: a `VPPParams`, a preset's name ("default", "plain", "paper_2023"), or a mapping of
        changes to the default, or to the preset that its entry "preset" names.
    control, bids, bid_scale, observation, reward, episode_days, planner, price_scale,
        columns: see `vpp_gym.envs.settings.DayAheadSettings`.
    dt_h: hours per step of a named source: 0.25 (default), 1, 0.5 or 0.0833, which is 5 minutes;
        a world file's own by default.
    guarantee: True limits actions such that every charging target stays within reach until
        the declared departure; None takes the value in `params`, which is True by default.
    render_mode: "rgb_array" or "human" draws the day.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = DayAheadCore
    core: DayAheadCore

    @names_its_keywords
    def __init__(
        self,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        control: Control = "fleet",
        bids: Bids = "period",
        bid_scale: float = 0.1,
        observation: ObservationForm = "flat",
        reward: StepReward = "spread",
        episode_days: int | None = 7,
        planner: PlannerName = "hazard_mpc",
        price_scale: float = 0.03,
        columns: Sequence[ColumnName] = (),
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            DayAheadSettings,
            control=control,
            bids=bids,
            bid_scale=bid_scale,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
            planner=planner,
            price_scale=price_scale,
            columns=columns,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        super().__init__(DayAheadCore(*world, settings), render_mode)


class VPPDayAheadVectorEnv(VectorEnv):
    """A batch of `VPPDayAhead-v0`, stepped by one kernel call; see `vpp_gym.env.VectorEnv`.

    `threads`, 1 by default, share the batch. More than one is faster on idle cores with
    some hundred environments or more; the result is the same, bit for bit.
    """

    core_kind = DayAheadCore
    core: DayAheadCore

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        control: Control = "fleet",
        bids: Bids = "period",
        bid_scale: float = 0.1,
        observation: ObservationForm = "flat",
        reward: StepReward = "spread",
        episode_days: int | None = 7,
        planner: PlannerName = "hazard_mpc",
        price_scale: float = 0.03,
        columns: Sequence[ColumnName] = (),
        dt_h: float | None = None,
        guarantee: bool | None = None,
        threads: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            DayAheadSettings,
            control=control,
            bids=bids,
            bid_scale=bid_scale,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
            planner=planner,
            price_scale=price_scale,
            columns=columns,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        core = DayAheadCore(*world, settings, num_envs, threads)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)
