"""Whether the default site has a charger for every car of somebody's own sessions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_gym.params import DEFAULT
from vpp_gym.scenarios.files.session_rows import SessionRows, most_at_once
from vpp_gym.scenarios.scenario import Scenario


def most_recorded(files: Sequence[SessionRows]) -> int:
    """Largest number of cars at once in the sessions of several files, as recorded."""
    columns = ["id", "start", "stay_h"]
    rows = pd.concat([one.rows[columns] for one in files]).drop_duplicates()
    return most_at_once(rows["start"], rows["stay_h"])


def most_cars(scenario: Scenario) -> int:
    """Largest number of cars in a step of a scenario, if all find a charger and leave in time."""
    sessions = scenario.sessions
    change = np.bincount(sessions.arrival_step, minlength=scenario.n_steps + 1)
    change = change - np.bincount(
        np.minimum(sessions.departure_step, scenario.n_steps), minlength=scenario.n_steps + 1
    )
    return int(change.cumsum().max(initial=0))


def crowding(most: int) -> list[str]:
    """A warning, with the remedy, where cars will be turned away; else nothing.

    >>> crowding(18), crowding(30)[0][:56]
    ([], 'Up to 30 cars at once, and the default site has 18 charg')
    """
    chargers = DEFAULT.site.n_chargers
    if most <= chargers:
        return []
    return [
        f"Up to {most:,} cars at once, and the default site has {chargers} chargers: cars will be "
        f'turned away. From Python give params={{"site": {{"n_chargers": {most}}}}}, or more: '
        "some drivers leave late."
    ]
