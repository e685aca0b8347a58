"""Sentences about what offers to owners are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.claim import Claim, gain_words, more
from benchmarks.evidence import Results, Row, UnknownClaimError
from vpp_gym.params import DEFAULT

WEAR = "wear"
"""The table of `benchmarks.wear`."""
STEPS = {0.25: "quarter hours", 1.0: "hours"}
OFFERS = {
    "tariff": "the posted tariff",
    "price": "the price-based offer",
    **{f"menu {hours} h": f"the menu of {hours} h" for hours in (1, 2, 3)},
}
"""Rows of the table in words."""
HOURLY = {"hourly": "a synthetic year", "hourly_real": "2019 as recorded"}


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


def across_wear() -> Claim:
    """Whether the same offers pay the operator at every wear of the table and every step."""

    def paying(results: Results) -> dict[tuple[float, str], list[float]]:
        """Wears at which an offer pays in all worlds, by step and offer."""
        found: dict[tuple[float, str], list[float]] = {}
        for row in results.table(WEAR):
            wears = found.setdefault((row["step_h"], row["offer"]), [])
            gains, worlds = map(int, row["worlds_with_a_gain"].split(" of "))
            if gains == worlds:
                wears.append(row["wear"])
        return found

    def all_wears(results: Results) -> list[float]:
        return sorted({row["wear"] for row in results.table(WEAR)})

    def values(results: Results) -> Mapping[str, str]:
        found, wears = paying(results), all_wears(results)
        parts = [
            f"by {STEPS[step_h]} "
            + listed(
                f"{OFFERS[name]} {_at(found[step_h, name], wears)}"
                for name in OFFERS
                if (step_h, name) in found
            )
            for step_h in STEPS
        ]
        return {"least": f"{wears[0]:g}", "most": f"{wears[-1]:g}", "pays": "; ".join(parts)}

    def holds(results: Results) -> bool:
        found, wears = paying(results), all_wears(results)
        return all(
            len(found[step_h, name]) == (len(wears) if found[0.25, name] else 0)
            for step_h, name in found
        )

    return Claim(
        "offers-across-wear",
        holds,
        "Which offers pay the operator is the same at every wear from {least} to {most} EUR/kWh, "
        "by quarter hours and by hours: {pays}.",
        "Which offers pay the operator depends on the wear, from {least} to {most} EUR/kWh, and on "
        "the step: {pays}.",
        values,
    )


def _at(wears: Sequence[float], of: Sequence[float]) -> str:
    if len(wears) in (0, len(of)):
        return "at every wear" if wears else "at none"
    return f"at {listed(f'{one:g}' for one in wears)}"


def listed(words: Iterable[str]) -> str:
    """Words as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def losing_owners() -> Claim:
    """Who loses at the true cost of wear, in the reference world."""

    def rows(results: Results) -> list[Row]:
        wear = DEFAULT.owner.wear_eur_per_kwh
        return [
            row
            for row in results.table(WEAR)
            if (row["step_h"], row["wear"]) == (0.25, wear) and row["offer"] in OFFERS
        ]

    def of(row: Row) -> str:
        if row["losing_types"] == "none":
            return f"nobody under {OFFERS[row['offer']]}"
        types = listed(str(row["losing_types"]).split(", "))
        return f"types {types} ({row['losers_%']:.0f} % of owners) under {OFFERS[row['offer']]}"

    return Claim(
        "losing-owners",
        lambda results: any(row["losing_types"] != "none" for row in rows(results)),
        "Some owners lose, since they think their wear less than it is: {who}.",
        "No type of owners loses: {who}.",
        lambda results: {"who": "; ".join(map(of, rows(results)))},
    )


def in_the_older_world() -> Claim:
    """Whether offers pay by hours, with the demand and the wear of the reference paper."""
    menus = tuple(f"rolling_mpc_{hours}h" for hours in (1, 2, 3))
    posted = {
        "rolling_mpc_control": "a posted tariff",
        "rolling_mpc_price": "price-based contracts",
    }

    def of(results: Results, suite: str, policies: Iterable[str]) -> list[Row]:
        return [results.offer(suite, policy, "plain") for policy in policies]

    def values(results: Results) -> Mapping[str, str]:
        each = []
        for suite, where in HOURLY.items():
            costs = [row["gain_eur"] for row in of(results, suite, menus)]
            gains = [
                f"{what} {more(results.offer(suite, policy, 'plain')['gain_eur'])}"
                for policy, what in posted.items()
            ]
            ends = f"{more(min(costs))} to {more(max(costs))}"
            each.append(f"in {where} menus earn {ends}, {listed(gains)}")
        return {"gains": "EUR a year: " + "; ".join(each)}

    return Claim(
        "offers-older-world",
        lambda results: (
            all(row["gain_eur_high"] < 0 for suite in HOURLY for row in of(results, suite, menus))
            and all(
                row["gain_eur_low"] > 0 for suite in HOURLY for row in of(results, suite, posted)
            )
        ),
        "So it is by hours, with the demand of the reference paper, its lowest wear and drivers "
        "who keep their word: pay per discharged kWh earns the operator money, and menus of 1 to "
        "3 h cost it. {gains}.",
        "By hours, with the demand of the reference paper, its lowest wear and drivers who keep "
        "their word, it is not so that pay per discharged kWh earns the operator money and menus "
        "cost it. {gains}.",
        values,
    )
