"""Electric vehicles: every step of random runs against books of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.attack.ev_books import Books
from tests.attack.ev_worlds import one_of, random_params, random_world, somewhere
from tests.attack.sizes import assert_close, seeds
from vpp_gym.contracts.offer import offers as offer_records
from vpp_gym.markets.ledger import LEDGER, MONEY, TERMS
from vpp_gym.simulation import Simulation

RUNS = 48
PLAYS = ("most", "least", "ends", "idle", "anywhere", "by price", "to and fro", "fleet")


def dispatch(play: str, rng: np.random.Generator, sim: Simulation, books: Books) -> np.ndarray:
    """(B, N) net loads within the limits, at their ends as often as possible."""
    lo, hi = sim.lo_kwh.copy(), sim.hi_kwh.copy()
    if play == "most":
        return hi
    if play == "least":
        return lo
    if play == "idle":
        return np.clip(0.0, lo, hi)
    if play == "ends":
        return np.where(rng.random(lo.shape) < 0.5, lo, hi)
    if play == "by price":
        return np.where(books.at("da")[:, None] < books.at("short")[:, None], hi, lo)
    if play == "to and fro":
        return np.where((books.t % 2 == 0)[:, None], lo, hi)
    if play == "fleet":
        return handed_out(rng, sim, books)
    return np.clip(lo + rng.random(lo.shape) * (hi - lo), lo, hi)


def handed_out(rng: np.random.Generator, sim: Simulation, books: Books) -> np.ndarray:
    """A number for each fleet, divided by the simulator; the division is held to its rule."""
    lo, hi = sim.lo_kwh.sum(1), sim.hi_kwh.sum(1)
    wanted = np.clip(lo + rng.choice([0.0, 0.1, 0.5, 0.9, 1.0], len(lo)) * (hi - lo), lo, hi)
    loads = sim.hand_out(wanted)
    assert_close("fleet", loads.sum(1), wanted)
    assert (loads >= sim.lo_kwh - 1e-9).all()
    assert (loads <= sim.hi_kwh + 1e-9).all()
    idle = np.clip(0.0, sim.lo_kwh, sim.hi_kwh)
    up = wanted >= idle.sum(1)
    end = np.where(up[:, None], sim.hi_kwh, sim.lo_kwh)
    moved, room = np.abs(loads - idle), np.abs(end - idle)
    assert_in_order(books, moved, room, up)
    return np.clip(loads, sim.lo_kwh, sim.hi_kwh)


def assert_in_order(books: Books, moved: np.ndarray, room: np.ndarray, up: np.ndarray) -> None:
    """Who comes first gets all of its room before the next one gets any."""
    rule = books.params.disaggregation
    if rule == "proportional":
        share = np.divide(moved.sum(1), room.sum(1), out=np.zeros(len(up)), where=room.sum(1) > 0)
        assert_close("proportional", moved, share[:, None] * room, 1e-6)
        return
    key = books.laxity_h() if rule == "least_laxity" else books.lot.declared.astype(float)
    key = np.where(up[:, None], key, -key)
    for b in np.flatnonzero((room > 1e-9).sum(1) > 1):
        some = (moved[b] > 1e-6) & books.lot.here[b]
        not_all = (room[b] - moved[b] > 1e-6) & books.lot.here[b]
        if some.any() and not_all.any():
            assert key[b][some].max() <= key[b][not_all].min() + 2e-6, (rule, b)


def bid(play: str, rng: np.random.Generator, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    if play == "all in":
        return np.where(rng.random(least.shape) < 0.5, least, most)
    if play == "buy":
        return least.copy()
    if play == "sell":
        return most.copy()
    return least + rng.random(least.shape) * (most - least)


def random_offers(rng: np.random.Generator, n_types: int) -> list[dict[str, Any]]:
    """Offers as a policy may post them: windows of parts of an hour, several of a family."""
    made: list[dict[str, Any]] = []
    for family in range(int(rng.integers(1, 4))):
        by_type = rng.random() < 0.4
        number = n_types if by_type else int(rng.integers(1, 3))
        made += [random_offer(rng, family, k if by_type else -1) for k in range(number)]
    return made


def random_offer(rng: np.random.Generator, family: int, owner_type: int) -> dict[str, Any]:
    return {
        "family": family,
        "owner_type": owner_type,
        "delay_h": somewhere(rng, 0, 3, 0.0),
        "term_h": somewhere(rng, 0, 8, np.inf, 0.0),
        "min_price_eur_per_kwh": somewhere(rng, -0.1, 0.2, -np.inf),
        "markup": somewhere(rng, 0, 3, 0.0),
        "energy_kwh": somewhere(rng, 0, 30, np.inf),
        "keep_soc": somewhere(rng, 0, 0.9, 0.0),
        "tariff_eur_per_kwh": somewhere(rng, 0, 0.2, 0.0),
        "margin": somewhere(rng, 0, 1, 0.0),
        "payoff_eur": somewhere(rng, 0, 3, 0.0),
        "eur_per_h": somewhere(rng, 0, 0.2, 0.0),
        "eur_per_kwh_arrival": somewhere(rng, 0, 0.01, 0.0),
    }


def assert_same_records(record: np.ndarray, books: Books) -> None:
    """Every term of every run; money and energy in parts of a billion of what moves."""
    mine = books.book
    off = np.argwhere(np.abs(record - mine) > 1e-9 * (1.0 + np.abs(mine)))
    named = [(int(b), int(books.t[b]), TERMS[k], record[b, k], mine[b, k]) for b, k in off]
    assert not named, named


def assert_same_limits(sim: Simulation, books: Books) -> None:
    going = books.t < books.ends
    lo, hi = books.limits()
    assert_close("lo_kwh", sim.lo_kwh[going], lo[going])
    assert_close("hi_kwh", sim.hi_kwh[going], hi[going])
    for mine, theirs in zip(books.bids_allowed(), sim.bids_allowed_kwh, strict=True):
        assert_close("bids", theirs, mine)


def assert_same_snapshot(sim: Simulation, books: Books, b: int) -> None:
    shown, lot = sim.snapshot(b), books.lot
    cars = np.flatnonzero(lot.here[b])
    assert shown.charger.tolist() == cars.tolist()
    running, _ = books.open_now()
    since = books.t[b] - lot.came[b]
    expected = {
        "session": lot.row[b],
        "energy_kwh": lot.stored[b],
        "target_kwh": lot.target[b],
        "arrival_kwh": lot.first[b],
        "laxity_h": books.laxity_h()[b],
        "steps_to_departure": books.steps_left()[b],
        "steps_connected": since,
        "has_contract": lot.signed[b],
        "offer": lot.place[b],
        "contract_kwh": np.where(running[b], lot.left[b], 0.0),
        "contract_wait": np.where(running[b], np.maximum(lot.opens[b] - since, 0), 0),
        "contract_steps": np.where(lot.signed[b], np.maximum(lot.closes[b] - since, 0), 0),
        "payoff_eur": lot.fee[b],
    }
    for name, values in expected.items():
        assert_close(name, getattr(shown, name), values[cars])
    year, t = books.year(b), books.t[b]
    assert_close("shortfall", shown.shortfall_eur_per_kwh, year.penalty[t])
    assert_close("expected_load_kwh", shown.expected_load_kwh, books.load[b])
    assert_close("participation", sim.state.run["participation"], books.participation)


def assert_energy_stays(books: Books, sim: Simulation) -> None:
    """What is in the batteries, as the simulator has it, within their window."""
    lot, stored = books.lot, sim.state.ev["energy_kwh"]
    assert_close("stored", stored, lot.stored)
    low = np.minimum(lot.floor, lot.first)
    high = np.maximum(np.maximum(lot.top, lot.target), lot.first)
    assert (stored >= low - 1e-8)[lot.here].all()
    assert (stored <= high + 1e-8)[lot.here].all()


@pytest.mark.parametrize("seed", seeds(70))
def test_every_step_of_random_runs_is_booked_as_the_books_say(seed: int) -> None:
    rng = np.random.default_rng([14, seed])
    params, dt_h = random_params(rng), float(one_of(rng, 0.25, 1.0))
    scenarios = [random_world(rng, dt_h, days=2.0 if dt_h < 1 else 5.0) for _ in range(3)]
    sim = Simulation(scenarios, params, n_envs=RUNS)
    posted = random_offers(rng, len(params.owner.types)) if rng.random() < 0.3 else None
    if posted is not None:
        columns = {name: [one[name] for one in posted] for name in posted[0]}
        sim.post_offers(offer_records(len(posted), **columns))
    for _ in range(2):  # the second run starts where the first one left off
        worlds = rng.integers(0, 3, RUNS)
        length = np.array([one.n_steps for one in scenarios])[worlds]
        starts = np.where(rng.random(RUNS) < 0.5, 0, rng.integers(0, length))
        ends = np.where(rng.random(RUNS) < 0.4, length, rng.integers(starts + 1, length + 1))
        for _ in range(int(rng.integers(1, 3))):  # twice counts once
            sim.reset(worlds, starts, ends)
        play_through(rng, sim, Books(scenarios, params, worlds, starts, ends, posted))


def play_through(rng: np.random.Generator, sim: Simulation, books: Books) -> None:
    play = [one_of(rng, *PLAYS), one_of(rng, "all in", "buy", "sell", "anywhere")]
    while len(books.runs):
        if rng.random() < 0.1:
            play = [one_of(rng, *PLAYS), one_of(rng, "all in", "buy", "sell", "anywhere")]
        assert_same_limits(sim, books)
        loads = dispatch(play[0], rng, sim, books)
        bids = bid(play[1], rng, *sim.bids_allowed_kwh)
        record = sim.advance(loads, bids)
        books.step(loads, bids)
        assert_same_records(record, books)
        assert_energy_stays(books, sim)
        parts = sum(LEDGER.parts_eur(split(record)).values())
        assert_close("parts", parts, record[:, : len(MONEY)].sum(1))
        if len(books.runs):
            assert_same_snapshot(sim, books, int(books.runs[rng.integers(len(books.runs))]))
    # A batch that offered more before keeps its places.
    np.testing.assert_array_equal(sim.accepted[:, : len(books.offers)], books.accepted)
    assert not sim.accepted[:, len(books.offers) :].any()
    assert sim.done.all()
    after = sim.advance(sim.lo_kwh.copy())
    assert not after.any(), "a run that has ended booked something"


def split(record: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of a table of days, with the remainder of each part."""
    table = {name: record[:, k] for k, name in enumerate(TERMS)}
    return {
        **table,
        **{part.eur: LEDGER.part_eur(part.name, table) for part in LEDGER.remainders},
    }
