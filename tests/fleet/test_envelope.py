"""Limits of one EV in one step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.fleet.battery import stored_after_kwh
from vpp_gym.fleet.envelope import dispatch_limits_kwh
from vpp_gym.fleet.laxity import laxity_h

PLAIN = {
    "stored_kwh": 40.0,
    "target_kwh": 60.0,
    "min_kwh": 2.0,
    "max_kwh": 60.0,
    "charge_kwh": 10.0,
    "discharge_kwh": 8.0,
    "contract_kwh": 0.0,
    "steps_left": 9,
    "charge_eff": 0.9,
    "discharge_eff": 0.8,
    "guarantee": False,
}


def limits(**changes):
    given = {**PLAIN, **changes}
    guarantee, steps_left = given.pop("guarantee"), given.pop("steps_left")
    target_kwh = given.pop("target_kwh")
    later_kwh = given["charge_eff"] * given["charge_kwh"] * (steps_left - 1)
    needed_kwh = target_kwh - later_kwh if guarantee else -np.inf
    return dispatch_limits_kwh(needed_kwh=needed_kwh, **given)


@pytest.mark.parametrize(
    ("changes", "lo", "hi"),
    [
        ({}, 0.0, 10.0),  # the charger
        ({"stored_kwh": 51.0 + 4.5}, 0.0, 5.0),  # room for 4.5 kWh takes 5 at the meter
        ({"stored_kwh": 60.0}, 0.0, 0.0),  # full
        ({"stored_kwh": 70.0}, 0.0, 0.0),  # arrived above the limit
        ({"stored_kwh": 1.0}, 0.0, 10.0),  # arrived below the limit
        ({"contract_kwh": 20.0}, -8.0, 10.0),  # the charger
        ({"contract_kwh": 3.0}, -3.0, 10.0),  # the contract
        ({"contract_kwh": 20.0, "stored_kwh": 7.0}, -4.0, 10.0),  # 5 kWh above the least
        ({"contract_kwh": 20.0, "stored_kwh": 1.0}, 0.0, 10.0),  # below the least
        ({"contract_kwh": 20.0, "discharge_kwh": 0.0}, 0.0, 10.0),  # no bidirectional charger
        # Guaranteed: of 20 missing kWh, full power stores 9 a step.
        ({"guarantee": True, "steps_left": 9}, 0.0, 10.0),
        ({"guarantee": True, "steps_left": 4}, 0.0, 10.0),  # 18 + 9 suffice later
        ({"guarantee": True, "steps_left": 3}, 2.0 / 0.9, 10.0),  # 2 now, 18 later
        ({"guarantee": True, "steps_left": 2}, 10.0, 10.0),  # out of reach: 11 now, 9 later
        ({"guarantee": True, "steps_left": 1, "stored_kwh": 55.5}, 5.0, 5.0),
        # Four later steps store 36, so 16 of the 40 stored may go: 12.8 at the meter.
        ({"guarantee": True, "contract_kwh": 20.0, "steps_left": 5}, -8.0, 10.0),
        ({"guarantee": True, "contract_kwh": 20.0, "steps_left": 4}, -7 * 0.8, 10.0),
        ({"guarantee": True, "contract_kwh": 20.0, "steps_left": 2}, 10.0, 10.0),
    ],
)
def test_limits_worked_out_by_hand(changes, lo, hi):
    assert limits(**changes) == pytest.approx((lo, hi), abs=1e-12)


def energies():
    return st.floats(0, 100)


@given(
    stored=energies(),
    target=energies(),
    least=st.floats(0, 10),
    charge=st.floats(0.1, 30),
    discharge=st.floats(0, 30),
    contract=st.sampled_from([0.0, 0.5, 29.0]),
    steps=st.integers(1, 12),
    charge_eff=st.floats(0.5, 1),
    discharge_eff=st.floats(0.5, 1),
    guarantee=st.booleans(),
)
def test_limits_hold_what_they_promise(
    stored, target, least, charge, discharge, contract, steps, charge_eff, discharge_eff, guarantee
):
    most = max(target, 97.0) if contract else target
    lo, hi = limits(
        stored_kwh=stored,
        target_kwh=target,
        min_kwh=least,
        max_kwh=most,
        charge_kwh=charge,
        discharge_kwh=discharge,
        contract_kwh=contract,
        steps_left=steps,
        charge_eff=charge_eff,
        discharge_eff=discharge_eff,
        guarantee=guarantee,
    )
    assert lo <= hi <= charge
    assert hi >= 0.0
    assert lo >= -min(discharge, contract)
    lowest = stored_after_kwh(stored, lo, charge_eff, discharge_eff)
    highest = stored_after_kwh(stored, hi, charge_eff, discharge_eff)
    assert highest <= max(stored, most) + 1e-9
    assert lowest >= min(stored, least) - 1e-9
    in_reach = laxity_h(float(steps), (target - stored) / (charge * charge_eff)) >= 0
    if guarantee and in_reach:
        assert laxity_h(steps - 1.0, (target - lowest) / (charge * charge_eff)) >= -1e-9
    if guarantee and not in_reach:
        assert lo == pytest.approx(hi)
        assert hi == pytest.approx(charge)
