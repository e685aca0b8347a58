"""`VPPContracts-v0`: shape what owners are offered; a scheduler and a bidder do the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.env import Env, VectorEnv, names_its_keywords
from vpp_gym.envs.core import Params, Scenarios, world_of
from vpp_gym.envs.daily import DailyCore
from vpp_gym.envs.day_fields import OFFER_FIELDS, offer_values
from vpp_gym.envs.offer_actions import OfferShape, post_each
from vpp_gym.envs.policy_pool import BidderLike, Maker, SchedulerLike, operator_maker
from vpp_gym.envs.settings import ContractsSettings, Reward
from vpp_gym.episodes import Spans
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import FamilyName
from vpp_gym.policies.bidders import ExpectedLoadBidder, ZeroBidder
from vpp_gym.policies.operator import Operator
from vpp_gym.scenarios.source import ScenarioSource
from vpp_gym.settings import ObservationForm, checked

KNOWN_AT_GATE = (ExpectedLoadBidder, ZeroBidder)
"""Bidders whose schedule follows from the state of the run at the gate alone."""


class ContractsCore(DailyCore):
    """A batch of episodes of the contract problem."""

    settings_kind = ContractsSettings
    title = "VPPContracts-v0"
    settings: ContractsSettings
    fields = DailyCore.fields + OFFER_FIELDS

    def __init__(
        self,
        source: ScenarioSource,
        params: VPPParams,
        settings: ContractsSettings,
        n_envs: int = 1,
        threads: int = 1,
    ) -> None:
        self.shape = OfferShape(params, settings.family)
        super().__init__(source, self.shape.neutral, settings, n_envs, threads)
        self.action_shape = (len(self.shape.parameters),)
        self._neutral_offers = self.shape.offers(np.zeros(self.action_shape))
        self._signed_before = np.zeros_like(self.simulation.accepted)

    def _policy_maker(self) -> Maker:
        return operator_maker(self.settings.scheduler, self.settings.bidder)

    def _shown_params(self) -> VPPParams:
        """Rules with the longest window that may be offered."""
        return self.shape.most

    def _decide(self, numbers: Floats, runs: Ints) -> None:
        offers = self.shape.offers_of(numbers[runs])
        self._signed_before = self.simulation.accepted
        post_each(self.simulation, offers, runs)

    def _prepare(self, runs: Ints) -> None:
        self.simulation.post_offers(self._neutral_offers, runs)

    def _begin(self, runs: Ints, spans: Spans) -> None:
        super()._begin(runs, spans)
        self._signed_before[runs] = 0

    def _planned_by(self, policy: Operator) -> Any:
        return policy.dispatcher if type(policy.bidder) in KNOWN_AT_GATE else None

    def _bids_at_gate(self, played: Bools) -> Floats:
        simulation = self.simulation
        bids_kwh = np.zeros_like(simulation.no_bids)
        runs = np.flatnonzero(played).tolist()
        buyers = [r for r in runs if type(self._policies.of(r).bidder) is ExpectedLoadBidder]
        if buyers:
            expected = np.clip(-simulation.state.expected_load_kwh, *simulation.bids_allowed_kwh)
            bids_kwh[buyers] = simulation.on_slots(expected)[buyers]
        return bids_kwh

    def _values(self) -> list[Floats]:
        signed = (self.simulation.accepted - self._signed_before).astype(np.float64)
        return [*super()._values(), *offer_values(self.booked, signed)]


class VPPContractsEnv(Env):
    """Set the contracts that owners are offered, once a day.

    ## Description
    One step is a day, from one gate closure (12:00) to the next. The agent decides what
    is offered to every owner who arrives until then; what was signed stands. A
    scheduler dispatches under the contracts and a bidder submits the schedule of
    tomorrow. A contract pays if its energy is valuable when it is discharged. How many
    owners consider offers follows what earlier contracts left to theirs. Schedulers plan in
    compiled code as in `VPPBidding-v0`, where the bidder is "expected_load" or "zero".

    ## Action Space
    `Box(-1, 1)`. What an entry sets depends on the family of contracts: these are the
    `action_parameters` in `vpp_gym.contracts.families.FAMILIES`. An action of 0 offers what
    is in `params`: by default the posted tariff, of which two entries set the pay per kWh
    discharged and the share of the battery that the owner keeps. With `family="fixed_term"`
    four entries set scale and saturation of the value curve kappa log(1 + w / saturation) of
    w kWh, then term and delay of the window. The menu is the exact solution for that curve,
    so that it is incentive compatible and individually rational whatever the action.

    ## Observation Space
    Float32 `Box`, or a `Dict` of named parts in their units with
    `observation="dict"`: `vpp_gym.envs.fields.FLEET_FIELDS` at the gate, and
    `DAY_FIELDS` and `OFFER_FIELDS` of `vpp_gym.envs.day_fields`.

    ## Rewards
    EUR from this gate to the next, "spread" by default as in `VPPDayAhead-v0`. `info` holds
    every term of `vpp_gym.markets.ledger.TERMS`, summed over these hours. Pay per kWh is due
    when it is discharged, the payoff for signing when the owner leaves, so that what is
    offered today is partly paid in later steps.

    ## Starting State
    An empty lot at gate closure, with the EVs that arrive in that step: they are
    offered what an action of 0 offers. Scheduler and bidder are new. Options of
    `reset` as in `VPPDayAhead-v0`.

    ## Episode End
    Truncated after `episode_days` steps; never terminated. With
    `episode_days=None` the last step ends with the scenario. EVs that are still connected
    are settled as in `VPPDayAhead-v0`, their owners' payoffs by the part of the window that
    has passed.

    ## Arguments
    scenario, params, dt_h, guarantee: as in `VPPDayAhead-v0`.
    family, scheduler, bidder, observation, reward, episode_days: see
        `vpp_gym.envs.settings.ContractsSettings`.
    render_mode: "rgb_array" or "human" draws the last day that is over.

    ## Version History
    - v0: first version, released with vpp_gym 0.1.0.

    Raises:
        InvalidInputError: naming the argument, its value and the remedy.
    """

    core_kind = ContractsCore
    core: ContractsCore

    @names_its_keywords
    def __init__(
        self,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        family: FamilyName | None = None,
        scheduler: SchedulerLike = "rolling_mpc",
        bidder: BidderLike = "expected_load",
        observation: ObservationForm = "flat",
        reward: Reward = "spread",
        episode_days: int | None = 7,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            ContractsSettings,
            family=family,
            scheduler=scheduler,
            bidder=bidder,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        super().__init__(ContractsCore(*world, settings), render_mode)


class VPPContractsVectorEnv(VectorEnv):
    """A batch of `VPPContracts-v0`; see `vpp_gym.env.VectorEnv`.

    `threads`, 1 by default, share the batch as in `VPPBidding-v0`, where the bidder is
    "expected_load" or "zero", too.
    """

    core_kind = ContractsCore
    core: ContractsCore

    @names_its_keywords
    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenarios | None = None,
        params: Params | None = None,
        *,
        family: FamilyName | None = None,
        scheduler: SchedulerLike = "rolling_mpc",
        bidder: BidderLike = "expected_load",
        observation: ObservationForm = "flat",
        reward: Reward = "spread",
        episode_days: int | None = 7,
        dt_h: float | None = None,
        guarantee: bool | None = None,
        threads: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        settings = checked(
            ContractsSettings,
            family=family,
            scheduler=scheduler,
            bidder=bidder,
            observation=observation,
            reward=reward,
            episode_days=episode_days,
        )
        world = world_of(scenario, params, dt_h, guarantee)
        core = ContractsCore(*world, settings, num_envs, threads)
        super().__init__(core, autoreset_mode, max_episode_steps, render_mode)
