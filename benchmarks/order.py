"""Do synthetic years rank policies as the real year does?

    python -m benchmarks.order [--years 4]

Runs the rules and schedulers through synthetic validation years, and compares what each
earned more than charging on arrival with the committed gains of the real year
(results/real.csv) and of the embedded benchmark year (results/embedded.csv), which are
read and not run again. Gains in EUR, not scores: a score also depends on what the optimum
in hindsight may do, and that has grown. None of these policies bids, so that all of a gain
is flexibility less payoffs.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from scipy.stats import kendalltau, spearmanr

from benchmarks.differences import RESULTS, STATISTICS, gain_columns, made_by, markdown
from benchmarks.store import write_whole
from vpp_gym.evaluation import evaluate
from vpp_gym.evaluation.comparison import gains
from vpp_gym.evaluation.metrics import NO_CONTROL
from vpp_gym.params import DEFAULT
from vpp_gym.policies.baselines import baselines
from vpp_gym.scenarios.synthetic import SyntheticSource

POLICIES = (
    NO_CONTROL,
    "charge_at_deadline",
    "price_threshold",
    "no_v2g",
    "algorithm_1_1h",
    "algorithm_1_2h",
    "algorithm_1_3h",
    "rolling_mpc",
    "rolling_mpc_3h",
    "rolling_mpc_10h",
)
TRACK, PARAMS = "open", DEFAULT.replace(guarantee=False)
"""Track of the committed results that is compared, and its rules."""
TITLE = "Do synthetic years rank policies as the real year does?"
GAIN = ["gain_eur", "gain_eur_low", "gain_eur_high"]
COLUMNS = ["year", "policy", *GAIN]


def run_years(years: int, path: Path) -> None:
    """Write the gains of every policy in every validation year that the file lacks.

    Args:
        years: how many.
        path: of a CSV file with rows of `COLUMNS`; written again after each year.
    """
    source = SyntheticSource("validation", years)
    table = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=COLUMNS)
    for index in range(years):
        if f"{source.name}:{index}" in set(table["year"]):
            continue
        found = year_gains(source, index)
        table = found if table.empty else pd.concat([table, found], ignore_index=True)
        write_whole(path, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def year_gains(source: SyntheticSource, index: int) -> pd.DataFrame:
    """Gains of every policy over charging on arrival in one year, rows of `COLUMNS`."""
    scenario = source.scenario(index)
    days = pd.concat(
        [evaluate(baselines()[name], scenario, PARAMS).days for name in POLICIES],
        ignore_index=True,
    )
    found = gains(days, POLICIES, over=NO_CONTROL, **STATISTICS)
    return found.assign(year=scenario.name)[COLUMNS]


def committed(suite: str, folder: Path = RESULTS) -> pd.DataFrame:
    """Gains of the same policies in a committed result, rows of `COLUMNS`."""
    table = pd.read_csv(folder / f"{suite}.csv")
    table = table[table["track"] == TRACK].set_index("policy").loc[list(POLICIES)].reset_index()
    return table.assign(year=suite)[COLUMNS]


def agreement(years: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Rank correlations of each year, and of their mean, with the real year."""
    wide = years.pivot(index="policy", columns="year", values="gain_eur")
    wide["mean of the years"] = wide.mean(axis=1)
    other = real.set_index("policy")["gain_eur"].loc[wide.index]
    rows = []
    for year, values in wide.items():
        same = [
            (values[a] > values[b]) == (other[a] > other[b]) for a, b in combinations(wide.index, 2)
        ]
        rows.append(
            {
                "year": year,
                "spearman": spearmanr(values, other).statistic,
                "kendall": kendalltau(values, other).statistic,
                "pairs_alike": f"{sum(same)} of {len(same)}",
            }
        )
    return pd.DataFrame(rows)


def within_intervals(years: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Gains side by side, and whether each lies in the other's interval.

    `inside` says whether the mean of the synthetic years lies in the interval of the real
    year, `years_over` in how many synthetic years the interval holds the real gain.
    """
    rows = []
    for _, one in real.iterrows():
        gain, low, high = one[GAIN]
        mine = years[years["policy"] == one["policy"]]
        holds = mine["gain_eur_low"].le(gain) & mine["gain_eur_high"].ge(gain)
        found = mine["gain_eur"]
        rows.append(
            {
                "policy": one["policy"],
                "real_eur": f"{gain:,.0f} [{low:,.0f}, {high:,.0f}]",
                "synthetic_eur": f"{found.mean():,.0f}",
                "least": f"{found.min():,.0f}",
                "most": f"{found.max():,.0f}",
                "inside": "yes" if low <= found.mean() <= high else "no",
                "years_over": f"{holds.sum()} of {len(mine)}",
            }
        )
    return pd.DataFrame(rows)


def swapped(years: pd.DataFrame, real: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Pairs that the mean synthetic year orders otherwise than the real one.

    `gain` is what the first earned more than the second in the real year: a pair whose
    interval holds zero is not told apart there.
    """
    mean = years.groupby("policy")["gain_eur"].mean()
    ranked = real.sort_values("gain_eur", ascending=False)["policy"]
    days = days[days["track"] == TRACK]
    profit = days.pivot_table(index="date", columns="policy", values="profit_eur")
    wide = years.pivot(index="year", columns="policy", values="gain_eur")
    rows = []
    for first, second in combinations(ranked, 2):
        if mean[first] < mean[second]:
            ahead = int((wide[first] > wide[second]).sum())
            gain = gain_columns(profit[first].to_numpy(), profit[second].to_numpy())
            pair = {"ahead_in_the_real_year": first, "behind": second}
            rows.append({**pair, "years_ahead": f"{ahead} of {len(wide)}", **gain})
    columns = ["ahead_in_the_real_year", "behind", "years_ahead", "gain_eur"]
    return pd.DataFrame(rows, columns=columns if not rows else None)


def section(years: pd.DataFrame, folder: Path = RESULTS) -> str:
    """Markdown: how the order of policies carries over to the real year."""
    years = pd.concat([years, committed("embedded", folder)], ignore_index=True)
    real = committed("real", folder)
    swaps = swapped(years, real, pd.read_csv(folder / "real_days.csv"))
    pairs = "No pair is ordered otherwise." if swaps.empty else markdown(swaps)
    return "\n\n".join(
        [
            f"{years['year'].nunique()} synthetic years (validation years, and the embedded "
            "benchmark year as committed) against the committed real year, by what each policy "
            "earned more than charging on arrival. Gains, not scores: a score also depends on what "
            "the optimum in hindsight may do, which has grown.",
            markdown(_rounded(agreement(years, real))),
            "`inside`: the mean of the synthetic years lies in the 95 % interval of the real "
            "year. `years over`: synthetic years whose interval holds the real gain.",
            markdown(within_intervals(years, real)),
            "Pairs that the mean of the synthetic years orders otherwise than the real year:",
            pairs,
        ]
    )


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    numbers = table.select_dtypes(np.number).columns
    return table.assign(**{name: table[name].map("{:.3f}".format) for name in numbers})


def main(
    years: Annotated[int, typer.Option(min=2, help="Number of synthetic validation years.")] = 4,
    fresh: Annotated[bool, typer.Option("--fresh", help="Re-run finished years.")] = False,
    folder: Annotated[Path, typer.Option(help="Folder of the result files.")] = RESULTS,
) -> None:
    """Run the policies, write order.csv and order.md, and print how they compare.

    Years that order.csv has are kept where the code that made them, as order.md names it, is the
    code as it is.
    """
    path, page = folder / "order.csv", folder / "order.md"
    made = made_by(f"python -m benchmarks.order --years {years}")
    heading = f"# {TITLE}\n\n{made}\n"
    if fresh or not (page.exists() and made in page.read_text(encoding="utf-8")):
        path.unlink(missing_ok=True)
        write_whole(page, heading)
    run_years(years, path)
    text = f"{heading}\n{section(pd.read_csv(path), folder)}\n"
    write_whole(page, text)
    typer.echo(text)


if __name__ == "__main__":
    typer.run(main)
