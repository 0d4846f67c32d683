"""The rows that are still in a damaged SQLite file, page by page, without asking SQLite, which gives up too early.

Every leaf of every table is read where it lies, so that neither the header nor the inner pages nor an index need to
be whole. Nothing that was deleted comes back: our databases overwrite it (secure_delete). What the write-ahead log has
is read instead of what it replaces. The format: https://sqlite.org/fileformat2.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

Value = int | float | str | bytes | None
PAGE_SIZE = 4096  # of our databases, whatever a damaged header says
_LEAF = 0x0D  # of a table


class RawPages:
    """The pages of a database file and its write-ahead log.

    Args:
        file: The database, open for reading.
        log: The content of the write-ahead log, empty for none.
    """

    def __init__(self, file: BinaryIO, log: bytes = b"") -> None:
        self._file = file
        self._logged = _logged_pages(log)
        length = file.seek(0, 2)
        self._count = max([length // PAGE_SIZE, *self._logged])

    def rows(self) -> Iterator[tuple[int, list[Value]]]:
        """Row id and values of every row of every table; values that are lost at the end of a row are None."""
        for number in range(1, self._count + 1):
            page = self._page(number)
            start = 100 if number == 1 else 0
            if len(page) < PAGE_SIZE or page[start] != _LEAF:
                continue
            cells = int.from_bytes(page[start + 3 : start + 5])
            for at in range(start + 8, min(start + 8 + 2 * cells, PAGE_SIZE - 1), 2):
                try:
                    yield self._row(page, int.from_bytes(page[at : at + 2]))
                except (IndexError, struct.error):
                    continue  # a cell that is none

    def _page(self, number: int) -> bytes:
        if number in self._logged:
            return self._logged[number]
        if not 0 < number <= self._count:
            return b""
        self._file.seek((number - 1) * PAGE_SIZE)
        return self._file.read(PAGE_SIZE)

    def _row(self, page: bytes, at: int) -> tuple[int, list[Value]]:
        length, at = _varint(page, at)
        row_id, at = _varint(page, at)
        payload = self._payload(page, at, length)
        end, at = _varint(payload, 0)
        kinds: list[int] = []
        while at < end:
            kind, at = _varint(payload, at)
            kinds.append(kind)
        values: list[Value] = []
        for kind in kinds:
            value, at = _value(payload, at, kind)
            values.append(value)
        return row_id - (1 << 64) if row_id >> 63 else row_id, values

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        most = PAGE_SIZE - 35
        if length <= most:
            return page[at : at + length]
        least = (PAGE_SIZE - 12) * 32 // 255 - 23
        local = least + (length - least) % (PAGE_SIZE - 4)
        local = local if local <= most else least
        parts = [page[at : at + local]]
        following = int.from_bytes(page[at + local : at + local + 4])
        left = length - local
        for _ in range(self._count):
            more = self._page(following)
            if left <= 0 or not more:
                break
            parts.append(more[4 : 4 + min(left, PAGE_SIZE - 4)])
            left -= PAGE_SIZE - 4
            following = int.from_bytes(more[:4])
        return b"".join(parts)


def read_rows(path: Path) -> Iterator[tuple[int, list[Value]]]:
    """The rows of the database in `path`, with those of the write-ahead log beside it.

    Raises:
        OSError: A file cannot be read.
    """
    log = path.with_name(f"{path.name}-wal")
    with open(path, "rb") as file:
        yield from RawPages(file, log.read_bytes() if log.exists() else b"").rows()


def _logged_pages(log: bytes) -> Mapping[int, bytes]:
    """The pages of all transactions that were completed in a write-ahead log."""
    pages: dict[int, bytes] = {}
    if int.from_bytes(log[8:12]) != PAGE_SIZE:
        return pages
    salt, begun = log[16:24], dict[int, bytes]()
    for at in range(32, len(log) - PAGE_SIZE - 23, PAGE_SIZE + 24):
        number, completed = struct.unpack_from(">II", log, at)
        if log[at + 8 : at + 16] != salt:  # left from an earlier round
            break
        begun[number] = log[at + 24 : at + 24 + PAGE_SIZE]
        if completed:
            pages.update(begun)
            begun.clear()
    return pages


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(8):
        byte = data[at + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    return value << 8 | data[at + 8], at + 9


def _value(data: bytes, at: int, kind: int) -> tuple[Value, int]:
    """A value of a row and where the next one begins; a text or blob that is cut off is as long as it can be."""
    if kind == 0 or (at >= len(data) and kind not in (8, 9, 12, 13)):
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind == 7:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if kind <= 6:
        size = (1, 2, 3, 4, 6, 8)[kind - 1]
        if at + size > len(data):
            return None, len(data)
        return int.from_bytes(data[at : at + size], signed=True), at + size
    size = (kind - 12) // 2
    raw = data[at : at + size]
    return (raw.decode("utf-8", "replace") if kind % 2 else raw), at + size
