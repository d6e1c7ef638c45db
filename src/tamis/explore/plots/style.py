"""Style: the one look of all pictures, close to that of the page."""

from __future__ import annotations

import contextlib
import io
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tamis.core import MissingExtra
from tamis.explore.plots.glyphs import families_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, TRACK = "#1d2433", "#5b6577", "#e3e7ee", "#f3f5f8"
WIDTH = 8.0
"""Of a picture, in inches."""


def new_figure(height: float, *, panels: tuple[int, int] = (1, 1)) -> tuple[Figure, list[Axes]]:
    """Return an empty figure `height` inches high with its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(WIDTH, height),
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1, hspace=0.06, wspace=0.06),
        facecolor="white",
    )
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(*panels, squeeze=False).flat)
    for ax in axes:
        ax.set_axisbelow(True)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0, labelsize=9.5, labelcolor=SOFT)
    return figure, axes


@contextlib.contextmanager
def look(texts: list[str]) -> Iterator[None]:
    """Set matplotlib up for a picture that holds these texts, and for nothing after it."""
    try:
        import matplotlib
    except ImportError:
        raise MissingExtra("drawing pictures", extra="explore") from None
    settings: dict[Any, Any] = {
        "font.family": families_for("".join(texts)),
        "font.size": 10,
        "text.parse_math": False,  # a `$` is a dollar
        "text.color": INK,
        "axes.unicode_minus": False,
    }
    with matplotlib.rc_context(settings):
        yield


def title(figure: Figure, text: str, caption: str) -> None:
    """Write the title above and the caption below."""
    figure.suptitle(text, x=0.012, ha="left", fontsize=12.5, fontweight="bold", color=INK)
    if caption:
        wrapped = textwrap.fill(caption, 112)
        figure.supxlabel(wrapped, x=0.012, ha="left", fontsize=9, color=SOFT, linespacing=1.4)


def to_png(figure: Figure, *, dpi: int) -> bytes:
    """Return the figure as PNG bytes that tell neither time nor maker."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    return file.getvalue()
