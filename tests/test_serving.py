"""The page is served where people run it: behind proxies, on shared machines, where a port is taken."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import REPOSITORY
from ui_support import free_port

from maxdigit import serving
from maxdigit.serving import ServingError, ended_by_signals, find_address, private_folder, without_proxies


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of whoever runs the tests."""
    for name in ("SERVER_NAME", "SERVER_PORT", "NUM_PORTS", "TEMP_DIR"):
        monkeypatch.delenv(f"GRADIO_{name}", raising=False)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_free_is_taken_and_one_that_is_not_is_told(taken: int) -> None:
    port = free_port()
    assert find_address(None, port) == ("127.0.0.1", port)
    for host in (None, "127.0.0.1", "0.0.0.0", "localhost"):
        with pytest.raises(ServingError, match=f"Port {taken} is taken. Choose another, or leave out --port"):
            find_address(host, taken)


def test_without_a_port_the_next_free_one_is_found(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    _, port = find_address(None, None)
    assert taken < port < taken + 100 and "GRADIO_SERVER_PORT" not in os.environ
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(taken))
    monkeypatch.setenv("GRADIO_NUM_PORTS", "1")
    with pytest.raises(ServingError, match=f"{taken} to {taken} are all taken"):
        find_address(None, None)


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_addresses_are_bracketed(host: str) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = free_port()
    assert find_address(host, port) == ("[::1]", port)


@pytest.mark.parametrize("port", [-1, 65_536, 10**12])
def test_a_port_that_cannot_be_is_told(port: int) -> None:
    with pytest.raises(ServingError, match=f"There is no port {port}"):
        find_address(None, port)


@pytest.mark.parametrize("host", ["203.0.113.7", "no.such.host.invalid", "a" * 300])
def test_a_host_that_is_not_this_machine_is_told(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServingError, match="is no address of this machine"):
        find_address(host, None)
    monkeypatch.setenv("GRADIO_SERVER_NAME", host)
    with pytest.raises(ServingError, match="is no address of this machine"):
        find_address(None, None)


@pytest.mark.parametrize("name", ["GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS"])
@pytest.mark.parametrize("value", ["seven", "0", "1.5"])
def test_settings_that_are_no_numbers_are_told(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ServingError, match=f"{name} must be a whole number"):
        find_address(None, None)


def test_uploads_have_a_folder_of_their_own_that_goes_with_the_server() -> None:
    with private_folder(1):
        folder = Path(os.environ["GRADIO_TEMP_DIR"])
        assert folder.parent == Path(tempfile.gettempdir())
        assert os.name == "nt" or folder.stat().st_mode & 0o077 == 0, "nobody else looks in"
        (folder / "sub").mkdir()
        (folder / "sub" / "picture.png").write_bytes(b"x")
    assert not folder.exists() and "GRADIO_TEMP_DIR" not in os.environ


def test_the_folder_has_the_same_name_each_time_and_nothing_of_a_server_that_was_killed() -> None:
    with private_folder(2):
        folder = Path(os.environ["GRADIO_TEMP_DIR"])
    folder.mkdir()
    (folder / "picture.png").write_bytes(b"x")
    with private_folder(2):
        assert Path(os.environ["GRADIO_TEMP_DIR"]) == folder and not list(folder.iterdir())
    folder.symlink_to(Path(__file__).parent)  # whoever would have uploads elsewhere
    try:
        with private_folder(2):
            assert Path(os.environ["GRADIO_TEMP_DIR"]) != folder
            assert Path(os.environ["GRADIO_TEMP_DIR"]).stat().st_mode & 0o077 == 0
    finally:
        folder.unlink()
    assert Path(__file__).exists()


def test_a_folder_that_is_named_is_used_if_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "new" / "folder"))
    with private_folder(1):
        assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "new" / "folder")
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "x"))
    with private_folder(1):
        assert os.environ["GRADIO_TEMP_DIR"] != str(tmp_path / "file" / "x")
        assert Path(os.environ["GRADIO_TEMP_DIR"]).is_dir()
    assert "GRADIO_TEMP_DIR names, cannot be written to" in capsys.readouterr().err
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "file" / "x")


def test_where_nothing_temporary_can_be_written_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(ServingError, match="TMPDIR"), private_folder(1):
        pass


def test_nothing_goes_through_a_proxy_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.org")
    with without_proxies():
        httpx.Client().close()
    assert os.environ["no_proxy"] == "example.org"


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without asking them")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_what_ends_a_process_ends_it_as_ctrl_c_does(name: str) -> None:
    number = getattr(signal, name)
    before = signal.signal(number, signal.SIG_DFL)  # these tests may be run by nohup themselves
    try:
        with pytest.raises(KeyboardInterrupt), ended_by_signals():
            signal.raise_signal(number)
        assert signal.getsignal(number) == signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN)  # nohup
        with ended_by_signals():
            signal.raise_signal(number)
    finally:
        signal.signal(number, before)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes without asking them")
def test_the_app_starts_in_a_hostile_environment_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Proxies that do not answer, no home, an ASCII terminal, another's folder and settings; and SIGTERM at the end.

    And a temporary folder whose name is longer than a socket's may be (107 bytes).
    """
    temporary = tmp_path / ("tmp" * 36)
    temporary.mkdir()
    (tmp_path / "file").touch()
    port = free_port()
    environment = {
        **os.environ,
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "socks5://127.0.0.1:9",
        "GRADIO_TEMP_DIR": str(tmp_path / "file" / "cache"),
        "GRADIO_SERVER_NAME": "::1",
        "TMPDIR": str(temporary),
        "HOME": str(tmp_path / "file" / "home"),
        "LC_ALL": "C",
        "PYTHONIOENCODING": "ascii:strict",
    }
    command = [sys.executable, "app.py", "--mcp", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        while process.poll() is None:
            try:
                with opener.open(f"http://127.0.0.1:{port}/gradio_api/info") as response:
                    assert "/classify" in response.read().decode()
                break
            except OSError:
                time.sleep(0.2)
        assert process.poll() is None
        assert list(temporary.glob("maxdigit-*")), "uploads go there"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0 and "Traceback" not in errors
    assert not list(temporary.glob("maxdigit-*"))


@pytest.mark.parametrize("moment", ["launch", "block_thread"])
def test_a_stop_while_visitors_are_answered_closes_the_page(moment: str) -> None:
    """The server answers before `launch` returns, and `block_thread`, which handles Ctrl-C, comes after it."""
    called: list[str] = []

    class Page:
        def __getattr__(self, name: str) -> Callable[..., None]:
            def call(**_: object) -> None:
                called.append(name)
                if name == moment:
                    raise KeyboardInterrupt

            return call

    serving.serve(Page(), "127.0.0.1", 1, open_browser=False)  # type: ignore[arg-type]
    assert called[-2:] == [moment, "close"]


def test_the_browser_that_is_opened_has_the_person_s_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Page:
        local_url = "http://127.0.0.1:1/"

        def launch(self, **_: object) -> None:
            assert os.environ["NO_PROXY"] == "*"

        def block_thread(self) -> None:
            assert os.environ["NO_PROXY"] == "*"

        def close(self, **_: object) -> None:
            pass

    monkeypatch.setattr(serving, "_PERSONS_OWN", {"NO_PROXY": "example.org", "no_proxy": None})
    monkeypatch.setattr(serving.webbrowser, "open", lambda url: seen.append((url, os.environ.get("NO_PROXY"))))
    with without_proxies():
        serving.serve(Page(), "127.0.0.1", 1, open_browser=True)  # type: ignore[arg-type]
    assert seen == [("http://127.0.0.1:1/", "example.org")]
