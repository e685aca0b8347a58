"""The two rosters of baselines: of the reference world, and of the plain one."""

from __future__ import annotations

import pytest

from vpp_gym.params import DEFAULT
from vpp_gym.policies.base import with_offer
from vpp_gym.policies.baselines import (
    PLAIN_OFFERS,
    PLAIN_WORLD_NAMES,
    PRICE_OFFER,
    SITE_NAMES,
    baseline,
    baseline_names,
    plain_baselines,
)


def test_names_of_either_roster_are_made():
    for name in (*baseline_names(), *PLAIN_WORLD_NAMES, *SITE_NAMES):
        assert baseline(name).name == name
    plain = plain_baselines()
    assert tuple(plain) == PLAIN_WORLD_NAMES
    assert [policy.name for policy in plain.values()] == list(PLAIN_WORLD_NAMES)


@pytest.mark.parametrize("family", ["rolling_mpc", "hazard_mpc"])
def test_the_tariff_is_what_the_world_offers(family: str):
    posted = baseline(f"{family}_tariff")
    assert with_offer(posted, DEFAULT).contract == DEFAULT.contract
    assert with_offer(baseline(family), DEFAULT).contract.families == ()
    bidding = baseline(f"{family}_tariff+expected_load")
    assert with_offer(bidding, DEFAULT).contract == DEFAULT.contract


def test_shared_names_keep_their_old_offers_in_the_plain_roster():
    plain = plain_baselines()
    for name in ("rolling_mpc_price", "hindsight"):
        assert plain[name].contract == PLAIN_OFFERS["price"]
        assert baseline(name).contract == PRICE_OFFER
    assert baseline("rolling_mpc_control").contract == PLAIN_OFFERS["control"]
