"""Docs page: the API on one page of our own: it reads /openapi.json, needs no other host, and can ask the model."""

from __future__ import annotations

from tamis.core import Page

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _page() -> str:
    page = Page(
        "Tamis", lead="A text classifier that says when it does not know.", footer="This page needs no other host."
    )
    page.section("Ask", "")
    return page.html()


PAGE = _page()
