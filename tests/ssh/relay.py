"""A slow line between two sockets: so many bytes a second come back through it, or none for a while."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Self

_SLICE_S = 0.05
# The line itself holds next to nothing: what is not let through fills the buffers of both ends.
_BUFFER = 2048


class Relay:
    """Listens on a port of the loopback; what is sent there goes on to `target`, what comes back comes at its pace.

    Args:
        target: A port of the loopback.
        bytes_per_s: At most, of what comes back; None for a line without a limit.

    Attributes:
        port: Where it listens.
        carried: Bytes that came back so far.
        busy: Something is on its way back.
        stalled_until: `time.monotonic()` until which nothing comes back.
    """

    def __init__(self, target: int, bytes_per_s: float | None = None) -> None:
        self.carried = 0
        self.busy = False
        self.stalled_until = 0.0
        self._target = target
        self._bytes_per_s = bytes_per_s
        self._ended = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="relay", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def stall(self, seconds: float) -> None:
        """Let nothing come back for so long."""
        self.stalled_until = time.monotonic() + seconds

    @property
    def stalls(self) -> bool:
        """Nothing comes back now."""
        return time.monotonic() < self.stalled_until

    async def _run(self) -> None:
        await asyncio.start_server(self._serve, sock=self._listening, limit=_BUFFER)
        await asyncio.to_thread(self._ended.wait)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = socket.socket()
        there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        there.setblocking(False)
        await asyncio.get_running_loop().sock_connect(there, ("127.0.0.1", self._target))
        back, on = await asyncio.open_connection(sock=there, limit=_BUFFER)
        for each in (self._forward(reader, on), self._return(back, writer)):
            task = asyncio.create_task(each)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    async def _return(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        most = 1 << 16 if self._bytes_per_s is None else max(1, int(self._bytes_per_s * _SLICE_S))
        try:
            while data := await reader.read(most):
                self.busy = True
                while (left := self.stalled_until - time.monotonic()) > 0:
                    await asyncio.sleep(left)
                if self._bytes_per_s is not None:
                    await asyncio.sleep(len(data) / self._bytes_per_s)
                writer.write(data)
                await writer.drain()
                self.carried += len(data)
                self.busy = False
        except OSError:
            pass
        writer.close()
