"""The report as a Markdown page: prose from `page.md`, every number from the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

IMAGES = "images/rahman2023"
TEMPLATE = Path(__file__).with_name("page.md")
NUMBER = re.compile(r"[+-]?[\d,.]+")


def page(document: dict[str, Any]) -> str:
    """Markdown of a document of `vpp_gym.reproduction.rahman2023.document`."""
    tables = {
        "quirks": "\n".join(f"- `{name}`: {rule}." for name, rule in document["quirks"].items()),
        "table_1": _table_1(document["table_1"]),
        "table_2": _table_2(document["table_2"]),
        "accepted": _accepted(document["table_2"]),
        "repairs": _repairs(document["repairs"]),
        "ladder": _ladder(document["ladder"]),
        "end": _end(document["end_of_ladder"]),
        "seeds": _seeds(document["seeds"]),
        "quartiles": _joined(document["imbalance_quartiles_eur_per_kwh"]),
        "paper_quartiles": _joined(document["paper_imbalance_quartiles_eur_per_kwh"]),
        "images": IMAGES,
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(tables | facts(document))


def facts(document: dict[str, Any]) -> dict[str, str]:
    """Single numbers that the prose mentions."""
    by_name = {row["row"]: row for row in document["table_2"]}
    no_control, best = by_name["No-Control"], by_name["V2G 3 h, uniform"]
    first, same_bids, last = document["ladder"][0], document["ladder"][1], document["ladder"][-1]
    offset = max(abs(row["profit_eur"] - row["paper_profit_eur"]) for row in document["table_2"])
    end = {(row["operation"], row["row"]): row for row in document["end_of_ladder"]}
    operations = list(dict.fromkeys(row["operation"] for row in document["end_of_ladder"]))
    better = [end[operations[-1], f"V2G {term_h} h, uniform"]["gain_eur"] for term_h in (1, 2, 3)]
    smart = end[operations[-1], "No-V2G"]["gain_eur"]
    transfers = [by_name[f"V2G {h} h, uniform"]["transfer_eur"] for h in (1, 2, 3)]
    base_eur = no_control["transfer_eur"]
    return {
        "largest_difference": f"{offset:.2f}",
        "gain": f"{best['gain_percent']:.2f}",
        "gain_eur": _eur(best["profit_eur"] - no_control["profit_eur"]),
        "revenue": _eur(no_control["revenue_eur"]),
        "position_gain": _eur(first["position_gain_eur"]),
        "same_loss": _eur(same_bids["no_control_eur"] - same_bids["v2g_eur"]),
        "same_lead": _eur(-same_bids["over_no_v2g_eur"]),
        "last_gain": f"{last['gain_percent']:.1f}",
        "last_gain_eur": _eur(last["v2g_eur"] - last["no_control_eur"]),
        "last_lead": _eur(-last["over_no_v2g_eur"]),
        "smart_gain": _eur(smart),
        "v2g_gains": " / ".join(map(_eur, better)),
        "ratios": " / ".join(f"{100 * (base_eur / t - 1):.2f}" for t in transfers),
        "decreases": " / ".join(f"{100 * (1 - t / base_eur):.1f}" for t in transfers),
    }


def _table_1(rows: list[dict[str, Any]]) -> str:
    types = list(dict.fromkeys(row["owner_type"] for row in rows))
    headings = ["Term", "Whose", *(f"θ = {t:g}" for t in types)]
    lines = []
    for term_h in dict.fromkeys(row["term_h"] for row in rows):
        of_term = [row for row in rows if row["term_h"] == term_h]
        for whose, prefix, digits in (("paper", "paper_", (2, 1)), ("ours", "", (4, 2))):
            cells = [
                f"{row[prefix + 'payoff_eur']:.{digits[0]}f} EUR, "
                f"{row[prefix + 'energy_kwh']:.{digits[1]}f} kWh"
                for row in of_term
            ]
            lines.append([f"{term_h} h", whose, *cells])
    return _table(headings, lines)


def _table_2(rows: list[dict[str, Any]]) -> str:
    headings = ["Row", "Profit: paper", "ours", "Transfer: paper", "ours", "Payoff: paper", "ours",
                "Gain %: paper", "ours"]  # fmt: skip
    lines = []
    for row in rows:
        cells = [row["row"]]
        for name in ("profit_eur", "transfer_eur", "payoff_eur"):
            cells += [f"{row['paper_' + name]:,.0f}", f"{row[name]:,.2f}"]
        cells += [f"{row['paper_gain_percent']:.1f}", f"{row['gain_percent']:.2f}"]
        lines.append(cells)
    return _table(headings, lines)


def _accepted(rows: list[dict[str, Any]]) -> str:
    signed = [row for row in rows if row["contracts"]]
    headings = ["Row", "Signed", *(f"contract {k + 1}" for k in range(5)), "Position", "Load value"]
    lines = [
        [row["row"], f"{row['contracts']:,}", *map(str, row["contracts_by_type"]),
         _eur(row["position_eur"]), _eur(row["load_value_eur"])]
        for row in signed
    ]  # fmt: skip
    return _table(headings, lines)


def _repairs(rows: list[dict[str, Any]]) -> str:
    lines = [
        [row["repair"], row["row"], f"{row['paper_profit_eur']:,.2f}", f"{row['profit_eur']:,.2f}",
         f"{row['profit_eur'] - row['paper_profit_eur']:+,.2f}"]
        for row in rows
    ]  # fmt: skip
    return _table(["Repair, alone", "Row", "Paper's rules", "Repaired", "Change"], lines)


def _ladder(rows: list[dict[str, Any]]) -> str:
    money = ("no_control_eur", "no_v2g_eur", "v2g_eur")
    parts = ("position_gain_eur", "flexibility_eur", "contracts_eur", "drivers_eur")
    headings = ["", "Change", "No-Control", "No-V2G", "V2G 3 h", "Gain %", "over No-V2G",
                "by bids", "by flexibility", "payoffs", "drivers"]  # fmt: skip
    lines = [
        [str(place), row["change"], *(_eur(row[name]) for name in money),
         f"{row['gain_percent']:+.1f}", _eur(row["over_no_v2g_eur"]),
         *(_eur(row[name]) for name in parts)]
        for place, row in enumerate(rows)
    ]  # fmt: skip
    return _table(headings, lines)


def _end(rows: list[dict[str, Any]]) -> str:
    headings = ["Operation", "Row", "Profit", "Gain", "by bids", "by flexibility", "payoffs",
                "Charging cost and payoffs"]  # fmt: skip
    names = ("profit_eur", "gain_eur", "position_eur", "flexibility_eur", "contracts_eur",
             "charging_eur")  # fmt: skip
    lines = [[row["operation"], row["row"], *(_eur(row[name]) for name in names)] for row in rows]
    return _table(headings, lines)


def _seeds(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "(not run)"
    columns = {"profit_eur": 0, "payoff_eur": 0, "contracts": 0, "position_eur": 0,
               "gain_percent": 1}  # fmt: skip
    headings = ["Row", "Seeds", "Profit", "paper", "Payoff", "paper", "Signed", "Position",
                "Gain %", "paper"]  # fmt: skip
    lines = []
    for row in rows:
        cells = [row["row"], str(row["seeds"])]
        for name, digits in columns.items():
            mean, sd = row[f"{name}_mean"], row[f"{name}_sd"]
            cells.append(f"{mean:,.{digits}f} ± {sd:,.{digits}f}")
            if f"paper_{name}" in row:
                cells.append(f"{row['paper_' + name]:,.{digits}f}")
        lines.append(cells)
    return _table(headings, lines)


def _eur(value: float) -> str:
    return f"{round(value) + 0:,}"


def _joined(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = list(rows)
    rules = [_rule([row[place] for row in rows]) for place in range(len(headings))]
    lines = [headings, rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rule(column: Sequence[str]) -> str:
    """What sets a column of a table: numbers to the right."""
    return "---:" if all(map(NUMBER.fullmatch, column)) else "---"
