"""The report of `vpp-gym run`: one document, printed as tables or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from vpp_gym.cli.output import console, named_numbers, plain_number, show_table
from vpp_gym.cli.tables import show_lines

if TYPE_CHECKING:
    from vpp_gym.evaluation.rollout import RunResult


def run_report(result: RunResult) -> dict[str, Any]:
    """All results of a run in groups; `money` and `split` each add up to the profit."""
    from vpp_gym.evaluation.metrics import profit_parts, totals
    from vpp_gym.markets.ledger import MONEY

    table = totals(result.days)
    whole: dict[str, float] = table.drop(columns=["policy", "scenario"]).iloc[0].to_dict()
    cars = ("arrivals", "turned_away", "departures", "fully_served", "fully_served_share")
    by_type = [name for name in whole if name.startswith("contracts_type_")]

    def group(*names: str) -> dict[str, float]:
        return {name: plain_number(name, whole[name]) for name in names}

    still_there = whole["arrivals"] - whole["turned_away"] - whole["departures"]
    return {
        "policy": result.metadata["policy"],
        "scenario": result.metadata["scenario"],
        "first_day": str(result.days["date"].iloc[0]),
        "last_day": str(result.days["date"].iloc[-1]),
        "days": len(result.days),
        "guarantee": result.metadata["params"]["guarantee"],
        "profit_eur": float(whole["profit_eur"]),
        "money": group(*MONEY),
        "split": {name: float(part) for name, part in profit_parts(table).iloc[0].items()},
        "energy": group(*(name for name in whole if name.endswith("_kwh"))),
        "cars": {**group(*cars, "demand_satisfaction"), "still_connected": int(still_there)},
        "contracts": group("contracts", *by_type, "wear_eur"),
        "time": group("solve_ms_mean", "solve_ms_max"),
        "provenance": dict(result.metadata),
    }


def show_report(report: dict[str, Any]) -> None:
    """Print the document as tables."""
    demand = "with guarantee" if report["guarantee"] else "without guarantee"
    span = f"{report['first_day']} to {report['last_day']} ({report['days']} days)"
    where = f" in {report['scenario']}, {span}, {demand}"
    show_lines(console, [Text.assemble((report["policy"], "bold"), where)], indent=0)
    profit = {"profit_eur": report["profit_eur"]}
    pairs = (
        (
            ("Income and cost", {**report["money"], **profit}),
            ("Parts of the profit", {**report["split"], **profit}),
        ),
        (("Energy", report["energy"]), ("Cars", report["cars"])),
        (("Contracts", report["contracts"]), ("Time per decision", report["time"])),
    )
    more = ((("Ageing of batteries", report["ageing"]),),) if "ageing" in report else ()
    for pair in (*pairs, *more):
        console.print()
        show_table(*(named_numbers(title, numbers, *profit) for title, numbers in pair))
