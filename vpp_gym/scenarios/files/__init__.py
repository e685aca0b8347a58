"""Readers of public market and charging files: each checks, counts and reports what it does."""
