"""Data: how does text come in, and what is a dataset?

In goes any source (files, folders, databases, buckets, hubs, PDFs); out comes a `Dataset`: an immutable version of rows
under canonical column names, with its fingerprint, its counts and its rejected rows. Nothing is dropped in silence.
Above the datasets lies a catalog that SQL can ask.
"""

from tamis.data.catalog import (
    Catalog,
    CatalogTable,
    Partition,
    catalog_table,
    query_datasets,
    read_catalog,
    sql_engine,
    stream_query,
)
from tamis.data.config import DataSettings
from tamis.data.dataset import Dataset, Manifest, Part, Span, dataset_names, dataset_versions, open_dataset
from tamis.data.importing import ImportResult, import_dataset
from tamis.data.reading import ReadRows, RowReader, read_rows, rows_of
from tamis.data.roles import RoleChoice
from tamis.data.rows_out import write_csv, write_parquet
from tamis.data.saved import SavedQuery, bind_query, save_query, saved_queries, saved_query
from tamis.data.sources import Reject, Source, SourceOptions
from tamis.data.sources.registry import SourceFile, open_source, source_files
from tamis.data.sources.seen import source_fingerprint, source_place
from tamis.data.translate import dialects, parse, translate
from tamis.data.writer import DatasetWriter, derive

__all__ = [
    "Catalog",
    "CatalogTable",
    "DataSettings",
    "Dataset",
    "DatasetWriter",
    "ImportResult",
    "Manifest",
    "Part",
    "Partition",
    "ReadRows",
    "Reject",
    "RoleChoice",
    "RowReader",
    "SavedQuery",
    "Source",
    "SourceFile",
    "SourceOptions",
    "Span",
    "bind_query",
    "catalog_table",
    "dataset_names",
    "dataset_versions",
    "derive",
    "dialects",
    "import_dataset",
    "open_dataset",
    "open_source",
    "parse",
    "query_datasets",
    "read_catalog",
    "read_rows",
    "rows_of",
    "save_query",
    "saved_queries",
    "saved_query",
    "source_files",
    "source_fingerprint",
    "source_place",
    "sql_engine",
    "stream_query",
    "translate",
    "write_csv",
    "write_parquet",
]
