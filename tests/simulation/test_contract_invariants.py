"""What every contract of any family promises its owner, in any world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.steps import Step, stayed, steps
from tests.worlds import examples, params, scenarios
from vpp_gym.params import VPPParams
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.views import Snapshot

SEED = st.integers(0, 2**32 - 1)


@dataclass
class Account:
    """One contract, kept from snapshots and loads alone."""

    fee_eur: float
    allowed_kwh: float
    opens: int
    closes: int
    declared: int
    perceived_eur_per_kwh: float
    earned_eur: float = 0.0
    used_kwh: float = 0.0


def perceived_eur_per_kwh(scenario: Scenario, world: VPPParams, session: int) -> float:
    cumulative = np.cumsum(world.owner.type_prob)
    own_type = int(np.argmax(cumulative > scenario.sessions.owner_draw[session]))
    return world.owner.wear_eur_per_kwh / world.owner.types[own_type]


def opened(snapshot: Snapshot, row: int, perceived: float) -> Account:
    t = snapshot.step
    return Account(
        fee_eur=float(snapshot.payoff_eur[row]),
        allowed_kwh=float(snapshot.contract_kwh[row]),
        opens=t + int(snapshot.contract_wait[row]),
        closes=t + int(snapshot.contract_steps[row]),
        declared=t + int(snapshot.steps_to_departure[row]),
        perceived_eur_per_kwh=perceived,
    )


def share_due(account: Account, t: int, world: VPPParams) -> float:
    if t >= account.declared:
        return 1.0
    if world.contract.payoff_rule == "all_or_nothing":
        return 0.0
    return min(max((t - account.opens) / (account.closes - account.opens), 0.0), 1.0)


def book(accounts: dict[int, Account], step: Step, scenario: Scenario, world: VPPParams) -> float:
    """Open the accounts of those who signed, and book what the step discharged: its pay, EUR."""
    before, paid_eur = step.before, 0.0
    for row in np.flatnonzero(before.has_contract):
        session = int(before.session[row])
        if session not in accounts:
            accounts[session] = opened(before, row, perceived_eur_per_kwh(scenario, world, session))
        kwh = max(-step.loads_kwh[before.charger[row]], 0.0)
        rate = before.tariff_eur_per_kwh[row]
        if before.margin[row] > 0:
            above = before.da_eur_per_kwh[0] - before.min_price_eur_per_kwh[row]
            rate += before.margin[row] * max(above, 0.0)
        accounts[session].used_kwh += kwh
        accounts[session].earned_eur += rate * kwh
        paid_eur += rate * kwh
    return float(paid_eur)


@examples(60)
@given(scenarios(), params(), SEED, st.booleans())
def test_nobody_is_discharged_but_as_signed(scenario, world, seed, empty):
    for step in steps(scenario, world, seed, empty=empty):
        before = step.before
        given_kwh = np.maximum(-step.loads_kwh[before.charger], 0.0)
        used = given_kwh > 0
        assert before.has_contract[used].all()
        assert (before.contract_wait[used] == 0).all(), "before the window opens"
        assert (before.contract_steps[used] > 0).all(), "after it has closed"
        assert (before.da_eur_per_kwh[0] >= before.min_price_eur_per_kwh[used]).all()
        rows, rows_after = stayed(step)
        kept_kwh = np.maximum(before.keep_kwh, before.min_kwh)[rows]
        least_kwh = np.minimum(before.energy_kwh[rows], kept_kwh)
        assert (step.after.energy_kwh[rows_after] >= least_kwh - 1e-9).all()


@examples(60)
@given(scenarios(), params(), SEED, st.booleans())
def test_what_is_paid_is_the_payoff_and_the_pay_of_every_kwh(scenario, world, seed, empty):
    """And nobody who stays as declared loses, however much is discharged."""
    accounts: dict[int, Account] = {}
    for step in steps(scenario, world, seed, empty=empty):
        paid_eur = book(accounts, step, scenario, world)
        gone = set(step.before.session.tolist()) - set(step.after.session.tolist())
        t = step.before.step + 1
        for session in gone & set(accounts):
            account = accounts.pop(session)
            payoff_eur = account.fee_eur * share_due(account, t, world)
            paid_eur += payoff_eur
            assert account.used_kwh <= account.allowed_kwh + 1e-9
            if t >= account.declared:
                due_eur = account.earned_eur + payoff_eur
                assert due_eur - account.perceived_eur_per_kwh * account.used_kwh >= -1e-9
        assert -step.terms["payoff_eur"] == pytest.approx(paid_eur, abs=1e-9)


@examples(20)
@given(scenarios(), params(), SEED)
def test_snapshots_never_tell_who_leaves_early_or_late(scenario, world, seed):
    """Shown is the declared departure, and after it the next step, until the owner is gone."""
    for step in steps(scenario, world, seed):
        declared = scenario.sessions.departure_step[step.before.session]
        shown = step.before.step + step.before.steps_to_departure
        np.testing.assert_array_equal(shown, np.maximum(declared, step.before.step + 1))
