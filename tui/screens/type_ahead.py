"""What is typed at once after a key that opens or closes a screen is for the screen that is shown then.

Over a far line keys come several at a time. Textual gives each of them to what has the focus as it is read, and runs a
binding only when its key has bubbled up to the app: what is typed after it would go into the box below.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar

from textual.actions import parse
from textual.app import App
from textual.events import Event, Key, Paste
from textual.widget import Widget

Action = TypeVar("Action", bound=Callable[..., object])

_TICK_S = 0.002
_LONGEST_S = 3.0  # then it is waited for no longer: something is wrong, and keys have to be taken


def changes_screen(action: Action) -> Action:
    """An action that opens or closes a screen: what is typed after its key waits for that, as far as it is at once."""
    action.changes_screen = True  # type: ignore[attr-defined]
    return action


class TypeAhead:
    """Keeps the order of typing. Everything is done in the app's own messages.

    A screen without a box may have `typing(character)`: what opens one for what is typed, or None.

    Args:
        app: Asks, in its `on_event`, what it holds.
        handle: What the app does with an event that does not wait.
    """

    def __init__(self, app: App[Any], handle: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._handle = handle
        self._held: list[Event] | None = None
        self._since = 0.0

    def holds(self, event: Event) -> bool:
        """Whether what was typed or pasted has to wait, which it then does."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            return False
        if self._held is not None:
            self._held.append(event)
        elif isinstance(event, Key) and self._changing(event) is not None:
            self._held, self._since = [event], time.monotonic()
            self._app.call_later(self._go_on)
        return self._held is not None

    def _changing(self, key: Key) -> Callable[[], object] | None:
        """Does what a key does now, if that changes the screen."""
        screen = self._app.screen
        if key.is_printable and set(key.key.split("+")[:-1]) <= {"shift"}:
            typing: Callable[[str], Callable[[], object] | None] | None = getattr(screen, "typing", None)
            return typing(key.character or "") if typing is not None else None
        active = screen.active_bindings.get(key.key)
        if active is None or not active.enabled or getattr(screen, "opens_by_itself", False):
            return None
        namespace, name, _ = parse(active.binding.action)
        action = getattr(self._app if namespace == "app" else active.node, f"action_{name}", None)
        if not getattr(action, "changes_screen", False):
            return None
        return partial(self._app.run_action, active.binding.action, active.node)

    async def _go_on(self, was_quiet: bool = False) -> None:
        """Do what the key does once all that was typed before it has been done; then give back what has waited."""
        quiet = not self._has_news
        if not (quiet and was_quiet) and time.monotonic() < self._since + _LONGEST_S:
            if not quiet:
                await asyncio.sleep(_TICK_S)
            self._app.call_later(self._go_on, quiet)  # behind the keys that have bubbled up meanwhile
            return
        (key, *others), self._held = self._held or [], None
        assert isinstance(key, Key)
        if (change := self._changing(key)) is not None:
            await self._change(change)
        else:  # it is no longer one of these
            await self._handle(key)
        for event in others:
            await self._app.on_event(event)

    @property
    def _has_news(self) -> bool:
        """What has the focus, or holds that, has not taken in all that was typed."""
        focused = self._app.focused
        nodes = focused.ancestors_with_self if focused is not None else ()
        return any(node.message_queue_size for node in nodes if isinstance(node, Widget))

    async def _change(self, change: Callable[[], object]) -> None:
        before, working = self._app.screen, set(self._app.workers)
        if isawaitable(done := change()):
            await done
        begun = set(self._app.workers) - working
        until = time.monotonic() + _LONGEST_S
        while time.monotonic() < until and not (
            self._app.screen.is_mounted
            and (self._app.screen is not before or all(worker.is_finished for worker in begun))
        ):
            await asyncio.sleep(_TICK_S)
