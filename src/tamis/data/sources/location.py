"""Location: turns what the user named (file, glob, folder, address) into inputs that can be opened."""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import logging
import re
import shutil
import urllib.parse
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from tamis.core import DataError, Progress, Silent, Store, UsageError, did_you_mean, plugins
from tamis.data.sources.archive import Member, hidden, members
from tamis.data.sources.compression import PACKED_SUFFIXES, START_BYTES, Stream, packing_of, unpacked
from tamis.data.sources.http import download, without_secrets
from tamis.data.sources.scratch import ScratchFile

_log = logging.getLogger(__name__)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_TAR = (".tar", ".tgz", ".tbz2", ".txz")
_ZIP_INSIDE = (".xlsx", ".docx", ".odt", ".ods", ".npz", ".pt")  # zip files by make, but not archives by meaning


@dataclass(frozen=True, kw_only=True)
class Input:
    """One file to read, wherever it lies and however it is packed."""

    uri: str
    suffix: str
    """What it is by its name, without the packing: `.csv` for reviews.csv.gz."""
    bytes: int | None
    """Its packed size, which `consumed` of its stream runs up to; None: not known."""
    path: Path | None
    """Where it lies, when it is a plain file of this machine that needs no unpacking."""
    open: Callable[[], Stream]
    """Opens its unpacked bytes for one pass from the start; may be called again."""

    @contextlib.contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Yield a path with its unpacked bytes, for formats that are not read from front to back."""
        if self.path is not None:
            yield self.path
            return
        scratch = ScratchFile(suffix=self.suffix)
        with self.open() as stream, scratch.path.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        yield scratch.path


def locate(source: str, *, suffixes: Collection[str] = (), progress: Progress = Silent()) -> list[Input]:
    """Return the inputs that `source` names, sorted by name.

    A file, a glob, a folder (with all below it, hidden files left out), `http(s)://`, or the address of any installed
    store such as `s3://bucket/prefix`; each may be packed (.gz .bz2 .zst), or be a .zip with one or several files.
    Of a folder, a prefix or a .zip only files with one of `suffixes` are taken (none given: all).
    """
    scheme = _SCHEME.match(source)
    if scheme is None or scheme[1].lower() == "file":
        return _local(source, suffixes)
    if scheme[1].lower() in ("http", "https"):
        fetched = download(source, progress=progress)
        shown = without_secrets(source)
        return _open_path(fetched.scratch.path, uri=shown, name=fetched.name, suffixes=suffixes, keep=fetched.scratch)
    return _stored(source, scheme[1].lower(), suffixes)


def suffix_of(name: str) -> str:
    """Return what a file is by its name, without the packing.

    >>> suffix_of("data/Reviews.CSV.gz")
    '.csv'
    """
    path = PurePosixPath(name.lower())
    return PurePosixPath(path.stem).suffix if path.suffix in PACKED_SUFFIXES else path.suffix


def _local(source: str, suffixes: Collection[str]) -> list[Input]:
    if _SCHEME.match(source):
        source = urllib.parse.unquote(urllib.parse.urlsplit(source).path)
    path = Path(source).expanduser()
    if path.is_dir():
        names = [str(file) for file in sorted(path.rglob("*")) if file.is_file()]
        files = [Path(name) for name in _wanted(names, root=source, start=str(path), suffixes=suffixes)]
    elif path.exists() or not glob.has_magic(source):
        if not path.exists():
            raise UsageError(_no_such_file(path, source))
        if not path.is_file():
            raise UsageError(f"{source} is neither a file nor a folder", hint="save it to a file first")
        files = [path]
    else:
        files = matching(path)
        if not files:
            raise UsageError(f"no file matches {source}", hint="quote the pattern, and check it with `ls`")
    return [item for file in files for item in _open_path(file, uri=str(file), name=file.name, suffixes=suffixes)]


def matching(pattern: Path) -> list[Path]:
    """Return the files that a pattern means, sorted; hidden ones are not meant."""
    magic = next(number for number, part in enumerate(pattern.parts) if glob.has_magic(part))
    root = Path(*pattern.parts[:magic])
    found = root.glob(str(Path(*pattern.parts[magic:])))
    return sorted(file for file in found if file.is_file() and not hidden(str(file.relative_to(root))))


def _stored(source: str, scheme: str, suffixes: Collection[str]) -> list[Input]:
    """The inputs in the store that is installed under the address's scheme."""
    stores = plugins.found("store")
    if scheme not in stores:
        known = ", ".join(f"{name}://" for name in ("http", "https", *stores))
        raise UsageError(
            f"nothing installed reads {scheme}:// addresses. Known: {known}.{did_you_mean(scheme, stores)}",
            hint="databases are read from sqlite://, duckdb:// and postgresql:// addresses, with --query or --table",
        )
    store: Store = plugins.load("store", scheme)()
    fixed = re.split(r"[*?\[]", source, maxsplit=1)[0]
    start = source if fixed == source else fixed.rpartition("/")[0]
    sizes = {file.uri: file.bytes for file in store.list(start) if not file.uri.endswith("/")}
    names = list(sizes)
    if fixed != source:
        names = [name for name in names if fnmatch.fnmatchcase(name, source)]
    elif names != [source]:
        names = _wanted(names, root=source, start=start, suffixes=suffixes) if names else []
    if not names:
        raise UsageError(f"nothing at {source}", hint="check the address; it names a file, a prefix or a pattern")
    found: list[Input] = []
    for name in names:
        base = name.rpartition("/")[2]
        if base.lower().endswith(".zip"):  # its table of contents is at the end
            scratch = ScratchFile(suffix=".zip")
            with store.read(name) as remote, scratch.path.open("wb") as local:
                shutil.copyfileobj(remote, local, 1 << 20)
            found += _open_path(scratch.path, uri=name, name=base, suffixes=suffixes, keep=scratch)
        else:
            opener = partial(_open_stored, store, name)
            found.append(Input(uri=name, suffix=_suffix(base), bytes=sizes[name], path=None, open=opener))
    return found


def _open_path(
    path: Path, *, uri: str, name: str, suffixes: Collection[str], keep: ScratchFile | None = None
) -> list[Input]:
    """The input in a file, or the inputs in a zip archive. `keep` lives as long as they do."""
    suffix = _suffix(name)
    try:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
    except PermissionError:
        raise DataError(f"may not read {uri}: permission denied", hint=f"look with: ls -l {uri}") from None
    if start[257:262] == b"ustar":
        raise DataError(f"{uri} is a tar archive", hint="unpack it, and name the folder")
    packing = packing_of(start)
    if packing == ".zip" and suffix not in _ZIP_INSIDE:
        inside = {f"{uri}/{member.name}": member for member in members(path, uri=uri)}
        names = list(inside) if len(inside) == 1 else _wanted(list(inside), root=uri, start=uri, suffixes=suffixes)
        return [
            Input(
                uri=member,
                suffix=_suffix(member),
                bytes=inside[member].bytes,
                path=None,
                open=partial(_open_member, inside[member], keep),
            )
            for member in names
        ]
    return [
        Input(
            uri=uri,
            suffix=suffix,
            bytes=path.stat().st_size,
            path=path if packing is None and keep is None else None,
            open=partial(_open_file, path, uri, keep),
        )
    ]


def _open_file(path: Path, uri: str, keep: ScratchFile | None) -> Stream:
    return unpacked(path.open("rb"), name=uri)


def _open_member(member: Member, keep: ScratchFile | None) -> Stream:
    return member.open()


def _open_stored(store: Store, uri: str) -> Stream:
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(store.read(uri))
        return unpacked(file, name=uri, owner=stack.pop_all())
    raise AssertionError("the block returns or raises")


def _wanted(names: Sequence[str], *, root: str, start: str, suffixes: Collection[str]) -> list[str]:
    """The files of a folder, prefix or archive that are to be read; what is left aside is said."""
    seen = [name for name in names if not hidden(name.removeprefix(start).lstrip("/"))]
    if not seen:
        raise DataError(f"{root} holds no files")
    taken = [name for name in seen if not suffixes or suffix_of(name) in suffixes or name.lower().endswith(".zip")]
    if not taken:
        raise DataError(
            f"{root} holds nothing to read: {_listed(seen)}. Read here: {' '.join(sorted(suffixes))}",
            hint=f"if its files are one of these kinds under another name, say so: '{root.rstrip('/')}/*' --kind KIND",
        )
    left = [name for name in seen if name not in set(taken)]
    if left:
        _log.warning("left aside in %s: %s", root, _listed(left))
    return taken


def _listed(names: Sequence[str]) -> str:
    counts = Counter(suffix_of(name) or "without suffix" for name in names)
    return ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common(8))


def _suffix(name: str) -> str:
    if "".join(PurePosixPath(name.lower()).suffixes[-2:]).endswith(_TAR) or suffix_of(name) in _TAR:
        raise DataError(f"{name} is a tar archive", hint="unpack it, and name the folder")
    return suffix_of(name)


def _no_such_file(path: Path, source: str) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"no such file: {source} (there is no folder {folder})"
    near = did_you_mean(path.name, [file.name for file in folder.iterdir()])
    return f"no such file: {source}.{near}" if near else f"no such file: {source}"
