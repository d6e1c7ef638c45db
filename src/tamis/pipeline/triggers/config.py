"""Settings of one trigger: what starts a run by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from tamis.core import Settings

Watched = Literal["cron", "data", "alarm", "labels"]
_WATCHED: tuple[Watched, ...] = ("cron", "data", "alarm", "labels")


class TriggerSettings(Settings):
    """What starts a run by itself: exactly one of `cron`, `data`, `alarm` and `labels`, and what it starts."""

    cron: str | None = None
    """At these times, as in cron: minute, hour, day of the month, month, day of the week: `0 3 * * MON-FRI`."""
    zone: str = "UTC"
    """The time zone that `cron` speaks of: `Europe/Berlin`."""
    data: str | None = None
    """When new files lie in this folder of the workspace, or at this address: `inbox`, `s3://bucket/new`."""
    pattern: str = "*"
    """Only files with such a name count: `*.csv`."""
    settle_seconds: float = Field(default=10.0, ge=0)
    """So long a file must stay as it is before it counts as complete."""
    files_to: str = ""
    """The parameter of the pipeline that gets the list of new files."""
    alarm: str | None = None
    """When the captures have a new alarm of this name; `any` takes all."""
    labels: int | None = Field(default=None, ge=1)
    """When so many texts got a label from people since the last time."""
    pipeline: str = ""
    """The file of the pipeline that is run; empty is the standard graph."""
    given: dict[str, Any] = Field(default={})
    """Its parameters."""
    cool_down_minutes: float = Field(default=0.0, ge=0)
    """After a run it waits so long; what happens meanwhile starts one run, after that."""

    @property
    def watched(self) -> Watched:
        """Which of the four it watches."""
        return next(each for each in _WATCHED if getattr(self, each) is not None)

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"no time zone of that name is known here, as in Europe/Berlin: {zone}") from None
        return zone

    @field_validator("cron")
    @classmethod
    def _cron_can_be_read(cls, cron: str | None) -> str | None:
        if cron is None:
            return None
        from cronsim import CronSim, CronSimError

        if len(cron.split()) != 5:  # cronsim knows a sixth, for seconds
            raise ValueError("it takes five words: minute, hour, day of the month, month, day of the week")
        try:
            next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
        except CronSimError as error:
            raise ValueError(f"{str(error).lower()}: minute, hour, day of the month, month, day of the week") from None
        except StopIteration:
            raise ValueError("no day is ever like that") from None
        return cron

    @model_validator(mode="after")
    def _one_thing_is_watched(self) -> TriggerSettings:
        said = [each for each in _WATCHED if getattr(self, each) is not None]
        if len(said) != 1:
            raise ValueError(f"a trigger has one of {', '.join(_WATCHED)}; this one has {' and '.join(said) or 'none'}")
        return self
