"""Scenarios: synthetic Dutch years, real years, and readers of your own data."""
