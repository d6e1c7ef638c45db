"""Metrics: the numbers of the process, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tamis.serve.server import Server


def routes(server: Server) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/metrics",
        summary="The numbers of the process",
        response_class=Response,
        responses={200: {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        """Give latencies, batches, queues, labels and silences in the format of Prometheus."""
        return server.metrics.response()

    return router
