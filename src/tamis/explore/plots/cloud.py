"""Drawing a word cloud as a PNG picture."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence

from tamis.core.charts import PALETTE
from tamis.explore.plots.extra import require_extra
from tamis.explore.plots.glyphs import can_write, font_file

_COARSE = 2  # words are placed on a grid of every second pixel, which takes a quarter of the time


def draw_cloud(
    words: Sequence[tuple[str, int]],
    *,
    width: int,
    height: int,
    seed: int,
    colour: str | None = None,
    clear: bool = False,
    dpi: int | None = None,
) -> bytes | None:
    """Return the picture of a cloud of so many pixels, or None when no word can be drawn.

    `colour` gives all words shades of one colour; `clear` leaves the paper out. Words with signs that the font lacks
    are left out.
    """
    require_extra()
    from wordcloud import WordCloud

    drawn = [(word, times) for word, times in words if can_write(word)]
    if not drawn:
        return None
    tones = _tones(colour)
    tone_of = {word: tones[place % len(tones)] for place, (word, _) in enumerate(drawn)}
    cloud = WordCloud(
        width=width // _COARSE,
        height=height // _COARSE,
        scale=_COARSE,
        font_path=str(font_file()),
        mode="RGBA",
        background_color=None if clear else "white",
        max_words=len(drawn),
        prefer_horizontal=0.92,
        relative_scaling=0.45,
        min_font_size=max(height // 110, 4),
        max_font_size=int(height * 0.3) // _COARSE,
        margin=max(height // 220, 1),
        random_state=seed,
        color_func=lambda word, **_: tone_of[word],
    ).generate_from_frequencies(dict(drawn))
    picture = cloud.to_image()
    file = io.BytesIO()
    if clear:
        picture.save(file, format="PNG", compress_level=7)
    else:
        picture.convert("RGB").save(file, format="PNG", compress_level=7, dpi=(dpi or 72, dpi or 72))
    return file.getvalue()


def undrawn(words: Sequence[tuple[str, int]]) -> int:
    """Return how many words the clouds' font cannot write."""
    require_extra()
    return sum(not can_write(word) for word, _ in words)


def _tones(colour: str | None) -> list[str]:
    """Return colours for the words from the most frequent on: a palette, or shades of one colour."""
    if colour is None:
        return [PALETTE[place] for place in (0, 5, 7, 2, 0, 1, 5, 0, 7)]
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, light, strength = colorsys.rgb_to_hls(red, green, blue)
    shades = (colorsys.hls_to_rgb(hue, min(max(light * factor, 0.3), 0.66), strength) for factor in (1, 0.84, 1.14))
    return ["#" + "".join(f"{round(part * 255):02x}" for part in shade) for shade in shades]
