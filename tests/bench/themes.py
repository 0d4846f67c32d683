"""Switching the theme with 300 messages in the conversation, 120x40: until everything is drawn, in ms and CPU ms."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chat_app import chat_app, running
from tests.snapshots.talk import MARKDOWN, Talk
from tests.waiting import wait_until_async
from tui.screens.services import Start
from tui.screens.themes import theme_files

MESSAGES = 300
_ROUNDS = 3


def run(args: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(_measured(Path(folder)))
    print(json.dumps(result, indent=2), file=sys.stderr)
    return result


async def _measured(home: Path) -> dict[str, Any]:
    talk = Talk(home, "Search")
    for number in range(MESSAGES // 2):
        talk.ask(f"Question {number}?", MARKDOWN)
    talk.close()
    app = chat_app(home, start=Start(go_on=True))
    taken: dict[str, list[tuple[float, float]]] = {}
    async with running(app, (120, 40)) as pilot:
        pane = app.screen_stack[0].pane  # type: ignore[attr-defined]
        await wait_until_async(lambda: len(pane.session.messages) == MESSAGES and pane.session.runner is not None)
        for _ in range(12):  # what was scrolled to stays in the window for a while
            await pilot.press("pageup")
        await pilot.pause()
        for key, value in [("appearance.theme", name) for name in sorted(theme_files())] * _ROUNDS + [
            ("appearance.plain", "on"),
            ("appearance.plain", "off"),
        ] * _ROUNDS:
            wall, cpu = time.perf_counter(), time.process_time()
            app.services.settings_file.set(key, value)
            await pilot.pause()
            spent = 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)
            taken.setdefault(f"{key} {value}", []).append(spent)
        widgets = len([*app.screen.walk_children()])
    return {
        "messages": MESSAGES,
        "widgets": widgets,
        "ms": {name: round(statistics.median(wall for wall, _ in each)) for name, each in taken.items()},
        "cpu_ms": {name: round(statistics.median(cpu for _, cpu in each)) for name, each in taken.items()},
        "most_ms": round(max(wall for each in taken.values() for wall, _ in each)),
    }
