"""Downloads pictures that programs name by URL: from the public internet only, limited in size and time."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from pathlib import Path

import gradio as gr
import httpx
from safehttpx import AsyncSecureTransport

MAX_BYTES = 60_000_000  # as for an uploaded picture
SECONDS = 20.0  # in total, including redirects
_REDIRECTS = 5
# IPv6 networks that count as public, but whose addresses can stand for private IPv4 addresses.
_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


async def fetch(url: str, cache_dir: str) -> str:
    """Download a file into a new folder in ``cache_dir``, and return its path.

    The connection is made to the IP address that was checked, which prevents DNS rebinding. Each redirect is checked in
    the same way.

    Raises:
        gr.Error: the download failed; with a sentence for the caller.
    """
    try:
        async with asyncio.timeout(SECONDS):
            content = await _content(url)
    except TimeoutError:
        raise _refused(f"The address did not answer within {SECONDS:.0f} seconds.") from None
    except gr.Error:  # which is a ValueError
        raise
    except Exception:  # from the URL, the network, TLS or the other server
        raise _refused("The address cannot be reached, or does not give a file.") from None
    place = Path(cache_dir) / secrets.token_hex(16)
    place.mkdir(parents=True)
    path = place / "picture"
    path.write_bytes(content)
    return str(path)


async def public_address(host: str) -> str:
    """An IP address of a host, all of whose addresses must be public.

    Raises:
        gr.Error: one is not public, or there is none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    addresses = [str(place[0]) for *_, place in found]
    if not addresses:
        raise _refused("The address cannot be reached: its host is not known.")
    if not all(map(is_public, addresses)):
        raise _refused("The address is on a private network, where nothing is fetched.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address, in any notation, is public."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _TRANSLATED):
            return False
    return found.is_global and not found.is_multicast


async def _content(address: str) -> bytes:
    url = httpx.URL(address)
    for _ in range(_REDIRECTS + 1):
        if url.scheme not in ("http", "https") or not url.host:
            raise _refused("Only http and https addresses are fetched.")
        transport = AsyncSecureTransport(await public_address(url.host))
        async with httpx.AsyncClient(transport=transport) as client, client.stream("GET", url) as response:
            if response.has_redirect_location:
                url = url.join(response.headers["Location"])
                continue
            if response.status_code != httpx.codes.OK:
                raise _refused(f"The address answers with status {response.status_code}.")
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_BYTES:
                    raise _refused(f"The file at the address is larger than {MAX_BYTES // 1_000_000} MB.")
            return bytes(content)
    raise _refused(f"The address redirects more than {_REDIRECTS} times.")


def _refused(reason: str) -> gr.Error:
    return gr.Error(f"{reason} Send the picture itself, or another address.", print_exception=False)
