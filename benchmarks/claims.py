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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.boards import BEST_PLANNER, NO_BIDS, SAME_OFFER, price_column
from benchmarks.fingerprint import ROOT
from benchmarks.leaderboard import RESULTS
from benchmarks.results import SCHEMA, read
from benchmarks.suites.base import Document
from benchmarks.suites.ev import OFFERING, SCHEDULER
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.bounds import DUAL_ESTIMATE
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.files.reader import read_text
from vpp_gym.files.writer import write_text

BLOCK = re.compile(r"<!-- claim:([\w-]+) -->(.*?)<!-- /claim -->", re.DOTALL)
COMMAND = "python -m benchmarks.claims"
DEAR_EUR_PER_KWH = 0.5
"""Price of a missing kWh at which it is said who would rank first: the penalty in full."""
WIDTH = 100
"""Columns of a line of text."""

Row = Mapping[str, Any]


class UnknownClaimError(Exception):
    """The results do not hold what a claim is about."""


@dataclass(frozen=True)
class Results:
    """The result files that claims are about.

    Attributes:
        documents: by suite.
    """

    documents: Mapping[str, Document]

    def document(self, suite: str) -> Document:
        """A result file."""
        if suite not in self.documents:
            raise UnknownClaimError(f"there are no results of {suite}")
        return self.documents[suite]

    def rows(self, suite: str, board: str, *, honest: bool = True) -> list[Row]:
        """Rows of a board, best first; with `honest` only those that saw no future."""
        rows = self.document(suite)["boards"].get(board, [])
        return [row for row in rows if not (honest and row["privileged"])]

    def row(self, suite: str, board: str, policy: str) -> Row:
        """One row of a board."""
        for row in self.rows(suite, board, honest=False):
            if row["policy"] == policy:
                return row
        raise UnknownClaimError(f"{suite} has no row of {policy} on the board {board}")

    def best(self, suite: str, board: str, *kinds: str) -> Row:
        """The best row without knowledge of the future, of some kinds."""
        found = (row for row in self.rows(suite, board) if not kinds or row["kind"] in kinds)
        row = next(found, None)
        if row is None:
            raise UnknownClaimError(f"{suite} has no {' or '.join(kinds)} row on the board {board}")
        return row

    def differences(self, suite: str, board: str, why: str) -> list[Row]:
        """What policies earned more than others, for one reason."""
        found = self.document(suite)["differences"].get(board, [])
        return [one for one in found if one["why"] == why]

    def difference(self, suite: str, board: str, policy: str, why: str) -> Row:
        """What one policy earned more than another."""
        for one in self.differences(suite, board, why):
            if one["policy"] == policy:
                return one
        raise UnknownClaimError(f"{suite} compares {policy} with nothing: {why}")

    def offer(self, suite: str, policy: str) -> Row:
        """What an offer to owners gained over no contracts."""
        for row in self.document(suite)["contracts"].get("operations", []):
            if row["policy"] == policy:
                return row
        raise UnknownClaimError(f"{suite} has no offer of {policy}")


@dataclass(frozen=True)
class Claim:
    """A sentence and when it is true.

    Attributes:
        name: in the markers.
        holds: the condition.
        yes: sentence if it holds, with the values in braces.
        no: sentence if it does not.
        values: what stands in the sentences.
    """

    name: str
    holds: Callable[[Results], bool]
    yes: str
    no: str
    values: Callable[[Results], Mapping[str, str]]

    def sentence(self, results: Results) -> str:
        """What the results say.

        Raises:
            UnknownClaimError: the results do not hold what it is about.
        """
        text = self.yes if self.holds(results) else self.no
        return text.format(**self.values(results))


def eur(value: float) -> str:
    """A sum of money in words.

    >>> eur(-1234.4)
    '1,234 EUR'
    """
    return f"{abs(round(value)):,} EUR"


def more(value: float) -> str:
    """How much more, or less.

    >>> more(-3.2), more(1500)
    ('3 EUR less', '1,500 EUR more')
    """
    return f"{eur(value)} {'more' if round(value) >= 0 else 'less'}"


def gain_words(row: Row, name: str = "eur", worlds: str = "worlds_more") -> str:
    """How much more, with its interval and the number of worlds.

    >>> gain_words({"eur": 12.3, "eur_low": 3, "eur_high": 21, "worlds_more": 11, "worlds": 12})
    '12 EUR a year more (95 % interval 3 to 21; more in 11 of 12 worlds)'
    """
    low, high = round(row[f"{name}_low"]) + 0, round(row[f"{name}_high"]) + 0
    value = round(row[name])
    count = f"; more in {row[worlds]} of {row['worlds']} worlds" if row["worlds"] > 1 else ""
    word = "more" if value >= 0 else "less"
    if high < 0:
        low, high = -high, -low
    return f"{abs(value):,} EUR a year {word} (95 % interval {low:,} to {high:,}{count})"


def _smart_charging(suite: str) -> Claim:
    def best(results: Results) -> Row:
        rows = results.rows(suite, "operations")
        found = next((row for row in rows if row["policy"] != NO_CONTROL), None)
        if found is None:
            raise UnknownClaimError(f"{suite} has no policy but {NO_CONTROL}")
        return found

    def values(results: Results) -> Mapping[str, str]:
        row = best(results)
        served = results.row(suite, "operations", NO_CONTROL)["demand_satisfaction"]
        return {
            "best": f"`{row['policy']}`",
            "gain": gain_words(row, "gain_eur", "gain_worlds"),
            "served": f"{100 * row['demand_satisfaction']:.1f}",
            "served_low": f"{100 * served:.1f}",
        }

    return Claim(
        f"smart-charging-{suite}",
        lambda results: bool(best(results)["gain_eur_low"] > 0),
        "Smart charging pays: {best}, the best policy of operations, earns {gain} than charging on "
        "arrival, and serves {served} % of the demand instead of {served_low} %.",
        "Smart charging does not clearly pay: the best policy of operations, {best}, earns {gain} "
        "than charging on arrival, and serves {served} % of the demand instead of {served_low} %.",
        values,
    )


def _hazard(suite: str) -> Claim:
    def found(results: Results) -> list[Row]:
        rows = [
            one
            for one in results.differences(suite, "operations", SAME_OFFER)
            if one["policy"].startswith("hazard_mpc")
        ]
        if not rows:
            raise UnknownClaimError(f"{suite} has no planner with the law of departures")
        return rows

    def values(results: Results) -> Mapping[str, str]:
        each = (
            f"`{one['policy']}` {gain_words(one)} than `{one['over']}`" for one in found(results)
        )
        return {"gains": "; ".join(each)}

    return Claim(
        f"departures-{suite}",
        lambda results: all(one["eur_low"] > 0 for one in found(results)),
        "A plan that knows how likely drivers are to leave early earns more than the same plan "
        "that believes what they say, under every offer: {gains}.",
        "A plan that knows how likely drivers are to leave early does not earn clearly more under "
        "every offer than the same plan that believes what they say: {gains}.",
        values,
    )


def _offer(suite: str, name: str, policies: Sequence[str], what: str) -> Claim:
    """Contracts of one kind; of several names the first that ran."""

    def rows(results: Results) -> list[Row]:
        found = []
        for policy in policies:
            try:
                found.append(results.offer(suite, policy))
            except UnknownClaimError:
                continue
        if not found:
            raise UnknownClaimError(f"{suite} has no {what}")
        return found

    def values(results: Results) -> Mapping[str, str]:
        each = (
            f"`{row['policy']}` {gain_words(row, 'gain_eur', 'gain_worlds')}, owners "
            f"{more(row['owners_gain_eur'])}, together {more(row['joint_gain_eur'])}"
            for row in rows(results)
        )
        return {"gains": "; ".join(each)}

    return Claim(
        f"{name}-{suite}",
        lambda results: all(row["gain_eur_low"] > 0 for row in rows(results)),
        f"Compared with no contracts, {what} pays the operator: {{gains}}.",
        f"Compared with no contracts, {what} does not clearly pay the operator: {{gains}}.",
        values,
    )


def _bids(suite: str, bids: str) -> Claim:
    def found(results: Results) -> list[Row]:
        rows = [
            one
            for one in results.differences(suite, "market", NO_BIDS)
            if one["policy"].endswith(f"+{bids}")
        ]
        if not rows:
            raise UnknownClaimError(f"{suite} has no bids {bids}")
        return rows

    def values(results: Results) -> Mapping[str, str]:
        rows = found(results)
        least, most = min(row["eur"] for row in rows), max(row["eur"] for row in rows)
        first = gain_words(rows[0])
        ends = f"{more(least)} to {more(most)}"
        if least >= 0:
            ends = f"{round(least):,} to {more(most)}"
        span = "" if len(rows) == 1 else f", and {ends} over all dispatchers"
        return {"gain": first, "policy": f"`{rows[0]['over']}`", "span": span}

    return Claim(
        f"bids-{bids.replace('_', '-')}-{suite}",
        lambda results: all(one["eur_low"] > 0 for one in found(results)),
        f"With the bids `{bids}`, {{policy}} earns {{gain}} than without bids{{span}}.",
        f"With the bids `{bids}`, which do not clearly pay, {{policy}} earns {{gain}} than without "
        "bids{span}.",
        values,
    )


def _learned(suite: str) -> Claim:
    def found(results: Results) -> Row:
        best = results.best(suite, "operations", "learned")["policy"]
        return results.difference(suite, "operations", best, BEST_PLANNER)

    def values(results: Results) -> Mapping[str, str]:
        one = found(results)
        row = results.row(suite, "operations", one["policy"])
        seeds = f"{row['seeds']} seeds" if row["seeds"] > 1 else "1 seed"
        return {
            "learned": f"`{one['policy']}` ({seeds})",
            "planner": f"`{one['over']}`",
            "gain": gain_words(one),
        }

    return Claim(
        f"learned-{suite}",
        lambda results: found(results)["eur_low"] > 0,
        "The best learned policy beats the best planner: {learned} earns {gain} than {planner}.",
        "The best learned policy does not clearly beat the best planner: {learned} earns {gain} "
        "than {planner}.",
        values,
    )


def _bound(suite: str) -> Claim:
    def best(results: Results) -> Row:
        return results.best(suite, "operations")

    def values(results: Results) -> Mapping[str, str]:
        row, high = best(results), results.document(suite)["high"]
        top = results.row(suite, "operations", high)
        return {
            "best": f"`{row['policy']}`",
            "score": f"{row['score']:.0f} [{row['score_low']:.0f}, {row['score_high']:.0f}]",
            "high": f"`{high}`" + (", an estimate" if high == DUAL_ESTIMATE else ""),
            "left": eur(top["operations_eur"] - row["operations_eur"]),
        }

    return Claim(
        f"bound-{suite}",
        lambda results: best(results)["score_high"] <= 100,
        "The best policy of operations, {best}, reaches {score} of 100, where 100 is {high}: at "
        "most {left} a year are left to gain without knowing the future.",
        "The best policy of operations, {best}, reaches {score} of 100, where 100 is {high}, so "
        "that this end of the scale is not a bound there.",
        values,
    )


def _served(suite: str) -> Claim:
    def ends(results: Results) -> tuple[Row, Row]:
        rows = [row for row in results.rows(suite, "operations") if row["frontier"]]
        if not rows:
            raise UnknownClaimError(f"{suite} has no frontier")
        return (
            max(rows, key=lambda row: row["operations_eur"]),
            max(rows, key=lambda row: row["demand_satisfaction"]),
        )

    def dear(results: Results) -> str:
        """Who would rank first had every missing kWh cost more, as far as that is told."""
        column = price_column(DEAR_EUR_PER_KWH)
        found = [row for row in results.rows(suite, "operations") if row.get(column) == 1]
        if not found:
            return ""
        return (
            f" Had every missing kWh cost {DEAR_EUR_PER_KWH:g} EUR in the same runs, "
            f"`{found[0]['policy']}` would rank first."
        )

    def values(results: Results) -> Mapping[str, str]:
        first, last = ends(results)
        return {
            "first": f"`{first['policy']}`",
            "first_served": f"{100 * first['demand_satisfaction']:.2f}",
            "last": f"`{last['policy']}`",
            "last_served": f"{100 * last['demand_satisfaction']:.2f}",
            "price": eur(first["operations_eur"] - last["operations_eur"]),
            "dear": dear(results),
        }

    return Claim(
        f"served-{suite}",
        lambda results: ends(results)[0]["policy"] != ends(results)[1]["policy"],
        "Service has a price: {first}, which earns most, serves {first_served} % of the demand; "
        "{last} serves {last_served} % and earns {price} a year less.{dear}",
        "No policy trades service for money: {first} earns most and serves most, {first_served} %."
        "{dear}",
        values,
    )


def _published(suite: str, world: str) -> Claim:
    """Agents and planners against the strategy of an article, on every board with agents."""

    def pairs(results: Results) -> list[tuple[str, Row, Row]]:
        found = []
        for board in results.document(suite)["boards"]:
            rows = results.rows(suite, board)
            learned = next((row for row in rows if row["kind"] == "learned"), None)
            planner = next((row for row in rows if row["kind"] == "optimiser"), None)
            if learned and planner:
                found.append((board, learned, planner))
        if not found:
            raise UnknownClaimError(f"{suite} has no board with agents and planners")
        return found

    def gain(row: Row) -> str:
        low, high = round(row["gain_eur_low"]), round(row["gain_eur_high"])
        return f"`{row['policy']}` {round(row['gain_eur']):,} [{low:,}, {high:,}]"

    def values(results: Results) -> Mapping[str, str]:
        each = (
            f"{board}: {gain(learned)}, {gain(planner)}"
            for board, learned, planner in pairs(results)
        )
        return {"gains": "; ".join(each)}

    def holds(results: Results) -> bool:
        return all(
            learned["gain_eur_low"] > 0 and planner["gain_eur"] > learned["gain_eur"]
            for _, learned, planner in pairs(results)
        )

    of = "EUR a year more than the article's strategy, for the best agent and the best planner"
    return Claim(
        f"published-{suite}",
        holds,
        f"In {world}, agents beat the published strategy, and planners beat the agents; {of} "
        "({gains}).",
        f"In {world} it is not so everywhere that agents beat the published strategy and planners "
        f"beat the agents; {of} "
        "({gains}).",
        values,
    )


BIDS = ("two_stage", "wait_and_see", "expected_load", "climatology")
CLAIMS: tuple[Claim, ...] = (
    _published("microgrid", "the microgrid"),
    _published("car_park", "the car park"),
    *(
        claim
        for suite in ("embedded", "real")
        for claim in (
            _smart_charging(suite),
            _hazard(suite),
            _offer(
                suite,
                "tariff",
                tuple(f"{one}_tariff" for one in OFFERING),
                "one posted tariff per discharged kWh",
            ),
            _offer(
                suite,
                "menus",
                tuple(f"{SCHEDULER}_{hours}h" for hours in (1, 2, 3)),
                "the reference paper's menu of availability",
            ),
            *(_bids(suite, bids) for bids in BIDS),
            _learned(suite),
            _bound(suite),
            _served(suite),
        )
    ),
)
"""Every claim."""


def results_in(folder: Path) -> Results:
    """The result files of this version in a folder."""
    documents = {}
    for suite in ("embedded", "real", "microgrid", "car_park"):
        path = folder / f"{suite}.json"
        if path.exists() and f'"schema": {SCHEMA},' in read_text(path)[:200]:
            documents[suite] = read(path)
    return Results(documents)


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
