"""A headless Chromium that is told through a pipe which keys are pressed on a page."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}
"""Number and text of the keys that are pressed."""


def browser() -> str:
    """The browser that shows pages here.

    Skips the test where there is none.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser here: install one of {', '.join(NAMES)}")
    return found


class Keyboard:
    """One page, and the keys that are pressed on it.

    Args:
        path: of the page.
        profile: folder for the browser's own files.
    """

    def __init__(self, path: Path, profile: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # Chromium reads messages from descriptor 3 and answers on 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_write)]

        def connect() -> None:
            for place, end in enumerate(ends, start=3):
                os.dup2(end, place)

        words = [browser(), "--headless", "--no-sandbox", "--disable-gpu"]
        words += ["--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        self._run = subprocess.Popen(
            words, pass_fds=(3, 4), preexec_fn=connect, stderr=subprocess.DEVNULL
        )
        for end in (to_read, to_write, *ends):
            os.close(end)
        self._number, self._session, self._rest = 0, "", b""
        found = self.ask("Target.createTarget", url=path.as_uri())
        target = {"targetId": found["targetId"], "flatten": True}
        self._session = self.ask("Target.attachToTarget", **target)["sessionId"]
        self.ask("Page.bringToFront")
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        there = f"location.href === {json.dumps(path.as_uri())} && document.readyState"
        assert any(self.says(there) == "complete" for _ in range(1000))

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.kill()
        self._run.wait()
        os.close(self._write)
        os.close(self._read)

    def ask(self, method: str, **more: Any) -> dict[str, Any]:
        """The answer to a command."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": more}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                part = os.read(self._read, 1 << 16)
                assert part, "the browser has ended"
                self._rest += part
            line, self._rest = self._rest.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def press(self, key: str) -> None:
        """Press and release a key."""
        code, text = KEYS[key]
        about = {"key": key, "windowsVirtualKeyCode": code}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **down, **about)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def says(self, expression: str) -> Any:
        """Value of an expression on the page."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")
