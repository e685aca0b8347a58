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
    "tariff": "a posted tariff",
    "price": "a price-based offer",
    **{f"menu {hours} h": f"a menu of {hours} h" for hours in (1, 2, 3)},
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

    def rows(results: Results, step_h: float) -> list[Row]:
        return [row for row in results.table(WEAR) if row["step_h"] == step_h]

    def holds(results: Results) -> bool:
        pays = {(row["offer"], _pays(row)) for row in results.table(WEAR)}
        return len(pays) == len({offer for offer, _ in pays})

    def values(results: Results) -> Mapping[str, str]:
        wears = [row["wear"] for row in results.table(WEAR)]
        each = (f"By {words}: {_paying(rows(results, one))}." for one, words in STEPS.items())
        _, years = results.table(WEAR)[0]["worlds_with_a_gain"].split(" of ")
        ends = {"least": f"{min(wears):g}", "most": f"{max(wears):g}"}
        return {**ends, "years": years, "pays": " ".join(each)}

    of = "in {years} of {years} validation years without bids; EUR a year more than no contracts"
    return Claim(
        "offers-across-wear",
        holds,
        "The same offers pay the operator at every wear from {least} to {most} EUR/kWh, by quarter "
        f"hours and by hours ({of}). "
        "{pays}",
        "Which offers pay the operator depends on the wear, from {least} to {most} EUR/kWh, and on "
        f"the step ({of}). "
        "{pays}",
        values,
    )


def _pays(row: Row) -> bool:
    """Whether there is a gain in every world."""
    gains, worlds = row["worlds_with_a_gain"].split(" of ")
    return bool(gains == worlds)


def _paying(rows: Sequence[Row]) -> str:
    """At which wears each offer pays and how much; offers that do so at the same, together."""
    wears = {row["wear"] for row in rows}
    alike: dict[tuple[float, ...], list[str]] = {}
    for name in (one for one in OFFERS if any(row["offer"] == one for row in rows)):
        pays = [row for row in rows if row["offer"] == name and _pays(row)]
        gains = sorted(row["vpp_eur"] for row in pays)
        ends = dict.fromkeys(f"{one:+,.0f}" for one in gains[:1] + gains[-1:])
        gain = f" ({' to '.join(ends)})" if ends else ""
        alike.setdefault(tuple(row["wear"] for row in pays), []).append(OFFERS[name] + gain)
    return "; ".join(
        f"{listed(offers)} {_at(at, len(wears))}"
        for at, offers in sorted(alike.items(), key=lambda one: -len(one[0]))
    )


def _at(wears: Sequence[float], every: int) -> str:
    if len(wears) in (0, every):
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
        place = (0.25, DEFAULT.owner.wear_eur_per_kwh)
        return [row for row in results.table(WEAR) if (row["step_h"], row["wear"]) == place]

    def values(results: Results) -> Mapping[str, str]:
        alike: dict[str, list[str]] = {}
        for row in rows(results):
            types = [one for one in str(row["losing_types"]).split(", ") if one != "none"]
            word = "owners of type " if len(types) == 1 else "owners of types "
            who = f"{word}{listed(types)} ({row['losers_%']:.0f} % of all)" if types else "nobody"
            alike.setdefault(who, []).append(OFFERS[row["offer"]])
        losers_first = sorted(alike.items(), key=lambda one: one[0] == "nobody")
        each = (f"{who} under {listed(offers)}" for who, offers in losers_first)
        return {"wear": f"{DEFAULT.owner.wear_eur_per_kwh:g}", "who": "; ".join(each)}

    return Claim(
        "losing-owners",
        lambda results: any(row["losing_types"] != "none" for row in rows(results)),
        "At {wear} EUR/kWh by quarter hours some owners lose, who think less of their wear than it "
        "costs: {who}.",
        "At {wear} EUR/kWh by quarter hours no type of owners loses: {who}.",
        values,
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
        "By hours, with the demand of the reference paper, its lowest wear and drivers who keep "
        "their word, too, pay per discharged kWh earns the operator money, and menus of 1 to 3 h "
        "cost it. {gains}.",
        "By hours, with the demand of the reference paper, its lowest wear and drivers who keep "
        "their word, it is not so that pay per discharged kWh earns the operator money and menus "
        "cost it. {gains}.",
        values,
    )
