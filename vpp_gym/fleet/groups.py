"""Sharing within groups of EVs that have limits of their own, one within another."""

from __future__ import annotations

from vpp_gym.arrays import Floats, Records
from vpp_gym.fleet.disaggregation import waterline
from vpp_gym.kernels import njit


@njit
def narrow(
    n: int,
    rank: Floats,
    n_groups: int,
    groups: Records,
    slack_kwh: Floats,
    key: Floats,
    room_kwh: Floats,
    scratch_key: Floats,
    scratch_room: Floats,
    bucket: Floats,
) -> None:
    """Cut the room of EVs down to what their groups have, the highest keys first.

    Groups are gone through from the innermost to the outermost. One that has less slack than its
    EVs have room hands its slack out in ascending order of key; equal keys share it in proportion.
    Who then fills the narrowed room in that order does what a filling of the whole room would
    do that stops at every limit: for limits one within another this greedy order serves as much
    as any, and each EV before all with a higher key.

    Args:
        n: number of EVs; what lies beyond in the arrays is not looked at.
        rank: (>= n,) place of each EV in the order of `first` and `end`; -1: in no group.
        n_groups: how many of the groups count.
        groups: (>= n_groups,) with `first` and `end`, those within others before them.
        slack_kwh: (>= n_groups,) what the EVs of each group may take together, >= 0.
        key: (>= n,) rank of each EV.
        room_kwh: (>= n,) what each can take, >= 0; narrowed in place.
        scratch_key: (>= n,) working memory.
        scratch_room: (>= n,) working memory.
        bucket: (>= n,) working memory.
    """
    for g in range(n_groups):
        first, end, total, m = groups[g].first, groups[g].end, 0.0, 0
        for k in range(n):
            if first <= rank[k] < end:
                scratch_key[m], scratch_room[m] = key[k], room_kwh[k]
                total += room_kwh[k]
                m += 1
        slack = max(slack_kwh[g], 0.0)
        if total <= slack:
            continue
        line, share = waterline(m, scratch_key, scratch_room, slack, bucket)
        for k in range(n):
            if first <= rank[k] < end and key[k] >= line:
                room_kwh[k] *= share if key[k] == line else 0.0
