"""Twenty people at once on one server: each gets what is theirs, and nobody sees anything of another."""

from __future__ import annotations

import asyncio
import io
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from ui_support import FakePredictor, served

from benchmarks.load import Page, opened, visit
from maxdigit.ui.app import build_app
from maxdigit.ui.pad import parse_strokes, render
from maxdigit.ui.picture import data_url

PEOPLE = 20
QUESTIONS = 3  # of each, one after the other


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(FakePredictor(["resnet18"]), tmp_path_factory.mktemp("runs")) as address:
        yield address.rstrip("/")


def drawing_of(person: int, question: int) -> str:
    """A drawing that nobody else makes: one line, at a slant of its own."""
    points = [[100, 100], [900, 150 + 30 * person + 5 * question]]
    return json.dumps({"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": points}]})


async def outputs(page: Page, event: dict[str, Any], changed: dict[int, Any]) -> str:
    """Everything that the server sends to one session as the answer to an event."""
    session = secrets.token_hex(6)
    body = {"data": page.values(event, changed), "fn_index": event["id"], "session_hash": session}
    (await page.client.post("/gradio_api/queue/join", json=body)).raise_for_status()
    stream = page.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session})
    async with stream as lines:
        text = "\n".join([line async for line in lines.aiter_lines()])
    assert '"process_completed"' in text and '"success":false' not in text, text[:500]
    return text


def everybody(url: str, do: Any) -> list[Any]:
    """What each person finds who does something at the same time as the others."""

    async def run() -> list[Any]:
        async with opened(url) as client:
            page = await visit(client)
            return await asyncio.gather(*(do(page, person) for person in range(PEOPLE)))

    return asyncio.run(run())


def test_each_drawing_is_answered_for_whoever_drew_it(url: str) -> None:
    theirs = {
        (person, question): data_url(render(parse_strokes(drawing_of(person, question))))
        for person in range(PEOPLE)
        for question in range(QUESTIONS)
    }
    assert len(set(theirs.values())) == len(theirs), "no two are alike"

    async def draw(page: Page, person: int) -> list[str]:
        event, pad = page.event("pad", "change"), page.named("pad")
        return [await outputs(page, event, {pad: drawing_of(person, question)}) for question in range(QUESTIONS)]

    for person, answers in enumerate(everybody(url, draw)):
        for question, text in enumerate(answers):
            seen = {whose for whose, picture in theirs.items() if picture in text}
            assert seen == {(person, question)}


def test_each_batch_holds_its_own_files_alone(url: str) -> None:
    async def batch(page: Page, person: int) -> str:
        png = io.BytesIO()
        pixels = np.zeros((128, 128), np.uint8)
        pixels[20:100, 10 : 20 + 5 * person] = 255
        Image.fromarray(pixels).save(png, "PNG")
        name = f"person-{person:02}.png"
        (path,) = (
            await page.client.post("/gradio_api/upload", files={"files": (name, png.getvalue())})
        ).raise_for_status().json()  # fmt: skip
        dropped = json.dumps({"files": [[path, name]], "uploading": False})
        return await outputs(page, page.event("batch-start", "click"), {page.named("batch-drop"): dropped})

    for person, text in enumerate(everybody(url, batch)):
        assert set(re.findall(r"person-\d\d", text)) == {f"person-{person:02}"}


def test_what_somebody_uploaded_is_not_found_by_others_who_do_not_know_it(url: str) -> None:
    """The path of an upload holds a digest of its content, and folders are not listed."""
    (path,) = httpx.post(f"{url}/gradio_api/upload", files={"files": ("mine.png", b"secret")}, timeout=60).json()
    assert re.search(r"/[0-9a-f]{64}/mine\.png$", path)
    for folder in Path(path).parents:
        assert httpx.get(f"{url}/gradio_api/file={folder}/", timeout=60).status_code in (403, 404)
    guess = path.replace(Path(path).parent.name, "0" * 64)
    assert httpx.get(f"{url}/gradio_api/file={guess}", timeout=60).status_code == 403


def test_corrections_are_shown_to_nobody_unless_the_host_asks_for_it(tmp_path: Path) -> None:
    def shown(review: bool) -> list[str]:
        demo = build_app(FakePredictor(["resnet18"]), tmp_path, tmp_path, review=review)
        return [str(block.elem_id) for block in demo.blocks.values() if block.elem_id]

    hosts = {"corrections-export", "corrections-clear"}
    assert hosts <= set(shown(True)) and not hosts & set(shown(False))
