"""Finding words in all messages, newest first, while they are looked through.

The newest messages are read one after the other, and so are those before them as long as they often have the words:
nothing finds them sooner. What is seldom is looked up in the index, whose candidates are read, too: it knows which
groups of three characters a message has, but not where.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from tui.store.database import Database
from tui.store.query import Mark, Query
from tui.store.records import Role
from tui.store.rows import Row, storable

_WINDOW = 200  # messages that are read at a time: 2 ms
_FIRST = 20  # candidates that are read at first, until there is something to show
_OFTEN = 20  # one in so many messages has the words
_ABOVE_ALL = 2**63 - 1
_AFTER_EVERY = "\U0010ffff"  # character

_MESSAGES = """
    SELECT c.id, c.title, m.id, m.role, m.created, m.text
    FROM messages m CROSS JOIN conversations c ON c.id = m.conversation AND c.deleted IS NULL
    WHERE {condition} ORDER BY m.id DESC
"""
# Not in the index: it is written several times a second.
_BEING_WRITTEN = _MESSAGES.format(condition="m.writer IS NOT NULL AND m.ended = ''")
_DOWNWARD = _MESSAGES.format(condition="m.ended <> '' AND m.id < ?") + " LIMIT ?"
_CHOSEN = _MESSAGES.format(condition="m.ended <> '' AND m.id IN ({})")
_CANDIDATES = "SELECT message FROM numbers WHERE message > ? AND message < ? AND {condition} ORDER BY message DESC"
_HAS_GROUPS = "number IN (SELECT rowid FROM words WHERE words MATCH ?)"
_HAS_GROUP_FROM = "SELECT doc FROM trigrams WHERE term >= ? AND term < ?"


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that has the words, and the place where most of them are.

    Attributes:
        conversation_id: Where it is.
        title: Of that conversation.
        message_id: Which one.
        role: Who speaks.
        created: Seconds since 1970.
        text: The place, in one line.
        marks: Where in `text` words stand: their beginnings and ends.
        place: Where in `text` the first of the words is that the place was chosen for.
    """

    conversation_id: str
    title: str
    message_id: int
    role: Role
    created: float
    text: str
    marks: tuple[Mark, ...]
    place: int


def search(database: Database, text: str, cancelled: threading.Event) -> Iterator[Hit]:
    """The messages that have every word of `text` in them, newest first, read as they are asked for; see `Query`.

    What is being written comes before all others.

    No connection is held between two hits: who looks at the first ones for a while keeps nobody from writing.

    Raises:
        StoreError: The database cannot be read.
    """
    query = Query(storable(text))
    if not query:
        return
    with database.read() as connection:
        being_written = connection.execute(_BEING_WRITTEN).fetchall()
    yield from _hits(being_written, query, cancelled)
    if cancelled.is_set():
        return
    below = _ABOVE_ALL
    for rows in _downward(database, below):
        found = yield from _hits(rows, query, cancelled)
        if cancelled.is_set():
            return
        below = rows[-1][2]
        if found * _OFTEN < len(rows):
            break
    else:
        return
    ids, unindexed = _look_up(database, query, below)
    for rows in itertools.chain(_chosen(database, ids), _downward(database, min(below, unindexed + 1))):
        yield from _hits(rows, query, cancelled)
        if cancelled.is_set():
            return


def _hits(rows: list[Row], query: Query, cancelled: threading.Event) -> Generator[Hit, None, int]:
    """Those of the messages that have the words; how many they are."""
    count = 0
    for conversation_id, title, message_id, role, created, text in rows:
        if cancelled.is_set():
            break
        excerpt = query.excerpt(text)
        if excerpt is not None:
            count += 1
            yield Hit(conversation_id, title, message_id, Role(role), created, *excerpt)
    return count


def _downward(database: Database, below: int) -> Iterator[list[Row]]:
    """The messages before that one, the newest first."""
    while True:
        with database.read() as connection:
            rows = connection.execute(_DOWNWARD, (below, _WINDOW)).fetchall()
        if rows:
            yield rows
        if len(rows) < _WINDOW:
            return
        below = rows[-1][2]


def _chosen(database: Database, ids: Sequence[int]) -> Iterator[list[Row]]:
    at, size = 0, _FIRST
    while at < len(ids):
        some = ids[at : at + size]
        with database.read() as connection:
            rows = connection.execute(_CHOSEN.format(", ".join("?" * len(some))), some).fetchall()
        yield rows
        at, size = at + size, _WINDOW


def _look_up(database: Database, query: Query, below: int) -> tuple[list[int], int]:
    """The messages before that one that can have the words, the newest first; and the newest that is not indexed."""
    conditions, values = [], list[object]()
    if groups := query.groups():
        conditions.append(_HAS_GROUPS)
        values.append(" AND ".join('"' + group.replace('"', '""') + '"' for group in groups))
    else:
        for beginnings in query.beginnings():
            conditions.append(f"number IN ({' UNION '.join([_HAS_GROUP_FROM] * len(beginnings))})")
            values += (each for beginning in beginnings for each in (beginning, beginning + _AFTER_EVERY))
    if not conditions:
        return [], below
    with database.read() as connection:
        # First: what is indexed in between is read with the others that are not.
        (unindexed,) = connection.execute("SELECT newest FROM unindexed").fetchone()
        found = connection.execute(_CANDIDATES.format(condition=" AND ".join(conditions)), (unindexed, below, *values))
        return [id_ for (id_,) in found], unindexed
