"""Writes docs/environment.md from the environments' own docstrings and tables.

python docs/build.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from vpp_gym.contracts.families import FAMILIES
from vpp_gym.env import Env
from vpp_gym.envs.bidding import BiddingCore, VPPBiddingEnv
from vpp_gym.envs.columns import COLUMNS
from vpp_gym.envs.contracts import ContractsCore, VPPContractsEnv
from vpp_gym.envs.day_ahead import VPPDayAheadEnv
from vpp_gym.envs.dispatch import VPPDispatchEnv
from vpp_gym.envs.fields import CHARGER_FIELDS, FLEET_FIELDS, layout_of
from vpp_gym.envs.settings import ContractsSettings
from vpp_gym.envs.site_fields import GROUP_FIELDS, SITE_FIELDS
from vpp_gym.envs.stay import VPPStayEnv
from vpp_gym.envs.stay_observation import STAY_FIELDS
from vpp_gym.markets.ledger import LEDGER
from vpp_gym.observation import Field, ObservationLayout
from vpp_gym.params import DEFAULT
from vpp_gym.scenarios.named import as_source
from vpp_gym.settings import Shown

PAGE = Path(__file__).with_name("environment.md")
DT_H = 0.25
"""Hours per step of the tables: the default."""

ENVIRONMENTS: dict[str, tuple[type[Env], Sequence[Field]]] = {
    "VPPDayAhead-v0": (VPPDayAheadEnv, FLEET_FIELDS + CHARGER_FIELDS),
    "VPPBidding-v0": (VPPBiddingEnv, BiddingCore.fields),
    "VPPDispatch-v0": (VPPDispatchEnv, FLEET_FIELDS + CHARGER_FIELDS),
    "VPPContracts-v0": (VPPContractsEnv, ContractsCore.fields),
    "VPPStay-v0": (VPPStayEnv, STAY_FIELDS),
}


def page() -> str:
    """The page as Markdown."""
    parts = [
        "# Environments of the virtual power plant",
        "<!-- Written by `python docs/build.py`; do not edit. -->",
        "All of them use the same [simulator](world.md) and differ in what the agent decides. The "
        "first is described in full; of the others, only the differences are described.",
        _table(("Environment", "The agent", "In short"), map(_contents, ENVIRONMENTS)),
        *(_environment(name) for name in ENVIRONMENTS),
    ]
    return "\n\n".join(parts) + "\n"


def _contents(name: str) -> tuple[str, str, str]:
    summary = (ENVIRONMENTS[name][0].__doc__ or "").partition("\n")[0]
    return f"[`{name}`](#{name.lower()})", summary, f"[card](environments/{name}.md)"


def _environment(name: str) -> str:
    """One environment: its docstring, with the tables where they belong."""
    kind, fields = ENVIRONMENTS[name]
    sections = _sections(inspect.cleandoc(kind.__doc__ or "").partition("\nRaises:")[0])
    sections["Observation Space"] += "\n\n" + _observations(name, fields)
    if name == "VPPDayAhead-v0":
        sections["Rewards"] += "\n\n" + _terms()
    if name == "VPPContracts-v0":
        sections["Action Space"] += "\n\n" + _action_parameters()
    settings = kind.core_kind.settings_kind
    told: dict[str, str] = {}
    for base in settings.__mro__[: settings.__mro__.index(Shown) + 1]:
        told = {**told, **_entries(base.__doc__ or "", "Attributes:"), **told}
    sections["Arguments"] = "\n".join(
        [*_bullets(sections["Arguments"]), *_settings(settings, told)]
    )
    parts = [f"### {heading}\n\n{text}" for heading, text in sections.items()]
    return "\n\n".join([f"## `{name}`", *parts])


def _action_parameters() -> str:
    rows = []
    for family, kind in FAMILIES.items():
        section = DEFAULT.contract.section(family)
        for place, parameter in enumerate(kind.action_parameters):
            middle = getattr(section, parameter.name)
            ends = [f"{parameter.value(end, middle):g}" for end in (-1.0, 1.0)]
            shown = (ends[0], f"{middle:g}", ends[1])
            scale = "logarithmic" if parameter.kind == "ratio" else parameter.kind
            rows.append(
                (
                    family,
                    str(place),
                    f"`{parameter.name}`",
                    parameter.unit,
                    *shown,
                    scale,
                    parameter.meaning,
                )
            )
    headings = ("Family", "Entry", "Parameter", "Unit", "-1", "0", "+1", "Scale", "Meaning")
    return "With the default parameters:\n\n" + _table(headings, rows)


def _sections(text: str) -> dict[str, str]:
    """Text under each `## heading`."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {name.strip(): body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def _observations(name: str, fields: Sequence[Field]) -> str:
    layout = layout_of(DEFAULT, DT_H, fields, n_offers=len(DEFAULT.owner.types))
    if name == "VPPContracts-v0":
        layout = ContractsCore(as_source(None, DT_H), DEFAULT, ContractsSettings()).layout
    own = [field for field in fields if field not in FLEET_FIELDS + CHARGER_FIELDS]
    if name == "VPPStay-v0":
        return _field_table(own, layout)
    if own:
        return f"After the first {layout.slices[own[0].name].start} columns:\n\n" + _field_table(
            own, layout
        )
    if name != "VPPDayAhead-v0":
        return "The tables are the same as those of `VPPDayAhead-v0`."
    site = DEFAULT.site
    return "\n\n".join(
        [
            "The flat form is the value divided by the scale. Scales and columns hold for the "
            f"defaults: {site.n_chargers} chargers of {site.charge_kw:g} kW, steps of {DT_H:g} h.",
            _field_table(FLEET_FIELDS, layout),
            'Only with `control="per_ev"`, one value per charger; all 0 where no EV is connected:',
            _field_table(CHARGER_FIELDS, layout),
            "Only [where there is a site](site.md), behind all others; columns for "
            '`control="fleet"`:',
            _field_table(SITE_FIELDS, layout_of(DEFAULT, DT_H, FLEET_FIELDS + SITE_FIELDS)),
            "And behind these, [where groups of chargers have limits](site.md), one column for "
            "each group; here for one:",
            _field_table(
                GROUP_FIELDS, layout_of(DEFAULT, DT_H, FLEET_FIELDS + SITE_FIELDS + GROUP_FIELDS)
            ),
            "With `columns`, groups of further parts follow, in this order. What concerns the "
            "planner is that of `planner`; `da_steps`, `im_forecast` and the margins are 0 behind "
            "the last step of a scenario.",
            _column_table(),
        ]
    )


def _column_table() -> str:
    rows = []
    for group, fields in COLUMNS.items():
        layout = layout_of(DEFAULT, DT_H, fields)
        for field in fields:
            part = layout.slices[field.name]
            scale = f"{layout.scale[part.start]:.4g}"
            size = str(part.stop - part.start)
            rows.append((f"`{group}`", f"`{field.name}`", size, field.unit, scale, field.meaning))
    return _table(("Group", "Name", "Columns", "Unit", "Scale", "Meaning"), rows)


def _field_table(fields: Iterable[Field], layout: ObservationLayout) -> str:
    rows = []
    for field in fields:
        part = layout.slices[field.name]
        last = "" if part.stop - part.start == 1 else f" to {part.stop - 1}"
        limits = f"{field.low:g} to {field.high:g}"
        scale = f"{layout.scale[part.start]:.4g}"
        rows.append(
            (f"{part.start}{last}", f"`{field.name}`", field.unit, scale, limits, field.meaning)
        )
    return _table(("Columns", "Name", "Unit", "Scale", "Range, flat", "Meaning"), rows)


def _terms() -> str:
    parts = [(part.name.replace("_", " "), part.meaning) for part in LEDGER.parts]
    headings = ("Term of `info`", "Unit", "In the reward", "Part of the profit", "Meaning")
    return "\n\n".join(
        [
            _table(headings, LEDGER.described()),
            "The load value is taken out of the position; the parts add up to the profit.",
            _table(("Part of the profit", "Meaning"), parts),
        ]
    )


def _bullets(text: str) -> list[str]:
    """The arguments that are explained where they stand, not in the settings."""
    entries = _entries(text).items()
    return [f"- {_code(names)}: {meaning}" for names, meaning in entries if "see `" not in meaning]


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _settings(settings: type[Shown], meanings: dict[str, str]) -> list[str]:
    fields = settings.model_fields
    return [
        f"- `{name}` (default `{fields[name].default!r}`): {meaning}"
        for name, meaning in meanings.items()
    ]


def _entries(text: str, after: str = "") -> dict[str, str]:
    """The entries `name: meaning` of a docstring's section, each on one line."""
    lines = inspect.cleandoc(text).partition(after)[2] if after else text
    joined = re.sub(r"\n {4,}", " ", inspect.cleandoc(lines))
    found = (line.partition(": ") for line in joined.splitlines() if ": " in line)
    return {name: meaning for name, _, meaning in found}


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
