"""Sentences that rank or value something, computed from the result files.

    python -m benchmarks.claims [--check]

Writes each claim between its markers, `<!-- claim:name -->` and `<!-- /claim -->`, wherever they
stand in the README and the docs; `--check` only says which sentences the results do not bear out.
A claim is a condition and two sentences: which of them is written follows from the results, and
so do the numbers in it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import contract_claims, ev_claims, fcev_claims, site_claims
from benchmarks.claim import Claim
from benchmarks.evidence import Results, UnknownClaimError, results_in
from benchmarks.fingerprint import ROOT
from benchmarks.leaderboard import RESULTS
from benchmarks.suites.ev import OFFERING, SCHEDULER
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.reader import read_text
from vpp_gym.files.writer import write_text

BLOCK = re.compile(r"<!-- claim:([\w-]+) -->(.*?)<!-- /claim -->", re.DOTALL)
COMMAND = "python -m benchmarks.claims"
WIDTH = 100
"""Columns of a line of text."""

BIDS = ("two_stage", "wait_and_see", "expected_load", "climatology")
CLAIMS: tuple[Claim, ...] = (
    fcev_claims.published("microgrid", "the microgrid"),
    fcev_claims.published("car_park", "the car park"),
    ev_claims.habits(),
    site_claims.planning(),
    site_claims.loss(),
    site_claims.anticipation(),
    site_claims.limit(),
    site_claims.year(),
    contract_claims.across_wear(),
    contract_claims.losing_owners(),
    contract_claims.in_the_older_world(),
    *(
        claim
        for suite in ("embedded", "real")
        for claim in (
            ev_claims.smart_charging(suite),
            ev_claims.departures(suite),
            contract_claims.offer(
                suite,
                "tariff",
                tuple(f"{one}_tariff" for one in OFFERING),
                "one posted tariff per discharged kWh",
            ),
            contract_claims.offer(
                suite,
                "menus",
                tuple(f"{SCHEDULER}_{hours}h" for hours in (1, 2, 3)),
                "the reference paper's menu of availability",
            ),
            *(ev_claims.bidding(suite, bids) for bids in BIDS),
            ev_claims.learned(suite),
            ev_claims.learned(suite, "market"),
            ev_claims.corrected(suite),
            ev_claims.bound(suite),
            ev_claims.served(suite),
        )
    ),
)
"""Every claim."""


def wrapped(text: str, indent: int) -> str:
    """A sentence in lines of `WIDTH` columns, the later ones indented."""
    words, lines = text.split(" "), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH - indent:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return ("\n" + " " * indent).join(lines)


def with_claims(text: str, results: Results) -> tuple[str, list[str]]:
    """A page with its claims renewed, and what could not be.

    A claim that the results say nothing about stays as it is.
    """
    known = {claim.name: claim for claim in CLAIMS}
    faults = []

    def renewed(match: re.Match[str]) -> str:
        name = match[1]
        if name not in known:
            faults.append(f"there is no claim {name}; use one of {', '.join(known)}")
            return match[0]
        try:
            sentence = known[name].sentence(results)
        except UnknownClaimError as reason:
            faults.append(f"claim {name}: {reason}")
            return match[0]
        line_start = text.rfind("\n", 0, match.start()) + 1
        before = text[line_start : match.start()]
        indent = (
            len(before) - len(before.lstrip(" ")) + (2 if before.lstrip().startswith("- ") else 0)
        )
        body = wrapped(sentence, indent)
        break_ = "\n" + " " * indent
        return f"<!-- claim:{name} -->{break_}{body}{break_}<!-- /claim -->"

    return BLOCK.sub(renewed, text), faults


def pages(root: Path = ROOT) -> list[Path]:
    """Pages that may hold claims."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def findings(results: Results, root: Path = ROOT) -> Iterator[str]:
    """Which sentences are not what the results say."""
    for path in pages(root):
        text = read_text(path)
        after, faults = with_claims(text, results)
        place = path.relative_to(root).as_posix()
        yield from (f"{place}: {fault}" for fault in faults)
        for one, other in zip(BLOCK.finditer(text), BLOCK.finditer(after), strict=True):
            if one[0] != other[0]:
                yield f"{place}: claim {one[1]} is not what the results say"


def main(
    results: Annotated[Path, typer.Option(help="Folder of the result files.")] = RESULTS,
    root: Annotated[Path, typer.Option(help="Folder of the README and docs.")] = ROOT,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if one is wrong.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Print every claim; write nothing.")] = False,
) -> None:
    """Write the sentences that the results bear out, or check them."""
    found = results_in(results)
    if show:
        print("\n".join(shown(found)))
        return
    if check:
        faults = list(findings(found, root))
        print("\n".join(faults) or "all claims are what the results say")
        raise typer.Exit(1 if faults else 0)
    for path in pages(root):
        text = read_text(path)
        after, faults = with_claims(text, found)
        if after != text:
            write_text(path, after)
            print(f"written: {path.relative_to(root)}")
        for fault in faults:
            print(f"{path.relative_to(root)}: {fault}")


def shown(results: Results) -> Iterator[str]:
    """Every claim with what the results say."""
    for claim in CLAIMS:
        try:
            verdict = "yes" if claim.holds(results) else "no"
            yield f"{claim.name} [{verdict}]: {claim.sentence(results)}"
        except UnknownClaimError as reason:
            yield f"{claim.name} [unknown]: {reason}"


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
