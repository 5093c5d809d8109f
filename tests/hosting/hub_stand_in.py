"""A stand-in for the Hugging Face Hub: as much of its HTTP interface as publishing uses, kept in memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_tokenOfTheTests"


@dataclass
class StandIn:
    """What is on the Hub, and how it behaves."""

    role: str = "write"  # of the token
    organisations: dict[str, str] = field(default_factory=dict)  # the person's role in each
    refusals: list[tuple[str, int, str]] = field(default_factory=list)  # method and path by pattern; status; message
    repositories: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)  # by type and name
    as_lfs: set[str] = field(default_factory=set)  # files that came that way
    commits: list[tuple[str, str]] = field(default_factory=list)
    sdks: dict[str, str] = field(default_factory=dict)
    checked_cards: list[str] = field(default_factory=list)  # "type: first line"
    objects: dict[str, bytes] = field(default_factory=dict)
    url: str = ""


@contextmanager
def running(hub: StandIn) -> Iterator[StandIn]:
    """Serve ``hub`` on a port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing: tests look at what was kept."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = f"{self.command} {self.path}"
        refused = [(status, message) for pattern, status, message in self.hub.refusals if re.match(pattern, request)]
        if refused:
            self._send(refused[0][0], {"error": refused[0][1]})
        elif not self.path.startswith("/objects/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"error": "Invalid credentials in Authorization header"})
        else:
            self._send(*self._handle(body))

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the base class names them

    def _handle(self, body: bytes) -> tuple[int, Any]:  # noqa: PLR0911 - one answer for each route
        hub, path = self.hub, self.path.split("?")[0]
        if path.startswith("/objects/"):
            hub.objects[path.removeprefix("/objects/")] = body
            return 200, {}
        if path.endswith("/commit/main"):
            return self._commit(path, [json.loads(line) for line in body.splitlines()])
        content = json.loads(body or b"{}")
        if path == "/api/whoami-v2":
            groups = [{"name": name, "roleInOrg": role} for name, role in hub.organisations.items()]
            token = {"accessToken": {"displayName": "tests", "role": hub.role}}
            return 200, {"type": "user", "name": "me", "orgs": groups, "auth": token}
        if path == "/api/validate-yaml":
            hub.checked_cards.append(content["repoType"])
            return 200, {"warnings": [], "errors": []}
        if path == "/api/repos/create":
            key = content.get("type", "model"), f"{content.get('organization') or 'me'}/{content['name']}"
            if key in hub.repositories:
                return 409, {"error": "You already created this repo"}
            hub.repositories[key] = {".gitattributes": b"*.safetensors filter=lfs\n"}
            hub.sdks[key[1]] = content.get("sdk", "")
            return 200, {"url": f"{hub.url}/{key[1]}"}
        if path == "/api/repos/delete":
            del hub.repositories[content.get("type", "model"), f"{content['organization']}/{content['name']}"]
            return 200, {}
        if path.endswith(".git/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": [self._upload(one) for one in content["objects"]]}
        key = self._key(path)
        if key not in hub.repositories:
            return 404, {"error": "Repository not found"}
        files = hub.repositories[key]
        if "/preupload/" in path:
            return 200, {"files": [self._mode(files, one) for one in content["files"]]}
        if "/tree/" in path:
            return 200, [{"type": "file", "path": name, "size": len(files[name]), "oid": ""} for name in files]
        if "/revision/" in path:
            return 200, {"id": key[1], "sha": "0" * 40}
        return 404, {"error": "no such route"}

    def _key(self, path: str) -> tuple[str, str]:
        kind, owner, name = re.match(r"/api/(\w+)s/([^/]+)/([^/]+)/", path).groups()
        return kind, f"{owner}/{name}"

    def _mode(self, files: dict[str, bytes], one: dict[str, Any]) -> dict[str, Any]:
        is_binary = b"\0" in base64.b64decode(one["sample"])
        oid = None
        if one["path"] in files:
            old = files[one["path"]]
            blob = hashlib.sha1(b"blob %d\0" % len(old) + old)
            oid = hashlib.sha256(old).hexdigest() if is_binary else blob.hexdigest()
        mode = "lfs" if is_binary else "regular"
        return {"path": one["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def _upload(self, one: dict[str, Any]) -> dict[str, Any]:
        if one["oid"] in self.hub.objects:
            return one
        return one | {"actions": {"upload": {"href": f"{self.hub.url}/objects/{one['oid']}"}}}

    def _commit(self, path: str, lines: list[dict[str, Any]]) -> tuple[int, Any]:
        key = self._key(path)
        files = self.hub.repositories[key]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
                self.hub.as_lfs.add(value["path"])
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        self.hub.commits.append(key)
        return 200, {"commitOid": "0" * 40, "commitUrl": f"{self.hub.url}/{key[1]}/commit/{'0' * 40}"}

    def _send(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status >= 400:
            self.send_header("X-Error-Message", content["error"])
        self.end_headers()
        self.wfile.write(body)
