"""Limits the time and the number of connections, before a request reaches the application."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import defaultdict
from contextlib import suppress
from typing import Any, ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_Protocol: Any = AutoHTTPProtocol  # which of uvicorn's it is depends on what is installed


class TimedProtocol(_Protocol):  # type: ignore[misc]
    """uvicorn's protocol with time limits for the beginning of a request and for its headers."""

    most_seconds: ClassVar[float] = 20  # from the beginning of the connection or request to the end of the headers
    most_connections: ClassVar[int] = 512  # of one public address; a private one may be that of a proxy

    _open: ClassVar[defaultdict[str, int]] = defaultdict(int)
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timer, unless the address has too many connections."""
        super().connection_made(transport)
        self._host = self.client[0] if self.client else ""
        self._open[self._host] += 1
        if self._open[self._host] > self.most_connections and _is_global(self._host):
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._open[self._host] -= 1
        if not self._open[self._host]:
            del self._open[self._host]

    def data_received(self, data: bytes) -> None:
        """Keep the timer running until the headers are complete."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            if self._timer is None:
                self._wait()
        else:
            self._stop_waiting()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.most_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


def _is_global(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def allow_many_files() -> None:
    """Raise the limit of open files, and so of connections, as far as the system allows; it is often 1,024."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # macOS does not accept "unlimited"
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
