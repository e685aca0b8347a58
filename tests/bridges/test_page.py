"""The code of the page about bridges runs as it stands there, where its libraries are installed."""

from __future__ import annotations

import re
import runpy
import shlex
from ast import literal_eval
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from vpp_gym.cli.ids import env_ids

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bridges.md").read_text(encoding="utf-8")
BLOCKS = {
    title: re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for title, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
}
ZOO = ROOT / "agents" / "rl_zoo"
FILES = sorted(ZOO.glob("*.yml"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("title", [title for title, blocks in BLOCKS.items() if blocks])
def test_the_code_of_a_section_runs(title, tmp_path, monkeypatch):
    (block,) = BLOCKS[title]
    for package in re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    needed = re.search(r"vpp_gym\.bridges\.(pettingzoo|minari)", block)
    if needed and find_spec(needed[1]) is None:
        pytest.skip(f"{needed[1]} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    (tmp_path / "block.py").write_text(block, encoding="utf-8")
    names = runpy.run_path(str(tmp_path / "block.py"))
    if "result" in names:
        assert names["result"].days["charge_kwh"].sum() > 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_zoo_has_every_environment(path):
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(entries) == {"default", *env_ids(stays=True)}
    for entry in entries.values():
        assert entry["policy"] == "MlpPolicy"
        assert literal_eval(entry["normalize"])["gamma"] == entry["gamma"]


def test_the_files_of_the_zoo_are_on_the_page():
    assert {path.name for path in FILES} == set(re.findall(r"rl_zoo/(\w+\.yml)", PAGE))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_zoo_trains(path, tmp_path, monkeypatch):
    pytest.importorskip("rl_zoo3", reason="rl_zoo3 is not installed")
    from rl_zoo3.train import train

    line = next(line for line in PAGE.splitlines() if line.startswith("python -m rl_zoo3.train"))
    words = shlex.split(line)[3:]
    words[words.index("--algo") + 1] = path.stem
    words[words.index("--conf-file") + 1] = str(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train", *words, "-n", "300", "--device", "cpu"])
    train()
    assert (tmp_path / "logs" / path.stem / "VPPDispatch-v0_1" / "VPPDispatch-v0.zip").is_file()
