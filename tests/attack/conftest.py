"""A suite that attacks: random worlds, odd decisions, altered futures, damaged files, kills.

What should have happened is worked out a second time, from the pages in `docs` and the
docstrings of the parameters; code of the package is used to build worlds and to be attacked, not
to judge. `ev_books`, `ev_contracts`, `grid_books` and `park_books` are the books of the three
worlds, `futures` says what is known when, `readers` lists the kinds of files.

All cases follow from seeds. `sizes.VOLUME` multiplies their number: the environment variable
VPP_GYM_ATTACK, 1 by default and 20 for `make attack`; VPP_GYM_ATTACK_SEED begins elsewhere. Files
that failed are kept in the folder VPP_GYM_ATTACK_KEEP. One reader, or one writer, alone:

    python -m tests.attack.damage_readers 500 0 "ElaadNL xlsx"
    python -m tests.attack.kill_writers 1 world
    python -m tests.attack.forged

Volumes, and how sharp the suite is, are in docs/developing.md.
"""

from __future__ import annotations

import os

collect_ignore_glob = [] if hasattr(os, "fork") else ["test_kill.py", "test_files.py"]
"""Limits of memory and deaths in the middle of a write are those of Linux."""
