"""Profile: everything the page says, as numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tamis.core import Progress, Silent
from tamis.data import Dataset
from tamis.explore.balance import Balance, measure_balance
from tamis.explore.cloud_words import Clouds, choose_cloud_words
from tamis.explore.columns import Column, measure_columns
from tamis.explore.config import ExploreSettings
from tamis.explore.contrast import Contrast, contrast_classes
from tamis.explore.corpus import Corpus, read_corpus
from tamis.explore.duplicates import Repeats, measure_repeats
from tamis.explore.entities import Entities, measure_entities
from tamis.explore.essence import essence_of
from tamis.explore.groups import Groups, measure_groups
from tamis.explore.lengths import Lengths, measure_lengths
from tamis.explore.rows import Rows
from tamis.explore.samples import ClassSamples, draw_samples
from tamis.explore.sizes import Sizes, measure_sizes
from tamis.explore.stopwords import read_stop_words
from tamis.explore.terms import Terms, count_terms
from tamis.explore.timeline import Timeline, measure_timeline
from tamis.explore.tokens import measure_tokens
from tamis.features import FeatureSettings


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a dataset looks like; one field a section."""

    name: str
    settings: dict[str, Any]
    """What the numbers were made with."""
    essence: tuple[str, str, str]
    """What to know first, in three lines."""
    sizes: Sizes
    balance: Balance | None
    lengths: Lengths
    terms: Terms
    contrast: Contrast | None
    clouds: Clouds
    entities: Entities | None
    timeline: Timeline | None
    groups: Groups | None
    repeats: Repeats
    columns: tuple[Column, ...]
    samples: tuple[ClassSamples, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all numbers, ready for JSON."""
        return asdict(self)


def profile_dataset(
    dataset: Dataset,
    *,
    settings: ExploreSettings | None = None,
    features: FeatureSettings | None = None,
    progress: Progress = Silent(),
) -> Profile:
    """Return the profile of a dataset."""
    settings = settings or ExploreSettings()
    rows = Rows.of_dataset(dataset, sample=settings.sample_rows, seed=settings.seed)
    return _profile(rows, dataset, settings, features or FeatureSettings(), progress)


def profile_texts(
    rows: Rows,
    *,
    settings: ExploreSettings | None = None,
    features: FeatureSettings | None = None,
    progress: Progress = Silent(),
) -> Profile:
    """Return the profile of bare texts."""
    return _profile(rows, None, settings or ExploreSettings(), features or FeatureSettings(), progress)


def corpus_of(rows: Rows, settings: ExploreSettings) -> Corpus:
    """Return the words of the rows, with the stop words that the settings name."""
    return read_corpus(rows.frame["text"], stop_words=read_stop_words(settings.stop_words))


def _profile(
    rows: Rows, dataset: Dataset | None, settings: ExploreSettings, features: FeatureSettings, progress: Progress
) -> Profile:
    with progress.track("exploring", total=5, unit="steps") as advance:
        sizes = measure_sizes(rows, dataset)
        counts = dataset.manifest.label_counts if dataset else {}
        balance = measure_balance(rows, counts=counts, labelled=sizes.labelled)
        columns = measure_columns(dataset) if dataset else ()
        advance(1)
        corpus = corpus_of(rows, settings)
        terms = count_terms(corpus, most=settings.terms, stop_words=settings.stop_words)
        entities = measure_entities(rows, most=settings.terms)
        contrast = None
        if rows.task != "spans":
            contrast = contrast_classes(rows, corpus, most=settings.terms_per_class)
        clouds = choose_cloud_words(rows, corpus, entities, most=settings.cloud_words)
        advance(1)
        tokens, reason = measure_tokens(
            rows, tokenizer=features.tokenizer, most=settings.token_rows, seed=settings.seed, progress=progress
        )
        lengths = measure_lengths(
            rows,
            words=corpus.lengths,
            tokens=tokens,
            no_tokens=reason,
            tokenizer=features.tokenizer,
            whole_share=settings.whole_share,
        )
        advance(1)
        timeline, groups = measure_timeline(rows), measure_groups(rows)
        samples = draw_samples(rows, each=settings.samples_per_class, seed=settings.seed)
        advance(1)
        repeats = measure_repeats(
            rows,
            threshold=features.near_duplicate_threshold,
            near_rows=settings.near_duplicate_rows,
            seed=settings.seed,
            progress=progress,
        )
        advance(1)
    return Profile(
        name=rows.name,
        settings=settings.model_dump(mode="json"),
        essence=essence_of(sizes, balance, lengths, terms, contrast, repeats),
        sizes=sizes,
        balance=balance,
        lengths=lengths,
        terms=terms,
        contrast=contrast,
        clouds=clouds,
        entities=entities,
        timeline=timeline,
        groups=groups,
        repeats=repeats,
        columns=columns,
        samples=samples,
    )
