"""One file from the hub to the disk: resumed where it was left, tried again where the line breaks, verified.

What is written is hashed as it is written; what was there before is read for that first. So a file is whole, or it is
the beginning of a whole one, or it is dropped.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from tui.engine.errors import Cancelled
from tui.library.apart import apart, result_of
from tui.library.hub import SHA1_DIGITS, RemoteFile, Repository, read_file
from tui.library.hub_errors import Lost, PullFailed
from tui.library.progress import Meter
from tui.store.files import private_opener

T = TypeVar("T")

_READ = 1 << 20
_WAIT_TICK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a pull goes on trying.

    Attributes:
        tries: In a row, without one more byte.
        first_s: Seconds before the second try; they double with each.
        longest_s: The most seconds before a try. A hub that asks for more is not waited for.
        silent_s: Seconds without a byte that count as a lost connection.
    """

    tries: int = 6
    first_s: float = 1.0
    longest_s: float = 60.0
    silent_s: float = 20.0


FOR_A_LOOK = Patience(tries=3)
"""For what is asked of the hub before any work: whoever is offline is told so at once."""


def keep_trying(work: Callable[[], T], patience: Patience, stop: threading.Event, meter: Meter | None = None) -> T:
    """What `work()` returns, tried again where the connection is `Lost`; it runs apart from this thread.

    Raises:
        PullFailed: It does not go on; says why.
        Cancelled: `stop` was set.
    """
    failed = 0
    while True:
        try:
            return result_of(work, stop)
        except Lost as lost:
            failed += 1
            _wait_for_next_try(lost, failed, patience, stop, meter)


def _wait_for_next_try(lost: Lost, failed: int, patience: Patience, stop: threading.Event, meter: Meter | None) -> None:
    """Wait before the next try.

    Args:
        lost: What ended the last one.
        failed: How many tries in a row that makes.
        patience: When to give up.
        stop: Ends the waiting.
        meter: Told what is waited for.

    Raises:
        PullFailed: There is no next try.
        Cancelled: `stop` was set.
    """
    seconds = min(patience.first_s * 2 ** (failed - 1), patience.longest_s)
    if lost.wait_s is not None:
        seconds = max(seconds, lost.wait_s)
    if failed >= patience.tries or seconds > patience.longest_s:
        raise lost.problem from lost
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if meter is not None:
            meter.doing, meter.detail = "waiting", f"next try in {left:.0f} s"
            meter.tell()
        if stop.wait(min(left, _WAIT_TICK_SECONDS)):
            raise Cancelled


def download(
    repository: Repository, file: RemoteFile, path: Path, meter: Meter, patience: Patience, stop: threading.Event
) -> None:
    """Make `path` the whole and verified file, from whatever beginning of it is there.

    Args:
        repository: Where it is, at one commit.
        file: Which one.
        path: On the disk. Whether it holds the beginning of this very file shows at the end.
        meter: Counts what arrives; what `path` holds is counted already.
        patience: How long to go on trying.
        stop: Ends it; what has arrived stays.

    Raises:
        PullFailed: It does not go on; says why. What has arrived stays, unless it was wrong.
        OSError: It cannot be written.
        Cancelled: `stop` was set.
    """
    with open(path, "r+b" if path.exists() else "x+b", buffering=0, opener=private_opener) as disk:
        for _ in range(2):
            transfer = _Transfer(repository, file, disk, meter, stop)
            transfer.read_what_is_here()
            transfer.fetch_the_rest(patience)
            if transfer.digest.hexdigest() == file.digest:
                os.fsync(disk.fileno())
                return
            disk.truncate(0)
            meter.done -= file.size
    raise PullFailed(
        f"{file.name} of {repository.id} arrives with another checksum than the hub lists.",
        "Something on the way changes it: try without a proxy or a mirror (HTTPS_PROXY, HF_ENDPOINT), or later.",
    )


class _Transfer:
    """One pass over a file; `digest` is that of all that is on the disk."""

    def __init__(
        self, repository: Repository, file: RemoteFile, disk: FileIO, meter: Meter, stop: threading.Event
    ) -> None:
        self.digest: Any = hashlib.sha256()
        if len(file.digest) == SHA1_DIGITS:  # as git does
            self.digest = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
        self._repository = repository
        self._file = file
        self._disk = disk
        self._meter = meter
        self._stop = stop

    def read_what_is_here(self) -> None:
        self._meter.doing, self._meter.detail = "verifying", self._file.name
        self._disk.seek(0)
        while data := self._disk.read(_READ):
            self.digest.update(data)
            self._meter.tell()
            if self._stop.is_set():
                raise Cancelled
        if self._disk.tell():
            self._meter.resume()

    def fetch_the_rest(self, patience: Patience) -> None:
        failed = 0
        while (have := self._disk.tell()) < self._file.size:
            self._meter.doing, self._meter.detail = "downloading", self._file.name
            try:
                self._fetch(have, patience.silent_s)
                if self._disk.tell() < self._file.size:
                    raise Lost(PullFailed(f"{self._file.name} ends too early.", "Run it again; what is here is kept."))
            except Lost as lost:
                failed = 1 if self._disk.tell() > have else failed + 1
                _wait_for_next_try(lost, failed, patience, self._stop, self._meter)

    def _fetch(self, have: int, silent_s: float) -> None:
        """Append what one connection gives, from byte `have` on."""
        place = have
        for piece in apart(
            lambda: read_file(self._repository, self._file, have, silent_s), self._stop, self._meter.tell
        ):
            if isinstance(piece, int):
                place = piece
                if place > have:
                    raise Lost(PullFailed(f"The hub leaves out a part of {self._file.name}.", "Try again later."))
                continue
            # A server without ranges begins at the beginning: what is here of it is passed over.
            new = piece[max(have - place, 0) : self._file.size - place]
            place += len(piece)
            self._append(new)
            if place >= self._file.size:
                return

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._disk.write(rest) :]
        self.digest.update(data)
        self._meter.arrived(len(data))
