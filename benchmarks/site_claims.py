"""Sentences about sites: what planning them is worth, and what limits do to ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.claim import Claim
from benchmarks.evidence import Results, Row, UnknownClaimError
from vpp_gym.boards.sites import BUSY_CHARGERS

LIMIT, YEAR = "site_limit", "site_year"
"""The tables of `benchmarks.site_limit` and `benchmarks.site_year`."""
MINUTE_S = 60.0
EXACT = "site_mpc_exact"
SITES = {"site": "synthetic years", "site_real": "2019", "site_busy": "the busy site"}
BOARD = "site"
CARS_ONLY, WHOLE, BOUND = "hazard_mpc", "site_hazard_mpc", "site_hindsight"
KNOWN_PRICES = "site_known_prices"
STEPS = {0.25: "quarter hours", 1.0: "hours"}


def planning() -> Claim:
    """Whether planning the site earns more than planning its cars, on every board of sites."""

    def rows(results: Results) -> list[tuple[str, Row, Row]]:
        known = [suite for suite in SITES if suite in results.documents]
        if not known:
            raise UnknownClaimError("there are no results of sites")
        pairs = (
            (suite, results.row(suite, BOARD, WHOLE), results.row(suite, BOARD, CARS_ONLY))
            for suite in known
        )
        return list(pairs)

    def values(results: Results) -> Mapping[str, str]:
        each = (
            f"{SITES[suite]} {round(site['profit_eur'] - cars['profit_eur']):+,} EUR a world "
            f"(score {site['score']:.0f} instead of {cars['score']:.0f})"
            for suite, site, cars in rows(results)
        )
        return {"gains": "; ".join(each)}

    what = f"`{WHOLE}`, which plans the whole site, against `{CARS_ONLY}`, which plans its cars"
    return Claim(
        "site-planning",
        lambda results: all(a["profit_eur"] > b["profit_eur"] for _, a, b in rows(results)),
        f"Planning the site pays: {what}: {{gains}}.",
        f"Planning the site does not pay everywhere: {what}: {{gains}}.",
        values,
    )


def loss() -> Claim:
    """How far the best planner of each board of sites is from hindsight."""

    def best(results: Results, suite: str) -> Row:
        return results.best(suite, BOARD, "optimiser")

    def values(results: Results) -> Mapping[str, str]:
        each = []
        for suite in (one for one in SITES if one in results.documents):
            row, low = best(results, suite), results.row(suite, BOARD, "charge_on_arrival")
            each.append(
                f"{SITES[suite]} `{row['policy']}` {round(row['loss_eur']):,} EUR a world, "
                f"`charge_on_arrival` {round(low['loss_eur']):,}"
            )
        return {"losses": "; ".join(each)}

    def holds(results: Results) -> bool:
        if not any(suite in results.documents for suite in SITES):
            raise UnknownClaimError("there are no results of sites")
        return all(
            best(results, suite)["loss_eur"] > 0 for suite in SITES if suite in results.documents
        )

    return Claim(
        "site-loss",
        holds,
        f"Less than with everything known in advance (`{BOUND}`) earn: {{losses}}.",
        f"Not everybody earns less than `{BOUND}`, which makes no offers to owners: {{losses}}.",
        values,
    )


def anticipation() -> Claim:
    """Whether a planner of a site loses more to unknown prices than to unknown cars and sun."""

    def losses(results: Results) -> list[tuple[str, float, float]]:
        known = [suite for suite in SITES if suite in results.documents]
        if not known:
            raise UnknownClaimError("there are no results of sites")
        return [
            (
                suite,
                float(results.row(suite, BOARD, KNOWN_PRICES)["loss_eur"]),
                float(results.best(suite, BOARD, "optimiser")["loss_eur"]),
            )
            for suite in known
        ]

    def values(results: Results) -> Mapping[str, str]:
        each = (
            f"{SITES[suite]} {_less(told)} and {_less(best)}"
            for suite, told, best in losses(results)
        )
        return {"losses": "; ".join(each)}

    what = (
        f"What `{KNOWN_PRICES}`, which is told all prices and nothing of later cars and sun, and "
        f"the best planner without that knowledge earn beside `{BOUND}`, EUR a world: {{losses}}"
    )
    return Claim(
        "site-anticipation",
        lambda results: all(told < 0.5 * best for _, told, best in losses(results)),
        f"What planners of a site lack is prices rather than arrivals. {what}.",
        f"Planners of a site lack more than prices. {what}.",
        values,
    )


def _less(loss_eur: float) -> str:
    return f"{abs(round(loss_eur)):,} {'less' if loss_eur >= 0 else 'more'}"


def limit() -> Claim:
    """Whether a limit at 40 % of the chargers' power changes the order of rules and planners."""

    def rows(results: Results, share: float) -> list[Row]:
        return [row for row in results.table(LIMIT) if row["share"] == share]

    def values(results: Results) -> Mapping[str, str]:
        table = results.table(LIMIT)
        costs = [-row["gain_eur"] for row in rows(results, 0.4)]
        shares = [-row["gain_eur"] / row["free_eur"] for row in rows(results, 0.4)]
        return {
            "worlds": str(max(int(row["worlds"]) for row in table)),
            "most": f"{max(costs):,.0f}",
            "share": f"{100 * max(shares):.1f}",
            "changes": _changes(rows(results, 0.4)),
            "tight": _changes(rows(results, 0.2)),
        }

    return Claim(
        "site-limit",
        lambda results: all(_alike(row) for row in rows(results, 0.4)),
        "An import limit at 40 % of the chargers' power changes no rank of six rules and planners "
        "of cars, in the mean of {worlds} worlds, by quarter hours and hours, at 18 chargers and "
        "at 50 busy ones: it costs none of them more than {most} EUR a world ({share} %). Cars "
        "rarely want more than that at once. A limit at 20 %: {tight}.",
        "An import limit at 40 % of the chargers' power changes ranks of six rules and planners "
        "of cars in the mean of {worlds} worlds: {changes}. It costs none of them more than {most} "
        "EUR a world ({share} %). A limit at 20 %: {tight}.",
        values,
    )


def year() -> Claim:
    """Whether a year of each planner of a whole site takes less than a minute."""

    def planners(results: Results) -> list[Row]:
        rows = results.table(YEAR)
        return [row for row in rows if row["policy"].startswith("site_") and row["policy"] != BOUND]

    def fast(results: Results) -> list[Row]:
        return [row for row in planners(results) if row["policy"] != EXACT]

    def values(results: Results) -> Mapping[str, str]:
        seconds = {row["policy"]: row["year_s"] for row in planners(results)}
        sessions = next(row["sessions_a_day"] for row in planners(results))
        each = ", ".join(
            f"`{row['policy']}` {row['year_s']:.0f} s ({row['ms_a_step']:.2f} ms a step)"
            for row in fast(results)
        )
        return {"sessions": f"{sessions:.0f}", "each": each, "exact": f"{seconds[EXACT]:.0f}"}

    known = (
        "with everything that a site has, {sessions} sessions a day: {each}; "
        "`site_mpc_exact` {exact} s"
    )
    page = "[What was measured](../benchmarks/results/site_year.md)"
    return Claim(
        "site-year",
        lambda results: all(row["year_s"] < MINUTE_S for row in fast(results)),
        f"Each of these planners takes less than a minute for a year of quarters {known}. {page}.",
        f"Some of these planners take more than a minute for a year of quarters {known}. {page}.",
        values,
    )


def _alike(row: Row) -> bool:
    return bool(row["rank_free"] == row["rank_limited"])


def _changes(rows: Sequence[Row]) -> str:
    """Which ranks differ, by site and step."""
    found = []
    for chargers in dict.fromkeys(row["chargers"] for row in rows):
        for step_h, words in STEPS.items():
            moved = [
                f"`{row['policy']}` from {row['rank_free']} to {row['rank_limited']}"
                for row in rows
                if (row["chargers"], row["step_h"]) == (chargers, step_h) and not _alike(row)
            ]
            busy = "busy " if chargers == BUSY_CHARGERS else ""
            if moved:
                found.append(f"{chargers} {busy}chargers by {words} {', '.join(moved)}")
    return "; ".join(found) or "no rank changes"
