"""Ray: loaded and connected to only when it is asked for, without telling anybody that it is used."""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from maxdigit.engine.runtime import available_cores
from maxdigit.errors import MaxDigitError
from maxdigit.serving import without_proxies

LOCAL = "local"  # the address of a cluster that is started here, and ends with the program
_CONNECTING = 5.0  # seconds for which a cluster's address may take to answer
_STARTS = 6  # tries to start Ray here: it gives up after 30 seconds, which a busy machine may need for more
_STORE = 256 << 20  # bytes of shared memory for a cluster started here: what is sent around is small


class ClusterError(MaxDigitError):
    """There is no cluster to compute on."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Ray, connected to a cluster meanwhile.

    Args:
        address: HOST:PORT of the cluster that this machine belongs to, ``auto`` for the one that runs here, ``local``
            to start one here; empty for what ``RAY_ADDRESS`` says, else ``local``.

    Raises:
        ClusterError: Ray is not installed, or there is no such cluster.
    """
    if find_spec("ray") is None:
        raise ClusterError("--ray needs a package that is not there. Install it with: pip install -e '.[ray]'")
    address = address or os.environ.get("RAY_ADDRESS") or LOCAL
    if address not in (LOCAL, "auto"):
        _check_reachable(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before it is loaded
    settings: dict[str, Any] = {}
    if address == LOCAL:
        # Its ports are open to the network; without this token they do nothing. Ray reads it once in a process.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        settings = {"num_cpus": available_cores(), "include_dashboard": False, "object_store_memory": _STORE}
    with without_proxies():
        import ray

        for tries in range(1, _STARTS + 1):
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **settings)
                break
            except (Exception, SystemExit) as error:  # it ends the program where something else answers at the address
                ray.shutdown()
                if address != LOCAL:
                    raise ClusterError(
                        f"There is no cluster of Ray to be reached at {address!r}. Start one with: ray start --head"
                    ) from error
                if tries == _STARTS:
                    raise ClusterError(f"Ray could not be started on this machine ({error}).") from error
        try:
            yield
        finally:
            ray.shutdown()


def cores() -> list[int]:
    """How many cores each machine of the cluster offers."""
    import ray

    return [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]


def _check_reachable(address: str) -> None:
    """Ray itself would try for minutes, and end the program then."""
    match = re.fullmatch(r"(\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})", address, re.ASCII)
    if match is None or int(match[2]) > 65_535:
        raise ClusterError(f"--ray takes HOST:PORT of a cluster, auto or local, not {address!r}.")
    try:
        socket.create_connection((match[1].strip("[]"), int(match[2])), _CONNECTING).close()
    except (OSError, UnicodeError) as error:
        raise ClusterError(
            f"No cluster of Ray answers at {address}. Its head says where it is when it is started: ray start --head"
        ) from error
