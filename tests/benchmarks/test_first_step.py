"""The first step of a fresh program is measured with no kernels, and with those it has kept."""

from __future__ import annotations

import pytest

from benchmarks import first_step
from vpp_gym.errors import InvalidInputError


def test_every_environment_and_one_at_a_site_has_a_row():
    names = [name for name, _, _ in first_step.cases()]
    assert len(names) == len(set(names)) == 8
    assert any("site" in name for name in names)


def test_a_row_is_of_two_programs_with_one_folder(monkeypatch):
    asked = []

    def seconds(env_id, settings, folder):
        asked.append((env_id, settings, folder, folder.exists()))
        return 60.0 / len(asked)

    monkeypatch.setattr(first_step, "seconds", seconds)
    row = first_step.row("at a site", "VPPDayAhead-v0", first_step.AT_A_SITE)
    assert row == {"what": "at a site", "first_s": 60.0, "again_s": 30.0}
    assert asked[0] == asked[1]
    assert asked[0][3]
    assert not asked[0][2].exists()


def test_a_program_is_timed_to_its_first_step(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # as fast as the first step gets
    assert first_step.seconds("VPPStay-v0", {}, tmp_path) > 0.0


def test_what_cannot_be_made_is_refused_with_its_message(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(InvalidInputError, match=r"environment.*VPPStay-v0.*no_such"):
        first_step.seconds("VPPStay-v0", {"scenario": "no_such"}, tmp_path)
