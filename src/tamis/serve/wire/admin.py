"""Admin: which models are live, and putting others live, for the owners of the keys in `serve.admin_keys`."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamis.core import TamisError
from tamis.serve.body import parse, read_body
from tamis.serve.problem import Problem
from tamis.serve.server import Server

_NAME = re.compile(r"[\w.@-]{1,100}")


class PutBody(BaseModel):
    """What is to be live under a name."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "examples": [{"bundle": "reviews-encoder-2"}, {"bundle": "reviews-encoder-2", "share": 0.1}]
        },
    )

    bundle: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
    """A run of the workspace, an approved version (`reviews@3`), or a bundle in one of `serve.bundle_folders`."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """How much of the traffic it gets; the versions that are live share the rest as they did."""
    shadow: bool = False
    """Let it read along: what it says is kept, and no caller hears of it."""


_BODY = TypeAdapter(PutBody)


def routes(server: Server) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/models", tags=["admin"])

    def described(name: str, status: int = 200) -> JSONResponse:
        return JSONResponse(server.describe()[name], status)

    @router.get("", summary="Which models are live", responses=server.problems(401, 403, 503))
    async def models(request: Request) -> JSONResponse:
        """Tell each model's versions with their shares, its shadow, and to what a rollback would go back."""
        _check_admin(server, request)
        return JSONResponse(server.describe())

    @router.put(
        "/{name}",
        summary="Put a bundle live",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": PutBody.model_json_schema()}},
            }
        },
        responses=server.problems(400, 401, 403, 409, 413, 422, 503),
    )
    async def put(name: str, request: Request) -> JSONResponse:
        """Open a bundle and, once it is warm, let it take over, between two requests and without a pause."""
        _check_admin(server, request)
        fleet = server.answering.fleet
        body = parse(_BODY, await read_body(request, most_bytes=server.settings.max_body_bytes))
        if not _NAME.fullmatch(name):
            raise Problem(422, f"{name!r} cannot name a model: letters, digits and .@_- without spaces", field="name")
        if server.following is not None and name in server.following:
            await server.following.look()
            told = server.following.describe()[name]
            if (body.bundle, body.share, body.shadow) == (told["serves"], 1.0, False) and not told["trouble"]:
                return described(name)
        _check_free(server, name)
        try:
            await fleet.put(name, body.bundle, share=body.share, shadow=body.shadow)
        except TamisError as error:
            raise Problem(422, "; ".join(filter(None, (error.message, error.hint))), field="bundle") from None
        return described(name)

    @router.post(
        "/{name}/rollback",
        summary="Go back to what was live before",
        responses=server.problems(401, 403, 404, 409, 503),
    )
    async def roll_back(name: str, request: Request) -> JSONResponse:
        """Undo the last change; nothing is loaded, for what was live before is still open."""
        _check_admin(server, request)
        _check_free(server, name)
        await server.answering.fleet.roll_back(name)
        return described(name)

    @router.delete(
        "/{name}",
        status_code=204,
        summary="Serve nothing under this name any more",
        responses=server.problems(401, 403, 404, 409, 503),
    )
    async def remove(name: str, request: Request) -> Response:
        """Take a model down; requests that it has are answered."""
        _check_admin(server, request)
        _check_free(server, name)
        await server.answering.fleet.remove(name)
        return Response(status_code=204)

    return router


def _check_free(server: Server, name: str) -> None:
    """A name that follows an alias is changed by moving that."""
    if server.following is not None and name in server.following:
        alias = server.following.alias(name)
        model, _, short = alias.partition("@")
        raise Problem(
            409,
            f"{name!r} serves what {alias} names in the registry, and nothing else",
            field="name",
            hint=f"tamis models promote {model}@N --alias {short} --reason …",
        )


def _check_admin(server: Server, request: Request) -> None:
    """`KeyGuard` has let the request pass, so its key is known; here it must be one of the few."""
    if not server.settings.admin_keys:
        raise Problem(403, "nobody may change the models of this server: serve.admin_keys names no key")
    owner = request.scope.get("tamis.key")
    if owner not in server.settings.admin_keys:
        raise Problem(403, f"the key of {owner!r} may ask the models, not change them")
