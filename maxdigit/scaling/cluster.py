"""Ray: loaded and connected to only when it is asked for, without its usage statistics."""

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

LOCAL = "local"  # the address of a cluster that is started here and ends with the program
_CONNECTING = 5.0  # seconds in which a cluster has to answer at its address
_STARTS = 6  # attempts to start Ray here: each gives up after 30 seconds, and a busy machine may need longer
_STORE = 256 << 20  # bytes of shared memory for a cluster started here, as little data is exchanged


class ClusterError(MaxDigitError):
    """No cluster can be used."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Ray, connected to a cluster inside the block.

    Args:
        address: HOST:PORT of the cluster that this machine belongs to, ``auto`` for the one that runs here, ``local``
            to start one here; empty for the value of ``RAY_ADDRESS``, else ``local``.

    Raises:
        ClusterError: Ray is not installed, or there is no such cluster.
    """
    if find_spec("ray") is None:
        raise ClusterError("--ray needs a package that is not installed. Install it with: pip install -e '.[ray]'")
    address = address or os.environ.get("RAY_ADDRESS") or LOCAL
    if address not in (LOCAL, "auto"):
        _check_reachable(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # set before Ray is loaded
    settings: dict[str, Any] = {}
    if address == LOCAL:
        # Its ports are open to the network; they take only requests with this token, which Ray reads once a process.
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        settings = {"num_cpus": available_cores(), "include_dashboard": False, "object_store_memory": _STORE}
    with without_proxies():
        import ray

        for tries in range(1, _STARTS + 1):
            try:
                ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **settings)
                break
            except (Exception, SystemExit) as error:  # raised if something else answers at the address
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
    """Check that something answers at the address: Ray would try for minutes and then end the program."""
    match = re.fullmatch(r"(\[[\da-fA-F:.]+\]|[\w.-]+):(\d{1,5})", address, re.ASCII)
    if match is None or int(match[2]) > 65_535:
        raise ClusterError(f"--ray takes HOST:PORT of a cluster, auto or local, not {address!r}.")
    try:
        socket.create_connection((match[1].strip("[]"), int(match[2])), _CONNECTING).close()
    except (OSError, UnicodeError) as error:
        raise ClusterError(
            f"No cluster of Ray answers at {address}. Its head says where it is when it is started: ray start --head"
        ) from error
