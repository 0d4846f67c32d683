"""Finding text in all messages, newest first, while they are looked through.

What is typed is plain text, upper and lower case alike. The index knows parts of three characters and more; for less,
the messages themselves are read.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from tui.store.database import Database
from tui.store.records import Role
from tui.store.rows import Row, storable

_INDEXED = 3  # characters from which the index serves
_FIRST, _MORE = 20, 200  # hits that are read at a time: few, until there is something to show
_WINDOW = 2000  # messages that are looked through at a time where there is no index
_BEFORE, _AFTER = 40, 120  # characters of a snippet around the match
_NEWEST = 2**63 - 1

_COLUMNS = "c.id, c.title, m.id, m.role, m.created, m.text"
_IN_INDEX = f"""
    SELECT {_COLUMNS} FROM words CROSS JOIN messages m ON m.id = words.rowid
    JOIN conversations c ON c.id = m.conversation AND c.deleted IS NULL
    WHERE words MATCH ? AND words.rowid < ? ORDER BY words.rowid DESC LIMIT ?
"""
_WINDOW_END = "SELECT id FROM messages WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"
_IN_WINDOW = f"""
    SELECT {_COLUMNS} FROM messages m JOIN conversations c ON c.id = m.conversation AND c.deleted IS NULL
    WHERE m.id < ? AND m.id >= ? AND m.ended <> '' AND ({{condition}}) ORDER BY m.id DESC
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message in which the text was found, and the place: one line, `before` + `match` + `after`."""

    conversation_id: str
    title: str
    message_id: int
    role: Role
    created: float
    before: str
    match: str
    after: str


def search(database: Database, text: str, cancelled: threading.Event) -> Iterator[Hit]:
    """The messages that have `text` in them, newest first, read as they are asked for.

    No connection is held between two hits: who looks at the first ones for a while keeps nobody from writing.

    Raises:
        StoreError: The database cannot be read.
    """
    text = storable(text)
    if not text.strip():
        return
    wanted = re.compile(re.escape(text), re.IGNORECASE)
    rows = _by_index(database, text) if len(text) >= _INDEXED else _by_reading(database, text)
    for batch in rows:
        for row in batch:
            if cancelled.is_set():
                return
            hit = _hit(row, wanted)
            if hit is not None:
                yield hit
        if cancelled.is_set():
            return


def _by_index(database: Database, text: str) -> Iterator[list[Row]]:
    quoted = '"' + text.replace('"', '""') + '"'
    below, limit = _NEWEST, _FIRST
    while True:
        with database.read() as connection:
            rows = connection.execute(_IN_INDEX, (quoted, below, limit)).fetchall()
        yield rows
        if len(rows) < limit:
            return
        below, limit = rows[-1][2], _MORE


def _by_reading(database: Database, text: str) -> Iterator[list[Row]]:
    # Not LIKE, which knows the case of ASCII only, and is slower.
    forms = sorted({"".join(each) for each in itertools.product(*({c, c.lower(), c.upper()} for c in text))})
    query = _IN_WINDOW.format(condition=" OR ".join("instr(m.text, ?)" for _ in forms))
    below = _NEWEST
    while True:
        with database.read() as connection:
            end = connection.execute(_WINDOW_END, (below, _WINDOW - 1)).fetchone()
            lowest = end[0] if end else -_NEWEST
            rows = connection.execute(query, (below, lowest, *forms)).fetchall()
        yield rows
        if end is None:
            return
        below = lowest


def _hit(row: Row, wanted: re.Pattern[str]) -> Hit | None:
    conversation_id, title, message_id, role, created, text = row
    found = wanted.search(text)
    if found is None:  # a letter whose cases the index and Python see differently
        return None
    start, end = found.span()
    # More than is shown, since runs of whitespace become one space.
    before = _one_line(text[max(0, start - 4 * _BEFORE) : start])
    after = _one_line(text[end : end + 4 * _AFTER])
    return Hit(
        conversation_id,
        title,
        message_id,
        Role(role),
        created,
        f"…{before[-_BEFORE:]}" if len(before) > _BEFORE or start > 4 * _BEFORE else before.lstrip(),
        _one_line(found.group()),
        f"{after[:_AFTER]}…" if len(after) > _AFTER or len(text) - end > 4 * _AFTER else after.rstrip(),
    )


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
