"""Memory stays flat while people draw; benchmarks/load.py --soak watches the whole app for an hour."""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
from pathlib import Path
from typing import Any

import psutil
import pytest
from ui_support import FakePredictor, served

from benchmarks.load import Page, opened, visit

PEOPLE = 4


class Forgetful(FakePredictor):
    """Keeps nothing of what it was asked."""

    def classify(self, picture: Any, model: str) -> Any:
        found = super().classify(picture, model)
        self.seen.clear()
        return found


async def draw(page: Page, questions: int) -> None:
    """Ask so often, in one session for each person."""

    async def person(number: int) -> None:
        session = secrets.token_hex(6)
        for question in range(questions):
            points = [[100, 100], [900, 100 + (37 * question + 200 * number) % 800]]
            drawing = json.dumps({"version": 1, "strokes": [{"tool": "pen", "size": 40, "points": points}]})
            _, trouble = await page.ask(session, drawing)
            assert not trouble

    await asyncio.gather(*map(person, range(PEOPLE)))


@pytest.mark.slow
def test_memory_stays_flat_while_people_draw(tmp_path: Path) -> None:
    async def run(url: str) -> list[int]:
        async with opened(url) as client:
            page, held = await visit(client), []
            for questions in (40, 80):
                await draw(page, questions)
                gc.collect()
                held.append(psutil.Process().memory_info().rss)
            return held

    with served(Forgetful(["resnet18"]), tmp_path) as url:
        before, after = asyncio.run(run(url.rstrip("/")))
    assert after < 1.05 * before, f"{before / 1e6:.0f} MB, then {after / 1e6:.0f} MB"
