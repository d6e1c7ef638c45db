"""Docstrings: real text that every machine has, read from the sources of Python's own standard library.

Each module, class and function with a docstring is a row, labelled by the topic of its module. Nothing is imported:
the sources are parsed with `ast`. The rows are what real data is like: the topics are not of one size, some texts
say the same in other words, and what one module says of itself gives its other rows away unless a split keeps
modules whole.
"""

from __future__ import annotations

import ast
import inspect
import platform
import sysconfig
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from tamis.core import DataError, Progress, Schema, UsageError
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch

# The topic of each module or package. A module that is not named here has no clear topic and is left out.
TOPICS = {
    "network": """cgi email ftplib http imaplib ipaddress mailbox mailcap mimetypes netrc nntplib poplib smtpd
        smtplib socket socketserver ssl telnetlib urllib uuid webbrowser wsgiref xmlrpc""",
    "files": """_compression _pyio base64 bz2 compression configparser csv dbm filecmp fileinput fnmatch genericpath
        glob gzip io json linecache lzma ntpath os pathlib pickle plistlib posixpath shelve shutil sqlite3 stat tarfile
        tempfile tomllib wave xml zipapp zipfile""",
    "text": """_markupbase codecs difflib encodings gettext html locale pprint quopri re reprlib shlex string
        stringprep textwrap""",
    "concurrency": """_threading_local asynchat asyncio asyncore concurrent contextvars multiprocessing queue sched
        selectors signal subprocess threading""",
    "numbers": """_pydatetime _pydecimal _strptime bisect calendar colorsys datetime fractions hashlib heapq hmac
        numbers random secrets statistics zoneinfo""",
    "language": """_collections_abc _py_abc abc annotationlib ast codeop collections compileall contextlib copy
        copyreg dataclasses dis enum functools importlib inspect keyword modulefinder operator pickletools pkgutil
        py_compile pyclbr runpy symtable token tokenize types typing weakref zipimport""",
    "testing": """bdb cProfile doctest faulthandler logging pdb profile pstats pydoc timeit trace traceback tracemalloc
        unittest warnings""",
    "interface": """_pyrepl argparse cmd code curses getopt getpass idlelib optparse rlcompleter tkinter turtle
        turtledemo""",
}
_TOPIC_OF = {module: topic for topic, modules in TOPICS.items() for module in modules.split()}
_NOT_TEXT = {"test", "tests", "idle_test", "__pycache__", "site-packages", "dist-packages"}


class DocstringSource:
    """The rows of `demo:docstrings`: id (qualified name), text, topic, module, kind and line."""

    uri = "demo:docstrings"
    kind = "docstrings"
    schema = Schema(text=("text",), label=("topic",), id="id", group="module")

    def __init__(self, *, library: Path | None = None) -> None:
        self._library = library or Path(sysconfig.get_paths()["stdlib"])
        self.options = MappingProxyType({"python": platform.python_version()})

    def head(self) -> pa.Table:
        """Return the first rows."""
        return self._table.slice(0, 1000)

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield all rows at once: they are a few thousand."""
        with progress.track("reading docstrings", total=1, unit="library") as advance:
            yield Batch(self._table)
            advance(1)

    @cached_property
    def _table(self) -> pa.Table:
        rows: list[dict[str, Any]] = [
            row for path in _modules(self._library) for row in _docstrings(self._library, path)
        ]
        if not rows:
            raise DataError(
                f"no Python sources in {self._library}",
                hint="this Python came without its library's sources; use a Python from python.org, apt or pyenv",
            )
        seen: Counter[str] = Counter()
        for row in rows:  # a getter and its setter have one qualified name
            seen[row["id"]] += 1
            if seen[row["id"]] > 1:
                row["id"] = f"{row['id']}#{seen[row['id']]}"
        return pa.Table.from_pylist(rows)


def open_demo(address: str, _options: SourceOptions) -> DocstringSource:
    """Return the demo data that an address like `demo:docstrings` names."""
    if address != DocstringSource.uri:
        raise UsageError(f"no demo data {address!r}", hint=f"there is {DocstringSource.uri}")
    return DocstringSource()


def _modules(library: Path) -> list[Path]:
    return sorted(
        path
        for path in library.rglob("*.py")
        if not _NOT_TEXT.intersection(path.relative_to(library).parts)
        and path.relative_to(library).parts[0].removesuffix(".py") in _TOPIC_OF
    )


def _docstrings(library: Path, path: Path) -> Iterator[dict[str, Any]]:
    names = path.relative_to(library).with_suffix("").parts
    module = ".".join(names[:-1] if names[-1] == "__init__" else names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # odd escapes in the library are not the user's concern
        tree = ast.parse(path.read_bytes())
    for node, name in _definitions(tree, module):
        text = ast.get_docstring(node, clean=False)
        if text and text.strip():
            yield {
                "id": name,
                "text": inspect.cleandoc(text),
                "topic": _TOPIC_OF[names[0]],
                "module": module,
                "kind": _KINDS[type(node)],
                "line": getattr(node, "lineno", 1),
            }


_Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_KINDS: dict[type[ast.AST], str] = {
    ast.Module: "module",
    ast.ClassDef: "class",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
}


def _definitions(tree: ast.Module, module: str) -> Iterator[tuple[_Definition, str]]:
    """Yield the module and every class and function in it with its qualified name, as they stand in the file."""
    waiting: list[tuple[ast.AST, str]] = [(tree, module)]
    while waiting:
        node, outer = waiting.pop()
        name = f"{outer}.{node.name}" if isinstance(node, _Definition) and not isinstance(node, ast.Module) else outer
        if isinstance(node, _Definition):
            yield node, name
        statements = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
        waiting.extend((child, name) for child in reversed(statements))
