"""The errors a user may see: each says what came, what was expected and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tamis.core.extras import install_command


class TamisError(Exception):
    """A mistake or a mishap that is the user's to mend; the command line prints it without a traceback.

    >>> print(TamisError("no such file: a.csv", hint="check the path"))
    no such file: a.csv
      check the path
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\n  {hint}")
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # as it is: the error of a worker comes back from its process, though its class may be made from other arguments
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[TamisError], arguments: tuple[object, ...]) -> TamisError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    return error


class UsageError(TamisError):
    """The command, a flag or a key was wrong (exit code 2)."""

    exit_code = 2


class DataError(TamisError):
    """The input cannot be read as asked (exit code 1)."""


class CheckFailed(TamisError):
    """A gate or a check did not hold (exit code 3)."""

    exit_code = 3


class WorkerLost(TamisError):
    """What was tried several times killed the process that worked on it each time, so it is not done."""

    def __init__(self) -> None:
        super().__init__(
            "a worker process was ended from outside, most likely because the memory was full",
            hint="take fewer workers, or smaller pieces",
        )


class MissingExtra(TamisError):
    """A part that is not installed, with the command that adds it.

    >>> MissingExtra("reading from s3://", extra="aws").message
    "reading from s3:// needs the extra 'aws'"
    """

    def __init__(self, purpose: str, *, extra: str) -> None:
        super().__init__(f"{purpose} needs the extra '{extra}'", hint=install_command(extra))


_LONGEST_NAME = 200


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'label'?` for the nearest known name, or nothing when none is near.

    >>> did_you_mean("lable", ["id", "text", "label"])
    " Did you mean 'label'?"
    """
    if len(name) > _LONGEST_NAME:  # the search would take as long as somebody likes
        return ""
    options = {option.lower(): option for option in known}
    near = difflib.get_close_matches(name.lower(), options, n=1, cutoff=0.6)
    return f" Did you mean {options[near[0]]!r}?" if near else ""
