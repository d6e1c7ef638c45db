"""SplitOptions: what is asked of one split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tamis.core import UsageError
from tamis.data import Dataset
from tamis.split.names import check_fractions, split_name

By = Literal["label", "group", "time"]
Balance = Literal["down", "over"]


@dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """How to split: by label unless told otherwise. `from_column` and `hold_out` take the place of drawing."""

    fractions: Mapping[str, float] = field(default_factory=lambda: {"train": 0.7, "validation": 0.15, "test": 0.15})
    seed: int = 0
    by: By = "label"
    column: str | None = None
    """The column to go by, when it is not the one in the role of `group` or `time`."""
    from_column: str | None = None
    """The column that already says each row's split."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What values of `from_column` mean, where that is not clear by itself: `{"fold 3": "test"}`."""
    hold_out: Dataset | None = None
    """Rows that become the test split; the dataset itself is shared out among the others."""
    near_duplicates: bool = True
    """Keep texts that are nearly the same in one split."""
    threshold: float = 0.7
    """Share of common words from which two texts are nearly the same."""
    rows: int | None = None
    """How many rows to share out at most, drawn from each split alike; the others are in no split. None: all."""
    balance: Balance | None = None
    balance_ratio: float = 1.0
    balance_all: bool = False
    """Balance the other splits as well, which makes every score on them wrong for real data."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fractions", check_fractions(self.fractions))
        if self.by not in ("label", "group", "time"):
            raise UsageError(f"a split goes by label, group or time, not by {self.by!r}")
        if self.balance not in (None, "down", "over"):
            raise UsageError(f"balancing goes down or over, not {self.balance!r}")
        if self.rows is not None and self.rows < 2:
            raise UsageError(f"--rows {self.rows}: a split needs two rows or more")
        if self.balance_ratio < 1:
            raise UsageError(f"the balance ratio is {self.balance_ratio:g}: it must be 1 or more")
        if self.balance_all and self.balance is None:
            raise UsageError(
                "--balance-all says where to balance, not how", hint="add --balance down or --balance over"
            )
        if self.from_column is not None and (self.by != "label" or self.hold_out is not None):
            other = "--hold-out" if self.hold_out is not None else f"--by {self.by}"
            raise UsageError(f"--from-column says each row's split already; it does not go with {other}")
        if self.column is not None and self.by == "label":
            raise UsageError("--column goes with --by group or --by time", hint="a ready split: --from-column COLUMN")
        if self.names and self.from_column is None:
            raise UsageError("--map goes with --from-column")
        for value, name in self.names.items():
            if split_name(name) is None:
                raise UsageError(f"--map {value}={name}: no split named {name!r}")

    def record(self) -> dict[str, object]:
        """Return the options as the manifest keeps them."""
        said: dict[str, object] = {"by": "column" if self.from_column else self.by, "seed": self.seed}
        if self.from_column is None:
            said["fractions"] = dict(self.fractions)
        else:
            said |= {"column": self.from_column, "names": dict(self.names)}
        if self.column is not None:
            said["column"] = self.column
        if self.hold_out is not None:
            said["hold_out"] = {"name": self.hold_out.ref, "fingerprint": self.hold_out.manifest.fingerprint}
        said["near_duplicates"] = {"threshold": self.threshold} if self.near_duplicates else None
        if self.rows is not None:
            said["sample"] = self.rows
        if self.balance is not None:
            said["balance"] = {"how": self.balance, "ratio": self.balance_ratio, "all": self.balance_all}
        return said

    def describe(self) -> str:
        """Return the operation's name for a version's list of parents."""
        if self.from_column is not None:
            words = [f"split from column {self.from_column}"]
        else:
            words = [f"split by {self.by}", ", ".join(f"{name} {part:g}" for name, part in self.fractions.items())]
        if self.hold_out is not None:
            words.append(f"hold-out {self.hold_out.ref}")
        if self.rows is not None:
            words.append(f"{self.rows} rows")
        if self.balance is not None:
            words.append(f"balance {self.balance}{' all' if self.balance_all else ''}")
        return "; ".join([*words, f"seed {self.seed}"])
