"""What a policy may know and decide: the snapshot of a moment, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vpp_gym.arrays import Bools, Floats, Ints
from vpp_gym.params import VPPParams

HISTORY_DAYS = 28
"""Days that the histories of a snapshot reach back at most."""

LOAD_MEMORY_DAYS = 20
"""Days behind a snapshot's `expected_load_kwh`; beyond them its mean forgets."""


@dataclass(frozen=True)
class GroupsView:
    """G groups of chargers with limits of their own, in the order of `params.connection.groups`.

    Loads are those of all cars in a group in the step to come, and of the groups within it.

    Attributes:
        names: of the groups.
        parent: (G,) row of the group that each is in; -1: the connection.
        import_kwh: (G,) most that each may take in a step, less the standby of its chargers.
        export_kwh: (G,) most that each may give; inf: no limit.
        lo_kwh: (G,) least load this step, within the limits.
        idle_kwh: (G,) load where every car takes what it must, and nothing else.
        hi_kwh: (G,) largest load this step.
        group: (n,) row of the group that each connected car is directly in; -1: none.
        room_kwh: (n,) what all groups that a car is in have left when every car takes what it
            must: the least of them; inf: it is in none.
    """

    names: tuple[str, ...]
    parent: Ints
    import_kwh: Floats
    export_kwh: Floats
    lo_kwh: Floats
    idle_kwh: Floats
    hi_kwh: Floats
    group: Ints
    room_kwh: Floats


@dataclass(frozen=True)
class SiteView:
    """What an operator knows of the connection and what lies behind it.

    Series are of this step and the following ones, to the end of tomorrow. Sun and building load
    of this step are measured; those of later steps are the mean of the same period over up to
    seven days, as it was known at noon of the day before. Limits are known
    `params.connection.notice_h` ahead; behind that stands the least that may come.

    Attributes:
        import_kwh: (k,) limit of what the connection may take in a step, less the standby of all
            chargers; inf: none.
        export_kwh: (k,) limit of what it may give.
        n_announced: how many of the k limits are known.
        building_peak_kwh: largest load that the building may have in a step.
        pv_kwh: (k,) solar yield, used or not.
        building_kwh: (k,) load of the building.
        import_fee_eur_per_kwh: (k,) grid fee.
        export_fee_eur_per_kwh: (k,) grid fee.
        peak_kwh: largest import of a step in this calendar month so far.
        net_of_year_kwh: net import of this calendar year so far, where it decides on the tax.
        storage_kwh: stored in the stationary battery.
        storage_lo_kwh: least load of the battery this step (negative: it gives), at the meter.
        storage_hi_kwh: largest load of the battery this step.
        promise_kwh: (n,) stored energy at departure that each connected car was promised on
            arrival: its target, as far as the connection has room for it.
        groups: groups of chargers with limits of their own; None: there are none.
    """

    import_kwh: Floats
    export_kwh: Floats
    n_announced: int
    building_peak_kwh: float
    pv_kwh: Floats
    building_kwh: Floats
    import_fee_eur_per_kwh: Floats
    export_fee_eur_per_kwh: Floats
    peak_kwh: float
    net_of_year_kwh: float
    storage_kwh: float
    storage_lo_kwh: float
    storage_hi_kwh: float
    promise_kwh: Floats
    groups: GroupsView | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything an operator knows at the start of a step, after the arrivals.

    The n connected EVs are listed by charger. "Known" day-ahead prices end with
    today, and after gate closure with tomorrow. Histories end with the last
    settled step and reach back `HISTORY_DAYS` at most. Arrays are read-only
    copies: nothing that happens after this step can show in them.

    Attributes:
        step: steps since the run began.
        steps_left: steps until the run ends, this one included.
        time: local clock time at which the step begins.
        dt_h: hours per step.
        is_gate: the bid schedule of tomorrow is submitted in this step.
        params: the rules of the world.
        session: (n,) row of the session in the scenario, an identity only.
        charger: (n,) charger of each EV.
        energy_kwh: (n,) stored now.
        target_kwh: (n,) to be stored at departure.
        min_kwh: (n,) lower limit of the stored energy.
        max_kwh: (n,) upper limit of the stored energy; the target, for EVs
            without a running contract.
        charge_kw: (n,) limit at the meter, of car and charger.
        discharge_kw: (n,) limit at the meter, of car and charger.
        curves: (n, 2, K) how each EV tapers: stored energies [kWh], and the power [kW] at which
            they can rise there, losses taken off; see `vpp_gym.fleet.charging`. K is 0 while no
            EV that tapers is connected.
        steps_to_departure: (n,) steps left as declared, this one included, >= 1; 1 for cars
            that are still there after it.
        steps_connected: (n,) steps since the arrival.
        arrival_kwh: (n,) stored on arrival.
        driver: (n,) number of the driver; -1: nobody is known.
        driver_visits: (n,) visits of that driver in this run that are over.
        driver_stay_h: (n,) their mean length; 0 without any.
        driver_early_h: (n,) by how much they ended before the departure that was declared, on
            average; negative: after it.
        has_contract: (n,) the owner signed a contract, whether or not its window is open.
        offer: (n,) position of the signed contract in the list of offers, -1 without a
            contract.
        contract_kwh: (n,) energy that the VPP may still discharge (at the meter); inf without a
            limit; 0 without a contract and after its window.
        contract_wait: (n,) steps until the contract's window opens, 0 once it has.
        contract_steps: (n,) steps left to the end of the contract's window, this one
            included.
        keep_kwh: (n,) stored energy below which the contract forbids to discharge.
        min_price_eur_per_kwh: (n,) the contract allows discharging only while the
            day-ahead price is no less; -inf: at any price.
        tariff_eur_per_kwh: (n,) paid to the owner per kWh discharged.
        margin: (n,) share of the excess of the day-ahead price over `min_price_eur_per_kwh`
            that is paid on top of the tariff.
        payoff_eur: (n,) due to an owner who stays until the declared departure.
        lo_kwh: (n,) least net load this step (negative: export), at the meter.
        hi_kwh: (n,) largest net load this step, at the meter.
        idle_kwh: (n,) net load closest to zero within [lo_kwh, hi_kwh].
        laxity_h: (n,) hours of slack; negative: the target is out of reach.
        period: (k,) delivery period, i.e. place on the clock of the local day, of this step and
            the following ones, to the end of tomorrow.
        slot: (k,) place of the same steps in the bid schedule of their day: the period; where
            the clock shows an hour again, places behind the last period.
        n_slots: places of a bid schedule: those of a day of 24 hours, or with a time zone whose
            clock is put back those of one of 25.
        n_known: how many of the k day-ahead prices are known.
        da_eur_per_kwh: (k,) day-ahead prices: known, then forecast
            (see `vpp_gym.scenarios.da_forecast`).
        da_sold_kwh: (k,) committed so far.
        period_past: (p,) delivery period of the past steps, oldest first.
        da_past_eur_per_kwh: (p,) day-ahead prices of the past.
        im_short_past_eur_per_kwh: (p,) settled price of a short party.
        im_long_past_eur_per_kwh: (p,) settled price of a long party.
        im_short_now_eur_per_kwh: this step's price, None unless imbalance_lag_steps is 0.
        im_long_now_eur_per_kwh: this step's price, None unless imbalance_lag_steps is 0.
        shortfall_eur_per_kwh: penalty on energy that cars leaving now are short of.
        expected_load_kwh: (periods,) mean net load by period of the day, from the run's own
            past; 0 where it has none yet.
        bid_lo_kwh: (periods,) least bid of each period of the day, + sells: minus what may be
            bought.
        bid_hi_kwh: (periods,) largest bid of each period of the day: what may be sold.
        site: the connection and what lies behind it; None: there are only chargers.
    """

    step: int
    steps_left: int
    time: np.datetime64
    dt_h: float
    is_gate: bool
    params: VPPParams
    session: Ints
    charger: Ints
    energy_kwh: Floats
    target_kwh: Floats
    min_kwh: Floats
    max_kwh: Floats
    charge_kw: Floats
    discharge_kw: Floats
    curves: Floats
    steps_to_departure: Ints
    steps_connected: Ints
    arrival_kwh: Floats
    driver: Ints
    driver_visits: Ints
    driver_stay_h: Floats
    driver_early_h: Floats
    has_contract: Bools
    offer: Ints
    contract_kwh: Floats
    contract_wait: Ints
    contract_steps: Ints
    keep_kwh: Floats
    min_price_eur_per_kwh: Floats
    tariff_eur_per_kwh: Floats
    margin: Floats
    payoff_eur: Floats
    lo_kwh: Floats
    hi_kwh: Floats
    idle_kwh: Floats
    laxity_h: Floats
    period: Ints
    slot: Ints
    n_slots: int
    n_known: int
    da_eur_per_kwh: Floats
    da_sold_kwh: Floats
    period_past: Ints
    da_past_eur_per_kwh: Floats
    im_short_past_eur_per_kwh: Floats
    im_long_past_eur_per_kwh: Floats
    im_short_now_eur_per_kwh: float | None
    im_long_now_eur_per_kwh: float | None
    shortfall_eur_per_kwh: float
    expected_load_kwh: Floats
    bid_lo_kwh: Floats
    bid_hi_kwh: Floats
    site: SiteView | None = None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Snapshot:
        """The snapshot with these values, one for every field.

        The simulator makes one every step. To set the forty fields of a frozen class all at
        once takes a tenth of the time that it takes one by one.
        """
        snapshot = object.__new__(cls)
        vars(snapshot).update(values)
        return snapshot


@dataclass(frozen=True)
class Decisions:
    """What the operator does in one step.

    Give the dispatch either per charger or as one number for the fleet.

    Attributes:
        net_load_kwh: (n_chargers,) kWh at the meter, + takes from the grid;
            0 where no EV is connected; within the snapshot's lo_kwh and hi_kwh. Where the
            connection has no room for it, cars with more laxity get less.
        fleet_kwh: net load of the whole fleet, within the sum of those limits,
            handed to the EVs by the disaggregation rule.
        bids_kwh: sold day-ahead tomorrow, + sells; read at gate closure only. (n_slots,), one
            for each place of the schedule; or (periods_per_day,), one for each time of the
            clock, where both hours of the autumn night share theirs. Places that tomorrow does
            not have are not looked at. None: no bids.
        storage_kwh: load of the stationary battery, + charges, at the meter; within the snapshot's
            `site.storage_lo_kwh` and `site.storage_hi_kwh`. None: idle.
        pv_kwh: solar yield to be used, at most that of this step. None: all of it.
    """

    net_load_kwh: Floats | None = None
    fleet_kwh: float | None = None
    bids_kwh: Floats | None = None
    storage_kwh: float | None = None
    pv_kwh: float | None = None
