"""Sentences about the boards of fuel-cell cars."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.claim import Claim
from benchmarks.evidence import Results, Row, UnknownClaimError


def published(suite: str, world: str) -> Claim:
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
