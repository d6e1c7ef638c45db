"""Hub: `hf://name[/config][@split]`: data sets of the Hugging Face hub, of its cache here, and saved in folders."""

from __future__ import annotations

import socket
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import DataError, MissingExtra, Progress, Schema, UsageError, did_you_mean
from tamis.data.sources.columnar import plain_batch, plain_columns
from tamis.data.sources.conform import common_schema, conformed
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Source, first_rows

_HEAD_ROWS = 1000
_BATCH_ROWS = 16_384


def open_hub(address: str, options: SourceOptions) -> Source:
    """Return the reader of a data set: `hf://owner/name`, `hf://owner/name/config@train`, `hf:///folder/saved`.

    What lies in the local cache is taken from there; only what does not is fetched. Without a split all splits are
    read, and a column `split` says which a row is from. Classes become their names.
    """
    rest = address.partition("://")[2]
    name, _, split = rest.partition("@")
    if not name.strip("/"):
        raise UsageError(f"{address} names no data set", hint="an address reads hf://owner/name, hf://owner/name@train")
    chosen = options.split or split or None
    return HubSource(address, _chosen(_loaded(name, options.subset), chosen, f"hf://{name}"))


@dataclass
class HubSource:
    """The rows of one split, or of all of them one after the other."""

    uri: str
    splits: Mapping[str, Any]
    """What `datasets` calls a Dataset, by the split's name."""
    kind: str = "hub"

    @property
    def schema(self) -> Schema | None:
        """The hub says nothing of roles."""
        return None

    @property
    def options(self) -> Mapping[str, Any]:
        """The splits that are read, with their rows."""
        return {"splits": {name: split.num_rows for name, split in self.splits.items()}}

    def head(self) -> pa.Table:
        """Return the first rows."""
        return first_rows(self, self._columns)

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield the rows, split after split."""
        row = 1
        total = sum(split.num_rows for split in self.splits.values())
        with progress.track(f"reading {self.uri}", total=total, unit="rows") as advance:
            for name, split in self.splits.items():
                for table in split.with_format("arrow").iter(batch_size=_BATCH_ROWS):
                    made = _with_names(table, split.features)
                    batch = plain_batch(made, self._shapes[name], name=self.uri, first=row)
                    rows = batch.table
                    if "split" in self._columns.names and "split" not in rows.column_names:
                        rows = rows.append_column("split", pa.array([name] * len(rows), pa.string()))
                    yield Batch(conformed(rows, self._columns), batch.rejects)
                    row += len(table)
                    advance(len(table))

    @cached_property
    def _shapes(self) -> dict[str, pa.Schema]:
        found = {}
        for name, split in self.splits.items():
            first = next(split.with_format("arrow").iter(batch_size=_HEAD_ROWS), None)
            sample = split.features.arrow_schema.empty_table() if first is None else first
            named = _with_names(sample, split.features)
            found[name] = plain_columns(named.schema, named)
        return found

    @cached_property
    def _columns(self) -> pa.Schema:
        columns, _ = common_schema(self._shapes)
        if len(self.splits) > 1 and "split" not in columns.names:
            columns = columns.append(pa.field("split", pa.string()))
        return columns


def _chosen(loaded: Any, split: str | None, name: str) -> Mapping[str, Any]:
    """The splits of what was loaded."""
    splits = dict(loaded) if isinstance(loaded, dict) else {"all": loaded}
    if split is None:
        return splits
    if split not in splits:
        raise UsageError(f"no split {split!r} in {name}. Splits: {', '.join(splits)}.{did_you_mean(split, splits)}")
    return {split: splits[split]}


def _loaded(name: str, subset: str | None) -> Any:
    try:
        import datasets
    except ModuleNotFoundError:
        raise MissingExtra("reading from hf://", extra="hub") from None
    datasets.disable_progress_bars()
    folder = Path(name).expanduser()
    if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
        return datasets.load_from_disk(str(folder))
    if name.startswith((".", "/", "~")):
        if not folder.is_dir():
            raise UsageError(f"no such folder: {name}")
        return _load(str(folder), subset, shown=name)
    parts = name.strip("/").split("/")
    path, config = "/".join(parts[:2]), subset or "/".join(parts[2:]) or None
    try:
        with _offline():
            return _load(path, config, shown=path)
    except DataError:
        _check_reachable(path)
        return _load(path, config, shown=path)


def _load(path: str, config: str | None, *, shown: str) -> Any:
    import datasets
    from datasets.exceptions import DatasetNotFoundError, DatasetsError

    try:
        return datasets.load_dataset(path, config)
    except DatasetNotFoundError as error:
        raise DataError(
            f"no data set {shown!r} on the hub, or it is private", hint="check the name; log in with `hf auth login`"
        ) from error
    except ValueError as error:  # a configuration that is not there, files of no known kind
        raise UsageError(
            f"hf://{shown}: {error}", hint="a configuration follows the name: hf://owner/name/config"
        ) from None
    except (DatasetsError, ConnectionError, FileNotFoundError) as error:
        raise DataError(f"hf://{shown}: {error}") from error


@contextmanager
def _offline() -> Iterator[None]:
    """Keeps the libraries of the hub from asking the network, to see first what is in the cache."""
    import datasets
    import huggingface_hub

    before = datasets.config.HF_HUB_OFFLINE, huggingface_hub.constants.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE, huggingface_hub.constants.HF_HUB_OFFLINE = before


def _check_reachable(name: str) -> None:
    """Say at once that there is no network, instead of after half a minute of tries."""
    import datasets

    host = urllib.parse.urlsplit(datasets.config.HF_ENDPOINT).hostname or ""
    hint = "give a folder: hf:///folder/with/files; or run once with network, then it is in the cache"
    if datasets.config.HF_HUB_OFFLINE:
        raise DataError(f"{name!r} is not in the cache of the hub, and HF_HUB_OFFLINE is set", hint=hint)
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        raise DataError(f"{name!r} is not in the cache of the hub, and {host} cannot be reached", hint=hint) from None


def _with_names(table: pa.Table, features: Any) -> pa.Table:
    """The table with the names of classes in place of their numbers."""
    for number, (name, feature) in enumerate(features.items()):
        inner: Any = getattr(feature, "feature", None)
        if hasattr(feature, "names"):
            chunks = [_names(chunk, feature.names) for chunk in table[name].chunks]
            table = table.set_column(number, name, pa.chunked_array(chunks, pa.string()))
        elif hasattr(inner, "names"):
            chunks = [_lists_of_names(chunk, inner.names) for chunk in table[name].chunks]
            table = table.set_column(number, name, pa.chunked_array(chunks, pa.list_(pa.string())))
    return table


def _names(numbers: pa.Array, names: list[str]) -> pa.Array:
    known = pc.if_else(pc.less(numbers, 0), None, numbers)  # -1 is the hub's `not labelled`
    return pa.array(names, pa.string()).take(known)


def _lists_of_names(lists: pa.Array, names: list[str]) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, _names(lists.flatten(), names), mask=pc.is_null(lists))
