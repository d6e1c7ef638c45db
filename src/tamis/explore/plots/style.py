"""Style: the one look of all pictures, close to that of the page."""

from __future__ import annotations

import contextlib
import io
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tamis.explore.plots.glyphs import families_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, TRACK = "#1d2433", "#5b6577", "#e3e7ee", "#f3f5f8"
WIDTH = 8.0
"""Of a picture, in inches."""
CAPTION = 112
"""Letters in a line of a caption."""


def new_figure(height: float, *, width: float = WIDTH, fit: bool = True) -> Figure:
    """Return an empty figure of so many inches; `fit` makes room for what stands around its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1) if fit else None
    figure = Figure(figsize=(width, height), layout=engine, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def plain(ax: Axes) -> Axes:
    """Return the axes without frame and tick lines."""
    ax.set_axisbelow(True)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=9.5, labelcolor=SOFT)
    return ax


@contextlib.contextmanager
def look(texts: list[str]) -> Iterator[None]:
    """Set matplotlib up for a picture that holds these texts, and for nothing after it."""
    import matplotlib

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
        figure.supxlabel(wrapped(caption, CAPTION), x=0.012, ha="left", fontsize=9, color=SOFT, linespacing=1.4)


def wrapped(text: str, width: int) -> str:
    """Return a text in lines of at most so many letters."""
    return textwrap.fill(text, width)


def to_png(figure: Figure, *, dpi: int) -> bytes:
    """Return the figure as PNG bytes that tell neither time nor maker."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    return file.getvalue()
