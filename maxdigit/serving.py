"""Serving the page wherever people run it: behind proxies, on shared machines, on ports that may be taken.

Gradio reads the environment when it is loaded, which must therefore come after :func:`find_address` and within
:func:`private_folder` and :func:`without_proxies`. Nothing here loads it.
"""

from __future__ import annotations

import errno
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maxdigit.errors import MaxDigitError

if TYPE_CHECKING:
    import gradio as gr

_LOOPBACK = "127.0.0.1"
_FIRST_PORT, _PORTS_TRIED = 7860, 100
_PERSONS_OWN = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
_STOPS = ("SIGTERM", "SIGHUP", "SIGBREAK")  # signals that end a process as Ctrl-C does, if the system has them


class ServingError(MaxDigitError):
    """The page cannot be served as requested."""


def find_address(host: str | None, port: int | None) -> tuple[str, int]:
    """Where to serve: the host as Gradio takes it, and a port that is free.

    Args:
        host: a name or address of this machine; None for ``GRADIO_SERVER_NAME``, else for this machine only.
        port: the port; None for the first free one from ``GRADIO_SERVER_PORT`` on, else from 7860.

    Raises:
        ServingError: the host is not this machine's, or the port is taken or may not be used.
    """
    # Removed, as Gradio fails on IPv6 addresses and on words instead of numbers there.
    named, first, count = (os.environ.pop(f"GRADIO_{name}", "") for name in ("SERVER_NAME", "SERVER_PORT", "NUM_PORTS"))
    host = (host or named or _LOOPBACK).strip("[]")
    if port is not None:
        ports = [port]
    else:
        start = _number("GRADIO_SERVER_PORT", first, _FIRST_PORT)
        ports = list(range(start, start + _number("GRADIO_NUM_PORTS", count, _PORTS_TRIED)))
    for candidate in ports:
        if not 0 <= candidate < 1 << 16:
            break
        try:
            return (f"[{host}]" if ":" in host else host), _bound(host, candidate)
        except (socket.gaierror, UnicodeError) as error:
            raise _not_ours(host) from error
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise _not_ours(host) from error
            if error.errno in (errno.EACCES, errno.EPERM):
                raise ServingError(
                    f"Port {candidate} may not be used without special rights. Choose one above 1023: --port"
                ) from error
    if port is None:
        raise ServingError(f"The ports {ports[0]} to {ports[-1]} are all taken. Choose another: --port")
    if not 0 <= port < 1 << 16:
        raise ServingError(f"There is no port {port}. Choose one from 1024 to 65535: --port")
    raise ServingError(f"Port {port} is taken. Choose another, or leave out --port for one that is free.")


@contextmanager
def private_folder(port: int) -> Iterator[None]:
    """Set the folder for uploads inside the block: one that nobody else can read, deleted when the server ends.

    It has the same name each time, so that a page that was opened before a restart is told that its uploads are gone.
    The folder in ``GRADIO_TEMP_DIR`` is used unchanged, if it can be written to.

    Args:
        port: on which the page is served: no other server of this machine has it.

    Raises:
        ServingError: no such folder can be made.
    """
    given = os.environ.get("GRADIO_TEMP_DIR")
    if given and _can_write(given):
        yield
        return
    try:
        folder = _new_folder(f"maxdigit-{os.getuid() if hasattr(os, 'getuid') else ''}-{port}")
    except OSError as error:
        raise ServingError(
            "Nothing can be written to the folder for temporary files. Name another one in TMPDIR."
        ) from error
    if given:
        print(f"{given}, which GRADIO_TEMP_DIR names, cannot be written to: {folder} takes its place.", file=sys.stderr)
    try:
        with _environment({"GRADIO_TEMP_DIR": folder}):
            yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals that end this process raise KeyboardInterrupt, as Ctrl-C does, so that everything is cleaned up.

    A signal that is ignored, as under ``nohup``, stays ignored.
    """
    stops = [getattr(signal, name) for name in _STOPS if hasattr(signal, name)]
    for stop in stops:
        if signal.getsignal(stop) == signal.SIG_DFL:
            signal.signal(stop, signal.default_int_handler)
    try:
        yield
    finally:
        for stop in stops:
            if signal.getsignal(stop) == signal.default_int_handler:
                signal.signal(stop, signal.SIG_DFL)


@contextmanager
def without_proxies() -> Iterator[None]:
    """Let this process use no proxy: it sends requests only to itself, when Gradio starts and for language models.

    Pictures that these give by web address are always fetched without a proxy.
    """
    with _environment(dict.fromkeys(_PERSONS_OWN, "*")):
        yield


def serve(demo: gr.Blocks, host: str, port: int, *, open_browser: bool, **options: Any) -> None:
    """Serve the page until it is stopped, and collect garbage from then on.

    Args:
        demo: the page.
        host: as :func:`find_address` gives it, as is ``port``.
        port: to serve on.
        open_browser: open the page in a browser.
        options: for ``launch``.

    Raises:
        ServingError: the port was taken in the meantime.
    """
    for stream in (sys.stdout, sys.stderr):  # Gradio prints characters that some terminals lack
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with suppress(KeyboardInterrupt):  # `block_thread` handles it itself, but visitors are answered before that
        try:
            # Without Gradio's check that it can reach itself, which fails on a busy machine.
            demo.launch(server_name=host, server_port=port, prevent_thread_lock=True, _frontend=False, **options)
        except OSError as error:
            raise ServingError(f"The page cannot be served on port {port} ({error.strerror or error}).") from error
        gc.freeze()  # what was loaded stays, and need not be looked through
        gc.enable()
        if open_browser:
            with _environment(_PERSONS_OWN):
                webbrowser.open(demo.local_url or "")
        demo.block_thread()  # until Ctrl-C
    demo.close(verbose=False)


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables inside the block; None removes one."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _set_environment(values)
        yield
    finally:
        _set_environment(before)


def _set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _bound(host: str, port: int) -> int:
    """The port, if it is free; for port 0, one that is.

    Raises:
        OSError: it is taken, or cannot be used, or the host is unknown.
    """
    # Gradio checks this machine's own address, whichever it is to serve.
    for name in dict.fromkeys((host, _LOOPBACK)):
        for family, kind, protocol, _, address in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                if os.name == "posix":  # on systems where a port is free again as soon as its server has ended
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                port = probe.getsockname()[1]
    return port


def _number(name: str, text: str, default: int) -> int:
    try:
        value = int(text or default)
    except ValueError:
        value = 0
    if value < 1:
        raise ServingError(f"{name} must be a whole number from 1 on, not {text!r}. Correct or unset it.")
    return value


def _not_ours(host: str) -> ServingError:
    return ServingError(f"{host} is no address of this machine. Choose another with --host: 0.0.0.0 for all of them.")


def _new_folder(name: str) -> str:
    folder = Path(tempfile.gettempdir()) / name
    shutil.rmtree(folder, ignore_errors=True)  # left by a server that was killed
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:  # it belongs to somebody else
        return tempfile.mkdtemp(prefix=f"{name}-")
    return str(folder)


def _can_write(folder: str) -> bool:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
