"""Who writes an answer, and whether that process is still there: one that is gone has left its answer interrupted."""

from __future__ import annotations

import functools
import os
import socket
import time

import psutil

# Start times are computed from the clock's, which is corrected now and then.
_SAME_START_S = 5.0
# How long an answer on another host may go without a word, many times what writing it takes.
_AWAY_S = 30.0


@functools.cache
def _identity(pid: int) -> str:
    return f"{_host()} {pid} {psutil.Process(pid).create_time():.2f}"


def this_process() -> str:
    """This process, as it stands in the database: host, process id, start in seconds since 1970."""
    return _identity(os.getpid())


def alive(writer: str, touched: float | None) -> bool:
    """Whether the process that `writer` names still writes.

    Args:
        writer: As it stands in the database.
        touched: When it last wrote, in seconds since 1970; None where a damaged database has lost that.
    """
    if writer == this_process():
        return True
    try:
        host, pid, start = writer.split(" ")
        if host != _host():
            return abs(time.time() - (touched or 0.0)) < _AWAY_S
        process = psutil.Process(int(pid))
        is_the_same = abs(process.create_time() - float(start)) < _SAME_START_S
        # A killed one that its parent has not noticed yet.
        return is_the_same and process.status() != psutil.STATUS_ZOMBIE
    except (ValueError, OverflowError, psutil.NoSuchProcess):
        return False
    except psutil.Error:  # somebody else's, of which nothing may be known: it is there
        return True


def _host() -> str:
    return socket.gethostname().replace(" ", "-") or "localhost"
