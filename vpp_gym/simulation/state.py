"""The state of a batch of B environments with N chargers each, and its rules."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints, Records
from vpp_gym.contracts.families import designed_offers
from vpp_gym.contracts.offer import OFFER
from vpp_gym.fleet.disaggregation import BUCKETS, RULES
from vpp_gym.kernels import Present, by_field, njit, records
from vpp_gym.markets.ledger import TERMS
from vpp_gym.params import VPPParams
from vpp_gym.prefetch import fetch
from vpp_gym.simulation.group_tree import GROUP_SUM, group_rules

FETCHED_CARS = 16
"""Cars that are worked on while the memory of one is fetched."""
GUARD_H = 48.0
"""Hours ahead in which promises to cars look for room; charging takes less."""


class Rules(NamedTuple):
    """Parameters as the kernels read them."""

    dt_h: float
    charge_eff: float
    discharge_eff: float
    least_kwh: float  # of a step at the least power
    standby_kwh: float  # of a car that is charged or discharged for a whole step
    guarantee: bool
    gate_period: int
    bids_by_cars: bool  # the bid limit is what the expected cars can take or give
    bid_limit_kwh: float  # of any bid
    retail_eur_per_kwh: float
    early_shortfall_share: float
    wear_eur_per_kwh: float
    owner_types: Floats  # (M,)
    cumulative_prob: Floats  # (M,)
    pro_rata: bool
    participation: float
    participation_memory: int
    participation_floor: float
    pleasing_eur: float
    disaggregation: int
    returning: bool  # cars of known drivers come back as they left, minus the trip
    charger_kw: Floats  # (N or 0,) power of each charger, where they differ
    bids_by_site: bool  # bids may go beyond the chargers by what else is behind the connection
    notice_steps: int  # limits of the connection are known so many steps ahead
    guard_steps: int  # promises look no further ahead
    storage_max_kwh: float  # of the stationary battery, 0: there is none
    storage_initial_kwh: float
    storage_power_kwh: float  # in a step, at the meter, either way
    storage_charge_eff: float
    storage_discharge_eff: float
    storage_wear_eur_per_kwh: float
    energy_tax_eur_per_kwh: float
    net_metering: bool
    peak_eur_per_kwh: float  # for each kWh by which a month's largest step grows
    groups: Records  # (G,) of GROUP: groups of chargers with limits of their own
    charger_group: Ints  # (2, N or 0) group and rank of each charger, see `group_tree`
    has_groups: Present


EV = np.dtype(
    [
        # What every stage of a step reads.
        ("energy_kwh", np.float64),
        ("target_kwh", np.float64),
        ("lo_kwh", np.float64),  # least net load of the step to come
        ("hi_kwh", np.float64),  # largest net load of the step to come
        ("laxity_h", np.float64),
        ("charge_kw", np.float64),
        ("departure", np.int32),  # position, as declared
        ("leaves", np.int32),  # position, in truth
        ("contract_start", np.int32),  # position at which the window opens
        ("contract_end", np.int32),  # position at which the window closes; 0: no contract
        # What limits and observations read besides.
        ("arrival_kwh", np.float64),
        ("min_kwh", np.float64),
        ("battery_max_kwh", np.float64),  # the battery's upper limit
        ("discharge_kw", np.float64),
        ("contract_kwh", np.float64),  # left to discharge, at the meter
        ("keep_kwh", np.float64),  # level of the battery that the contract leaves
        ("min_price_eur_per_kwh", np.float64),  # least day-ahead price to discharge at
        ("arrival", np.int32),  # position
        ("session", np.int32),  # row in the dataset
        # What is read where a car is discharged or leaves.
        ("tariff_eur_per_kwh", np.float64),  # owed per kWh discharged
        ("margin", np.float64),  # share of the price above the least that is owed too
        ("payoff_eur", np.float64),  # owed at departure for signing
        ("earned_eur", np.float64),  # paid so far for what was discharged
        ("discharged_kwh", np.float64),
        ("perceived_eur_per_kwh", np.float64),  # wear, in the owner's eyes
        ("promise_kwh", np.float64),  # stored at departure, as far as the connection has room
        ("offer", np.int32),  # place of what was signed; 0 without a contract, too
        ("spare", np.int32),  # without a name, copies would leave these bytes as they find them
    ],
    align=True,
)
"""One charger's EV; all zero where none is connected.

Three lines of memory, in the order in which they are needed: a step of many cars takes as long as
it takes to fetch their lines.
"""

DRIVER = np.dtype(
    [
        ("left_kwh", np.float64),  # stored when the car left last; NaN: not known
        ("visits", np.int64),  # that are over
        ("stay_steps", np.int64),  # of these visits together
        ("early_steps", np.int64),  # by which they were shorter than declared, together
    ],
    align=True,
)
"""What a run has seen of one driver."""

RUN = np.dtype(
    [
        ("start", np.int64),  # position at which the run began
        ("position", np.int64),  # the step about to be dispatched
        ("end", np.int64),  # position at which the run ends
        ("first", np.int64),  # position at which the scenario begins
        ("last", np.int64),  # position of the scenario's last step
        ("connected", np.int64),  # number of EVs connected
        ("posted", np.int64),  # 1: something else than the designed offers is on offer
        ("participation", np.float64),  # share of owners who look at offers
        ("fleet_lo_kwh", np.float64),  # the envelope of the step to come
        ("fleet_idle_kwh", np.float64),
        ("fleet_hi_kwh", np.float64),
        ("take_kwh", np.float64),  # charging power of the connected EVs in the step to come
        ("give_kwh", np.float64),  # discharging power of those with a running contract
        ("progress_kwh", np.float64),  # of their demand, in the batteries of the connected EVs
        ("next_leaves", np.int64),  # position at which the first of them leaves, in truth
    ],
    align=True,
)
"""One run's clock, standing with owners, and flexibility envelope."""


SITE = np.dtype(
    [
        ("storage_kwh", np.float64),  # stored in the stationary battery
        ("storage_lo_kwh", np.float64),  # its least load in the step to come, at the meter
        ("storage_hi_kwh", np.float64),  # its largest load
        ("storage_wanted_kwh", np.float64),  # load that was decided for the step to come
        ("pv_wanted_kwh", np.float64),  # solar yield that is to be used
        ("storage_load_kwh", np.float64),  # what became of it in the last step
        ("pv_used_kwh", np.float64),
        ("yielded_kwh", np.float64),  # change of the cars' dispatch in the last step
        ("peak_kwh", np.float64),  # largest import of a step in this month
        ("net_of_year_kwh", np.float64),  # net import of this calendar year
        ("take_rated_kwh", np.float64),  # what may be bid beyond the power of the chargers
        ("give_rated_kwh", np.float64),  # the same of bids that sell
        ("month", np.int64),
        ("year", np.int64),
    ],
    align=True,
)
"""One run's connection: battery, and what its fees depend on."""

SHARED_ROWS = 7
"""Working memory of a site for each charger: see `vpp_gym.simulation.room`."""


class State(NamedTuple):
    """Everything that changes; all arrays have the leading batch axis B.

    EVs and runs are records (`EV`, `RUN`), so that a kernel finds what belongs
    together in one place; `state.ev["energy_kwh"]` is the (B, N) array of a field.
    """

    run: Records  # (B,) of RUN
    occupied: Bools  # (B, N)
    lot: Ints  # (B, N) chargers of the connected EVs, in order of arrival
    ev: Records  # (B, N) of EV
    da_sold_kwh: Floats  # (B, 2, S) committed for today and tomorrow, by slot of the schedule
    expected_load_kwh: Floats  # (B, L) running mean of the net load, by period
    expected_take_kwh: Floats  # (B, L) running mean of the charging power, by period
    expected_give_kwh: Floats  # (B, L) of the discharging power that contracts open
    load_days: Ints  # (B, L) days behind those means
    offers: Records  # (B, K) of OFFER, to everybody who arrives
    accepted: Ints  # (B, K) contracts accepted since the run began
    pending: Floats  # (B, K) booked before the first dispatch
    site: Records  # (B,) of SITE
    shared: Floats  # (B, SHARED_ROWS, N) working memory of a site; N is 0 without one
    known: Records  # (B, D) of DRIVER: past visits in the run; D is 0 if nobody is known
    group: Records  # (B, G) of GROUP_SUM
    group_slack: Floats  # (B, G) working memory
    reserved: Floats  # (B, N or 0, H) of each car in the steps ahead, see `reservations`
    group_room: Floats  # (B, G + 1 or 0, H) working memory: what is not reserved


class Scratch(NamedTuple):
    """Working memory of the kernels: one run at a time, N chargers."""

    lo_kwh: Floats  # (N,)
    hi_kwh: Floats  # (N,)
    key: Floats  # (N,)
    load_kwh: Floats  # (N,)
    sorted_key: Floats  # (N,)
    room_kwh: Floats  # (N,)
    bucket: Floats  # (BUCKETS,)


@njit(inline="always")
def fetch_ahead(b: int, k: int, n: int, state: State) -> None:
    """Before car k of n of a run is worked on, fetch a later one of a large lot."""
    if k + FETCHED_CARS < n:
        i = state.lot[b, k + FETCHED_CARS]
        fetch(state.ev, b, i, 0)
        fetch(state.ev, b, i, 1)


def scratch_for(n_chargers: int) -> Scratch:
    """Working memory for a fleet."""
    by_ev = [np.empty(n_chargers) for _ in Scratch._fields[:-1]]
    return Scratch._make([*by_ev, np.empty(BUCKETS)])


def rules_of(params: VPPParams, dt_h: float) -> Rules:
    """Rules for the kernels."""
    contract, owner = params.contract, params.owner
    return Rules(
        dt_h=dt_h,
        charge_eff=params.site.charge_eff,
        discharge_eff=params.site.discharge_eff,
        least_kwh=params.site.least_kw * dt_h,
        standby_kwh=params.site.standby_kw * dt_h,
        guarantee=params.guarantee,
        gate_period=round(params.market.gate_closure_h / dt_h),
        bids_by_cars=params.market.bid_limit == "expected_cars",
        bid_limit_kwh=params.bid_limit_kw * dt_h,
        retail_eur_per_kwh=params.driver.retail_eur_per_kwh,
        early_shortfall_share=params.driver.early_shortfall_share,
        wear_eur_per_kwh=owner.wear_eur_per_kwh,
        owner_types=np.array(owner.types),
        cumulative_prob=np.cumsum(owner.type_prob),
        pro_rata=contract.payoff_rule == "pro_rata",
        participation=owner.participation,
        participation_memory=owner.participation_memory,
        participation_floor=owner.participation_floor,
        pleasing_eur=owner.pleasing_eur,
        disaggregation=RULES.index(params.disaggregation),
        returning=params.driver.returning,
        charger_kw=np.array(params.site.charger_kw or (), dtype=np.float64),
        **_site_rules(params, dt_h),
        **group_rules(params, dt_h),
    )


def _site_rules(params: VPPParams, dt_h: float) -> dict[str, Any]:
    """Rules of what lies between the cars and the grid."""
    storage, tariff = params.storage, params.tariff
    return {
        "bids_by_site": params.market.bid_limit_kw is None,
        "notice_steps": round(params.connection.notice_h / dt_h),
        "guard_steps": round(GUARD_H / dt_h),
        "storage_max_kwh": storage.kwh,
        "storage_initial_kwh": storage.kwh * storage.initial_soc,
        "storage_power_kwh": storage.kw * dt_h,
        "storage_charge_eff": storage.charge_eff,
        "storage_discharge_eff": storage.discharge_eff,
        "storage_wear_eur_per_kwh": storage.wear_eur_per_kwh,
        "energy_tax_eur_per_kwh": tariff.energy_tax_eur_per_kwh,
        "net_metering": tariff.net_metering,
        "peak_eur_per_kwh": tariff.peak_eur_per_kw_month / dt_h,
    }


def empty_state(
    n_envs: int,
    params: VPPParams,
    dt_h: float,
    slots: int,
    has_site: bool = False,
    drivers: int = 0,
) -> State:
    """State of n_envs runs that have not begun, with what the parameters offer.

    Args:
        n_envs: number of runs.
        params: rules.
        dt_h: hours per step.
        slots: places of a bid schedule.
        has_site: something lies between the cars and the grid.
        drivers: number of those who are known.
    """
    periods, n = round(24 / dt_h), (n_envs, params.site.n_chargers)
    offers = designed_offers(params)
    n_groups, horizon = len(params.connection.groups), round(GUARD_H / dt_h)
    return State(
        run=records(n_envs, RUN),
        occupied=np.zeros(n, dtype=np.bool_),
        lot=np.zeros(n, dtype=np.int64),
        ev=records(n, EV),
        da_sold_kwh=np.zeros((n_envs, 2, slots)),
        expected_load_kwh=np.zeros((n_envs, periods)),
        expected_take_kwh=np.zeros((n_envs, periods)),
        expected_give_kwh=np.zeros((n_envs, periods)),
        load_days=np.zeros((n_envs, periods), dtype=np.int64),
        offers=by_field(np.broadcast_to(offers, (n_envs, len(offers))).copy()),
        accepted=np.zeros((n_envs, len(offers)), dtype=np.int64),
        pending=np.zeros((n_envs, len(TERMS))),
        site=records(n_envs, SITE),
        shared=np.zeros((n_envs, SHARED_ROWS, params.site.n_chargers * has_site)),
        known=records((n_envs, drivers), DRIVER),
        group=records((n_envs, n_groups), GROUP_SUM),
        group_slack=np.zeros((n_envs, n_groups)),
        reserved=np.zeros((n_envs, params.site.n_chargers * (n_groups > 0), horizon)),
        group_room=np.zeros((n_envs, n_groups + (n_groups > 0), horizon)),
    )


def with_offers(state: State, offers: Records, runs: Ints) -> State:
    """State in which some runs offer something else to those who arrive from now on.

    Contracts that were signed stand. Where the list is longer than before there is room
    made for it; where it is shorter, the rest offers nothing.

    Args:
        state: of the batch; its other arrays are shared.
        offers: (k,) OFFER records.
        runs: (n,) rows of the batch.
    """
    n_envs, room = state.offers.shape
    size = max(room, len(offers))
    on_offer, accepted = records((n_envs, size), OFFER), np.zeros((n_envs, size), np.int64)
    on_offer[:, :room], accepted[:, :room] = state.offers, state.accepted
    void = np.zeros((), dtype=OFFER)
    on_offer[runs] = void
    on_offer[runs, : len(offers)] = offers
    state.run["posted"][runs] = 1
    return state._replace(offers=on_offer, accepted=accepted)
