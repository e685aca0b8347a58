"""Damaged, foreign and malicious files of trained policies and of runs are refused."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.agents.test_policy import CARD_OF_TEST, SIZE, random_network
from tests.agents.test_training import settings
from vpp_gym.agents.policy import CARD, TRAINED, WEIGHTS, AgentPolicy, Network, load_agents
from vpp_gym.cli.train import train
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.lock import alone_in
from vpp_gym.files.reader import DIGEST
from vpp_gym.training.checkpoint import (
    Progress,
    checkpoint_progress,
    checkpoint_settings,
    load_checkpoint,
)
from vpp_gym.training.config import CHECKPOINT
from vpp_gym.training.export import export_policy


@pytest.fixture
def policy(tmp_path):
    export_policy(random_network(), CARD_OF_TEST, tmp_path / "policy")
    return tmp_path / "policy"


def damaged(content: bytes, flips: int, cuts: int):
    """The content with one bit turned, and cut off."""
    rng = np.random.default_rng(0)
    for place in rng.integers(0, 8 * len(content), size=flips).tolist():
        turned = bytearray(content)
        turned[place // 8] ^= 1 << place % 8
        yield bytes(turned)
    for end in rng.integers(0, len(content), size=cuts).tolist():
        yield content[:end]


@pytest.mark.parametrize("name", [WEIGHTS, CARD])
def test_a_damaged_policy_is_refused_or_the_same(policy, name):
    whole = AgentPolicy.load(policy)
    seen = np.random.default_rng(1).standard_normal((3, SIZE)).astype(np.float32)
    refused = 0
    for content in damaged((policy / name).read_bytes(), 200, 40):
        (policy / name).write_bytes(content)
        try:
            other = AgentPolicy.load(policy)
        except InvalidInputError:
            refused += 1
            continue
        known = {key: value for key, value in other.card.items() if key in whole.card}
        assert known == whole.card
        np.testing.assert_array_equal(other.predict(seen)[0], whole.predict(seen)[0])
    assert refused > 150


def test_a_card_of_other_weights_is_refused(policy, tmp_path):
    export_policy(random_network(seed=5), CARD_OF_TEST, tmp_path / "other")
    (policy / CARD).write_bytes((tmp_path / "other" / CARD).read_bytes())
    with pytest.raises(InvalidInputError, match="of other weights"):
        AgentPolicy.load(policy)


def test_an_edited_card_is_refused(policy):
    card = json.loads((policy / CARD).read_text())
    card["arguments"]["guarantee"] = False
    (policy / CARD).write_text(json.dumps(card))
    with pytest.raises(InvalidInputError, match="not what was written"):
        AgentPolicy.load(policy)


def test_every_trained_policy_carries_the_digest_of_its_files():
    for card in TRAINED.rglob(CARD):
        assert DIGEST in json.loads(card.read_text())
        AgentPolicy.load(card.parent)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("std", lambda array: array * 0.0),
        ("std", lambda array: -array),
        ("std", lambda array: array * np.nan),
        ("mean", lambda array: array + np.inf),
        ("mean", lambda array: array[:-1]),
        ("features", lambda array: array.astype(np.int64)),
        ("features", lambda array: array[0]),
        ("weights", lambda layers: (layers[0] * np.nan, *layers[1:])),
        ("weights", lambda layers: ()),
        ("biases", lambda layers: (layers[0][:-1], *layers[1:])),
        ("activation", lambda name: "exec"),
        ("squash", lambda name: "none"),
    ],
)
def test_arrays_that_make_no_actions_are_refused(tmp_path, part, change):
    network = random_network()
    values = {**vars(network), part: change(getattr(network, part))}
    values["biases"] = values["biases"][: len(values["weights"])]
    path = tmp_path / WEIGHTS
    Network(**values).save(path)
    with pytest.raises(InvalidInputError, match=r"policy\.npz"):
        Network.load(path)


def test_what_is_not_needed_is_not_unpacked(policy):
    file = io.BytesIO()
    with np.load(policy / WEIGHTS) as stored:
        np.savez_compressed(file, junk=np.zeros(20_000_000), **dict(stored))
    (policy / WEIGHTS).write_bytes(file.getvalue())
    assert Network.load(policy / WEIGHTS).predict(np.zeros(SIZE))[0].shape == (1,)


def test_an_export_that_was_interrupted_is_no_agent(policy, tmp_path):
    for name in (".policy.old", ".policy.1a2b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / CARD).write_text("{")
    assert len(load_agents(tmp_path)) == 1


def saved(folder, **changes):
    content = {"run": settings().model_dump_json(), "progress": asdict(Progress()), **changes}
    torch.save(content, folder / CHECKPOINT)
    return folder / CHECKPOINT


def test_a_damaged_checkpoint_is_refused_or_the_same(tmp_path):
    path = saved(tmp_path, parameters={"weight": torch.arange(200.0)})
    content = torch.load(path, weights_only=True)
    refused = 0
    for other in damaged(path.read_bytes(), 150, 30):
        path.write_bytes(other)
        try:
            assert checkpoint_settings(tmp_path) == settings()
        except InvalidInputError:
            refused += 1
            continue
        assert checkpoint_progress(tmp_path) == Progress()
        found = torch.load(path, weights_only=True)
        assert torch.equal(found["parameters"]["weight"], content["parameters"]["weight"])
    assert refused > 100


class Evil:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize("content", [Evil(), [1, 2], {"run": 1}, {}, 7, None])
def test_a_checkpoint_of_something_else_is_refused(tmp_path, content, capsys):
    torch.save(content, tmp_path / CHECKPOINT)
    for read in (checkpoint_settings, checkpoint_progress):
        with pytest.raises(InvalidInputError):
            read(tmp_path)
    assert capsys.readouterr().out == ""


def test_a_foreign_archive_is_no_checkpoint(tmp_path):
    with zipfile.ZipFile(tmp_path / CHECKPOINT, "w") as archive:
        archive.writestr("a/data.pkl", b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(InvalidInputError, match="damaged"):
        checkpoint_settings(tmp_path)


@pytest.mark.parametrize(
    "progress",
    [
        7,
        [],
        {"steps": "1"},
        {"steps": -1},
        {"rounds": 0.5},
        {"ends": [None]},
        {"best_eur": float("nan")},
        {"best_eur": "7"},
    ],
)
def test_progress_that_is_none_is_refused(tmp_path, progress):
    saved(tmp_path, progress=progress)
    with pytest.raises(InvalidInputError):
        checkpoint_progress(tmp_path)


def test_parts_that_are_missing_are_refused(tmp_path):
    saved(tmp_path)
    model, stack = SimpleNamespace(), SimpleNamespace()
    with pytest.raises(InvalidInputError, match="begin again"):
        load_checkpoint(tmp_path, settings(), model, stack)


def test_second_training_in_one_folder_is_refused(tmp_path):
    with alone_in(tmp_path), pytest.raises(InvalidInputError, match="another program"):
        train(run_dir=tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()
