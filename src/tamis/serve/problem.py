"""Problem: what goes wrong with a request, as problem+json (RFC 9457) that names the field and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that gets no prediction; the server turns it into its answer.

    >>> Problem(413, "the body has 9 MB, at most 4 MB are taken", field="body").status
    413
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str = "",
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = _short(detail, 1000)
        self.field = _short(field, 200)
        self.headers = dict(headers or {})
        self.more = more

    def to_dict(self) -> dict[str, object]:
        """Return the members of the problem."""
        named = {"field": self.field} if self.field else {}
        return {
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **named,
            **self.more,
        }

    def response(self) -> Response:
        """Return the HTTP answer."""
        told = json.dumps(self.to_dict(), ensure_ascii=False).encode("utf-8", "replace")  # it may quote what is no text
        return Response(told, self.status, self.headers, media_type=MEDIA_TYPE)


def _short(text: str, most: int) -> str:
    """A text without its middle, for what came may be long."""
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 :]}"


class Busy(Problem):
    """More texts wait than may."""

    def __init__(self, waiting: int, *, retry_seconds: float) -> None:
        seconds = max(1, round(retry_seconds))
        super().__init__(
            429,
            f"{waiting:,} texts are waiting for the model, which is all that may; try again in {seconds} s",
            headers={"Retry-After": str(seconds)},
        )


class TooLate(Problem):
    """The deadline passed while the request waited."""

    def __init__(self, seconds: float) -> None:
        super().__init__(504, f"no answer within {seconds:g} s: the model has more to do than it can")
