"""Files of conversations to be imported: ovchat's own JSON, ChatGPT's export, Open WebUI's; told by their content.

A file is read twice: all of it before anything is stored, and again while it is. One conversation of it is in memory
at a time, however many there are.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from tui.store.chatgpt import from_chatgpt, is_chatgpt
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.exchange import FORMAT, from_json
from tui.store.foreign_tree import Whole, table, text
from tui.store.json_items import BadJson, items
from tui.store.open_webui import from_open_webui, is_open_webui

_ZIP = b"PK\x03\x04"
# A large account's conversations are in several: conversations-000.json, ...
_IN_ZIP = re.compile(r"(?:.*/)?conversations[\w-]*\.json", re.IGNORECASE)
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)


class Import:
    """The conversations of one file. Iterate over them: those that can be read, each with its messages.

    Args:
        parts: Each gives a part of the file from its beginning, with what it is called.

    Attributes:
        left_out: What is wrong with those that cannot be read, a sentence each.
        mended: What was not right in those that can, likewise.

    Raises:
        StoreError: None can be read, or one of ovchat's own, which are taken all or not at all.
    """

    def __init__(self, parts: Sequence[tuple[str, Callable[[], AbstractContextManager[BinaryIO]]]]) -> None:
        self._parts = parts
        self._bad: set[int] = set()
        self.left_out: list[str] = []
        self.mended: list[str] = []
        first: StoreError | None = None
        count = 0
        for count, (what, item) in enumerate(self._items(), 1):
            title = " ".join(text(table(item).get("title")).split())
            which = f"{what}: number {count:,}{f', “{title}”' if title else ''}"
            notes: list[str] = []
            try:
                _conversation(item, notes)
            except StoreError as error:
                said = StoreError(f"{what}: {error.sentence}", error.next_step)
                if "format" in table(item):
                    raise said from None
                first = first or said
                self._bad.add(count)
                self.left_out.append(f"{which}{',' if title else ''} is left out: {error}")
            self.mended += [f"{which}: {note}" for note in notes]
        if first is not None and len(self._bad) == count:
            raise first

    def __iter__(self) -> Iterator[Whole]:
        for number, (_, item) in enumerate(self._items(), 1):
            if number not in self._bad:
                yield _conversation(item, [])

    def _items(self) -> Iterator[tuple[str, Any]]:
        for what, opened in self._parts:
            try:
                with opened() as file:
                    for item in items(file):
                        yield what, item
            except BadJson as error:
                raise StoreError(f"{what} is not JSON: {error}.") from error
            except UnicodeDecodeError as error:
                raise StoreError(
                    f"{what} is not UTF-8 text: byte {error.start:,}.", "Convert it, for instance with iconv -t UTF-8."
                ) from error
            except OSError as error:
                raise StoreError(f"{what} cannot be read: {error.strerror or error}.") from error
            except _BAD_ZIP as error:
                raise StoreError(f"{what} cannot be unpacked: {error}.") from error


@contextmanager
def opened(what: str, file: BinaryIO) -> Iterator[Import]:
    """The conversations in a file: JSON, or the .zip that ChatGPT's come in.

    Args:
        what: What it is called.
        file: Open; closed by whoever opened it.

    Raises:
        StoreError: It cannot be read, or there is no conversation in it; names what is wrong, and where.
    """
    with ExitStack() as stack:
        if not file.seekable():  # a pipe can be read once
            copy = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(file, copy)
            file = cast("BinaryIO", copy)
        file.seek(0)
        is_zip = file.read(len(_ZIP)) == _ZIP
        if not is_zip:
            yield Import([(what, lambda: _rewound(file))])
            return
        try:
            packed = stack.enter_context(zipfile.ZipFile(file))
        except _BAD_ZIP as error:
            raise StoreError(f"{what} cannot be unpacked: {error}.") from error
        names = sorted(name for name in packed.namelist() if _IN_ZIP.fullmatch(name))
        if not names:
            raise StoreError(f"There is no conversations.json in {what}.", "Give the file that has the conversations.")

        def part(name: str) -> Callable[[], BinaryIO]:
            return lambda: cast("BinaryIO", packed.open(name))

        yield Import([(f"{what}: {name}", part(name)) for name in names])


def add(store: Conversations, whole: Whole) -> int | None:
    """Store a conversation, or what is new of one that was imported before.

    Returns:
        How many messages are new; None where all of the conversation is.

    Raises:
        StoreError: It cannot be written; nothing of it is.
    """
    conversation, messages = whole
    known = {each.id for each in store.messages(conversation.id)}
    if not known:
        store.add(conversation, messages)
        return None
    new = [each for each in messages if each.id not in known]
    if new:
        store.save(*new)
    elif store.conversation(conversation.id) is None:  # deleted since
        store.restore(conversation.id)
    return len(new)


@contextmanager
def _rewound(file: BinaryIO) -> Iterator[BinaryIO]:
    file.seek(0)
    yield file  # whoever opened it closes it


def _conversation(item: Any, notes: list[str]) -> Whole:
    if isinstance(item, dict) and "format" not in item:
        for is_it, read in ((is_chatgpt, from_chatgpt), (is_open_webui, from_open_webui)):
            if is_it(item):
                whole = read(item, notes)
                if not whole[1]:
                    raise StoreError("There is no message in it.")
                return whole
        raise StoreError(
            "This is not a conversation that this ovchat can read.",
            f'It reads its own JSON, which has "format": "{FORMAT}", and the exports of ChatGPT and of Open WebUI.',
        )
    return from_json(item)
