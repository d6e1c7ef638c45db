"""Explore: what does the data look like?

In goes a dataset, or bare texts; out comes a `Profile` (all numbers), one self-contained page, and each picture as PNG
with its numbers as CSV. The same input gives the same bytes. Only the pictures need the extra `explore`.
"""

from tamis.explore.bare_texts import read_text_file
from tamis.explore.config import ExploreSettings
from tamis.explore.plots import look, new_figure, plain, title, to_png, writable
from tamis.explore.profile import Profile, corpus_of, profile_dataset, profile_texts
from tamis.explore.rows import Rows
from tamis.explore.write import (
    refuse_overwriting,
    require_picture,
    write_page,
    write_plots,
    write_top_terms,
    write_word_cloud,
)

__all__ = [
    "ExploreSettings",
    "Profile",
    "Rows",
    "corpus_of",
    "look",
    "new_figure",
    "plain",
    "profile_dataset",
    "profile_texts",
    "read_text_file",
    "refuse_overwriting",
    "require_picture",
    "title",
    "to_png",
    "writable",
    "write_page",
    "write_plots",
    "write_top_terms",
    "write_word_cloud",
]
