"""Rules on hand-made snapshots."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival, PriceThreshold
from vpp_gym.policy import Policy


def dispatch(policy, snapshot):
    decisions, _ = policy.predict(snapshot)
    assert decisions.bids_kwh is None
    assert policy.repair_kwh == 0
    return decisions.net_load_kwh[: len(snapshot.session)]


@pytest.mark.parametrize("guarantee", [False, True])
def test_charge_on_arrival_fills_up_to_the_target(snapshot_of, guarantee):
    snapshot = snapshot_of(
        energy_kwh=[20.0, 77.6 - 4.9, 77.6, 79.0],
        steps=[9, 9, 9, 9],
        params={"guarantee": guarantee},
    )
    np.testing.assert_allclose(dispatch(ChargeOnArrival(), snapshot), [11.0, 5.0, 0.0, 0.0])


def test_charge_on_arrival_stops_at_the_target_under_a_contract(snapshot_of):
    snapshot = snapshot_of(energy_kwh=[59.02], target_kwh=[60.0], contract_kwh=[10.0])
    np.testing.assert_allclose(dispatch(ChargeOnArrival(), snapshot), [1.0])


@pytest.mark.parametrize("guarantee", [False, True])
def test_charge_at_deadline_waits_for_the_last_step_that_suffices(snapshot_of, guarantee):
    target = 20.0 + 2 * 0.98 * 11.0
    snapshot = snapshot_of(
        energy_kwh=[20.0] * 4,
        target_kwh=[target] * 4,
        steps=[4, 3, 2, 1],
        params={"guarantee": guarantee},
    )
    kwh = dispatch(ChargeAtDeadline(), snapshot)
    np.testing.assert_allclose(kwh, [0.0, 0.0, 11.0, 11.0], atol=1e-9)


def test_charge_at_deadline_first_takes_what_full_power_later_leaves(snapshot_of):
    target = 20.0 + 1.5 * 0.98 * 11.0
    snapshot = snapshot_of(energy_kwh=[20.0] * 2, target_kwh=[target] * 2, steps=[3, 2])
    np.testing.assert_allclose(dispatch(ChargeAtDeadline(), snapshot), [0.0, 5.5], atol=1e-9)


def test_price_threshold_charges_in_cheap_steps_only(snapshot_of):
    past = [0.03] * 12 + [0.06] * 12
    cheap = snapshot_of(energy_kwh=[20.0], steps=[20], da=[0.02, 0.05], da_past=past)
    dear = snapshot_of(energy_kwh=[20.0], steps=[20], da=[0.06, 0.05], da_past=past)
    assert dispatch(PriceThreshold(), cheap)[0] == 11.0
    assert dispatch(PriceThreshold(), dear)[0] == 0.0


@pytest.mark.parametrize("rule", [ChargeOnArrival, ChargeAtDeadline, PriceThreshold])
def test_rules_follow_the_protocol(snapshot_of, rule):
    policy = rule()
    assert isinstance(policy, Policy)
    assert policy.term_h == 0
    assert not policy.privileged
    assert dispatch(policy, snapshot_of()).size == 0
