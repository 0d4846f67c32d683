"""Search, the list and opening on 100,000 messages of about 300 characters in 10,000 conversations.

Every tenth message is Chinese. For each text: milliseconds to the first hit, to a page of 200, and to the last one.
Then what a new message costs, and a database of format 1: migrating it, searching while it is not indexed, indexing.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tui.store import indexing, schema
from tui.store.conversations import Conversations
from tui.store.database import Database
from tui.store.records import Conversation, Message, Role
from tui.store.search import search

MESSAGES, CONVERSATIONS, LENGTH = 100_000, 10_000, 300
_PAGE = 200
_COMMON = ("the", "of", "and", "to", "in", "is", "model", "answer", "question", "memory", "river", "mountain", "number")
_CHINESE = "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
_TEXTS = {
    "one letter, nowhere": "§",
    "one letter, everywhere": "e",
    "two letters": "ou",
    "two, nowhere": "zq",
    "three": "the",
    "three, rare": "nee",
    "six": "memory",
    "six, rare": "needle",
    "nowhere": "zzzzqqqq",
    "several": "memory number mountain",
    "several, one rare": "the haystack memory",
    "phrase": '"the river"',
    "phrase, rare": '"needle in the haystack"',
    "Chinese, one": "这",
    "Chinese, two": "国个",
    "Chinese, two, rare": "飞鸟",
    "Chinese, four, nowhere": "这中大来",
    "Chinese, several": "国个 飞鸟",
    "signs": '%_"',
}
_SIZES = {300: 500, 100_000: 20}  # characters of new messages: how many


def fill(store: Conversations) -> None:
    """Make the messages; the rare ones are old."""
    draw = random.Random(1)
    created = 1_600_000_000.0
    for number in range(CONVERSATIONS):
        id_ = f"c{number:09}"
        messages: list[Message] = []
        for turn in range(MESSAGES // CONVERSATIONS):
            created += draw.uniform(1, 3000)
            parent = messages[-1].id if messages else None
            text = _text(draw, turn)
            if number == 50 and turn == 1:
                text += ' a NEEDLE in the haystack, 飞鸟, 100 %_" sure'
            message_id = (int(created * 1000) << 20) | draw.getrandbits(20)
            role = Role.ASSISTANT if turn % 2 else Role.USER
            messages.append(
                Message(message_id, id_, parent, role, text, created, token_ids=tuple(range(80)) if turn % 2 else ())
            )
        store.add(Conversation(id_, f"Conversation {number}", created=created, updated=created, head=parent), messages)


def _text(draw: random.Random, turn: int) -> str:
    if turn == 9:
        return "".join(draw.choice(_CHINESE) for _ in range(LENGTH))
    return _words(draw, LENGTH)


def _words(draw: random.Random, length: int) -> str:
    words: list[str] = []
    written = 0
    while written < length:
        seldom = "".join(draw.choice("etaoinshrdlcumwfgypbvk") for _ in range(draw.randint(3, 9)))
        words.append(draw.choice(_COMMON) if draw.random() < 0.5 else seldom)
        written += len(words[-1]) + 1
    return " ".join(words)


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def _searched(database: Database) -> dict[str, dict[str, float]]:
    results: dict[str, dict[str, float]] = {}
    for name, text in _TEXTS.items():

        def read(most: int | None, text: str = text) -> list[object]:
            return list(itertools.islice(search(database, text, threading.Event()), most))

        hits: list[object] = []
        results[name] = {
            "first_ms": min(_ms(lambda read=read: read(1)) for _ in range(3)),
            "page_ms": min(_ms(lambda read=read: read(_PAGE)) for _ in range(3)),
            "all_ms": _ms(lambda read=read, hits=hits: hits.extend(read(None))),
            "hits": len(hits),
        }
    return results


def _written(store: Conversations) -> dict[str, dict[str, float]]:
    """What storing a new message takes, by its length; the middle one, the longest and all of them on average."""
    draw = random.Random(2)
    conversation = Conversation("new0000000", created=2e9, updated=2e9)
    store.save(conversation)
    results: dict[str, dict[str, float]] = {}
    number = int(2e12) << 20
    for length, count in _SIZES.items():
        times: list[float] = []
        for _ in range(count):
            number += 1
            message = Message(number, conversation.id, None, Role.USER, _words(draw, length), 2e9)
            times.append(_ms(lambda message=message: store.save(message)))
        results[f"{length:,} characters"] = {
            "median_ms": statistics.median(times),
            "mean_ms": statistics.mean(times),
            "max_ms": max(times),
        }
    return results


def _make_old(new: Path, old: Path) -> None:
    """The same conversations in a database of format 1."""
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        schema.STEPS[0](connection)
        connection.execute("PRAGMA user_version = 1")
        connection.execute("COMMIT")
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in ("conversations", "messages"):
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")


def _index(database: Database) -> dict[str, float]:
    """Index all, batch after batch."""
    times: list[float] = []
    more = True
    while more:
        with database.write() as connection:
            start = time.perf_counter()
            more = indexing._index_some(connection)
        times.append(time.perf_counter() - start)
    return {"s": sum(times), "longest_batch_ms": max(times) * 1e3, "batches": len(times) - 1}


def _index_mb(database: Database) -> float:
    with database.read() as connection:
        size: float = connection.execute("SELECT sum(length(block)) FROM words_data").fetchone()[0]
    return size / 2**20


def run(args: list[str]) -> dict[str, Any]:
    """Print tables; return the numbers."""
    argparse.ArgumentParser(prog="python -m tests.bench search", description=__doc__).parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        path, old = Path(folder) / "conversations.db", Path(folder) / "old.db"
        store = Conversations.open(path)
        print(f"making {MESSAGES:,} messages ...", file=sys.stderr, flush=True)
        fill_s = _ms(lambda: fill(store)) / 1e3
        store.close()
        open_ms = _ms(lambda: Conversations.open(path).close())
        store = Conversations.open(path)
        database = Database(path)
        found = _searched(database)
        others = {
            "open": open_ms,
            "listing": min(_ms(store.listing) for _ in range(5)),
            "prompts": min(_ms(store.prompts) for _ in range(5)),
            "last": min(_ms(lambda: store.find("last")) for _ in range(5)),
        }
        size_mb, index_mb = path.stat().st_size / 2**20, _index_mb(database)
        print("making a database of format 1 ...", file=sys.stderr, flush=True)
        _make_old(path, old)
        written = _written(store)
        database.close()
        store.close()
        migrating = {"old_mb": old.stat().st_size / 2**20, "migration_ms": _ms(lambda: Database(old).close())}
        database = Database(old)
        not_indexed = _searched(database)
        indexed = _index(database)
        database.close()
    print(f"{MESSAGES:,} messages in {CONVERSATIONS:,} conversations, {size_mb:.0f} MB, written in {fill_s:.0f} s")
    print(f"the index of it: {index_mb:.0f} MB")
    for title, texts in (("indexed", found), ("not indexed yet", not_indexed)):
        print(f"\n{f'ms, {title}':<26}{'first':>8}{'page':>8}{'all':>9}{'hits':>8}")
        for name, result in texts.items():
            first, page, every, hits = result.values()
            print(f"{name:<26}{first:>8.1f}{page:>8.1f}{every:>9.1f}{hits:>8.0f}")
    print(f"\n{'ms, a new message':<26}{'median':>8}{'mean':>8}{'max':>9}")
    for name, result in written.items():
        print(f"{name:<26}{result['median_ms']:>8.2f}{result['mean_ms']:>8.2f}{result['max_ms']:>9.1f}")
    print(f"\nformat 1 ({migrating['old_mb']:.0f} MB): migrated in {migrating['migration_ms']:.0f} ms, then indexed in")
    print(
        f"{indexed['batches']:.0f} batches in {indexed['s']:.1f} s, the longest {indexed['longest_batch_ms']:.0f} ms\n"
    )
    for name, value in others.items():
        print(f"{name:<26}{value:>8.1f}")
    return {
        "size_mb": size_mb,
        "index_mb": index_mb,
        "fill_s": fill_s,
        "search": found,
        "search_not_indexed": not_indexed,
        "write": written,
        "migration": migrating | {"index": indexed},
        "others_ms": others,
    }
