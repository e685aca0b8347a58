"""What cars can count on in the steps ahead, of the connection."""

from __future__ import annotations

from vpp_gym.kernels import Present, njit
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules


@njit
def room_kwh(t: int, ahead: int, last: int, dataset: Dataset, rules: Rules) -> float:
    """What cars can count on in a step ahead; in this one what limit and building leave.

    Args:
        t: position of this step.
        ahead: steps from there.
        last: position of the scenario's last step.
        dataset: the scenarios.
        rules: parameters.
    """
    step = dataset.site[min(t + ahead, last)]
    if ahead == 0:
        return max(step.import_kwh - step.building_kwh, 0.0)
    limit_kwh = step.import_kwh if ahead <= rules.notice_steps else step.least_import_kwh
    return max(limit_kwh - step.building_peak_kwh, 0.0)


@njit
def is_limited(t: int, has_site: Present, dataset: Dataset) -> bool:
    """Whether the site of a step has import limits, of its own or of groups."""
    if has_site is None:
        return False
    return dataset.site[t].limited > 0
