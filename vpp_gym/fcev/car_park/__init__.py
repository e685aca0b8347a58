"""The car park of fuel-cell cars: V2G offers and hydrogen, once a day (`FCEVCarPark-v0`)."""
