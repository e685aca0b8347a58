"""Sentences follow the results, and the committed ones are what the committed results say."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import confirm, order
from benchmarks.claim import Claim, gain_words
from benchmarks.claims import CLAIMS, findings, with_claims, wrapped
from benchmarks.evidence import Results, results_in
from benchmarks.fingerprint import ROOT
from benchmarks.leaderboard import RESULTS
from vpp_gym.evaluation.metrics import NO_CONTROL


def row(policy: str, rank: int, kind: str, value_eur: float, served: float = 1.0) -> dict:
    return {
        "policy": policy,
        "rank": rank,
        "kind": kind,
        "privileged": kind == "hindsight",
        "operations_eur": value_eur,
        "gain_eur": value_eur - 1000,
        "gain_eur_low": value_eur - 1100,
        "gain_eur_high": value_eur - 900,
        "gain_worlds": 12 if value_eur > 1000 else 0,
        "worlds": 12,
        "seeds": 1,
        "demand_satisfaction": served,
        "frontier": kind != "hindsight",
        "score": 70.0,
        "score_low": 60.0,
        "score_high": 80.0,
    }


def document(first_world: int = 0) -> dict:
    rows = [
        row("dual_bound", 0, "hindsight", 1900),
        row("hazard_mpc", 1, "optimiser", 1500, 0.995),
        row("ppo", 2, "learned", 1400, 0.98),
        row(NO_CONTROL, 3, "rule", 1000),
    ]
    pair = {"policy": "ppo", "over": "hazard_mpc", "why": "best planner", "eur": -100.0}
    pair |= {"eur_low": -150.0, "eur_high": -50.0, "worlds_more": 1, "worlds": 12}
    return {
        "suite": "embedded",
        "command": "python -m benchmarks.run --suite embedded",
        "high": "dual_bound",
        "scenario": {"worlds": 12, "first_world": first_world},
        "boards": {"operations": rows},
        "differences": {"operations": [{**pair, "weeks_more": 0.4}]},
        "contracts": {"operations": []},
        "seeds": {"operations": []},
        "digests": {"policies": {one["policy"]: {"values": "as it was"} for one in rows}},
    }


@pytest.fixture
def results() -> Results:
    return Results({"embedded": document()})


def claim(name: str) -> Claim:
    return next(one for one in CLAIMS if one.name == name)


def test_names_are_distinct():
    assert len({one.name for one in CLAIMS}) == len(CLAIMS)


def test_the_sentence_follows_the_condition(results):
    one = claim("smart-charging-embedded")
    text = one.sentence(results)
    assert text.startswith("Smart charging pays: `hazard_mpc`, the best policy of operations")
    assert "500 EUR a year more (95 % interval 400 to 600; more in 12 of 12 worlds)" in text
    worse = document()
    worse["boards"]["operations"][1].update(gain_eur_low=-5.0)
    assert one.sentence(Results({"embedded": worse})).startswith("Smart charging does not clearly")


def test_learned_policies_are_compared_with_the_best_planner(results):
    text = claim("learned-embedded").sentence(results)
    assert "does not clearly beat" in text
    assert "`ppo` (1 seed) earns 100 EUR a year less" in text


def test_the_end_of_the_scale_and_the_price_of_service(results):
    assert "reaches 70 [60, 80] of 100, where 100 is `dual_bound`: at most 400 EUR" in claim(
        "bound-embedded"
    ).sentence(results)
    text = claim("served-embedded").sentence(results)
    assert "`hazard_mpc`, which earns most, serves 99.50 %" in text
    assert f"`{NO_CONTROL}` serves 100.00 % and earns 500 EUR a year less" in text


def wear_row(step_h: float, wear: float, offer: str, gains: int, losing: str = "none") -> dict:
    return {
        "step_h": step_h,
        "wear": wear,
        "offer": offer,
        "vpp_eur": 80 - 1000 * wear,
        "worlds_with_a_gain": f"{gains} of 2",
        "losing_types": losing,
        "losers_%": 20.0,
    }


def wear_table(hourly_menu: int) -> Results:
    rows = [
        wear_row(step_h, wear, offer, gains, "1.5" if offer == "tariff" else "none")
        for step_h in (1.0, 0.25)
        for wear in (0.01, 0.03)
        for offer, gains in (("tariff", 2), ("menu 3 h", hourly_menu if step_h == 1 else 1))
    ]
    return Results({}, {"wear": rows})


def test_an_offer_pays_where_it_does_in_every_world_and_at_every_wear():
    one = claim("offers-across-wear")
    text = one.sentence(wear_table(hourly_menu=0))
    assert text.startswith("The same offers pay the operator at every wear from 0.01 to 0.03 EUR")
    quarters = (
        "By quarter hours: a posted tariff (+50 to +70) at every wear; a menu of 3 h at none."
    )
    assert quarters in text
    other = wear_table(hourly_menu=2)
    text = one.sentence(other)
    assert text.startswith("Which offers pay the operator depends on the wear")
    assert quarters in text
    assert "By hours: a posted tariff (+50 to +70) and a menu of 3 h (+50 to +70) at every" in text
    other.tables["wear"][0]["worlds_with_a_gain"] = "1 of 2"
    assert (
        "a menu of 3 h (+50 to +70) at every wear; a posted tariff (+50) at 0.03"
        in one.sentence(other)
    )


def test_who_loses_is_said():
    text = claim("losing-owners").sentence(wear_table(0))
    assert text.startswith("At 0.03 EUR/kWh by quarter hours some owners lose")
    assert "owners of type 1.5 (20 % of all) under a posted tariff; nobody under a menu of" in text


@pytest.mark.parametrize(("sign", "words"), [(1, "their word, too, pay per"), (-1, "it is not so")])
def test_offers_of_the_older_world_are_compared_by_sign(sign, words):
    names = ("rolling_mpc_1h", "rolling_mpc_2h", "rolling_mpc_3h", "rolling_mpc_control")
    contracts = [
        {
            "policy": name,
            "gain_eur": gain,
            "gain_eur_low": gain - 1,
            "gain_eur_high": gain + 1,
        }
        for name, gain in zip((*names, "rolling_mpc_price"), (-9, -7, -5, 4 * sign, 8), strict=True)
    ]
    documents = {name: {"contracts": {"plain": contracts}} for name in ("hourly", "hourly_real")}
    text = claim("offers-older-world").sentence(Results(documents))
    assert words in text
    assert "in 2019 as recorded menus earn 9 EUR less to 5 EUR less, a posted tariff 4 EUR" in text


def test_a_single_world_has_no_count_of_worlds():
    one = {"eur": -3.0, "eur_low": -9, "eur_high": 4, "worlds_more": 0, "worlds": 1}
    assert gain_words(one) == "3 EUR a year less (95 % interval -9 to 4)"


PAGE = "# Top\n\n- <!-- claim:smart-charging-embedded -->old<!-- /claim -->\n\nBottom\n"


def test_a_page_is_renewed_between_the_markers_and_then_stays(results):
    after, faults = with_claims(PAGE, results)
    assert faults == []
    assert after.startswith("# Top\n\n- <!-- claim:smart-charging-embedded -->\n  Smart charging")
    assert after.endswith("<!-- /claim -->\n\nBottom\n")
    assert max(map(len, after.splitlines())) <= 100
    assert with_claims(after, results) == (after, [])


def test_wrong_unknown_and_missing_claims_are_found(results, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(PAGE)
    (tmp_path / "docs/page.md").write_text(
        "<!-- claim:typo -->x<!-- /claim --> <!-- claim:smart-charging-real -->x<!-- /claim -->\n"
    )
    first, second, third = findings(results, tmp_path)
    assert first == "README.md: claim smart-charging-embedded is not what the results say"
    assert second.startswith("docs/page.md: there is no claim typo")
    assert third == "docs/page.md: claim smart-charging-real: there are no results of real"


def test_committed_claims_are_what_the_committed_results_say():
    assert list(findings(results_in(RESULTS), ROOT)) == []


def test_lines_are_no_longer_than_the_page():
    text = wrapped("word " * 60, 2)
    assert max(map(len, text.splitlines())) <= 100
    assert text.splitlines()[1].startswith("  word")


def test_other_worlds_are_compared_by_rank_sign_and_claim():
    there, here = document(), document(first_world=12)
    assert "Worlds" not in confirm.worlds_words(here)
    turned = deepcopy(here)
    rows = turned["boards"]["operations"]
    rows[1]["rank"], rows[2]["rank"] = 2, 1
    turned["differences"]["operations"][0]["eur"] = 10.0
    same = confirm.signs(there, here, "operations")
    assert same["same_sign"].tolist() == ["yes"]
    assert confirm.signs(there, turned, "operations")["same_sign"].tolist() == ["no"]
    table = confirm.ranks(there, turned, "operations").set_index("policy")
    assert table["rank_checked"].to_dict() == {"hazard_mpc": 2, "ppo": 1, NO_CONTROL: 3}
    found = confirm.claims(there, here).set_index("claim")
    assert set(found["same"]) == {"yes"}
    text = "\n".join(confirm.section(there, here))
    assert "Checked: worlds 12 to 23" in text
    assert "of the ranks 1.000 over 3 policies" in text
    assert "Left out" not in text


def test_policies_that_were_made_anew_are_not_compared():
    there, here = document(), document(first_world=12)
    policies = here["digests"]["policies"]
    policies["ppo.0"] = policies.pop("ppo")
    text = "\n".join(confirm.section(there, here))
    assert "made anew between the two runs: `ppo`." in text
    assert "of the ranks 1.000 over 2 policies" in text
    assert "| ppo " not in text


def gained(**columns: list[float]) -> pd.DataFrame:
    names = ["a", "b", "c"]
    return pd.DataFrame({"policy": names, "board": "market", **columns})


def test_ranks_of_synthetic_years_and_the_real_one_agree_by_hand():
    table = gained(real_eur=[3.0, 2.0, 1.0], world_0=[3.0, 2.0, 1.5], world_1=[5.5, 1.0, 2.0])
    found = order.agreement(table).set_index("years")
    assert found.loc["world 0", "spearman"] == "1.000"
    assert found.loc["world 1", "pairs_alike"] == "2 of 3"
    assert found.loc["mean of the worlds", "pairs_alike"] == "2 of 3"
    side = order.side_by_side(table).set_index("policy")
    assert side["same_sign"].tolist() == ["2 of 2"] * 3


def weeks_of(folder: Path, suite: str, values: dict[str, float], worlds: int) -> None:
    rows = [
        {"policy": name, "world": world, "seed": 0, "profit_eur": eur, "position_eur": 1.0}
        for name, eur in values.items()
        for world in range(worlds)
        for _ in range(2)
    ]
    pd.DataFrame(rows).to_csv(folder / f"{suite}_weeks.csv", index=False)
    boards = [{"policy": name, "privileged": False} for name in values]
    named = {"operations": boards, "market": boards}
    (folder / f"{suite}.json").write_text(pd.Series({"boards": named}).to_json())


def test_the_order_is_read_from_the_published_weeks(tmp_path):
    weeks_of(tmp_path, "embedded", {NO_CONTROL: 1.0, "mpc": 3.0, "ours": 2.0}, worlds=3)
    weeks_of(tmp_path, "real", {NO_CONTROL: 1.0, "mpc": 2.0}, worlds=1)
    table = order.compared(tmp_path)
    assert list(table) == ["policy", "board", "real_eur", "world_0", "world_1", "world_2"]
    market = table[table["board"] == "market"].set_index("policy")
    assert market.loc["mpc"].tolist()[1:] == [2.0, 4.0, 4.0, 4.0]
    order.main(folder=tmp_path)
    assert "| mpc |" in (tmp_path / "order.md").read_text()


def habits_results(gain: float, told: float) -> Results:
    """A document with the planner that learns habits."""
    value = {"learned_mpc_price": 100.0, "adaptive_mpc_price": 110.0, "told_habits_price": told}
    value["tracking_mpc_price"] = 100.0 + gain
    pair = {
        "policy": "tracking_mpc_price",
        "over": "learned_mpc_price",
        "why": "by the stated law of departures",
        "eur": gain,
        "eur_low": gain - 5.0,
        "eur_high": gain + 5.0,
        "worlds_more": 7,
        "worlds": 12,
    }
    rows = [{"policy": name, "operations_eur": eur} for name, eur in value.items()]
    document = {"boards": {"operations": rows}, "differences": {"operations": [pair]}}
    return Results({"shifting": document})


def test_learning_habits_pays_or_does_not():
    one = claim("habits-shifting")
    pays = one.sentence(habits_results(40.0, told=150.0))
    assert pays.startswith("It pays to learn habits: `tracking_mpc_price`")
    assert "earns 40 EUR a year more (95 % interval 35 to 45; more in 7 of 12 worlds) than" in pays
    assert "30 EUR more than `adaptive_mpc_price`, which counts, and 10 EUR less than" in pays
    small = one.sentence(habits_results(4.0, told=90.0))
    assert small.startswith("It does not clearly pay to learn habits")
    assert "6 EUR less than `adaptive_mpc_price`, which counts, and 14 EUR more than" in small


def corrected_results(gain_eur: float) -> Results:
    pair = {"policy": "ppo_price", "over": "hazard_mpc_price", "why": "same offer and forecast"}
    pair |= {"eur": gain_eur, "eur_low": gain_eur - 5, "eur_high": gain_eur + 5}
    pair |= {"worlds_more": 12, "worlds": 12, "weeks_more": 0.6}
    rows = [
        row("learned_mpc_price", 1, "optimiser", 1300, 0.96),
        {**row("ppo_price", 2, "learned", 1100 + gain_eur, 0.9754), "seeds": 5},
        row("hazard_mpc_price", 3, "optimiser", 1100, 0.975),
    ]
    document = {"boards": {"operations": rows}, "differences": {"operations": [pair]}}
    return Results({"real": document})


def test_an_agent_beats_the_planner_that_it_corrects_or_does_not():
    one = claim("corrected-real")
    assert one.sentence(corrected_results(40.0)) == (
        "An agent beats the planner that it corrects, offer and forecast being the same: "
        "`ppo_price` (5 seeds) earns 40 EUR a year more (95 % interval 35 to 45; more in 12 of 12 "
        "worlds) than `hazard_mpc_price`, whose prices it corrects, and serves 97.54 % of the "
        "demand instead of 97.50 %. It earns 160 EUR less than `learned_mpc_price`, the same "
        "planner with the learned forecast."
    )
    assert one.sentence(corrected_results(4.0)).startswith(
        "An agent does not clearly beat the planner that it corrects, offer and forecast being "
    )
