"""Sentences about dispatch, bids, learning and service on the boards of EVs."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.boards import BEST_PLANNER, NO_BIDS, SAME_OFFER, price_column
from benchmarks.claim import Claim, eur, gain_words, more
from benchmarks.evidence import Results, Row, UnknownClaimError
from benchmarks.suites.ev_learning import SAME_FORECAST
from benchmarks.suites.shifting import BY_STATED_LAW, STATED_LAW, TOLD, TRACKING
from vpp_gym.evaluation.bounds import DUAL_ESTIMATE
from vpp_gym.evaluation.metrics import NO_CONTROL

CORRECTING, LEARNED_FORECAST = "ppo_price", "learned_mpc_price"
"""An agent that corrects a planner, and this planner with the learned forecast."""
DEAR_EUR_PER_KWH = 0.5
"""Price of a missing kWh at which it is said who would rank first: the penalty in full."""


def smart_charging(suite: str) -> Claim:
    """Whether the best policy of operations earns more than charging on arrival."""

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


def departures(suite: str) -> Claim:
    """Whether it pays to know how likely drivers are to leave early."""

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


def habits() -> Claim:
    """Whether it pays to learn the habits of drivers as a run goes on."""

    def found(results: Results) -> Row:
        return results.difference("shifting", "operations", TRACKING, STATED_LAW)

    def values(results: Results) -> Mapping[str, str]:
        told, learnt, counted = (
            results.row("shifting", "operations", name)["operations_eur"]
            for name in (TOLD, TRACKING, "adaptive_mpc_price")
        )
        return {
            "gain": gain_words(found(results)),
            "counted": _compared(learnt - counted),
            "told": _compared(learnt - told),
        }

    what = (
        f"`{TRACKING}`, which learns in its run who leaves early, earns {{gain}} than "
        f"`{BY_STATED_LAW}`, which plans by the stated law, {{counted}} "
        f"`adaptive_mpc_price`, which counts, and {{told}} `{TOLD}`, which is told."
    )
    return Claim(
        "habits-shifting",
        lambda results: found(results)["eur_low"] > 0,
        f"It pays to learn habits: {what}",
        f"It does not clearly pay to learn habits: {what}",
        values,
    )


def _compared(more_eur: float) -> str:
    """How much one policy earns beside another."""
    return f"{eur(more_eur)} {'more' if more_eur >= 0 else 'less'} than"


def bidding(suite: str, bids: str) -> Claim:
    """Whether bids of one kind pay."""

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


def learned(suite: str, board: str = "operations") -> Claim:
    """Whether the best agent of a board beats the best planner there."""

    def found(results: Results) -> Row:
        best = results.best(suite, board, "learned")["policy"]
        return results.difference(suite, board, best, BEST_PLANNER)

    def values(results: Results) -> Mapping[str, str]:
        one = found(results)
        row = results.row(suite, board, one["policy"])
        seeds = f"{row['seeds']} seeds" if row["seeds"] > 1 else "1 seed"
        return {
            "learned": f"`{one['policy']}` ({seeds})",
            "planner": f"`{one['over']}`",
            "gain": gain_words(one),
        }

    name, what = {
        "operations": (f"learned-{suite}", "Of operations, without bids,"),
        "market": (f"learned-market-{suite}", "With bids,"),
    }[board]
    return Claim(
        name,
        lambda results: found(results)["eur_low"] > 0,
        f"{what} the best learned policy beats the best planner: {{learned}} earns {{gain}} than "
        "{planner}.",
        f"{what} the best learned policy does not clearly beat the best planner: {{learned}} earns "
        "{gain} than {planner}.",
        values,
    )


def corrected(suite: str) -> Claim:
    """Whether the agent that corrects a planner earns more than the planner."""

    def found(results: Results) -> Row:
        return results.difference(suite, "operations", CORRECTING, SAME_FORECAST)

    def served(results: Results, policy: str) -> float:
        return float(results.row(suite, "operations", policy)["demand_satisfaction"])

    def values(results: Results) -> Mapping[str, str]:
        one, row = found(results), results.row(suite, "operations", CORRECTING)
        better = results.row(suite, "operations", LEARNED_FORECAST)
        lacks = row["operations_eur"] - better["operations_eur"]
        return {
            "agent": f"`{CORRECTING}` ({row['seeds']} seeds)",
            "planner": f"`{one['over']}`",
            "gain": gain_words(one),
            "served": f"{100 * served(results, CORRECTING):.2f}",
            "planner_served": f"{100 * served(results, one['over']):.2f}",
            "better": f"{_compared(lacks)} `{LEARNED_FORECAST}`",
        }

    facts = (
        "{agent} earns {gain} than {planner}, whose prices it corrects, and serves {served} % of "
        "the demand instead of {planner_served} %. It earns {better}, the same planner with the "
        "learned forecast."
    )
    return Claim(
        f"corrected-{suite}",
        lambda results: found(results)["eur_low"] > 0,
        f"An agent beats the planner that it corrects, offer and forecast being the same: {facts}",
        "An agent does not clearly beat the planner that it corrects, offer and forecast being the "
        f"same: {facts}",
        values,
    )


def bound(suite: str) -> Claim:
    """How far the best policy is from the upper end of the scale."""

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


def served(suite: str) -> Claim:
    """What it costs to serve more of the demand."""

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
