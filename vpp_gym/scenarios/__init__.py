"""Realised worlds: the synthetic Dutch source and readers of real data."""
