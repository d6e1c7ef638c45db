"""Writing: the page, the pictures with their numbers beside them, and nothing over what is there already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tamis.core import MissingExtra, Progress, Silent, UsageError, write_atomic
from tamis.core.charts import Data
from tamis.explore.cloud_words import Cloud, cloud_words
from tamis.explore.config import ExploreSettings
from tamis.explore.corpus import Corpus
from tamis.explore.figures import charts_of, class_colours, terms_chart
from tamis.explore.plots import draw_chart, draw_cloud, undrawn
from tamis.explore.profile import Profile
from tamis.explore.report import build_page, shown_clouds
from tamis.explore.terms import top_terms

_WIDE, _SMALL = (1800, 720), (840, 500)
"""Pixels of the cloud of all texts and of a class's cloud: twice what the page shows, so that they are crisp."""


def refuse_overwriting(paths: Iterable[Path | None]) -> None:
    """Raise a UsageError when one of the files, or a folder with something in it, is there already."""
    for path in paths:
        if path is None:
            continue
        if path.is_dir() and any(path.iterdir()):
            raise UsageError(
                f"{path} is a folder with files in it", hint="choose another, or replace them with --force"
            )
        if path.is_file():
            raise UsageError(f"{path} exists already", hint="choose another name, or replace it with --force")


def write_page(profile: Profile, path: Path, *, settings: ExploreSettings | None = None) -> None:
    """Write the page in one step. Without the extra `explore` its clouds are words in a row."""
    settings = settings or ExploreSettings()
    colour = class_colours(profile)
    missing: list[str] = []

    def draw(cloud: Cloud) -> bytes | None:
        if missing:
            return None
        if len(cloud.words) < 6 or undrawn(cloud.words) > len(cloud.words) / 5:  # a browser has more fonts than we have
            return None
        width, height = _SMALL if cloud.label else _WIDE
        return draw_cloud(
            cloud.words, width=width, height=height, seed=settings.seed, colour=colour.get(cloud.label), clear=True
        )

    try:
        html = build_page(profile, draw_cloud=draw)
    except MissingExtra as error:
        missing.append(f"For clouds as pictures: {error.hint}")
        html = build_page(profile, draw_cloud=draw, missing=missing[0])
    write_atomic(path, html)


def write_plots(
    profile: Profile, folder: Path, *, settings: ExploreSettings | None = None, progress: Progress = Silent()
) -> list[Path]:
    """Write every chart and cloud as PNG with its numbers as CSV beside it; return the pictures."""
    settings = settings or ExploreSettings()
    pictures = []
    charts = charts_of(profile)
    clouds = [profile.clouds.overall, *shown_clouds(profile)]
    with progress.track("drawing", total=len(charts) + len(clouds), unit="pictures") as advance:
        for chart in charts:
            pictures.append(_write(folder / f"{chart.name}.png", draw_chart(chart, dpi=settings.dpi), chart.data))
            advance(1)
        for (name, cloud), colour in _named(clouds, class_colours(profile)):
            png = _cloud_png(cloud, settings=settings, colour=colour)
            if png is not None:
                pictures.append(_write(folder / f"{name}.png", png, _cloud_data(cloud)))
            advance(1)
    return pictures


def write_word_cloud(corpus: Corpus, path: Path, *, settings: ExploreSettings) -> list[Path]:
    """Write only the cloud of all texts, and its numbers as CSV beside it."""
    cloud = Cloud("", cloud_words(corpus, most=settings.cloud_words))
    _require_words(cloud.words, settings)
    png = _cloud_png(cloud, settings=settings, colour=None)
    if png is None:
        raise UsageError(
            f"no font here can write {cloud.words[0][0]!r} and the other words as a cloud",
            hint="`--top-terms terms.csv` gives the words with their counts",
        )
    return [_write(path, png, _cloud_data(cloud)), path.with_suffix(".csv")]


def write_top_terms(corpus: Corpus, path: Path, *, settings: ExploreSettings) -> list[Path]:
    """Write only the most frequent words: a .csv, or a .png with its numbers as CSV beside it."""
    terms = top_terms(corpus, length=1, most=settings.terms)
    _require_words(terms, settings)
    chart = terms_chart("top-words", "Words that occur most", terms)
    if path.suffix.lower() == ".csv":
        write_atomic(path, chart.data.csv())
        return [path]
    return [_write(path, draw_chart(chart, dpi=settings.dpi), chart.data), path.with_suffix(".csv")]


def require_picture(path: Path, *, flag: str, also: tuple[str, ...] = ()) -> None:
    """Raise a UsageError when a picture's name does not end as a picture's does."""
    endings = (".png", *also)
    if path.suffix.lower() not in endings:
        raise UsageError(f"{flag} {path}: the name must end in {' or '.join(endings)}")


def _write(path: Path, png: bytes, data: Data) -> Path:
    write_atomic(path.with_suffix(".csv"), data.csv())
    write_atomic(path, png)
    return path


def _cloud_png(cloud: Cloud, *, settings: ExploreSettings, colour: str | None) -> bytes | None:
    width, height = (round(8 * settings.dpi), round(4 * settings.dpi))
    return draw_cloud(cloud.words, width=width, height=height, seed=settings.seed, colour=colour, dpi=settings.dpi)


def _cloud_data(cloud: Cloud) -> Data:
    return Data(("word", "times"), cloud.words)


def _named(clouds: list[Cloud], colour: dict[str, str]) -> Iterator[tuple[tuple[str, Cloud], str | None]]:
    """Yield clouds with file names: `cloud`, `cloud-<label>`; labels that spell alike get a number."""
    taken: set[str] = set()
    for cloud in clouds:
        plain = re.sub(r"[^\w.-]+", "-", cloud.label).strip("-.")[:60]
        name = stem = f"cloud-{plain or 'class'}" if cloud.label else "cloud"
        number = 2
        while name.lower() in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name.lower())
        yield (name, cloud), colour.get(cloud.label)


def _require_words(words: tuple[object, ...], settings: ExploreSettings) -> None:
    if words:
        return
    listed = "" if settings.stop_words == "none" else " but stop words"
    raise UsageError(f"there is nothing to show: the text has no words{listed}", hint="try --stop-words none")
