"""ServeSettings: the `serve` section of tamis.yaml, and the fallbacks that it may declare."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from tamis.core import Settings


class TextRule(Settings):
    """A label for texts with a keyword (whole words, any case), or that match a regular expression."""

    label: str
    keyword: str = ""
    regex: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.keyword) == bool(self.regex):
            raise ValueError("a rule has a `keyword` or a `regex`")
        try:
            re.compile(self.regex)
        except re.error as error:
            raise ValueError(f"the regex {self.regex!r} is broken: {error}") from None
        return self

    @property
    def pattern(self) -> re.Pattern[str]:
        """What is looked for in a text."""
        if self.regex:
            return re.compile(self.regex)
        return re.compile(rf"(?<!\w){re.escape(self.keyword)}(?!\w)", re.IGNORECASE)


class FallbackSettings(Settings):
    """One link of the chain: rules, or a second model, or a label."""

    model: str = ""
    """The name under which the model is served whose silences it fills; without one, the first."""
    rules: tuple[TextRule, ...] = ()
    bundle: str = ""
    """A run, a bundle's folder or a .tamis file."""
    label: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(map(bool, (self.rules, self.bundle, self.label))) != 1:
            raise ValueError("a fallback is `rules`, a `bundle`, or a `label`")
        return self


class ServeSettings(Settings):
    """The `serve` section of tamis.yaml."""

    host: str = "127.0.0.1"
    """The address to listen on. Only this machine reaches 127.0.0.1; 0.0.0.0 is every network it is on."""
    port: int = Field(default=8080, ge=0, le=65_535)
    """The port to listen on; 0 takes a free one, which is printed."""
    queue_texts: int = Field(default=1024, ge=1)
    """How many texts may wait for the model; beyond that the answer is 429, with the time after which to try again."""
    wait_milliseconds: float = Field(default=2.0, ge=0)
    """How long a batch may wait for the texts that the load of late makes likely; a lone client never waits."""
    deadline_seconds: float = Field(default=30.0, gt=0)
    """After so long in the queue a request is answered with 504 instead; a request may ask for less."""
    drain_seconds: float = Field(default=20.0, ge=0)
    """How long requests under way may take to end after a SIGTERM."""
    request_seconds: float = Field(default=30.0, gt=0)
    """How long a client may take to send its request; then the connection is closed."""
    max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    """A larger body is refused with 413."""
    max_texts: int = Field(default=1000, ge=1)
    """More texts in one request are refused with 422; `tamis batch` is for many."""
    max_text_characters: int = Field(default=200_000, ge=1)
    """A longer text is refused with 422."""
    fallbacks: tuple[FallbackSettings, ...] = ()
    """What answers, in this order, where the model keeps silent: `rules`, another `bundle`, or a fixed `label`."""
    capture: bool = True
    """Whether every answer is kept, for monitoring, for review, and for labels that come later."""
    capture_text: Literal["none", "redacted", "full"] = "none"
    """What is kept of the texts themselves: nothing, personal data blotted out, or all."""
    capture_to: str = ""
    """Where answers are kept; nothing is `.tamis/captures/answers.sqlite`. A name that ends with .sqlite is such a
    file, any other a folder of Parquet files, here or by URI, as in s3://bucket/answers."""
    capture_sync_seconds: float = Field(default=1.0, ge=0)
    """How long what is kept may be lost by a power cut. No kill of the server loses anything. 0 makes every answer wait
    for the disk."""
    capture_gather_milliseconds: float = Field(default=0.0, ge=0)
    """How long answers may wait to be written together; then there are fewer Parquet files, and larger ones."""
    log_text: Literal["none", "redacted", "full"] = "none"
    """What the log shows of the texts."""
    keys_file: Path | None = None
    """A file of hashed API keys; without one everybody who reaches the port is answered."""
    admin_keys: tuple[str, ...] = ()
    """The names of the keys whose owners may put other models live (`/models`); without any, nobody may."""
    bundle_folders: tuple[Path, ...] = ()
    """Folders whose bundles may be put live that way, beside the runs of the workspace."""
    requests_per_minute: float = Field(default=0.0, ge=0)
    """How many requests each key (without keys: each address) may send a minute; 0 is no limit."""
    cors_origins: tuple[str, ...] = ()
    """The web pages whose scripts may ask, as in https://app.example.org; by default none."""
    certificate: Path | None = None
    """A TLS certificate (PEM); with `private_key` the server speaks HTTPS only."""
    private_key: Path | None = None
    """The certificate's private key (PEM)."""

    @model_validator(mode="after")
    def _known_admins(self) -> Self:
        if self.admin_keys and self.keys_file is None:
            raise ValueError("`admin_keys` names keys of `keys_file`, and there is no `keys_file`")
        return self
