"""One run of the case study in the simulator: the row's world, policy and bids."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.evaluation.rollout import RunResult, evaluate
from vpp_gym.params import PAPER_2023, VPPParams
from vpp_gym.policies.bidders import Bidder, WaitAndSee, ZeroBidder
from vpp_gym.policies.forecasters import DayAheadAnchored, Forecaster, HourOfDayMean
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policy import Policy
from vpp_gym.reproduction.rahman2023.bids import DatedSchedules, drawn_schedules_kwh
from vpp_gym.reproduction.rahman2023.case import DAYS, HOURS, CaseStudy
from vpp_gym.reproduction.rahman2023.dispatch import PaperNoControl, PaperSchedule
from vpp_gym.reproduction.rahman2023.published import UNIFORM, Row
from vpp_gym.reproduction.rahman2023.quirks import UNBOUNDED_SOC, Quirks
from vpp_gym.reproduction.rahman2023.rules import Rules

N_CHARGERS = 50
"""More than are ever connected: nobody is turned away."""


@cache
def case_in(folder: Path) -> CaseStudy:
    """The case study of a folder, read once in a process."""
    return CaseStudy.load(folder)


def run_row(folder: Path, row: Row, rules: Rules) -> RunResult:
    """A row of Table 2 under the given rules, with records."""
    case = case_in(folder)
    scenario = case.scenario(rules.quirks, term_h=row.term_h, type_seed=row.type_seed)
    policy = Operator(dispatcher(case, row, rules), bidder(case, row, rules), name=row.name)
    return evaluate(policy, scenario, world(row, rules.quirks), keep_records=True)


def world(row: Row, quirks: Quirks) -> VPPParams:
    """Parameters of a run."""
    changes: dict[str, Any] = {
        "site": {"n_chargers": N_CHARGERS},
        "driver": {"shortfall_eur_per_kwh": 0.0},
        "owner": {"type_prob": row.type_prob},
        "contract": {"type_prob": UNIFORM},  # the same menus in all rows
        # Charging that forgets its losses falls short; the guarantee would mend that.
        "guarantee": not quirks.ignores_charge_efficiency,
    }
    if quirks.soc_unbounded:
        changes["battery"] = {"max_soc": UNBOUNDED_SOC}
    return PAPER_2023.replace(**changes)


def dispatcher(case: CaseStudy, row: Row, rules: Rules) -> Policy:
    """Who decides the net load."""
    if row.operation == "no_control":
        if rules.quirks.ignores_charge_efficiency:
            return PaperNoControl(rules.quirks)
        return ChargeOnArrival()
    if rules.planner == "mpc":
        return rolling_mpc(row.term_h)
    return PaperSchedule(rules.quirks, _forecaster(case, rules), term_h=row.term_h)


def _forecaster(case: CaseStudy, rules: Rules) -> Forecaster:
    if rules.planner == "anchored":
        return DayAheadAnchored()
    known = rules.quirks.forecast_with_future
    return HourOfDayMean(case.mean_im_eur_per_kwh if known else None)


def bidder(case: CaseStudy, row: Row, rules: Rules) -> Bidder:
    """Who writes the bid schedules."""
    if rules.bids == "none":
        return ZeroBidder()
    if rules.bids == "honest":
        return WaitAndSee()
    schedules_kwh = schedules_of(case, row, rules)
    return DatedSchedules(schedules_kwh, first_date="2019-01-01", name=rules.bids)


def schedules_of(case: CaseStudy, row: Row, rules: Rules) -> Floats:
    """(365, 24) kWh sold in each hour, for bids that are not written during the run."""
    sells = row.operation == "v2g" or not rules.quirks.baselines_bid_apart
    if rules.bids == "reference":
        return case.bids_kwh["bid_v2g_kwh" if sells else "bid_no_v2g_kwh"]
    if rules.bids == "drawn":
        return drawn_schedules_kwh(case, sells=sells, seed=rules.bid_seed)
    return np.zeros((DAYS, HOURS))
