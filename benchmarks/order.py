"""Do synthetic years rank policies as the real year does?

    python -m benchmarks.order

Reads the published weeks of the synthetic worlds and of the real year and runs nothing. All
policies count that both have on a board, those that bid and learned ones among them. Gains over
charging on arrival in EUR, not scores: a score also depends on the upper end of its scale.
"""

from __future__ import annotations

import sys
from itertools import combinations
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from scipy.stats import kendalltau, spearmanr

from benchmarks.differences import RESULTS, made_by, markdown
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.csv_text import csv_text, read_table
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.files.reader import read_object
from vpp_gym.files.writer import write_text
from vpp_gym.ledger import PROFIT
from vpp_gym.markets.ledger import POSITION

SYNTHETIC, REAL = "embedded", "real"
BOARDS = ("operations", "market")
TITLE = "Do synthetic years rank policies as the real year does?"
COMMAND = "python -m benchmarks.order"


def value_eur(weeks: pd.DataFrame, board: str) -> pd.Series:
    """What a board ranks by, of each week [EUR]."""
    return weeks[PROFIT] - weeks[POSITION.eur] if board == "operations" else weeks[PROFIT]


def gains(suite: str, board: str, folder: Path = RESULTS) -> pd.DataFrame:
    """(policy, world) gain over charging on arrival, mean of the seeds [EUR].

    Args:
        suite: whose published results are read.
        board: one of `BOARDS`.
        folder: of the results.
    """
    document = read_object(folder / f"{suite}.json")
    ranked = [row["policy"] for row in document["boards"][board] if not row["privileged"]]
    weeks = read_table(folder / f"{suite}_weeks.csv")
    runs = weeks.assign(value=value_eur(weeks, board)).groupby(["policy", "world", "seed"])
    totals = runs["value"].sum().groupby(["policy", "world"]).mean().unstack("world")
    return totals.loc[ranked] - totals.loc[NO_CONTROL]


def compared(folder: Path = RESULTS) -> pd.DataFrame:
    """Rows board, policy, real_eur and a column for each synthetic world [EUR]."""
    tables = []
    for board in BOARDS:
        synthetic, real = gains(SYNTHETIC, board, folder), gains(REAL, board, folder)
        both = [name for name in synthetic.index if name in real.index]
        table = synthetic.loc[both].add_prefix("world_")
        table.insert(0, "real_eur", real.loc[both].mean(axis=1))
        table.insert(0, "board", board)
        tables.append(table.reset_index())
    return pd.concat(tables, ignore_index=True)


def worlds(table: pd.DataFrame) -> list[str]:
    """Columns of the synthetic worlds."""
    return [name for name in table if str(name).startswith("world_")]


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """Rank correlations of the mean of the worlds, and of each, with the real year, by board."""
    rows = []
    for board, part in table.groupby("board", sort=False):
        own = worlds(part)
        pairs = list(combinations(part.index, 2))
        columns = {"mean of the worlds": part[own].mean(axis=1)}
        columns |= {name.replace("_", " "): part[name] for name in own}
        real = part["real_eur"]
        for label, values in columns.items():
            same = sum((values[a] > values[b]) == (real[a] > real[b]) for a, b in pairs)
            rows.append(
                {
                    "board": board,
                    "years": label,
                    "policies": len(part),
                    "spearman": f"{spearmanr(values, real).statistic:.3f}",
                    "kendall": f"{kendalltau(values, real).statistic:.3f}",
                    "pairs_alike": f"{same} of {len(pairs)}",
                }
            )
    return pd.DataFrame(rows)


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Gains of each policy in the real year and in the synthetic worlds."""
    own = worlds(table)
    found = table[own]
    return pd.DataFrame(
        {
            "board": table["board"],
            "policy": table["policy"],
            "real_eur": table["real_eur"].map("{:,.0f}".format),
            "synthetic_eur": found.mean(axis=1).map("{:,.0f}".format),
            "least": found.min(axis=1).map("{:,.0f}".format),
            "most": found.max(axis=1).map("{:,.0f}".format),
            "same_sign": [
                f"{int((row[own] * row['real_eur'] >= 0).sum())} of {len(own)}"
                for _, row in table.iterrows()
            ],
        }
    )


def section(table: pd.DataFrame) -> str:
    """Markdown: how the order of policies carries over to the real year."""
    return "\n\n".join(
        [
            f"{len(worlds(table))} synthetic test worlds against the real year, by what each "
            "policy earned more than charging on arrival: with the bids left out (operations) and "
            "with them (market). All policies without knowledge of the future take part, those "
            "that bid and learned ones among them.",
            markdown(agreement(table)),
            "`least` and `most`: of the worlds. `same sign`: worlds in which the gain has the sign "
            "that it has in the real year.",
            markdown(side_by_side(table)),
        ]
    )


def main(
    folder: Annotated[Path, typer.Option(help="Folder of the result files.")] = RESULTS,
) -> None:
    """Write order.csv and order.md, and print how the policies compare."""
    table = compared(folder)
    write_text(folder / "order.csv", csv_text(table, "%.6g"))
    page = f"# {TITLE}\n\n{made_by(COMMAND)}\n\n{section(table)}\n"
    write_text(folder / "order.md", page)
    typer.echo(page)


if __name__ == "__main__":
    try:
        typer.run(main)
    except InvalidInputError as refused:
        sys.exit(str(refused))
