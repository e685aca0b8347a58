"""Do other test worlds say what the published ones said?

    python -m benchmarks.run --suite embedded --first-world 12 --worlds 12
    python -m benchmarks.confirm

Compares the ranks, the signs of differences and the claims of the published results with those
of worlds on which nothing was chosen, and writes confirm.md. Nothing is run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from scipy.stats import spearmanr

from benchmarks.claims import CLAIMS
from benchmarks.differences import made_by, markdown
from benchmarks.evidence import Results, UnknownClaimError
from benchmarks.leaderboard import RESULTS
from benchmarks.results import read
from benchmarks.suites.base import Document, worlds_of
from vpp_gym.errors import InvalidInputError
from vpp_gym.files.writer import write_text

SUITE = "embedded"
COMMAND = "python -m benchmarks.confirm"
TITLE = "Do other test worlds say the same?"


def ranks(published: Document, checked: Document, board: str) -> pd.DataFrame:
    """Rank of every policy in both, and its gain over the low end [EUR]."""
    there, here = (_ranks(document, board) for document in (published, checked))
    return pd.DataFrame(
        {
            "policy": name,
            "rank_published": there[name]["rank"],
            "rank_checked": here[name]["rank"],
            "gain_published_eur": round(there[name]["gain_eur"]),
            "gain_checked_eur": round(here[name]["gain_eur"]),
            "interval_published": f"[{there[name]['gain_eur_low']:,.0f}, "
            f"{there[name]['gain_eur_high']:,.0f}]",
        }
        for name in there
        if name in here
    )


def _ranks(document: Document, board: str) -> dict[str, Mapping[str, Any]]:
    rows = document["boards"][board]
    return {row["policy"]: row for row in rows if not row["privileged"]}


def signs(published: Document, checked: Document, board: str) -> pd.DataFrame:
    """Differences between policies that were clear, and whether their sign is the same [EUR]."""
    here = {(one["policy"], one["over"], one["why"]): one for one in checked["differences"][board]}
    rows = []
    for one in published["differences"][board]:
        other = here.get((one["policy"], one["over"], one["why"]))
        if other is None or one["eur_low"] <= 0 <= one["eur_high"]:
            continue
        rows.append(
            {
                "policy": one["policy"],
                "more_than": one["over"],
                "published_eur": one["eur"],
                "checked_eur": other["eur"],
                "same_sign": "yes" if one["eur"] * other["eur"] > 0 else "no",
            }
        )
    columns = ["policy", "more_than", "published_eur", "checked_eur", "same_sign"]
    return pd.DataFrame(rows, columns=columns)


def claims(published: Document, checked: Document) -> pd.DataFrame:
    """Whether each claim about the suite holds in both."""
    suite = published["suite"]
    both = [Results({suite: document}) for document in (published, checked)]
    rows = []
    for claim in CLAIMS:
        if not claim.name.endswith(f"-{suite}"):
            continue
        try:
            there, here = (claim.holds(results) for results in both)
        except UnknownClaimError:
            continue
        rows.append(
            {
                "claim": claim.name,
                "published": "yes" if there else "no",
                "checked": "yes" if here else "no",
                "same": "yes" if there == here else "no",
                "what_the_checked_worlds_say": claim.sentence(both[1]),
            }
        )
    return pd.DataFrame(rows)


def alike(document: Document, other: Document) -> Document:
    """The rows of policies that are the same in both: agents may have been trained again."""
    then, now = (one["digests"]["policies"] for one in (document, other))
    changed = {
        label.partition(".")[0]
        for label in {*then, *now}
        if label not in then or label not in now or then[label]["values"] != now[label]["values"]
    }
    parts = {
        part: {
            board: [row for row in rows if not {row["policy"], row.get("over")} & changed]
            for board, rows in document[part].items()
        }
        for part in ("boards", "differences", "seeds")
    }
    return {**document, **parts, "changed": sorted(changed)}


def worlds_words(document: Document) -> str:
    """Which worlds a result file is of."""
    worlds = worlds_of(document)
    return f"world {worlds[0]}" if len(worlds) == 1 else f"worlds {worlds[0]} to {worlds[-1]}"


def section(published: Document, checked: Document) -> Iterator[str]:
    """Markdown: what is the same."""
    published, checked = alike(published, checked), alike(checked, published)
    yield (
        f"Published: {worlds_words(published)} ({published['command']}). Checked: "
        f"{worlds_words(checked)} (`{checked['command']}`), which nobody looked at before."
    )
    if published["changed"]:
        names = ", ".join(f"`{name}`" for name in published["changed"])
        yield f"Left out, since they were made anew between the two runs: {names}."
    for board in published["boards"]:
        table = ranks(published, checked, board)
        rho = spearmanr(table["rank_published"], table["rank_checked"]).statistic
        clear = signs(published, checked, board)
        same = int((clear["same_sign"] == "yes").sum())
        yield f"## Board {board}"
        yield (
            f"Spearman of the ranks {rho:.3f} over {len(table)} policies; the first is "
            f"`{table['policy'].iloc[0]}`, and in the checked worlds "
            f"`{table.sort_values('rank_checked')['policy'].iloc[0]}`. Of {len(clear)} differences "
            f"whose interval leaves out zero {same} have the same sign."
        )
        yield markdown(table)
        if not clear.empty:
            yield markdown(clear)
    found = claims(published, checked)
    if not found.empty:
        same = int((found["same"] == "yes").sum())
        yield "## Claims"
        yield f"{same} of {len(found)} claims come out the same."
        yield markdown(found)


def main(
    results: Annotated[Path, typer.Option(help="Folder of the published results.")] = RESULTS,
    check: Annotated[
        Path | None, typer.Option(help="Result file of the other worlds; by default the newest.")
    ] = None,
) -> None:
    """Compare, write confirm.md and print it."""
    if check is None:
        files = sorted((results / "runs").glob(f"{SUITE}_*_to_*.json"), key=_age)
        if not files:
            remedy = f"python -m benchmarks.run --suite {SUITE} --first-world 12 --worlds 12"
            raise InvalidInputError("check", "no results of other worlds", f"run: {remedy}")
        check = files[-1]
    parts = section(read(results / f"{SUITE}.json"), read(check))
    page = "\n\n".join([f"# {TITLE}", made_by(COMMAND), *parts]) + "\n"
    write_text(results / "confirm.md", page)
    typer.echo(page)


def _age(path: Path) -> float:
    return path.stat().st_mtime


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
