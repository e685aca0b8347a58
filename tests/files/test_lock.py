"""Two programs in one folder."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.lock import alone_in
from vpp_gym.files.writer import write_text

HOLDS = """
    import sys, time
    from vpp_gym.files.lock import alone_in
    with alone_in(sys.argv[1]):
        print("in", flush=True)
        time.sleep(60)
"""


def test_second_program_is_refused_and_a_killed_one_holds_nothing(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-c", textwrap.dedent(HOLDS), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        refused = pytest.raises(InvalidInputError, match="another program")
        with refused as caught, alone_in(folder, "run_dir"):
            pass
        assert caught.value.field == "run_dir"
        other.kill()
        other.wait()
        with alone_in(folder):
            pass
    with alone_in(folder):
        pass


def test_a_file_is_no_folder(tmp_path):
    write_text(tmp_path / "file", "")
    with pytest.raises(InvalidInputError), alone_in(tmp_path / "file"):
        pass
