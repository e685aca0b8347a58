"""Plugin of pytest that writes down which functions of the package each test calls.

pytest -p tests.mutation.callers --callers FILE
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

PACKAGE = "/vpp_gym/"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where to write."""
    parser.addoption("--callers", type=Path, required=True)


class Callers:
    """For each test that passes: its seconds of the processor and the functions it calls."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tests: dict[str, dict[str, Any]] = {}
        self.called: set[Any] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Watch a test with all that is set up for it."""
        self.called, begun = set(), _processor_s()
        self._watch(self._trace)
        try:
            return (yield)
        finally:
            self._watch(None)
            took = round(_processor_s() - begun, 3)
            self.tests[item.nodeid] = {"seconds": took, "calls": sorted(self._names())}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that is skipped or fails kills nothing."""
        if report.outcome != "passed":
            self.called.clear()

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        self.path.write_text(json.dumps(self.tests), encoding="utf-8")

    @staticmethod
    def _watch(trace: Any) -> None:
        sys.settrace(trace)
        threading.settrace(trace)

    def _trace(self, frame: FrameType, event: str, arg: Any) -> None:
        self.called.add(frame.f_code)

    def _names(self) -> Iterator[str]:
        for code in self.called:
            _, inside, module = code.co_filename.rpartition(PACKAGE)
            if inside:
                yield f"vpp_gym/{module}:{code.co_qualname.split('.<locals>')[0]}"


def _processor_s() -> float:
    """Seconds of this process and its children: a busy machine does not lengthen them."""
    return sum(os.times()[:4])


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the session."""
    config.pluginmanager.register(Callers(config.getoption("--callers")))
