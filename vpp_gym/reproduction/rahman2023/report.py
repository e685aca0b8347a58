"""The report on disk: a page, its figures, and the document they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vpp_gym.files.writer import write_text
from vpp_gym.plots.canvas import save_figure
from vpp_gym.reproduction.rahman2023.figures import figures
from vpp_gym.reproduction.rahman2023.page import IMAGES, page
from vpp_gym.reproduction.rahman2023.study import Study

NAME = "rahman2023"


def write_report(study: Study, document: dict[str, Any], folder: Path) -> Path:
    """Write the page, its figures and its numbers.

    Args:
        study: of the document.
        document: of `vpp_gym.reproduction.rahman2023.document`.
        folder: made where it is missing.

    Returns:
        The page.
    """
    for name, figure in figures(study).items():
        save_figure(figure, folder / IMAGES / f"{name}.png")
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / f"{NAME}.json", text + "\n")
    return write_text(folder / f"{NAME}.md", page(document))
