"""A written file is whole or as it was, whatever happens while it is written."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.files import folders, writer
from vpp_gym.files.folders import latest, replace_folder
from vpp_gym.files.trial import check_folder, check_writable
from vpp_gym.files.writer import WriteFailedError, write_bytes, write_file, write_text


def left_over(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_take_the_place_of_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    assert write_text(path, "öld") == path
    assert path.read_bytes() == "öld".encode()
    write_bytes(path, b"new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert left_over(tmp_path) == ["a.txt"]


def test_rights_of_the_old_file_stay_and_a_new_one_has_those_of_any_file(tmp_path):
    path, plain = tmp_path / "a", tmp_path / "plain"
    plain.touch()
    write_text(path, "1")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    path.chmod(0o640)
    write_text(path, "2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "file")
    write_text(link, "1")
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "1"


def test_the_longest_name_is_written(tmp_path):
    path = tmp_path / ("é" * 127)
    write_text(path, "1")
    write_text(path, "2")
    assert left_over(tmp_path) == [path.name]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
def test_error_of_the_disk_leaves_the_old_file(tmp_path, monkeypatch, number, call):
    path = write_text(tmp_path / "a.txt", "old")

    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(WriteFailedError, match=r"a\.txt.*disk") as caught:
        write_text(path, "new")
    monkeypatch.undo()
    assert caught.value.value == os.strerror(number)
    assert path.read_text() == "old"
    assert left_over(tmp_path) == ["a.txt"]


def test_error_of_the_content_leaves_the_old_file(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")

    def fail(file):
        file.write(b"half")
        raise KeyError("column")

    with pytest.raises(KeyError):
        write_file(path, fail)
    assert path.read_text() == "old"
    assert left_over(tmp_path) == ["a.txt"]


LIMITED = """
    import resource, signal, sys
    import numpy as np
    from vpp_gym.errors import InvalidInputError
    from vpp_gym.files.writer import write_file
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))
    try:
        write_file(sys.argv[1], lambda file: np.savez(file, a=np.zeros(100_000)))
    except InvalidInputError as error:
        sys.exit(str(error))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_library_that_runs_out_of_space_leaves_the_old_file(tmp_path):
    path = write_bytes(tmp_path / "a.npz", b"old")
    command = [sys.executable, "-c", textwrap.dedent(LIMITED), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(str(path)), done.stderr
    assert "larger than is allowed" in done.stderr
    assert path.read_bytes() == b"old"
    assert left_over(tmp_path) == ["a.npz"]


KILLED = """
    import os, signal, sys
    from vpp_gym.files.writer import write_file

    def write(file):
        file.write(b"half")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    write_file(sys.argv[1], write)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_process_leaves_the_old_file_and_its_remains_are_removed(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    (part,) = tmp_path.glob(".*.part")
    write_text(path, "new")
    assert part.exists(), "it may still be written to"
    long_ago = time.time() - 2 * writer.ABANDONED_S
    os.utime(part, (long_ago, long_ago))
    write_text(tmp_path / "b.txt", "other")
    assert part.exists(), "it is another file's"
    write_text(path, "newer")
    assert left_over(tmp_path) == ["a.txt", "b.txt"]


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe", "missing/a.txt", "a\0b", "x" * 300):
        for call in (check_writable, lambda path: write_text(path, "1")):
            with pytest.raises(InvalidInputError):
                call(tmp_path / name)
    with pytest.raises(InvalidInputError, match="device"):
        write_text("/dev/full", "1")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert left_over(tmp_path) == ["folder", "pipe"]


def test_output_is_tried_without_touching_it(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    before = path.stat()
    assert check_writable(path) == path
    assert check_writable(tmp_path / "new.txt") == tmp_path / "new.txt"
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert left_over(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("call", "number", "words"),
    [
        ("open", errno.EACCES, "may not write"),
        ("open", errno.EROFS, "nothing can be written"),
        ("fsync", errno.ENOSPC, "disk is full"),
    ],
)
def test_output_that_cannot_be_written_is_told_before(tmp_path, monkeypatch, call, number, words):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(InvalidInputError, match=words) as caught:
        check_writable(tmp_path / "a.txt", "out")
    assert not isinstance(caught.value, WriteFailedError)
    assert caught.value.field == "out"
    with pytest.raises(InvalidInputError, match=words):
        check_folder(tmp_path, "run_dir")


def test_read_only_file_is_not_replaced(tmp_path, monkeypatch):
    path = write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    for call in (check_writable, lambda path: write_text(path, "1")):
        with pytest.raises(InvalidInputError, match="read-only"):
            call(path)
    assert path.read_text() == "old"


def test_folder_is_made_and_a_file_is_none(tmp_path):
    assert check_folder(tmp_path / "a" / "b").is_dir()
    assert left_over(tmp_path / "a" / "b") == []
    write_text(tmp_path / "file", "1")
    with pytest.raises(InvalidInputError, match="this is a file"):
        check_folder(tmp_path / "file")
    with pytest.raises(InvalidInputError):
        check_folder(tmp_path / "file" / "below")


def test_folder_is_replaced_whole_or_not(tmp_path):
    folder = tmp_path / "best"
    replace_folder(folder, lambda fresh: write_text(fresh / "a", "1"))

    def fail(fresh):
        write_text(fresh / "b", "2")
        raise InvalidInputError("b", 2, "give another")

    with pytest.raises(InvalidInputError):
        replace_folder(folder, fail)
    assert left_over(folder) == ["a"]
    replace_folder(folder, lambda fresh: write_text(fresh / "c", "3"))
    assert left_over(folder) == ["c"]
    assert left_over(tmp_path) == ["best"]


@pytest.mark.parametrize("renamed", [1, 2])
def test_a_folder_survives_a_kill_between_the_two_names(tmp_path, monkeypatch, renamed):
    folder, replace, done = tmp_path / "best", os.replace, []
    replace_folder(folder, lambda fresh: write_text(fresh / "a", "old"))

    class KilledError(BaseException):
        """Nothing is tidied up after it."""

    def killed(one, other):
        if len(done) == renamed:
            raise KilledError
        replace(one, other)
        done.append(other)

    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "replace", killed)
        patch.setattr(folders.shutil, "rmtree", lambda *arguments, **options: None)
        done.append("the file in it")
        with suppress(KilledError):
            folders.replace_folder(folder, lambda fresh: (fresh / "a").touch())
    assert (latest(folder) / "a").exists()
    if renamed == 2:
        assert (latest(folder) / "a").read_text() == "old"
    replace_folder(folder, lambda fresh: write_text(fresh / "a", "new"))
    assert (folder / "a").read_text() == "new"
    assert not (tmp_path / ".best.old").exists()


def test_two_writers_of_one_file_leave_it_whole(tmp_path):
    path = write_text(tmp_path / "a.txt", "0" * 10_000)

    def write(digit):
        for _ in range(20):
            write_text(path, digit * 10_000)

    def read(_):
        return {len(path.read_text()) for _ in range(50)} | {len({*path.read_text()})}

    with ThreadPoolExecutor(6) as threads:
        writing = [threads.submit(write, digit) for digit in "1234"]
        assert set().union(*threads.map(read, range(2))) == {10_000, 1}
        assert [one.result() for one in writing] == [None] * 4
    assert left_over(tmp_path) == ["a.txt"]


def test_libraries_write_through_it(tmp_path):
    path = write_file(tmp_path / "a.npz", lambda file: np.savez(file, a=np.arange(3)))
    with np.load(path) as stored:
        np.testing.assert_array_equal(stored["a"], np.arange(3))
