"""Physics of the parked fleet: battery, laxity, flexibility envelope, disaggregation."""
