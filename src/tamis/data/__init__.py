"""Data: how does text come in, and what is a dataset?

In goes any source (files, folders, databases, buckets, hubs, PDFs); out comes a `Dataset`: an immutable version of rows
under canonical column names, with its fingerprint, its counts and its rejected rows. Nothing is dropped in silence.
Above the datasets lies a catalog that SQL can ask.
"""

from tamis.data.config import DataSettings
from tamis.data.dataset import Dataset, Manifest, Part, Span, dataset_names, dataset_versions, open_dataset
from tamis.data.schema import Schema
from tamis.data.writer import DatasetWriter, derive

__all__ = [
    "DataSettings",
    "Dataset",
    "DatasetWriter",
    "Manifest",
    "Part",
    "Schema",
    "Span",
    "dataset_names",
    "dataset_versions",
    "derive",
    "open_dataset",
]
