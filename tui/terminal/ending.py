"""An app that ends well when somebody outside ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from tui.terminal.display import TerminalApp
from tui.terminal.hangup import HANGUP, Ending, is_gone
from tui.terminal.link import Link

logger = logging.getLogger(__name__)


class EndingApp(TerminalApp):
    """An app that does what is to be done before it ends, also where nobody can be asked.

    Args:
        line: What the terminal is connected with.
        terminal: The settings of the section `terminal`.
        ending: Says when it is to end; None for never.
    """

    def __init__(self, line: Link, terminal: Mapping[str, Any], ending: Ending | None = None) -> None:
        super().__init__(line, terminal)
        self._ending = ending

    @property
    def is_ending(self) -> bool:
        """Somebody outside has asked for the end."""
        return self._ending is not None and self._ending.code != 0

    async def end(self, code: int) -> None:
        """Save what is to be saved, then exit with `code`."""
        self.exit(return_code=code)

    def on_mount(self) -> None:
        """From now on it can be told; what came before is told now."""
        if self._ending is None:
            return
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(self._ended_from_outside)

        self._ending.told = tell
        if self._ending.code:
            tell()

    def _ended_from_outside(self) -> None:
        assert self._ending is not None
        if self._ending.code == HANGUP and self.output is not None and is_gone(self._driver_descriptor):
            self.output.gone = True
        # No coroutine yet: a signal that comes twice cancels the first worker before it has begun.
        end: Callable[[], Awaitable[None]] = partial(self.end, self._ending.code)
        self.run_worker(end, group="leave", exclusive=True)

    @property
    def _driver_descriptor(self) -> int:
        descriptor: int = getattr(self._driver, "fileno", -1)
        return descriptor

    def _handle_exception(self, error: Exception) -> None:
        """What fails while everything is taken down is no reason to say that the end was another one."""
        # A worker's own error is within the one that says that it failed.
        cause = getattr(error, "error", error)
        if self._exit:
            # A worker that goes on for a moment finds its widgets gone: Textual loses a cancellation that comes while
            # it waits for a widget to be removed.
            logger.debug("while everything was taken down", exc_info=cause)
        else:
            logger.error("the app", exc_info=cause)
            super()._handle_exception(error)
