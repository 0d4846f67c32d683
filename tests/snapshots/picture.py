"""Comparing what the app shows with a picture of it that somebody has looked at.

The pictures are SVG files in `pictures`. After a change that is meant, `UPDATE_SNAPSHOTS=1 pytest tests/snapshots`
takes them anew; look at them before they are committed. (pytest-textual-snapshot does this with more comfort, but its
release holds pytest below 9.)
"""

from __future__ import annotations

import asyncio
import difflib
import html
import os
import re
import time
from pathlib import Path

from textual.app import App

PICTURES = Path(__file__).parent / "pictures"
_UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))
_SETTLED_S = 0.4  # longer than the status line waits before it repaints
_PATIENCE_S = 15.0
_FONT = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)
_ID = re.compile(r"\bterminal-\d+-")
_ROW = re.compile(r'<text[^>]* y="([\d.]+)"[^>]*>(.*?)</text>')


async def compare(app: App[None], name: str, failed: Path) -> None:
    """Hold what `app` shows, once it has settled, against the picture `name`.

    Args:
        app: Runs, under a pilot.
        name: Of the picture, without ending.
        failed: A folder for what was seen instead.

    Raises:
        AssertionError: They differ; the message has the rows that do.
    """
    path = PICTURES / f"{name}.svg"
    expected = path.read_text("utf-8") if path.exists() and not _UPDATE else ""
    deadline = time.monotonic() + _PATIENCE_S
    seen = await _settled(app)
    # A busy machine may be late with what is to come: what was seen counts when it stays.
    while expected and seen != expected and time.monotonic() < deadline:
        seen = await _settled(app)
    if _UPDATE:
        path.write_text(seen, "utf-8")
        return
    if seen != expected:
        (failed / path.name).write_text(seen, "utf-8")
        rows = difflib.unified_diff(_rows(expected), _rows(seen), "expected", "seen", lineterm="", n=1)
        told = "\n".join(rows) or "The text is the same, the colours are not."
        raise AssertionError(f"{name}: not the picture.\n{told}\nSeen: {failed / path.name}")


async def _settled(app: App[None]) -> str:
    """The picture, when it has not changed for a while."""
    seen, since = _picture(app), time.monotonic()
    while time.monotonic() < since + _SETTLED_S:
        await asyncio.sleep(0.05)
        if (now := _picture(app)) != seen:
            seen, since = now, time.monotonic()
    return seen


def _picture(app: App[None]) -> str:
    # Without the fonts, which would be fetched, and the ids, which a hash of the whole picture begins with.
    return _ID.sub("terminal-", _FONT.sub("", app.export_screenshot(title="ovchat"))) + "\n"


def _rows(svg: str) -> list[str]:
    rows: dict[float, str] = {}
    for y, text in _ROW.findall(svg):
        rows[float(y)] = rows.get(float(y), "") + html.unescape(re.sub("<[^>]*>", "", text)).replace("\xa0", " ")
    return [rows[y] for y in sorted(rows)]
