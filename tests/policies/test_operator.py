"""Operators: dispatcher and bidder in one policy; and the baselines by name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT
from vpp_gym.params.contract import offer
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import baseline, baseline_names, baselines
from vpp_gym.policies.bidders import ExpectedLoadBidder, WaitAndSee
from vpp_gym.policies.forecasters import PerfectForecast
from vpp_gym.policies.operator import Operator
from vpp_gym.policies.rules import ChargeOnArrival
from vpp_gym.policies.scheduler import rolling_mpc
from vpp_gym.policy import Policy, Privileged
from vpp_gym.scenarios.scenario import Scenario


def test_an_operator_dispatches_and_bids(snapshot_of):
    operator = Operator(ChargeOnArrival(), ExpectedLoadBidder())
    gate = snapshot_of(energy_kwh=[20.0], hour=12, expected_load_kwh=[4.0] * 24)
    decisions, _ = operator.predict(gate)
    assert decisions.net_load_kwh[0] == 11.0
    assert decisions.bids_kwh.tolist() == [-4.0] * 24
    assert operator.predict(snapshot_of(hour=13))[0].bids_kwh is None


def test_names_terms_and_privilege_come_from_the_parts():
    plain = Operator(rolling_mpc(3))
    assert isinstance(plain, Policy)
    assert (plain.name, plain.term_h, plain.privileged) == ("rolling_mpc_3h", 3, False)
    bold = Operator(rolling_mpc(3), WaitAndSee(noisy_oracle=0.1), term_h=1)
    assert bold.name == "rolling_mpc_3h+wait_and_see_noisy_oracle"
    assert (bold.term_h, bold.privileged) == (1, True)
    assert Operator(ChargeOnArrival(), name="mine").name == "mine"


def test_what_an_operator_offers_is_its_own_or_the_dispatchers():
    tariff, price = (
        offer("control_based", tariff_eur_per_kwh=0.02),
        offer("price_based", margin=0.1),
    )
    dispatcher = rolling_mpc(contract=tariff)

    def offered(**own):
        return with_offer(Operator(dispatcher, **own), DEFAULT).contract

    assert offered().families == ("control_based",)
    assert offered().control_based.tariff_eur_per_kwh == 0.02
    assert offered(contract=price).families == ("price_based",)
    assert (offered(term_h=2).families, offered(term_h=2).term_h) == (("fixed_term",), 2)
    assert offered(term_h=0).families == ()


def test_the_bidder_keeps_its_state_between_steps(snapshot_of):
    operator, state = Operator(ChargeOnArrival(), WaitAndSee()), None
    for hour in range(3):
        _, state = operator.predict(snapshot_of(energy_kwh=[20.0] * 2, hour=hour), state)
    assert state[1].days[:4].tolist() == [1, 1, 1, 0]


def test_only_privileged_parts_see_the_future(snapshot_of):
    prices = np.linspace(0, 0.1, 72)
    scenario = Scenario.from_arrays(da_eur_per_kwh=prices, im_eur_per_kwh=prices)
    honest = WaitAndSee()
    operator = Operator(rolling_mpc(0, PerfectForecast()), honest)
    assert isinstance(operator, Privileged)
    operator.reveal(scenario, DEFAULT, 0, 72)
    assert honest._future is None
    snapshot = snapshot_of(energy_kwh=[20.0], target_kwh=[25.0], steps=[3])
    assert operator.predict(snapshot)[0].net_load_kwh[0] == pytest.approx(5 / 0.98)


def test_every_baseline_is_made_by_its_name():
    known = baselines()
    assert tuple(known) == baseline_names()
    for name, policy in known.items():
        assert policy.name == name
        one, other = baseline(name), baseline(name)
        assert (type(one), one.name, one.privileged) == (type(policy), name, policy.privileged)
        assert one is not other
        assert with_offer(one, DEFAULT) == with_offer(policy, DEFAULT)


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("charge_on_arrival", set()),
        ("rolling_mpc_control", {"scheduler"}),
        ("stochastic_mpc+expected_load", {"scheduler", "stochastic_mpc"}),
        ("rolling_mpc+two_stage", {"scheduler", "two_stage"}),
    ],
)
def test_making_one_baseline_imports_no_other(name: str, modules: set[str]):
    code = (
        "import sys; from vpp_gym.policies.baselines import baseline;"
        f"baseline({name!r}); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("vpp_gym.policies.") for name in done.stdout.split()}
    assert loaded & {"scheduler", "stochastic_mpc", "two_stage", "hindsight"} == modules
    assert "cvxpy" not in loaded


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("roling_mpc", "did you mean rolling_mpc?"),
        ("nobody", "use one of charge_on_arrival"),
        (None, "use one of charge_on_arrival"),
    ],
)
def test_an_unknown_baseline_is_refused(name, remedy):
    with pytest.raises(InvalidInputError) as refused:
        baseline(name)
    assert (refused.value.field, refused.value.value) == ("policy", name)
    assert remedy in refused.value.remedy
