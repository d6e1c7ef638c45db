"""`tamis explore`: look at a dataset, or at bare texts, as one page, as pictures, or as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Config
    from tamis.data import Dataset
    from tamis.explore import ExploreSettings, Rows


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the main program."""
    app.command("explore")(explore)


def explore(
    name: Annotated[
        str | None, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`; or a text file, one text a line.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page to write (default: explore-NAME.html).")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Look at this text instead of a dataset.")] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", help="A folder for every plot as PNG, its numbers as CSV beside it.")
    ] = None,
    wordcloud: Annotated[
        Path | None, typer.Option("--wordcloud", help="Write just the word cloud to this PNG file.")
    ] = None,
    top_terms: Annotated[
        Path | None, typer.Option("--top-terms", help="Write just the most frequent words to this PNG or CSV file.")
    ] = None,
    terms: Annotated[int | None, typer.Option("--terms", min=1, max=200, help="How many top terms.")] = None,
    stop_words: Annotated[
        str | None, typer.Option("--stop-words", help="Words to leave out: a language such as en, none, or a file.")
    ] = None,
    dpi: Annotated[
        int | None, typer.Option("--dpi", min=30, max=1200, help="Dots per inch of pictures that are files.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: output.Json = False,
) -> None:
    """Show what a dataset looks like: one page to look at, its pictures as files, its numbers as JSON.

    Example: tamis explore reviews -o report.html

    Just a picture: tamis explore notes.txt --wordcloud cloud.png --top-terms terms.png --terms 20
    """
    from tamis import explore as chapter
    from tamis.features import FeatureSettings

    config = _config()
    settings = _settings(config, terms=terms, stop_words=stop_words, dpi=dpi)
    features = config.of(FeatureSettings)
    just = [path for path in (wordcloud, top_terms) if path is not None]
    if wordcloud is not None:
        chapter.require_picture(wordcloud, flag="--wordcloud")
    if top_terms is not None:
        chapter.require_picture(top_terms, flag="--top-terms", also=(".csv",))
    source = _source(name, text)
    if page is None and not (just or plots or as_json):
        page = Path(f"explore-{source.name}.html")
    if not force:
        chapter.refuse_overwriting([page, plots, *just, *(path.with_suffix(".csv") for path in just)])
    written = _write_just(source, settings, wordcloud, top_terms) if just else []
    if page is None and plots is None and not (as_json and not just):
        _tell(written, as_json=as_json)
        return
    progress = output.progress()
    if isinstance(source, chapter.Rows):
        profile = chapter.profile_texts(source, settings=settings, features=features, progress=progress)
    else:
        profile = chapter.profile_dataset(source, settings=settings, features=features, progress=progress)
    if plots is not None:
        written += chapter.write_plots(profile, plots, settings=settings, progress=progress)
    if page is not None:
        chapter.write_page(profile, page, settings=settings)
    if as_json:
        output.print_json({**profile.to_dict(), "files": [str(path) for path in ([page] if page else []) + written]})
        return
    print("\n".join(profile.essence))
    if plots is not None:
        print(f"{len(written)} files: {plots}/*.png, each with its numbers as .csv")
    elif written:
        _tell(written, as_json=False)
    if page is not None:
        print(f"The page: {page.resolve().as_uri()}")


def _config() -> Config:
    """Return the workspace's settings, or the defaults outside of one: bare texts need no workspace."""
    from tamis.core import UsageError, load_config

    try:
        workspace = output.workspace()
    except UsageError:
        if output.context.workspace_folder is not None:  # one that was named must be there
            raise
        return load_config(overrides=output.context.overrides)
    return workspace.config


def _settings(config: Config, **flags: object) -> ExploreSettings:
    """Return the chapter's settings with the flags that were given."""
    from tamis.explore import ExploreSettings

    given: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    return ExploreSettings.model_validate(config.of(ExploreSettings).model_dump() | given)


def _source(name: str | None, text: str | None) -> Dataset | Rows:
    from tamis.core import UsageError
    from tamis.data import open_dataset
    from tamis.explore import Rows, read_text_file

    if (name is None) == (text is None):
        raise UsageError(
            "explore what?" if name is None else "give a dataset, a text file or --text, not two of them",
            hint="tamis explore reviews, tamis explore notes.txt, or tamis explore --text '…'",
        )
    if text is not None:
        return Rows.of_texts([text], name="text")
    assert name is not None
    if Path(name).is_file():
        return read_text_file(Path(name))
    return open_dataset(output.workspace(), name)


def _write_just(
    source: Dataset | Rows, settings: ExploreSettings, wordcloud: Path | None, top_terms: Path | None
) -> list[Path]:
    from tamis import explore as chapter

    rows = source
    if not isinstance(rows, chapter.Rows):
        rows = chapter.Rows.of_dataset(rows, sample=settings.sample_rows, seed=settings.seed)
    corpus = chapter.corpus_of(rows, settings)
    written = []
    if wordcloud is not None:
        written += chapter.write_word_cloud(corpus, wordcloud, settings=settings)
    if top_terms is not None:
        written += chapter.write_top_terms(corpus, top_terms, settings=settings)
    return written


def _tell(written: list[Path], *, as_json: bool) -> None:
    if as_json:
        output.print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        print(path)
