"""Search, the list and opening on 100,000 messages of about 300 characters in 10,000 conversations.

Every tenth message is Chinese. For each text: milliseconds to the first hit, and to the last one.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.store.conversations import Conversations
from tui.store.records import Conversation, Message, Role

MESSAGES, CONVERSATIONS, LENGTH = 100_000, 10_000, 300
_COMMON = ("the", "of", "and", "to", "in", "is", "model", "answer", "question", "memory", "river", "mountain", "number")
_CHINESE = "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
_TEXTS = {
    "common word": "memory",
    "common phrase": "the river",
    "three letters": "the",
    "rare phrase": "needle in the haystack",
    "nowhere": "zzzzqqqq",
    "two letters": "ou",
    "two, nowhere": "§§",
    "one letter": "x",
    "Chinese, four": "这中大来",
    "Chinese, two": "国个",
    "Chinese, two, rare": "飞鸟",
    "signs": '%_"',
}


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
    words: list[str] = []
    while sum(map(len, words)) + len(words) < LENGTH:
        seldom = "".join(draw.choice("etaoinshrdlcumwfgypbvk") for _ in range(draw.randint(3, 9)))
        words.append(draw.choice(_COMMON) if draw.random() < 0.5 else seldom)
    return " ".join(words)


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def run(args: list[str]) -> dict[str, Any]:
    """Print a table; return the milliseconds."""
    argparse.ArgumentParser(prog="python -m tests.bench search", description=__doc__).parse_args(args)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.db"
        store = Conversations.open(path)
        print(f"making {MESSAGES:,} messages ...", file=sys.stderr, flush=True)
        fill_s = _ms(lambda: fill(store)) / 1e3
        store.close()
        size_mb = path.stat().st_size / 2**20
        open_ms = _ms(lambda: Conversations.open(path).close())
        store = Conversations.open(path)
        texts: dict[str, dict[str, float]] = {}
        for name, text in _TEXTS.items():
            first = min(_ms(lambda text=text: list(itertools.islice(store.search(text), 1))) for _ in range(3))
            hits: list[object] = []
            every = _ms(lambda text=text, hits=hits: hits.extend(store.search(text)))
            texts[name] = {"first_ms": first, "all_ms": every, "hits": len(hits)}
        others = {
            "open": open_ms,
            "listing": min(_ms(store.listing) for _ in range(5)),
            "prompts": min(_ms(store.prompts) for _ in range(5)),
            "last": min(_ms(lambda: store.find("last")) for _ in range(5)),
        }
        store.close()
    print(f"{MESSAGES:,} messages in {CONVERSATIONS:,} conversations, {size_mb:.0f} MB, written in {fill_s:.0f} s")
    print(f"{'ms':<22}{'first':>8}{'all':>9}{'hits':>8}")
    for name, result in texts.items():
        print(f"{name:<22}{result['first_ms']:>8.1f}{result['all_ms']:>9.1f}{result['hits']:>8.0f}")
    for name, value in others.items():
        print(f"{name:<22}{value:>8.1f}")
    return {"size_mb": size_mb, "fill_s": fill_s, "search": texts, "others_ms": others}
