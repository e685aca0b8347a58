"""Cards from before 0.1.0: translated once, and then the same as today's."""

from __future__ import annotations

from agents.config import RunSettings
from agents.migrate_cards import translated
from agents.policy import Card

FIELDS = [["clock", 2], ["price", 24]]
OF_THE_PLANT = {
    "name": "ppo_old",
    "seed": 1,
    "settings": {"bids": "line"},
    "term_h": 0,
    "guarantee": True,
    "steps": 1000,
    "dt_h": 1.0,
    "run": {
        "name": "ppo_old",
        "algorithm": "ppo",
        "world": {"train": "real:train", "term_h": 0, "guarantee": True, "bids": "line"},
        "lesson": {"reward": "load", "foresight_h": 24},
    },
    "command": "python -m agents.train --world real",
}
OF_THE_CAR_PARK = {
    "name": "ppo_park",
    "seed": 0,
    "env_id": "FCEVCarPark-v0",
    "arguments": {"control": "shape"},
    "dt_h": 1.0,
    "run": {
        "name": "ppo_park",
        "env_id": "FCEVCarPark-v0",
        "world": {"arguments": {"control": "shape"}, "n_worlds": 24, "first_world": 500},
        "lesson": {"reward": "gain"},
    },
}


def test_the_first_cards_name_environment_arguments_and_fields():
    card = translated(OF_THE_PLANT, FIELDS)
    assert card["env_id"] == "VPPDayAhead-v0"
    params = {"contract": {"term_h": 0}, "guarantee": True}
    assert card["arguments"] == {"bids": "period", "params": params}
    assert card["observation"] == FIELDS
    assert not {"settings", "term_h", "guarantee"} & set(card)
    run = RunSettings.model_validate(card["run"])
    assert (run.world.train, run.world.arguments) == ("real:train", card["arguments"])
    assert (run.wrappers.reward, run.wrappers.foresight_h) == ("load", 24)
    assert (card["steps"], card["command"]) == (1000, OF_THE_PLANT["command"])


def test_scenarios_of_fuel_cell_cars_are_numbered_as_before():
    run = RunSettings.model_validate(translated(OF_THE_CAR_PARK, FIELDS)["run"])
    assert (run.world.n_scenarios, run.world.first_scenario) == (24, 500)
    assert run.wrappers.reward == "gain"


def test_a_card_of_today_stays_as_it_is():
    for card in (OF_THE_PLANT, OF_THE_CAR_PARK):
        once = translated(card, FIELDS)
        assert translated(once, FIELDS) == once
        assert Card.of(once).observation == (("clock", 2), ("price", 24))
