"""Bridges to other libraries: each module needs its own, and nothing else does."""
