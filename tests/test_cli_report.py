"""The report of a run: one file with every number, usable with keys, whole without a network."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.browser import Keyboard, browser
from vpp_gym.cli import app, html_report
from vpp_gym.cli.html_report import DAY_COLUMNS, GROUPS, bars
from vpp_gym.cli.output import number_text

VOID = {"meta", "link", "br"}
DAYS = 4
CONSOLE = re.compile(r"CONSOLE.*")


class Page(HTMLParser):
    """The elements of a page, and the text of each table cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """(page, what `--json` prints) of one run."""
    import json

    path = tmp_path_factory.mktemp("report") / "day.html"
    words = ["run", "charge_on_arrival", "--days", DAYS, "--report", path, "--json"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return path.read_text(encoding="utf-8"), json.loads(result.stdout)


def test_every_number_of_the_run_is_on_the_page(written):
    text, report = written
    page = Page(text)
    assert page.open == []
    for group in GROUPS:
        for name, number in report[group].items():
            assert name in page.texts
            assert number_text(html_report._unit(group, name), number) in page.texts
    dates = [one for one in page.texts if re.fullmatch(r"\d{4}-\d{2}-\d{2}", one)]
    assert len(set(dates)) == DAYS
    assert f"{report['first_day']} to {report['last_day']} ({DAYS} days), with guarantee" in text


def test_nothing_is_loaded(written):
    page = Page(written[0])
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "object", "embed", "base")
        for name in ("src", "href", "xlink:href", "data", "action"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:")), (tag, target)
    assert "@import" not in written[0]
    assert re.findall(r"url\((?!#)", written[0]) == []


def test_it_can_be_read_and_used_without_eyes_or_mouse(written):
    elements = Page(written[0]).elements
    tags = [tag for tag, _ in elements]
    assert ("html", {"lang": "en"}) in elements
    assert tags.count("h1") == 1
    assert all(one.get("aria-label") for tag, one in elements if tag == "svg")
    assert sum(tag == "button" for tag in tags) == 1 + len(DAY_COLUMNS)
    regions = [one for _, one in elements if one.get("role") == "region"]
    assert [one["tabindex"] for one in regions] == ["0"]
    assert ("a", {"class": "skip", "href": "#main"}) in elements


def test_words_from_outside_are_no_markup(written):
    _, report = written
    import pandas as pd

    days = pd.DataFrame({"date": ["<i>"], "profit_eur": [1.0]})
    odd = {**report, "policy": "<script>alert(1)</script>", "warnings": ["<b>few</b>"]}
    page = Page(html_report.html_report(odd, days, "no <u>picture</u>"))
    assert not {"b", "i", "u"} & {tag for tag, _ in page.elements}
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert "no <u>picture</u>" in page.texts


def test_bars_hang_from_zero():
    chart = bars(["a", "b", "c"], [10.0, -5.0, 0.0])
    boxes = re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)" class="(\w+)"', chart)
    (up, tall, gain), (down, short, loss), (_, none, _) = boxes
    assert (gain, loss, float(none)) == ("gain", "loss", 0.0)
    assert float(tall) == pytest.approx(2 * float(short), abs=0.02)
    assert float(up) + float(tall) == pytest.approx(float(down), abs=0.02)
    assert "<title>b: -5.00 EUR</title>" in chart


def test_equal_days_have_bars_too():
    assert bars(["a"], [0.0]).count("<rect") == 1


@pytest.mark.parametrize("name", ["day.pdf", "missing/day.html"])
def test_a_file_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, name: str):
    words = ["run", "charge_on_arrival", "--report", str(tmp_path / name)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "report" in result.stderr


def shown(text: str, folder: Path, script: str, width: int = 1200) -> tuple[str, list[str]]:
    """(what a script found, what the console said) of a page in a browser."""
    path = folder / "page.html"
    probe = f"<script>document.title = String((() => {{ {script} }})());</script>"
    path.write_text(text.replace("</body>", f"{probe}</body>"), encoding="utf-8")
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--enable-logging=stderr", f"--window-size={width},900"]
    command += [f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", run.stdout, re.DOTALL)
    assert title is not None
    return title[1], CONSOLE.findall(run.stderr)


def test_a_browser_shows_it_without_an_error(written, tmp_path: Path):
    script = "return document.querySelectorAll('main table').length;"
    assert shown(written[0], tmp_path, script) == (str(len(GROUPS) + 1), [])


def test_a_browser_that_meets_an_error_says_so(written, tmp_path: Path):
    broken = written[0].replace('"use strict";', '"use strict"; nothing();')
    _, console = shown(broken, tmp_path, "return 1;")
    assert any("nothing is not defined" in line for line in console)


def test_a_heading_sorts_its_column_up_and_down(written, tmp_path: Path):
    script = """
        const button = document.querySelectorAll("thead button")[1];
        const profits = () => [...document.querySelectorAll(".scroll tbody tr")]
            .map(row => Number(row.cells[1].dataset.value));
        const rises = values => values.every((one, i) => !i || values[i - 1] <= one);
        button.focus(); button.click();
        const up = rises(profits()), said = button.parentElement.getAttribute("aria-sort");
        button.click();
        return [document.activeElement === button, up, said, rises(profits().reverse())];
    """
    assert shown(written[0], tmp_path, script) == ("true,true,ascending,true", [])


@pytest.mark.parametrize("width", [500, 1200])
def test_only_its_boxes_scroll_sideways(written, tmp_path: Path, width: int):
    script = "const page = document.documentElement; return page.scrollWidth - page.clientWidth;"
    assert shown(written[0], tmp_path, script, width) == ("0", [])


def test_it_is_used_with_keys_alone(written, tmp_path: Path):
    """Tab stops at all that can be used, in the order of the page; Enter and space act there."""
    path = tmp_path / "page.html"
    path.write_text(written[0], encoding="utf-8")
    focus = "document.activeElement"
    with Keyboard(path, tmp_path / "profile") as keys:
        keys.press("Tab")
        assert keys.says(f"{focus}.className") == "skip"
        keys.press("Enter")
        assert keys.says(f"{focus}.id") == "main"
        headings = keys.says('document.querySelectorAll("thead button").length')
        tables = 0
        stops = []
        for _ in range(headings + 10):
            keys.press("Tab")
            stops.append(keys.says(f"{focus}.tagName"))
            if stops[-1] == "BUTTON" and not tables:
                keys.press("Enter")
                assert keys.says(f"{focus}.parentElement.ariaSort") == "ascending"
                keys.press(" ")
                assert keys.says(f"{focus}.parentElement.ariaSort") == "descending"
                tables += 1
            if stops[-1] == "SUMMARY":
                keys.press("Enter")
                assert keys.says(f"{focus}.parentElement.open")
                break
        assert stops.count("BUTTON") == headings > 0
        assert stops[-1] == "SUMMARY"
        keys.press("Tab")
        assert keys.says(f"{focus}.tagName") == "PRE"
