"""Policies: rules, schedulers, bidders and the hindsight optimum."""
