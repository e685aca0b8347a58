"""The code of the page about judging and submitting runs as it stands there."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from typer.testing import CliRunner

from vpp_gym.boards import boards
from vpp_gym.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "submitting.md"


def test_the_code_and_the_command_of_the_page_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    for name, block in zip(
        ("judge.py", "save.py"), re.findall(r"```python\n(.*?)```", text, re.DOTALL), strict=True
    ):
        (tmp_path / name).write_text(block, encoding="utf-8")
        runpy.run_path(str(tmp_path / name))
    assert float(capsys.readouterr().out) > 0
    assert (tmp_path / "ppo.card.json").is_file()
    whole = "`vpp-gym evaluate ppo.zip --trust` is the whole command"
    assert whole in text
    words = ["evaluate", "ppo.zip", "--trust", "--worlds", "1", "--days", "7"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "ppo: rank" in result.output
    assert_steps_of_a_submission_work(text)


def assert_steps_of_a_submission_work(text):
    """The commands of the numbered list, in their order; the first on a part of the board."""
    blocks = re.findall(r"^   ```sh\n(.*?)^   ```", text, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    assert [line.split()[1] for line in lines] == ["evaluate", *4 * ["leaderboard"]]
    lines[0] += " --worlds 1 --days 7"
    lines[-1] += " --worlds 1 --days 7"
    for line in lines:
        result = CliRunner().invoke(app, line.split()[1:])
        assert result.exit_code == 0, (line, result.output)
    assert "my_ppo" in result.output


def test_the_boards_of_the_page_are_those_that_there_are():
    table = PAGE.read_text(encoding="utf-8").partition("## Which board")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+\.\w+)`", table)
    assert {name for name in named if not name.startswith("params.")} == {*boards()}
