"""Gains on fleets of other sizes are per session, and of all seeds."""

from __future__ import annotations

import pytest

import vpp_gym
from benchmarks import fleet_size
from vpp_gym.policies.baselines import baseline


def test_a_gain_is_what_was_earned_more_for_a_thousand_sessions(monkeypatch):
    agent, other = baseline("charge_at_deadline"), baseline("charge_on_arrival")
    monkeypatch.setattr(fleet_size, "load_agents", lambda: [agent, agent, other])
    monkeypatch.setattr(fleet_size, "BESIDE", {agent.name: other.name})
    row = fleet_size.compared(agent.name, 40, worlds=2, days=7)
    worlds = [fleet_size.world(40, k, 7) for k in range(2)]
    params = {"site": {"n_chargers": 40}}
    profits = [
        [vpp_gym.evaluate(one, world, params).days["profit_eur"].sum() for world in worlds]
        for one in (agent, other)
    ]
    sessions = sum(len(world.sessions) for world in worlds)
    expected = 1e3 * (sum(profits[0]) - sum(profits[1])) / sessions
    assert row["gain_eur"] == pytest.approx(expected)
    assert row["seeds"] == 2
    assert row["gain_low_eur"] <= row["gain_eur"] <= row["gain_high_eur"]
    assert row["served_percent"] < row["other_served_percent"] == pytest.approx(100)


def test_worlds_have_as_many_sessions_as_they_say_and_differ():
    first, second = (fleet_size.world(250, k, 7) for k in range(2))
    assert len(first.sessions) / 7 == pytest.approx(250, rel=0.2)
    assert len(first.sessions) != len(second.sessions)
