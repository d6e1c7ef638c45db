"""LocalHost: the Host port over a `tamis serve` that runs here or elsewhere."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tamis.core import TamisError, UsageError

KEY_VARIABLE = "TAMIS_SERVE_KEY"
"""The environment variable of the key, so that it need not stand in a command or a file."""


@dataclass(frozen=True, kw_only=True)
class LocalHost:
    """Puts bundles live on a server of `tamis serve`, with a key that `serve.admin_keys` names there."""

    address: str = "http://127.0.0.1:8080"
    key: str = field(default_factory=lambda: os.environ.get(KEY_VARIABLE, ""), repr=False)
    timeout_seconds: float = 300.0
    """How long a bundle may take to open."""

    def deploy(self, bundle: str, *, name: str) -> None:
        """Put a bundle live under a name; returns when it answers."""
        self._ask("PUT", _place(name), {"bundle": bundle})

    def state(self, name: str) -> Mapping[str, object]:
        """Tell which versions are live under a name, their shares, the shadow, and what was live before."""
        models: dict[str, dict[str, object]] = self._ask("GET", "/models")
        if name not in models:
            raise UsageError(f"{self.address} serves nothing as {name!r}. Models: {', '.join(models)}.")
        return models[name]

    def roll_back(self, name: str) -> None:
        """Put what was live before this live again."""
        self._ask("POST", f"{_place(name)}/rollback")

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address.rstrip("/") + path, content, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error, self.address) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise TamisError(
                f"no answer from {self.address}: {reason}", hint="is `tamis serve` running there, and ready?"
            ) from None


def _place(name: str) -> str:
    return f"/models/{urllib.parse.quote(name, safe='')}"


def _refused(error: urllib.error.HTTPError, address: str) -> TamisError:
    try:
        problem = json.load(error)
        detail, hint = str(problem["detail"]), problem.get("hint")
    except (ValueError, TypeError, KeyError):
        detail, hint = f"HTTP {error.code}", None
    if error.code in (401, 403) and hint is None:
        hint = f"the key comes from {KEY_VARIABLE}; `serve.admin_keys` of the server names who may"
    return (UsageError if error.code < 500 else TamisError)(f"{address}: {detail}", hint=hint)
