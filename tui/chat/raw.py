"""A turn of no conversation: raw text that a model goes on with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.chat.turn import Plan, Turn
from tui.store.records import Message, Role, new_message_id

if TYPE_CHECKING:
    from tui.engine.runner import Runner
    from tui.engine.sampling_resolve import Resolved


def complete(runner: Runner, sampling: Resolved, text: str) -> Turn:
    """Go on with `text`, without template and store."""
    answer = Message(new_message_id(), "", None, Role.ASSISTANT, "", time.time())
    plan = Plan(answer, *sampling, seed=sampling.params.seed, prompt=text)
    turn = Turn(plan, runner, None, journal=lambda message: None, settle=lambda message, step: None)
    turn.start()
    return turn
