"""Runs of a single stay: one EV at one charger, from its arrival until it leaves."""

from __future__ import annotations

from vpp_gym.arrays import Ints
from vpp_gym.kernels import njit
from vpp_gym.simulation.contracting import offer_contract
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.simulation.state import Rules, State
from vpp_gym.simulation.transition import measure
from vpp_gym.simulation.visits import clear, plug_in


@njit
def begin_stays(dataset: Dataset, rules: Rules, state: State, runs: Ints, sessions: Ints) -> None:
    """In runs that have begun in the step of an arrival, leave only the EV of that session.

    It is offered what the run offers, and the run ends when it leaves. Nobody else finds the
    charger free until then.

    Args:
        dataset: the scenarios.
        rules: parameters.
        state: of a batch with one charger each, changed in place.
        runs: (n,) rows of the batch.
        sessions: (n,) rows of the dataset's sessions, that arrive in the present step.
    """
    for k in range(len(runs)):
        b = runs[k]
        run, ev, session = state.run[b], state.ev[b, 0], dataset.sessions[sessions[k]]
        booked = state.pending[b]
        for i in range(len(booked)):
            booked[i] = 0.0
        for i in range(state.accepted.shape[1]):
            state.accepted[b, i] = 0
        clear(ev)
        plug_in(ev, session, sessions[k], run.position)
        state.occupied[b, 0], state.lot[b, 0] = True, 0
        run.connected = 1
        run.end = session.leaves
        if session.interest_draw < run.participation and state.offers.shape[1] > 0:
            offer_contract(b, dataset, rules, state, ev, booked)
        measure(b, dataset, rules, state)
