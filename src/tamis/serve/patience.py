"""Patience: uvicorn's HTTP protocol, that waits for a request only so long and reads only so much of its head."""

from __future__ import annotations

from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tamis.serve.problem import Problem

MOST_HEAD_BYTES = 64 * 1024
_READING_SECONDS = 1.0
"""How long a client that was refused may take to read why."""


class PatientProtocol(HttpToolsProtocol):
    """Closes connections whose request never ends, and answers clients that only stop sending."""

    request_seconds: float

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True
        self._whole = False
        self._refused = False

    def connection_made(self, transport: Any) -> None:
        """Give the first request its time."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; a request that is not whole by now has its time."""
        if self._refused:
            return
        if self.cycle is None or self.cycle.response_complete:
            self._whole = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._whole:
            self._stop_waiting()
        elif self._timer is None:
            self._wait()
        if self._in_head and not self._whole:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse(Problem(431, f"the request's head has more than {MOST_HEAD_BYTES:,} bytes"))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._whole, self._in_head, self._head_bytes = False, True, 0

    def on_headers_complete(self) -> None:
        """End the head."""
        super().on_headers_complete()
        self._in_head = False

    def on_message_complete(self) -> None:
        """End the request."""
        super().on_message_complete()
        self._whole = True

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Let a client that only stopped sending have the answer to what it sent whole."""
        if self._whole and self.cycle is not None and not self.cycle.response_complete and self.scheme == "http":
            self.cycle.keep_alive = False
            return True
        return None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(Problem(400, "this is no HTTP request"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the time."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.request_seconds, self._out_of_patience)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _out_of_patience(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:  # it is the server that does not read
            self._wait()
            return
        self._refuse(Problem(408, f"the request was not whole after {self.request_seconds:g} s"))

    def _refuse(self, problem: Problem) -> None:
        """Answer, unless an answer is under way, and close."""
        self._stop_waiting()
        cycle = self.cycle
        if cycle is None or (
            cycle.response_complete if self._in_head else not (cycle.response_started or self.pipeline)
        ):
            response = problem.response()
            head = [f"HTTP/1.1 {problem.status} {problem.to_dict()['title']}".encode(), b"connection: close"]
            head += [name + b": " + value for name, value in response.raw_headers]
            self.transport.write(b"\r\n".join([*head, b"", bytes(response.body)]))
            self._close_when_read()
        else:
            self.transport.close()

    def _close_when_read(self) -> None:
        """Give the client time to read the answer: closing upon what it still sends would take the answer away."""
        self._refused = True
        if self.cycle is not None:  # whoever works on the request has nobody to answer any more
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_READING_SECONDS, self.transport.close)


def patient_protocol(seconds: float) -> type[PatientProtocol]:
    """Return the protocol that gives each request so long to be whole."""

    class Limited(PatientProtocol):
        request_seconds = seconds

    return Limited
