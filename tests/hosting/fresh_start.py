"""Does the app start and answer from nothing but its files and its requirements?

    python3 tests/hosting/fresh_start.py --environment .venv

Carries out the steps of the Dockerfile in order, without Docker: FROM is a new virtual environment, COPY takes tracked
files that .dockerignore lets through, RUN runs, CMD starts the app as the USER. It runs without any network but
loopback, on a file system that is read-only but for its temporary folder; the HEALTHCHECK must succeed, and a picture
must be answered. The same is done with a copy of all tracked files and all of requirements.txt, as a Hugging Face Space
of the repository itself runs them.

Needs Linux, root, ``unshare`` and ``ip`` (without them it runs the app as it is), and of Python only the standard
library. The environment is kept.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE_PATH = "/usr/local/bin:/usr/bin:/bin"
PATIENCE = 600  # seconds

_ASK = """
import sys
from gradio_client import Client, handle_file
answer = Client(sys.argv[1], verbose=False).predict(handle_file(sys.argv[2]), api_name="/classify")
print(answer)
"""


@dataclass
class Image:
    """What the steps have made so far."""

    environment: Path  # the virtual environment that stands for the image's Python
    root: Path  # what is at / in the image lies here
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: list[int] = field(default_factory=lambda: [0, 0])  # and group
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    @property
    def here(self) -> Path:
        """The working folder, on this machine."""
        return self.root / self.folder.lstrip("/")

    def settings(self) -> dict[str, str]:
        """The environment variables of a process in it."""
        path = f"{self.environment / 'bin'}:{IMAGE_PATH}"
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG"))}
        return {**kept, "PATH": path, "HOME": os.environ.get("HOME", "/root"), **self.variables}


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile and what follows them, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0].upper(), line.split(maxsplit=1)[1]) for line in joined.splitlines()]


def is_ignored(name: str, patterns: list[str]) -> bool:
    """Whether .dockerignore leaves a file out: the last pattern that fits it, or a folder it lies in, decides."""
    ignored = False
    parts = name.split("/")
    names = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        tail = bare.removeprefix("**/")
        if any(fnmatch.fnmatch(one, bare) and one.count("/") == bare.count("/") for one in names) or (
            bare != tail and any(fnmatch.fnmatch(part, tail) for part in parts)
        ):
            ignored = not pattern.startswith("!")
    return ignored


def tracked_files() -> list[str]:
    """The names of the files that git keeps, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout
    return [name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


def copy(names: list[str], folder: Path) -> None:
    """Copy tracked files into a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, folder / name)


def build(image: Image, arguments: dict[str, str]) -> None:
    """Carry out the steps of the Dockerfile; ``arguments`` as those of ``docker build --build-arg``."""
    ignore = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in ignore if line and not line.startswith("#")]
    context = [name for name in tracked_files() if not is_ignored(name, patterns)]
    build_arguments: dict[str, str] = {}
    for instruction, rest in steps((REPOSITORY / "Dockerfile").read_text(encoding="utf-8")):
        print(f"{instruction} {rest}", flush=True)
        if instruction == "FROM":
            subprocess.run([sys.executable, "-m", "venv", image.environment], check=True)
        elif instruction == "ARG":
            name, _, value = rest.partition("=")
            build_arguments[name] = arguments.get(name, value)
        elif instruction == "ENV":
            image.variables |= dict(part.split("=", 1) for part in shlex.split(rest))
        elif instruction == "WORKDIR":
            image.folder = rest
            image.here.mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            *sources, target = rest.split()
            assert target == ".", "only into the working folder"
            copy([name for name in context if any(source in (".", name) for source in sources)], image.here)
        elif instruction == "RUN":
            words = [word for word in rest.split(" ") if not word.startswith("--mount=")]
            settings = image.settings() | build_arguments | {"HOME": os.environ.get("HOME", "/root")}  # pip's cache
            subprocess.run(["sh", "-ec", " ".join(words)], cwd=image.here, env=settings, check=True)
        elif instruction == "USER":
            user, _, group = rest.partition(":")
            image.user = [int(user), int(group)]
        elif instruction == "HEALTHCHECK":
            image.health = json.loads(rest[rest.index("CMD") + 3 :])
        elif instruction == "CMD":
            image.command = json.loads(rest)
        elif instruction != "EXPOSE":
            raise SystemExit(f"This script does not know {instruction}.")


def shut_in(image: Image, temporary: str) -> None:
    """Leave this process, in namespaces of its own, loopback alone and nothing to write to but a folder."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount("--make-rprivate", "/")
    open_home([image.environment, image.root, REPOSITORY, Path(sys.base_prefix)])
    mount("-o", "remount,ro,bind", "/")
    mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", temporary)


def start_and_ask(image: Image, temporary: str) -> None:
    """Start the app, wait for its health, ask it about a picture, end it."""
    # Not /tmp itself: the repository may lie in it.
    moved = {name: value.replace("/tmp", temporary) for name, value in image.variables.items()}
    settings = {**image.settings(), **moved, "TMPDIR": temporary}
    user, group = image.user
    process: dict[str, Any] = {"cwd": image.here, "env": settings}
    if os.getuid() == 0:
        process |= {"user": user, "group": group, "extra_groups": []}
    began = time.monotonic()
    app = subprocess.Popen(image.command, **process)
    try:
        while subprocess.run(image.health, check=False, capture_output=True, **process).returncode:
            if app.poll() is not None:
                raise SystemExit(f"The app ended with status {app.returncode}.")
            if time.monotonic() - began > PATIENCE:
                raise SystemExit(f"The app is not healthy after {PATIENCE} s.")
            time.sleep(0.2)
        print(f"Healthy after {time.monotonic() - began:.1f} s", flush=True)
        picture = str(REPOSITORY / "docs" / "laptop-light.png")
        port = image.command[image.command.index("--port") + 1]
        ask = ["python", "-c", _ASK, f"http://127.0.0.1:{port}", picture]
        answer = subprocess.run(ask, check=True, capture_output=True, text=True, **process).stdout
        if "max_digit" not in answer:
            raise SystemExit(f"The app answered: {answer}")
        print(f"It answered: {answer.strip()[:200]}", flush=True)
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait(30)


def mount(*arguments: str | Path) -> None:
    """Mount something, in this process's own namespace."""
    subprocess.run(["mount", *arguments], check=True)


def open_home(needed: list[Path]) -> None:
    """Let others into root's home folder, for what lies there of these folders; the rest of it is hidden."""
    home = Path.home()
    inside = [folder for folder in needed if folder.is_relative_to(home)]
    if not inside:
        return
    with tempfile.TemporaryDirectory() as aside:
        for number, folder in enumerate(inside):
            (Path(aside) / str(number)).mkdir()
            mount("--bind", folder, Path(aside) / str(number))
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", home)
        for number, folder in enumerate(inside):
            folder.mkdir(parents=True, exist_ok=True)
            mount("--move", Path(aside) / str(number), folder)


def size(folder: Path, *without: str) -> int:
    """Bytes of the files in a folder, without the folders called so."""
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not any(part.startswith(without) for part in path.parts)
    )


def main() -> None:
    """Build and run, or, with --image, only run what was built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, required=True, help="virtual environment to make")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="as docker build's")
    parser.add_argument("--image", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.image:
        described = json.loads(args.image)
        temporary = described.pop("temporary")
        paths = {name: Path(described[name]) for name in ("environment", "root")}
        image = Image(**described | paths)
        shut_in(image, temporary)
        start_and_ask(image, temporary)
        return
    (REPOSITORY / "out").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=REPOSITORY / "out") as root:
        os.chmod(root, 0o755)
        image = Image(args.environment.resolve(), Path(root))
        build(image, dict(argument.split("=", 1) for argument in args.build_arg))
        packages = next(image.environment.glob("lib/python*/site-packages"))
        print(f"{size(packages) / 1e6:,.0f} MB of packages ({size(packages, 'nvidia', 'triton') / 1e6:,.0f} without")
        print(f"CUDA's), {size(image.here) / 1e6:,.0f} MB of the app")
        _in_namespace(image)
        pip = [image.environment / "bin" / "python", "-m", "pip", "install", "-r", REPOSITORY / "requirements.txt"]
        subprocess.run(pip, check=True)
        image.folder = "/space"
        copy(tracked_files(), image.here)
        print("The same from a copy of all tracked files", flush=True)
        _in_namespace(image)


def _in_namespace(image: Image) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o1777)
        paths = {"environment": str(image.environment), "root": str(image.root), "temporary": temporary}
        described = json.dumps(vars(image) | paths)
        inside = [sys.executable, __file__, "--environment", str(image.environment), "--image", described]
        isolate = ["unshare", "--net", "--mount"]
        if shutil.which("unshare") and not subprocess.run([*isolate, "ip", "link"], check=False).returncode:
            subprocess.run([*isolate, *inside], check=True)
        else:  # some machines that test do not let their users make namespaces
            print("Namespaces cannot be made here: the app has the network, all files and this user.", flush=True)
            start_and_ask(replace(image, user=[os.getuid(), os.getgid()]), temporary)


if __name__ == "__main__":
    main()
