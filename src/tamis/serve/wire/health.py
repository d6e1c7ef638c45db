"""Health: is the process alive, is it ready, and what does it serve?"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from tamis import __version__
from tamis.serve.server import Server


def routes(server: Server) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["health"])

    @router.get("/livez", summary="The process is alive")
    @router.get("/healthz", summary="The process is alive")
    async def live() -> dict[str, str]:
        """Answer as long as the event loop runs."""
        return {"status": "alive"}

    @router.get("/readyz", summary="The models are loaded and warm", responses=server.problems(503))
    async def ready() -> JSONResponse:
        """Answer 200 once every model is loaded and warm, and 503 before and while the server stops.

        A name that cannot follow its alias answers with what it has, so that is told and is no 503.
        """
        server.check_ready()
        if server.following is None:
            return JSONResponse({"status": "ready"})
        names = {
            name: {"follows": told["follows"], "serves": told["serves"], "up_to_date": told["trouble"] is None}
            for name, told in server.following.describe().items()
        }
        return JSONResponse({"status": "ready", "following": names})

    @router.get("/info", summary="What is served", responses=server.problems(503))
    async def info() -> JSONResponse:
        """Tell each model's labels, engine, version, and where it came from."""
        server.check_ready()
        return JSONResponse({"tamis": __version__, "models": server.describe()})

    return router
