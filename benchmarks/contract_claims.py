"""Sentences about what offers to owners are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.claim import Claim, gain_words, more
from benchmarks.evidence import Results, Row, UnknownClaimError


def offer(suite: str, name: str, policies: Sequence[str], what: str) -> Claim:
    """Whether contracts of one kind pay the operator, under each policy that offers them."""

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
