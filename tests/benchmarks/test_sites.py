"""The suites of sites, and the sentences about them, on days and rows made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import site_claims, site_limit
from benchmarks.evidence import Results, UnknownClaimError
from benchmarks.site_weeks import SITE_SUMS, site_weekly
from benchmarks.suites import SUITES
from benchmarks.suites.base import period
from benchmarks.suites.site import BOUND, EXACT, SITES
from vpp_gym.boards.sites import BUSY_CHARGERS, site_params, site_source
from vpp_gym.policies.rules import ChargeOnArrival

DAYS = 9


def test_the_limit_is_the_same_share_of_the_chargers_at_both_sites():
    shares = []
    for busy in (False, True):
        params = site_params(busy)
        shares.append(params.connection.import_limit_kw / params.site.all_kw)
        scenario = site_source(busy=busy).scenario(5)
        assert np.isclose(scenario.site.import_limit_kw.max(), params.connection.import_limit_kw)
        assert scenario.site.building_peak_kw < scenario.site.least_import_limit_kw
        assert str(scenario.start)[:10] == "2019-06-01"
        assert len(set(scenario.sessions.capacity_kwh)) > 10
    assert shares == pytest.approx([0.404, 0.404], abs=1e-3)
    assert site_params(True).site.n_chargers == BUSY_CHARGERS


def test_weeks_show_what_connection_and_battery_cost():
    days = pd.DataFrame({name: np.arange(DAYS, dtype=float) for name in SITE_SUMS})
    days = days.assign(track="site", world=0, policy="p", seed=0, day=range(DAYS))
    table = site_weekly(days)
    assert table["week"].tolist() == [0]
    assert table["peak_fee_eur"].tolist() == [sum(range(DAYS))]


@pytest.mark.parametrize("name", SITES)
def test_what_a_suite_runs(name):
    suite = SUITES[name]
    known = suite.baselines()
    assert (EXACT in known) == (name == "site")
    assert known[BOUND].privileged
    assert suite.is_rule(known["charge_on_arrival+self_consumption"])
    assert not suite.is_rule(known["rolling_mpc+self_consumption"])
    assert suite.needs_data == (name == "site_real")
    said = {"scenario": {"days": 7, "worlds": 12, "start": "2019-01-01", "from": "a first"}}
    assert period(said) == "mean of 12 worlds, each 7 days from a first"


def test_who_sees_the_future_plans_the_days_that_are_run_only():
    suite = SUITES["site"]
    scenario = suite.scenario("site", 0, None)

    class Seer(ChargeOnArrival):
        privileged = True

        def reveal(self, seen, params, start_step, end_step):
            self.seen = seen, end_step

    seer = Seer()
    days, metadata = suite.rows(seer, scenario, suite.params("site"), 2, 0)
    assert (len(days), metadata["privileged"]) == (2, True)
    assert seer.seen[0].n_steps == seer.seen[1] == 2 * 96


def limit_rows(moved: bool) -> list[dict]:
    return [
        {
            "chargers": 50,
            "step_h": 0.25,
            "share": share,
            "policy": policy,
            "rank_free": rank,
            "rank_limited": 3 - rank if moved or share == 0.2 else rank,
            "free_eur": 100.0,
            "gain_eur": -rank,
            "worlds": 12,
        }
        for share in (0.4, 0.2)
        for rank, policy in enumerate(("mpc", "rule"), start=1)
    ]


def test_a_limit_changes_ranks_or_does_not():
    one = site_claims.limit()
    same = one.sentence(Results({}, {"site_limit": limit_rows(moved=False)}))
    assert "changes no rank" in same
    assert "none of them more than 2 EUR a world (2.0 %)" in same
    moved = "50 busy chargers by quarter hours `mpc` from 1 to 2, `rule` from 2 to 1"
    assert f"A limit at 20 %: {moved}." in same
    assert (
        moved in one.sentence(Results({}, {"site_limit": limit_rows(moved=True)})).split("20 %")[0]
    )


def site_results(gain: float, told: float = 90.0) -> Results:
    rows = [
        {"policy": "site_known_prices", "kind": "hindsight", "privileged": True, "score": 1},
        {"policy": BOUND, "kind": "hindsight", "privileged": True, "profit_eur": 100.0, "score": 1},
        {"policy": "site_hazard_mpc", "kind": "optimiser", "profit_eur": 50.0 + gain, "score": 60},
        {"policy": "hazard_mpc", "kind": "optimiser", "profit_eur": 50.0, "score": 50},
        {"policy": "charge_on_arrival", "kind": "rule", "profit_eur": 0.0, "score": 0},
    ]
    rows[0]["profit_eur"] = told
    rows = [{"privileged": False, "loss_eur": 100 - row["profit_eur"], **row} for row in rows]
    return Results({"site": {"boards": {"site": rows}}})


def test_planning_the_site_pays_or_does_not():
    pays = site_claims.planning().sentence(site_results(10))
    assert pays.startswith("Planning the site pays")
    assert "synthetic years +10 EUR a world (score 60 instead of 50)" in pays
    assert "does not pay everywhere" in site_claims.planning().sentence(site_results(-10))
    loss = site_claims.loss().sentence(site_results(10))
    assert "synthetic years `site_hazard_mpc` 40 EUR a world, `charge_on_arrival` 100" in loss
    assert loss.startswith("Less than")
    assert site_claims.loss().sentence(site_results(60)).startswith("Not everybody")
    for claim in (site_claims.planning(), site_claims.loss(), site_claims.anticipation()):
        with pytest.raises(UnknownClaimError):
            claim.sentence(Results({}))


def test_prices_are_lacking_or_more_is():
    prices = site_claims.anticipation().sentence(site_results(0, told=103.0))
    assert prices.startswith("What planners of a site lack is prices")
    assert "synthetic years 3 more and 50 less." in prices
    more = site_claims.anticipation().sentence(site_results(0, told=60.0))
    assert more.startswith("Planners of a site lack more than prices")
    assert "synthetic years 40 less and 50 less." in more


def test_a_year_takes_less_than_a_minute_or_more():
    rows = [
        {"policy": policy, "sessions_a_day": 27.2, "ms_a_step": 1.5, "year_s": seconds}
        for policy, seconds in (
            ("rolling_mpc", 70.0),
            ("site_mpc", 52.4),
            ("site_mpc_exact", 160.0),
            ("site_hindsight", 80.0),
        )
    ]
    less = site_claims.year().sentence(Results({}, {"site_year": rows}))
    assert less.startswith("Each of these planners takes less than a minute for a year")
    assert "with everything that a site has, 27 sessions a day" in less
    assert "`site_mpc` 52 s (1.50 ms a step); `site_mpc_exact` 160 s" in less
    rows[1]["year_s"] = 61.0
    more = site_claims.year().sentence(Results({}, {"site_year": rows}))
    assert more.startswith("Some of these planners take more than a minute for a year")


def test_limits_are_compared_with_none_on_the_same_worlds():
    rows = []
    for world, free in enumerate((100.0, 120.0)):
        for rank, name in enumerate(site_limit.POLICIES):
            for share in (site_limit.FREE, *site_limit.SHARES):
                swapped = share == 0.2 and name == "charge_on_arrival"
                profit = free - 10 * rank - (15 if swapped else 0)
                sums = dict.fromkeys(("limited_kwh", "yielded_kwh", "demand_kwh"), 1.0)
                sums["unserved_kwh"] = 5.0 if swapped else 2.0
                where = {"step_h": 1.0, "busy": False, "world": world}
                rows.append({**where, "policy": name, "share": share, "profit_eur": profit, **sums})
    table = pd.DataFrame(list(site_limit.compared(pd.DataFrame(rows)))).set_index("share")
    loose, tight = table.loc[0.4], table.loc[0.2].set_index("policy")
    assert (loose["rank_free"] == loose["rank_limited"]).all()
    assert (loose["gain_eur"] == 0).all()
    arrival = tight.loc["charge_on_arrival"]
    assert (arrival["rank_free"], arrival["rank_limited"]) == (1, 2)
    assert (arrival["gain_eur"], arrival["unserved_more_kwh"]) == (-15, 3)
    assert (arrival["other_rank_in_worlds"], arrival["worlds"]) == (2, 2)
