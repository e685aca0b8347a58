"""Whether a site has a charger for every car of somebody's own sessions."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vpp_gym.params import DEFAULT
from vpp_gym.scenarios.files.session_rows import SessionRows, most_at_once
from vpp_gym.scenarios.occupancy import Occupancy

FEW_SHARE = 0.02
"""Up to this share of cars turned away, a run is not warned of."""


def most_recorded(files: Sequence[SessionRows]) -> int:
    """Largest number of cars at once in the sessions of several files, as recorded."""
    columns = ["id", "start", "stay_h"]
    rows = pd.concat([one.rows[columns] for one in files]).drop_duplicates()
    return most_at_once(rows["start"], rows["stay_h"])


def recorded_crowding(most: int) -> list[str]:
    """A warning, with the remedy, where files show more cars than the default has chargers.

    >>> recorded_crowding(18), recorded_crowding(30)[0][:56]
    ([], 'Up to 30 cars at once, and the default site has 18 charg')
    """
    chargers = DEFAULT.site.n_chargers
    if most <= chargers:
        return []
    return [
        f"Up to {most:,} cars at once, and the default site has {chargers} chargers: cars would be "
        f"turned away. Build the world with --set site.n_chargers={most}, or more: some drivers "
        "leave late."
    ]


def crowding(found: Sequence[Occupancy], least_share: float = 0.0) -> list[str]:
    """A warning, with the remedy, where cars will be turned away; else nothing.

    Args:
        found: of each split that is looked at; the one with most cars at once is told.
        least_share: of the cars, up to which nothing is said.

    >>> crowding([Occupancy(cars=100, most_declared=19, most=20, chargers=18, turned_away=3)])[0]
    'Up to 20 cars at once and 18 chargers: 3 of 100 cars will be turned away. With --set \
site.n_chargers=20 none is.'
    """
    crowded = [one for one in found if one.turned_away > least_share * one.cars]
    if not crowded:
        return []
    worst = max(crowded, key=lambda one: (one.most, one.cars))
    return [
        f"Up to {worst.most:,} cars at once and {worst.chargers:,} chargers: "
        f"{worst.turned_away:,} of {worst.cars:,} cars will be turned away. With "
        f"--set site.n_chargers={worst.most} none is."
    ]
