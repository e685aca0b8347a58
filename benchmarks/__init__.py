"""Suites, leaderboard and speed; run from the repository, never installed."""
