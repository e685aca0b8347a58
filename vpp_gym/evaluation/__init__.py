"""Rollouts, metrics, scores and statistics."""
