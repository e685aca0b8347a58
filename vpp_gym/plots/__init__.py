"""Figures of a day and of the leaderboard."""
