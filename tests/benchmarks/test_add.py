"""Policies added to a published board stand there as if all had been run together."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import add, renew, suites, tasks
from benchmarks import run as run_module
from benchmarks.check import findings, stale
from benchmarks.fingerprint import PolicyDigest
from benchmarks.leaderboard import main
from benchmarks.merging import (
    BLOCKS,
    as_days,
    inserted,
    merged_text,
    with_new_terms,
    with_places,
)
from benchmarks.results import read
from benchmarks.run import Engine
from benchmarks.suites import SUITES, base, ev
from benchmarks.suites.base import Contestants
from tests.benchmarks.conftest import named, shrink, three_rules
from tests.benchmarks.test_suites import DAILY_EUR, Toy
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.metrics import HINDSIGHT, NO_CONTROL
from vpp_gym.files.reader import DIGEST
from vpp_gym.markets.ledger import SITE_MONEY
from vpp_gym.params import DEFAULT
from vpp_gym.policies.baselines import baseline
from vpp_gym.policies.rules import ChargeAtDeadline, ChargeOnArrival

HERE = Engine(0)
BIDS = f"{NO_CONTROL}+bids"
TIMES = {"wall_s", "solve_ms_mean", "solve_ms_max"}
INTERVALS = {"eur_low", "eur_high", "gain_eur_low", "gain_eur_high", BLOCKS}
FILES = ("embedded.json", "embedded.md", "embedded.csv", "embedded_weeks.csv")


def some_policies() -> dict[str, Any]:
    """The three rules, and others that stand in for schedulers with offers and for who bids."""
    others = [
        named(baseline("price_threshold"), "rolling_mpc"),
        named(ChargeAtDeadline(), "rolling_mpc_1h"),
        named(baseline("price_threshold"), "rolling_mpc_tariff"),
        named(ChargeOnArrival(), BIDS),
    ]
    return {**three_rules(), **{one.name: one for one in others}}


def two_seeds(env_ids) -> dict[tuple[str, int], Any]:
    return {
        ("learner", 0): named(ChargeOnArrival(), "learner"),
        ("learner", 1): named(ChargeAtDeadline(), "learner"),
    }


def one_seed(env_ids) -> dict[tuple[str, int], Any]:
    return {("learner", 0): two_seeds(env_ids)["learner", 0]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Folder of a benchmark in which everybody ran at once."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        patch.setattr(ev, "baselines", some_policies)
        patch.setattr(base, "trained", two_seeds)
        run_module.main(out=folder, jobs=0)
    return folder


@pytest.fixture
def without(whole, tmp_path, monkeypatch) -> Callable[..., Path]:
    """Makes a published board without one policy; then that one takes part."""
    shrink(monkeypatch)

    def go(name: str, agents: Any = two_seeds) -> Path:
        folder = tmp_path / "results"
        shutil.copytree(whole / "runs", folder / "runs")
        with monkeypatch.context() as patch:
            others = {key: one for key, one in some_policies().items() if key != name}
            patch.setattr(ev, "baselines", lambda: others)
            patch.setattr(base, "trained", agents)
            run_module.main(out=folder, jobs=0)
        shutil.rmtree(folder / "runs")
        monkeypatch.setattr(ev, "baselines", some_policies)
        monkeypatch.setattr(base, "trained", two_seeds)
        return folder / "embedded.json"

    return go


def shown(rows: list[dict[str, Any]], left_out: set[str]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name not in left_out} for row in rows]


NOBODY: Any = lambda env_ids: {}  # noqa: E731


@pytest.mark.parametrize(
    ("name", "agents"),
    [
        ("twin", two_seeds),
        ("rolling_mpc", two_seeds),
        ("rolling_mpc_1h", two_seeds),
        (BIDS, two_seeds),
        ("learner", NOBODY),
        ("learner", one_seed),
    ],
)
def test_added_policies_stand_where_they_stood_had_all_run_together(whole, without, name, agents):
    path = without(name, agents)
    before, together = read(path), read(whole / "embedded.json")
    assert before["boards"] != together["boards"]
    assert add.add(path, [name], data=None, made_by=HERE) == {name}
    after = read(path)
    for file in ("embedded_weeks.csv",):
        assert path.with_name(file).read_bytes() == (whole / file).read_bytes()
    for part in ("digests", "rows_sha256", "command", "scenario", "seeds", "left_out"):
        assert after[part] == together[part], part
    kept = {row["policy"]: row for row in before["boards"]["market"] if row["policy"] != name}
    for board, rows in together["boards"].items():
        assert shown(after["boards"][board], TIMES) == shown(rows, TIMES)
        for row in after["boards"][board]:
            assert row["policy"] == name or row["wall_s"] == kept[row["policy"]]["wall_s"]
    for part in ("differences", "contracts"):
        for board, rows in together[part].items():
            found = after[part][board]
            assert len(found) == len(rows)
            for one, other in zip(found, rows, strict=True):
                if BLOCKS not in one:
                    assert one == other
                    continue
                assert set(one) - {BLOCKS} == set(other)
                for key in set(other) - INTERVALS:
                    value = other[key]
                    close = pytest.approx(value, abs=0.006) if isinstance(value, float) else value
                    assert one[key] == close, key


def test_differences_from_kept_rows_are_of_weeks_and_say_so(without):
    path = without("rolling_mpc_1h")
    add.add(path, ["rolling_mpc_1h"], data=None, made_by=HERE)
    document = read(path)
    offers = {row["policy"]: row for row in document["contracts"]["operations"]}
    assert offers["rolling_mpc_1h"][BLOCKS] == "weeks"
    assert BLOCKS not in offers["rolling_mpc_tariff"]
    text = path.with_suffix(".md").read_text()
    assert "Marked (weeks)" in text
    assert "] (weeks) |" in text


def test_with_its_partner_named_too_a_difference_is_of_days(whole, without):
    path = without("rolling_mpc_1h")
    names = ["rolling_mpc_1h", "rolling_mpc"]
    assert add.add(path, names, data=None, made_by=HERE) == {"rolling_mpc_1h"}
    document, together = read(path), read(whole / "embedded.json")
    assert document["contracts"] == together["contracts"]
    assert "Marked (weeks)" not in path.with_suffix(".md").read_text()


@pytest.fixture
def path(finished, tmp_path, monkeypatch) -> Path:
    """The result file of three rules; a fourth takes part now."""
    shrink(monkeypatch)
    folder = shutil.copytree(finished, tmp_path / "results")
    main(folder, folder / "README.md")
    monkeypatch.setattr(ev, "baselines", four_rules)
    return folder / "embedded.json"


def four_rules() -> dict[str, Any]:
    return {**three_rules(), "new": named(ChargeAtDeadline(), "new")}


def contents(path: Path) -> list[bytes]:
    return [path.with_name(name).read_bytes() for name in FILES]


def test_the_result_is_current_and_says_what_was_added(path):
    add.add(path, ["new"], data=None, made_by=HERE)
    document = read(path)
    assert list(stale(path, document)) == []
    readme = path.with_name("README.md")
    readme.write_text("# Top\n")
    main(path.parent, readme)
    assert list(findings(path.parent, readme)) == []
    (entry,) = document["added"]
    assert entry["policies"] == ["new"]
    command = "python -m benchmarks.add --suite embedded --policies new"
    assert entry["command"] == command
    assert f"`new` added by `{command}` at commit" in path.with_suffix(".md").read_text()
    assert f"new added by {command}" in path.with_name("leaderboard.html").read_text()


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    document.pop(DIGEST, None)
    path.write_text(json.dumps(document))


def test_added_rows_can_be_renewed_and_added_again(path):
    add.add(path, ["new"], data=None, made_by=HERE)

    def other_code(document):
        document["digests"]["policies"]["new"]["code"] = "0" * 16

    edit(path, other_code)
    assert {run.policy for run in renew.renew(path, None, jobs=0)} == {"new"}
    assert read(path)["added"][0]["policies"] == ["new"]
    edit(path, other_code)
    add.add(path, ["new"], data=None, made_by=HERE)
    document = read(path)
    assert [entry["policies"] for entry in document["added"]] == [["new"]]
    assert list(stale(path, document)) == []


def test_what_was_interrupted_goes_on(path, monkeypatch):
    shutil.rmtree(path.parent / "runs")
    before, names, real = contents(path), [], ev.evaluate

    def counted(policy, *args, **kwargs):
        names.append(policy.name)
        if policy.name == "new" and names.count("new") == 1:
            raise KeyboardInterrupt
        return real(policy, *args, **kwargs)

    monkeypatch.setattr(ev, "evaluate", counted)
    with pytest.raises(KeyboardInterrupt):
        add.add(path, ["new"], data=None, made_by=HERE)
    assert contents(path) == before
    add.add(path, ["new"], data=None, made_by=HERE)
    assert sorted(names) == sorted([NO_CONTROL, HINDSIGHT, "new", "new"])


def change_policy(document: dict[str, Any], part: str) -> None:
    document["digests"]["policies"]["twin"][part] = "0" * 16


REFUSED = {
    "code": (lambda one: change_policy(one, "code"), r"renew --suite embedded"),
    "values": (lambda one: change_policy(one, "values"), "settings have changed"),
    "rules": (lambda one: one["digests"]["rules"].update(reference="0"), "of other rules"),
    "scenarios": (
        lambda one: one["digests"]["scenarios"]["reference"].update({"0": "0"}),
        "of other scenarios",
    ),
    "ranking": (lambda one: one["digests"].update(ranking="0"), "of other ranking"),
    "gone": (
        lambda one: one["digests"]["policies"].update(old={"code": "", "values": ""}),
        "take part no more",
    ),
    "a new one": (lambda one: one["digests"]["policies"].pop("twin"), "name it with --policies"),
    "quick": (lambda one: one.update(command=f"{one['command']} --quick"), "a part of the suite"),
    "rows": (lambda one: one.update(rows_sha256="0"), "does not belong to embedded.json"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_published_rows_of_something_else_are_refused(path, what):
    change, words = REFUSED[what]
    edit(path, change)
    before = contents(path)
    with pytest.raises(InvalidInputError, match=words):
        add.add(path, ["new"], data=None, made_by=HERE)
    assert contents(path) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (NO_CONTROL, "end of the scale"),
        (HINDSIGHT, "end of the scale"),
        ("typo", "use charge_on_arrival"),
        ("twin", "name it with --policies, too"),
    ],
)
def test_policies_that_cannot_be_added_are_refused(path, name, words):
    with pytest.raises(InvalidInputError, match=words):
        add.add(path, [name], data=None, made_by=HERE)


def test_rows_that_are_there_are_not_made_again(path):
    add.add(path, ["new"], data=None, made_by=HERE)
    with pytest.raises(InvalidInputError, match="has these rows already"):
        add.add(path, ["new"], data=None, made_by=HERE)


def test_an_end_of_the_scale_that_gives_other_figures_is_refused(path, monkeypatch):
    shutil.rmtree(path.parent / "runs")
    before, real = contents(path), ev.evaluate

    def richer(policy, *args, **kwargs):
        result = real(policy, *args, **kwargs)
        result.days["profit_eur"] += 1.0
        return result

    monkeypatch.setattr(ev, "evaluate", richer)
    with pytest.raises(renew.DiffersError, match=f"embedded reference {NO_CONTROL} world 0"):
        add.add(path, ["new"], data=None, made_by=HERE)
    assert contents(path) == before


def test_the_command_adds(path, monkeypatch, capsys):
    add.main("embedded", ["new"], jobs=0, results=path.parent)
    assert {row["policy"] for row in read(path)["boards"]["market"]} == set(four_rules())
    other = DEFAULT.replace(site={"charge_kw": 12.0})
    monkeypatch.setattr(ev.EVSuite, "params", lambda suite, track: other)
    with pytest.raises(InvalidInputError, match="rules"):
        add.main("embedded", ["new"], jobs=0, results=path.parent)


class Fewer(Toy):
    """The toy without a planner, at first."""

    names = ("article", "hindsight")

    def contestants(self):
        return Contestants(self.names, (), {(one, 0): PolicyDigest("c", "v") for one in self.names})


def test_policies_are_added_to_published_days(monkeypatch, tmp_path):
    suite = Fewer()
    monkeypatch.setitem(suites.SUITES, "toy", suite)
    tasks.warm_up.cache_clear()
    few, all_ = tmp_path / "few", tmp_path / "all"
    run_module.main(suite=["toy"], out=few, jobs=0)
    suite.names = tuple(DAILY_EUR)
    run_module.main(suite=["toy"], out=all_, jobs=0)
    add.add(few / "toy.json", ["planner"], data=None, made_by=HERE)
    assert (few / "toy_days.csv").read_bytes() == (all_ / "toy_days.csv").read_bytes()
    one, other = (read(folder / "toy.json")["boards"]["only"] for folder in (few, all_))
    assert shown(one, TIMES) == shown(other, TIMES)


def test_columns_of_seeds_are_put_in_their_place():
    everyone = Contestants(("rule", "bound"), (("agent", 0), ("agent", 1)), {})
    days = "track,world,date"
    before = f"{days},rule,bound,agent\na,0,2019-01-01,1,3,2\n"
    after = f"{days},rule,agent.0,agent.1\na,0,2019-01-01,1.5,4,5\n"
    text = merged_text(before, after, everyone, {"agent"})
    assert text == f"{days},rule,bound,agent.0,agent.1\na,0,2019-01-01,1,3,4,5\n"
    table = as_days(text, everyone, pd.DataFrame({"solve_ms": [1.0], "date": ["x"]}))
    assert table[["policy", "seed", "profit_eur"]].to_numpy().tolist() == [
        ["rule", 0, 1],
        ["bound", 0, 3],
        ["agent", 0, 4],
        ["agent", 1, 5],
    ]
    assert set(table["solve_ms"]) == {0.0}
    with pytest.raises(InvalidInputError, match="other days"):
        merged_text(before, after.replace("01-01", "01-02"), everyone, {"agent"})


@pytest.mark.parametrize("name", ["embedded", "real", "shifting", "site", "car_park", "microgrid"])
def test_ranking_published_rows_again_changes_nothing(name):
    document = read(run_module.RESULTS / f"{name}.json")
    for board, rows in document["boards"].items():
        bare = shown(rows, {"rank", "frontier", "rank_at_0.25"})
        filled = [{**row, "rank": 0, "frontier": None} for row in bare]
        filled = filled if "frontier" in rows[0] else shown(filled, {"frontier"})
        assert with_places(filled, SUITES[name].boards[board]) == rows


def test_of_equals_those_that_are_kept_stay_in_their_order():
    kept = [{"policy": name, "eur": eur} for name, eur in (("c", 2), ("b", 1), ("a", 1))]
    new = [{"policy": name, "eur": eur} for name, eur in (("z", 1), ("best", 3), ("ab", 1))]
    rows = inserted(kept, new, ["best", "a", "ab", "b", "c", "z"], "eur")
    assert [row["policy"] for row in rows] == ["best", "c", "ab", "b", "a", "z"]


@pytest.mark.parametrize("name", ["shifting"])
def test_published_weeks_are_enough_for_all_of_a_difference_but_its_interval(name):
    suite, document = SUITES[name], read(run_module.RESULTS / f"{name}.json")
    text = (run_module.RESULTS / f"{name}_weeks.csv").read_text()
    like = pd.DataFrame({column: [0.0] for column in SITE_MONEY})
    weeks = as_days(text, Contestants((), (), {}), like)
    few = {**document["statistics"], "block_days": 1, "n_resamples": 1}
    for board, rows in document["boards"].items():
        of_track = weeks[weeks["track"] == suite.boards[board].track].drop(columns="track")
        found = suite.differences(suite.boards[board], of_track, rows, few)
        for one, other in zip(found, document["differences"][board], strict=True):
            for key in ("policy", "over", "why", "worlds_more", "worlds"):
                assert one[key] == other[key]
            assert one["eur"] == pytest.approx(other["eur"], abs=0.02)
            assert one["weeks_more"] == pytest.approx(other["weeks_more"], abs=0.002)


def test_a_file_of_other_columns_is_refused():
    everyone = Contestants(("a",), (), {})
    weeks = "track,world,policy,seed,week,profit_eur\nt,0,a,0,0,1\n"
    other = weeks.replace("profit_eur", "value_eur")
    with pytest.raises(InvalidInputError, match="other columns"):
        merged_text(weeks, other, everyone, {"a"})
    assert merged_text(weeks, weeks, everyone, {"a"}) == weeks
    assert len(pd.read_csv(io.StringIO(weeks))) == 1


def test_rows_that_are_kept_have_nothing_of_a_term_that_came_since():
    kept = [{"policy": "a", "profit_eur": 1.0, "wall_s": 2.0}]
    fresh = {"b": {"policy": "b", "profit_eur": 3.0, "standby_kwh": 4.0, "wall_s": 5.0}}
    (row,) = with_new_terms(kept, fresh)
    assert list(row.items()) == [
        ("policy", "a"),
        ("profit_eur", 1.0),
        ("standby_kwh", 0.0),
        ("wall_s", 2.0),
    ]
    assert with_new_terms(kept, {}) == kept
