"""What an observation shows of a site's connection and groups, and the kernel that writes it."""

from __future__ import annotations

from dataclasses import replace

from vpp_gym.arrays import Floats
from vpp_gym.envs.fields import BUSY, HOURS_AHEAD
from vpp_gym.kernels import Present, njit
from vpp_gym.observation import Field
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State

LARGE = 1e3

SITE_FIELDS = (
    Field(
        "base_load_ahead", HOURS_AHEAD, "kWh per step", "power", -LARGE, LARGE,
        "load of the building less sun, in this step and expected 1 to 23 hours ahead; 0 beyond "
        "tomorrow",
    ),
    Field(
        "import_limit_ahead", HOURS_AHEAD, "kWh per step", "power", 0, BUSY,
        "most that the connection may take, now and 1 to 23 hours ahead: announced, else the "
        "least that may come; all chargers where there is no limit",
    ),
    Field(
        "export_limit", 1, "kWh per step", "power", 0, BUSY,
        "most that it may give in this step; all chargers where there is no limit",
    ),
    Field(
        "import_fee_ahead", HOURS_AHEAD, "EUR/kWh", "price", -400, 400,
        "grid fee on imports now and 1 to 23 hours ahead",
    ),
    Field(
        "month_peak", 1, "kWh per step", "power", 0, LARGE,
        "largest import of a step in this calendar month so far",
    ),
    Field("storage_stored", 1, "1", 1.0, 0, 1, "share of the stationary battery that is full"),
    Field(
        "storage_limits", 2, "kWh", "power", -LARGE, LARGE,
        "least and largest load of the stationary battery in this step",
    ),
    Field(
        "promise_gap", 1, "kWh", "power", 0, LARGE,
        "what connected cars were promised and do not have yet",
    ),
)  # fmt: skip
"""Fields of a site, appended where there is one."""

GROUP_FIELDS = (
    Field(
        "group_must", 1, "kWh", "power", 0, BUSY,
        "what the cars of each group must take in this step; groups in the order of the parameters",
    ),
    Field(
        "group_most", 1, "kWh", "power", 0, BUSY,
        "most that the cars of each group can take, within the limits of the group",
    ),
)  # fmt: skip
"""One column for each group of chargers, appended to them where there are groups."""


def site_fields(n_groups: int) -> tuple[Field, ...]:
    """Fields of a site with so many groups of chargers."""
    if n_groups == 0:
        return SITE_FIELDS
    return SITE_FIELDS + tuple(replace(field, size=n_groups) for field in GROUP_FIELDS)


SITE_SIZE = sum(field.size for field in SITE_FIELDS)
PER_GROUP = len(GROUP_FIELDS)


@njit(internal=True)
def write_site(
    b: int,
    has_site: Present,
    dataset: Dataset,
    rules: Rules,
    state: State,
    per_scale: Floats,
    row: Floats,
) -> None:
    """Fill the last columns of an observation, see `site_fields`.

    Args:
        b: run of the batch.
        has_site: of the dataset.
        dataset: the scenarios.
        rules: parameters.
        state: of the batch.
        per_scale: (size,) one over the scale of each column.
        row: (size,) changed in place.
    """
    if has_site is None:
        return
    run, site, n_groups = state.run[b], state.site[b], len(rules.groups)
    at = len(row) - SITE_SIZE - PER_GROUP * n_groups
    t, last = run.position, run.last
    most = BUSY / per_scale[at]
    here = min(t, last)
    end = dataset.steps[here].tomorrow_end if t <= last else t
    hour = round(1.0 / rules.dt_h)
    for h in range(HOURS_AHEAD):
        ahead = h * hour
        base, limit, fee = 0.0, 0.0, 0.0
        if t + ahead < end:
            step = dataset.site[t + ahead]
            base = step.building_forecast_kwh - step.pv_forecast_kwh
            limit = step.import_kwh if ahead <= rules.notice_steps else step.least_import_kwh
            if h == 0:
                base = step.building_kwh - step.pv_kwh
            fee = step.import_fee_eur_per_kwh
        row[at + h] = base
        row[at + HOURS_AHEAD + h] = min(limit, most)
        row[at + 2 * HOURS_AHEAD + 1 + h] = fee
    row[at + 2 * HOURS_AHEAD] = min(dataset.site[here].export_kwh, most)
    at += 3 * HOURS_AHEAD + 1
    row[at] = site.peak_kwh if dataset.site[here].month == site.month else 0.0
    row[at + 1] = 0.0
    if rules.storage_max_kwh > 0.0:
        row[at + 1] = site.storage_kwh / rules.storage_max_kwh
    row[at + 2], row[at + 3] = site.storage_lo_kwh, site.storage_hi_kwh
    gap_kwh = 0.0
    for k in range(run.connected):
        ev = state.ev[b, state.lot[b, k]]
        gap_kwh += max(ev.promise_kwh - ev.energy_kwh, 0.0)
    row[at + 4] = gap_kwh
    for g in range(n_groups):
        column = len(row) - PER_GROUP * n_groups + rules.groups[g].place
        row[column] = state.group[b, g].idle_kwh
        row[column + n_groups] = state.group[b, g].hi_kwh
