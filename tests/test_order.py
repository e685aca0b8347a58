"""Long files of tests are begun first, and all of them are there."""

from __future__ import annotations

from pathlib import Path

from tests.order import LONGEST, longest_first

TESTS = Path(__file__).parent


def test_the_files_that_are_named_are_there():
    assert len({*LONGEST}) == len(LONGEST)
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []


def test_long_files_come_first_then_those_with_most_tests():
    second, first = f"tests/{LONGEST[3]}::test_a", f"tests/{LONGEST[0]}::test_a"
    one, many, other = "tests/test_x.py::test_z", "tests/envs/test_y.py", "tests/test_z.py::test_a"
    tests = [one, f"{many}::test_b", f"{many}::test_a[::]", second, other, first]
    expected = [first, second, f"{many}::test_b", f"{many}::test_a[::]", one, other]
    assert [tests[place] for place in longest_first(tests)] == expected


def test_no_test_is_lost_and_files_stay_whole():
    tests = [f"tests/test_{k % 5}.py::test_{k}" for k in range(23)]
    places = longest_first(tests)
    assert sorted(places) == list(range(23))
    files = [tests[place].partition("::")[0] for place in places]
    assert len([k for k in range(1, 23) if files[k] != files[k - 1]]) == 4


def test_processes_that_share_the_tests_get_them_in_this_order():
    """Otherwise pytest-xdist begins with the files that have most tests."""
    lines = (TESTS.parent / "Makefile").read_text(encoding="utf-8").splitlines()
    shared = [line for line in lines if line.startswith("share :=")]
    assert len(shared) == 1
    assert "--dist loadfile --no-loadscope-reorder" in shared[0]
    assert [line for line in lines if "--dist" in line] == shared
