"""One EV's plan within the energy its contract still lets the VPP take.

Two searches around the exact plan of `lagrangian`, or of `tapered` where the battery
tapers. The contract's budget gets a price: the dual function of that price is concave, and
without a taper piecewise linear, so that cutting the periods of two plans that bracket the
budget ends at the optimum after a few plans. And steps in which taking earns more than
storing costs (negative prices) are not convex: a plan that does both there is split into
rising only and falling only, depth first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.kernels import njit
from vpp_gym.solvers.lagrangian import lagrangian_plan, true_cost
from vpp_gym.solvers.segments import (
    FALL_ONLY,
    FREE,
    NOISE_KWH,
    RISE_ONLY,
    Segments,
    Stay,
    empty_segments,
    first_of,
    is_chord,
    late_value,
)
from vpp_gym.solvers.tapered import (
    TaperMemory,
    first_beyond_taper,
    taper_memory,
    tapered_plan,
)

GAP_EUR = 1e-10
MAX_CUTS = 200

SOLVED, INFEASIBLE, UNFINISHED = 0, 1, 2


class PlanMemory(NamedTuple):
    """Working memory for the plan of one EV, of at most H steps.

    It is made once for many plans: to make its arrays takes as long as a short plan.

    Attributes:
        after: list of segments behind the early steps.
        room: list of segments to work in.
        plans: (3, H) the plan of a search, and the two that bracket the budget.
        mode: (H,) of each step.
        splits: (H,) steps that were split.
        taper: for an EV that tapers.
    """

    after: Segments
    room: Segments
    plans: Floats
    mode: NDArray[np.int8]
    splits: NDArray[np.int64]
    taper: TaperMemory


@njit(internal=True, allocates=True)
def plan_memory(steps: int, tapers: bool) -> PlanMemory:
    """Memory for so many steps, of EVs that may taper or not."""
    return PlanMemory(
        empty_segments(steps),
        empty_segments(steps),
        np.empty((3, steps)),
        np.empty(steps, np.int8),
        np.empty(steps, np.int64),
        taper_memory(steps if tapers else 0),
    )


@njit(internal=True)
def _copy(source: Floats, target: Floats) -> None:
    for i in range(len(source)):
        target[i] = source[i]


@njit(internal=True)
def _blend(few: Floats, many: Floats, budget_kwh: float, plan: Floats) -> None:
    """The plan between two that takes exactly the budget (or `many`, if that is within).

    Blending the net moves, not rise and fall apart, never does both in one step.
    The energy taken is convex in the share, so Newton from the right converges.
    """
    share = 1.0
    for _ in range(2 * len(few) + 2):
        excess, rate = -budget_kwh, 0.0
        for i in range(len(few)):
            plan[i] = few[i] + share * (many[i] - few[i])
            if plan[i] < 0.0:
                excess -= plan[i]
                rate += few[i] - many[i]
        if excess <= 1e-13 or rate <= 0.0:
            return
        share = max(share - excess / rate, 0.0)


@njit(internal=True)
def budget_plan(
    stay: Stay,
    mode: NDArray[np.int8],
    after: Segments,
    room: Segments,
    memory: PlanMemory,
    plan: Floats,
) -> tuple[bool, float]:
    """Optimal plan within the budget, concave steps at their convex hull.

    Args:
        stay: the problem.
        mode: (T,) FREE, RISE_ONLY or FALL_ONLY for each step.
        after: from `late_value`.
        room: list to work in.
        memory: for the plans that bracket the budget.
        plan: (T,) out: change of the stored energy, feasible whatever the hull.

    Returns:
        Whether there is a plan, and a lower bound on the cost in EUR, tight
        where no step is concave.
    """
    many, few = memory.plans[1, : len(plan)], memory.plans[2, : len(plan)]
    many_eur, many_kwh, few_eur, few_kwh = -np.inf, np.inf, np.inf, 0.0
    price, hoped_eur, bound = 0.0, np.inf, -np.inf
    for cut in range(MAX_CUTS):
        if stay.curve.shape[1] == 0:
            found, plan_eur, plan_kwh = lagrangian_plan(stay, mode, price, after, room, plan)
        else:
            found, plan_eur, plan_kwh = tapered_plan(stay, mode, price, memory.taper, plan)
        if cut == 0 and (not found or plan_kwh <= stay.budget_kwh + 1e-12):
            return found, plan_eur
        if cut == 1 and plan_kwh > stay.budget_kwh + 1e-9:
            return False, np.inf
        if cut != 1:
            dual_eur = plan_eur + price * (plan_kwh - stay.budget_kwh)
            bound = max(bound, dual_eur)
            if dual_eur >= hoped_eur - GAP_EUR:
                break
        if plan_kwh > stay.budget_kwh and cut != 1:
            many_eur, many_kwh = plan_eur, plan_kwh
            _copy(plan, many)
        else:
            few_eur, few_kwh = plan_eur, plan_kwh
            _copy(plan, few)
        price = np.inf
        if cut > 0:
            if many_kwh - few_kwh <= NOISE_KWH:
                break
            price = max((few_eur - many_eur) / (many_kwh - few_kwh), 0.0)
            hoped_eur = many_eur + price * (many_kwh - stay.budget_kwh)
    _blend(few, many, stay.budget_kwh, plan)
    return True, bound


@njit(internal=True)
def _step_to_split(stay: Stay, mode: NDArray[np.int8], plan: Floats) -> int:
    """Undecided concave step that is furthest from either end; -1: none is left."""
    beyond = first_beyond_taper(stay, plan)
    if beyond >= 0:
        return beyond
    widest, step = -1.0, -1
    for i in range(len(plan)):
        gain_eur = stay.fall_eur[i] - stay.rise_eur[i]
        if is_chord(mode[i], stay.rise_kwh[i], stay.fall_kwh[i], gain_eur):
            inside = min(stay.rise_kwh[i] - plan[i], plan[i] + stay.fall_kwh[i])
            if inside > widest:
                widest, step = inside, i
    return step


@njit(allocates=True)
def best_plan(stay: Stay, max_nodes: int, best: Floats) -> tuple[int, float]:
    """Optimal plan of one EV, exact for any prices: branch and bound over concave steps.

    Without a concave step the first node is the answer.

    Args:
        stay: the problem.
        max_nodes: plans after which the search gives up.
        best: (T,) out: change of the stored energy in each step.

    Returns:
        SOLVED, INFEASIBLE or UNFINISHED, and the cost in EUR.
    """
    memory = plan_memory(len(best), stay.curve.shape[1] > 0)
    return search_plan(stay, max_nodes, memory, best)


@njit(internal=True)
def search_plan(stay: Stay, max_nodes: int, memory: PlanMemory, best: Floats) -> tuple[int, float]:
    """As `best_plan`, in memory that was made before."""
    steps = len(best)
    after, room = first_of(memory.after, steps), first_of(memory.room, steps)
    splits, mode, plan = memory.splits, memory.mode[:steps], memory.plans[0, :steps]
    for i in range(steps):
        mode[i] = FREE
    late_value(stay, after)
    depth, best_eur = 0, np.inf
    for _ in range(max_nodes):
        found, bound = budget_plan(stay, mode, after, room, memory, plan)
        cost = np.inf
        if found and first_beyond_taper(stay, plan) < 0:
            cost = true_cost(stay, plan)
        if cost < best_eur:
            best_eur = cost
            _copy(plan, best)
        step = -1
        if found and bound < best_eur - GAP_EUR:
            step = _step_to_split(stay, mode, plan)
        if step >= 0:
            splits[depth] = step
            mode[step] = RISE_ONLY if plan[step] >= 0.0 else FALL_ONLY
            depth += 1
        else:
            depth = _turn_back(mode, splits, depth)
        if depth == 0:
            return (INFEASIBLE if best_eur == np.inf else SOLVED), best_eur
    return UNFINISHED, best_eur


@njit(internal=True)
def _turn_back(mode: NDArray[np.int8], splits: NDArray[np.int64], depth: int) -> int:
    """Take the other half of the last split that has one left; 0 when all is done.

    A split is marked as negative once its second half is being tried.
    """
    while depth > 0:
        step = splits[depth - 1]
        if step >= 0:
            splits[depth - 1] = -step - 1
            mode[step] = RISE_ONLY + FALL_ONLY - mode[step]
            return depth
        mode[-step - 1] = FREE
        depth -= 1
    return 0
