"""`vpp-gym evaluate`, `leaderboard`, `watch` and `speed`, with what the package brings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from vpp_gym.boards.digest import same_worlds
from vpp_gym.boards.published import boards
from vpp_gym.boards.ranking import ranking
from vpp_gym.cli import app
from vpp_gym.cli.board_table import show_ranking
from vpp_gym.cli.output import console
from vpp_gym.errors import InvalidInputError
from vpp_gym.plots import animation

WEEK = ("--worlds", "1", "--days", "7")
OWN = """
import gymnasium as gym
import numpy as np
import vpp_gym
from gymnasium.wrappers import RescaleAction


class Half:
    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return np.array([0.5], dtype=np.float32), state


def half():
    return Half()


def wrapped():
    env = gym.make("VPPDispatch-v0", params={"contract": {"families": ()}})
    return (lambda observation: np.array([5.0], dtype=np.float32)), RescaleAction(
        env, np.float32(0), np.float32(10)
    )


def three():
    return 1, 2, 3
"""


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.stdout


def document(*words: object, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code))


def refused(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.split())


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, with a module of a user's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_models.py").write_text(OWN, encoding="utf-8")
    return tmp_path


def test_a_pretrained_agent_needs_no_name_beside_its_published_row(here):
    assert document("evaluate", "ppo_synthetic", *WEEK)["row"]["policy"] == "ppo_synthetic_again"
    assert "give another with --name" in refused("evaluate", "ppo_real", "--name", "ppo_synthetic")


def test_a_pretrained_agent_gets_its_row_with_a_record(here):
    row = document("evaluate", "ppo_synthetic", "--name", "again", *WEEK, "--out", "again.json")
    board = boards()["embedded.operations"]
    assert row["board"] == board.name
    theirs = next(one for one in row["rows"] if one["policy"] == "ppo_synthetic")
    assert abs(row["row"]["value_eur"] - theirs["value_eur"]) < 30  # one of its five seeds
    assert same_worlds(row["provenance"]["world_digests"], board.world_digests[:1])

    checked = document("leaderboard", "verify", "again.json")
    assert checked["ok"]
    assert checked["faults"] == []
    again = document("leaderboard", "verify", "again.json", "ppo_synthetic")
    assert again["ok"]
    other = document("leaderboard", "verify", "again.json", "ppo_real", code=1)
    assert any("numbers differ" in fault for fault in other["faults"])

    added = document("leaderboard", "add", "again.json")
    assert added["rank"] == row["row"]["rank"]
    assert "use --replace" in refused("leaderboard", "add", "again.json")
    assert document("leaderboard", "add", "again.json", "--replace") == added
    shown = document("leaderboard", "show", "embedded.operations", *WEEK)
    assert {name: shown["row"][name] for name in row["row"]} == pytest.approx(row["row"], abs=0.01)
    whole = document("leaderboard", "show", "embedded.operations")
    assert whole["left_out"] == ["embedded.operations.again.json: 1 worlds of 7 days"]
    assert "Left out" in run("leaderboard", "show", "embedded.operations")


def test_a_policy_of_ones_own_brings_its_environment_or_is_told(here):
    told = document("evaluate", "--policy", "own_models:half", "--env", "VPPDispatch-v0", *WEEK)
    assert told["own"] == "half"
    assert told["board"] == "embedded.operations"
    text = run("evaluate", "--policy", "own_models:wrapped", *WEEK)
    assert "wrapped: rank" in text
    assert "return a model, or a model and an env" in refused(
        "evaluate", "--policy", "own_models:three", *WEEK
    )
    assert "brings its own" in refused(
        "evaluate", "--policy", "own_models:wrapped", "--env", "VPPDispatch-v0"
    )
    assert "is not known" in refused("evaluate", "--policy", "own_models:half")


def test_a_world_without_a_board_is_judged_alone(here):
    words = ("--policy", "own_models:half", "--env", "VPPDispatch-v0")
    other = (*words, "--set", "params.site.n_chargers=6")
    message = refused("evaluate", *other)
    assert "params.site.n_chargers: trained with 6, the board has 18" in message
    assert "--against none" in message
    alone = document("evaluate", *other, "--against", "none", "--days", "3")
    assert alone["days"] == 3
    assert alone["totals"]["charge_kwh"] > 0
    assert alone["scenario"].startswith("synthetic:test")
    assert "profit_eur" in run("evaluate", *other, "--against", "none", "--days", "1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ppo_synthetc",), "did you mean ppo_synthetic?"),
        (("nowhere.zip", "--env", "VPPDispatch-v0"), "existing file"),
        (("ppo_synthetic", "--name", "x", "--env", "VPPDispach-v0"), "ppo_synthetic plays"),
        (("ppo_synthetic", "--name", "x", "--against", "embeded.market"), "did you mean embedded"),
        (("ppo_synthetic", "--name", "x", "--days", "10"), "give whole weeks"),
        (("ppo_synthetic", "--name", "x", "--worlds", "13"), "has 1 to 12"),
        (("ppo_synthetic", "--name", "../x"), "use letters, digits"),
        (("ppo_synthetic", "--scenario", "synthetic:test"), "use --against none"),
        (("ppo_synthetic", "--out", "row.txt"), "end the name with .json"),
        (("ppo_synthetic", "--policy", "own_models:half"), "not both"),
        (("a.zip", "b.zip", "--vecnormalize", "v.pkl"), "statistics of its own"),
        ((), "vpp-gym evaluate ppo.zip"),
        (("--policy", "own_models:half", "--set", "control=fleet"), "with --env"),
    ],
)
def test_what_is_refused_is_named_with_a_remedy(here, words, message):
    assert message in refused("evaluate", *words)


def test_pretrained_agents_are_listed():
    rows = document("evaluate", "--list")
    assert {"agent": "ppo_synthetic", "env": "VPPDayAhead-v0", "seeds": [0, 1, 2, 3, 4]} in rows
    assert "FCEVMicrogrid-v0" in run("evaluate", "--list")


def test_a_board_is_shown_without_any_record(here):
    shown = document("leaderboard", "show", "hourly.plain")
    assert shown["row"] is None
    assert [row["rank"] for row in shown["rows"] if row["rank"]] == list(range(1, 24))
    assert "rolling_mpc_price" in run("leaderboard", "show", "hourly.plain")


def test_boards_are_listed():
    rows = {row["board"]: row for row in document("leaderboard", "show")}
    assert rows["embedded.market"]["worlds"] == 12
    assert rows["car_park.random"]["days"] == 365
    assert "microgrid.wind" in run("leaderboard", "show")
    assert "did you mean embedded.market" in refused("leaderboard", "show", "embedded.markt")


@pytest.mark.parametrize("width", [40, 56, 60, 80, 120])
def test_every_digit_of_a_row_is_shown_at_any_width(width, monkeypatch, capsys):
    monkeypatch.setattr(console, "_width", width)
    board = boards()["embedded.market"]
    mine = board.of("hazard_mpc_price+climatology")[:, :2] + 1.0
    found = ranking(board, {"a_policy_with_a_long_name": mine})
    with console.capture() as captured:
        show_ranking(found, all_rows=True)
    lines = captured.get().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    words = re.findall(r"[^\s\[\];,]+(?:,\d{3})*", captured.get())
    for row in found.rows:
        folded = re.split(r"(?<=\+)", row["policy"])  # a long name goes on in the next line
        assert row["policy"] in words or {*folded} <= {*words}
        assert f"{round(row['value_eur']):,}" in words
        for name in ("own_gain_eur", "own_gain_eur_low", "own_gain_eur_high"):
            if name in row:
                assert f"{round(row[name]):+,}" in words
        for name in ("score", "score_low", "score_high"):
            assert f"{round(row[name], 1) + 0.0:.1f}" in words


def test_a_board_of_other_rules_says_so(monkeypatch):
    board = replace(boards()["hourly.plain"], rules={"guarantee": None})
    monkeypatch.setattr(console, "_width", 200)
    with console.capture() as captured:
        show_ranking(ranking(board, {}))
    assert "under rules of another version" in captured.get()


def test_a_day_is_watched_hour_by_hour_and_as_an_animation(here):
    seen = document("watch", "ppo_synthetic", "--day", "3", "--out", "day.gif", "--every", "24")
    assert [row["hour"] for row in seen["hours"]] == list(range(24))
    assert sum(row["charge_kwh"] for row in seen["hours"]) > 0
    with Image.open(here / "day.gif") as picture:
        assert picture.n_frames == seen["pictures"] == 4
        assert picture.size == (960, 720)
    text = run("watch", "ppo_synthetic", "--day", "3")
    assert seen["date"] in text
    total_eur = sum(row["profit_eur"] for row in seen["hours"])
    assert f"{total_eur:,.2f} EUR" in text
    assert "has 1 to 364" in refused("watch", "ppo_synthetic", "--day", "400")
    assert "end the name with" in refused("watch", "ppo_synthetic", "--out", "day.avi")


def test_the_hours_that_are_watched_are_those_of_the_days_row():
    import vpp_gym
    from vpp_gym.agents.origin import setting_of_agent
    from vpp_gym.agents.watched import watch
    from vpp_gym.evaluation.rollout import evaluate

    agent = vpp_gym.load("ppo_synthetic")
    scenario = vpp_gym.load_scenario("synthetic:test")
    seen = watch(agent, setting_of_agent(agent).params, scenario, 5)
    start = int(np.searchsorted(scenario.day, 3))
    end = int(np.searchsorted(scenario.day, 6))
    days = evaluate(agent, scenario, start_step=start, end_step=end).days
    row = days[days["day"] == 5].iloc[0]
    assert seen.date == row["date"]
    for name in ("charge_kwh", "discharge_kwh", "da_sold_kwh", "profit_eur"):
        assert sum(hour[name] for hour in seen.hours) == pytest.approx(row[name])


@pytest.mark.parametrize(
    "name", ["ppo_synthetic_car_park_random", "ppo_synthetic_microgrid_volumes_rewards"]
)
def test_days_of_fuel_cell_cars_are_watched(name):
    import vpp_gym
    from vpp_gym.agents.origin import setting_of_agent
    from vpp_gym.agents.setting import judged_scenario
    from vpp_gym.agents.watched import watch
    from vpp_gym.boards.alone import named_scenario

    agent = vpp_gym.load(name)
    setting = setting_of_agent(agent)
    scenario = named_scenario(judged_scenario(setting), setting)
    seen = watch(agent, setting.params, scenario, 4, draws=True, every=12)
    assert len(seen.hours) == 24
    assert len(seen.frames) == 2
    assert any(row["v2g_kwh"] > 0 for row in seen.hours)
    assert seen.date == "2019-01-05"


def test_animations_are_whole_or_refused(tmp_path, monkeypatch):
    frames = [np.full((8, 16, 3), shade, dtype=np.uint8) for shade in (0, 120, 240)]
    animation.save_animation(frames, tmp_path / "a.gif", fps=2)
    with Image.open(tmp_path / "a.gif") as picture:
        assert (picture.n_frames, picture.info["duration"], picture.info["loop"]) == (3, 500, 0)
        for place, frame in enumerate(frames):
            picture.seek(place)
            shown = np.asarray(picture.convert("RGB"))
            assert np.abs(shown.astype(int) - frame).max() <= 8
    with pytest.raises(InvalidInputError, match="one picture at least"):
        animation.save_animation([], tmp_path / "b.gif")
    with pytest.raises(InvalidInputError, match=r"\.gif or \.mp4"):
        animation.save_animation(frames, tmp_path / "b.webm")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInputError, match="ffmpeg, which is not installed"):
        animation.save_animation(frames, tmp_path / "b.mp4")
    tool = tmp_path / "ffmpeg"
    tool.write_text('#!/bin/sh\n/bin/cat > "$(eval echo \\${$#})"\n')
    tool.chmod(0o755)
    animation.save_animation(frames, tmp_path / "b.mp4", fps=2)
    assert (tmp_path / "b.mp4").read_bytes() == b"".join(frame.tobytes() for frame in frames)
    tool.write_text("#!/bin/sh\necho no codec >&2; exit 1\n")
    with pytest.raises(InvalidInputError, match="no codec"):
        animation.save_animation(frames, tmp_path / "c.mp4")
    assert not (tmp_path / "c.mp4").exists()


def test_speed_is_measured():
    words = ("--env", "VPPDispatch-v0", "--batch", "1", "--batch", "4", "--seconds", "0.05")
    rows = document("speed", *words)
    assert [(row["env"], row["batch"]) for row in rows] == [
        ("VPPDispatch-v0", 1),
        ("VPPDispatch-v0", 4),
    ]
    for row in rows:
        assert row["hours_per_s"] == pytest.approx(row["steps_per_s"] / 4, rel=0.01)
    assert "VPPDispatch-v0" in run("speed", *words)
    assert "did you mean VPPDispatch-v0" in refused("speed", "--env", "VPPDispach-v0")
