"""Jobs over processes: each result once, whatever is killed, and plain errors."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from vpp_gym.engines import run_jobs
from vpp_gym.errors import InvalidInputError, SolveFailedError


def squared(number: int) -> int:
    return number * number


def killed_once(marker: str) -> str:
    """Kills its process unless the marker is there, which it leaves."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def always_killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuses(number: int) -> int:
    raise InvalidInputError("number", number, "give another one")


@pytest.mark.parametrize("workers", [0, 2])
def test_every_job_has_one_result(workers):
    found = list(run_jobs(squared, list(range(20)), workers=workers))
    assert sorted(found) == [(number, number * number) for number in range(20)]


def test_jobs_of_a_killed_process_are_made_again(tmp_path):
    jobs = [str(tmp_path / f"job_{number}") for number in range(4)]
    for path in jobs[1:]:
        Path(path).touch()
    found = dict(run_jobs(killed_once, jobs, workers=2))
    assert found == {number: f"job_{number}" for number in range(4)}


def test_a_job_that_is_killed_each_time_is_named():
    with pytest.raises(SolveFailedError, match="job 0, 7, was killed 3 times"):
        list(run_jobs(always_killed, [7], workers=1))


def test_what_a_job_raises_is_raised():
    with pytest.raises(InvalidInputError, match="number: got 3"):
        list(run_jobs(refuses, [3], workers=1))


def test_the_number_of_threads_is_set_back(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert list(run_jobs(os.getenv, ["OMP_NUM_THREADS"], workers=1)) == [(0, "1")]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"engine": "rays"}, "engine"),
        ({"workers": -1}, "workers"),
        ({"workers": 1.5}, "workers"),
        ({"workers": True}, "workers"),
        ({"address": "auto"}, "address"),
    ],
)
def test_bad_options_are_refused_before_anything_begins(options, field):
    with pytest.raises(InvalidInputError) as refused:
        run_jobs(squared, [1], **options)
    assert refused.value.field == field
    assert refused.value.remedy


def test_without_ray_its_engine_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("vpp_gym.engines.find_spec", lambda name: None)
    with pytest.raises(InvalidInputError, match=r"vpp_gym\[ray\]"):
        run_jobs(squared, [1], engine="ray")


@pytest.mark.filterwarnings("ignore")
def test_on_ray_a_killed_process_changes_nothing(tmp_path):
    pytest.importorskip("ray", reason='needs Ray: pip install "vpp_gym[ray]"')
    jobs = [str(tmp_path / f"job_{number}") for number in range(4)]
    for path in jobs[1:]:
        Path(path).touch()
    found = dict(run_jobs(killed_once, jobs, engine="ray", workers=2))
    assert found == {number: f"job_{number}" for number in range(4)}
