"""A summary of what a conversation has in context, written by its model: for a new one that goes on from there.

Where the conversation and its summary do not fit in the context together, it is summarised in parts: each part's
summary takes in the one before, and its beginning is what the model has computed already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tui.chat.context import use_of
from tui.chat.session import ChatSession
from tui.chat.stored import another, new_conversation
from tui.engine.errors import OvchatError
from tui.store.records import Conversation, Message, Role, new_message_id

if TYPE_CHECKING:
    from tui.chat.turn import Turn

_MOST_TOKENS = 1024  # of a summary
_PART_OF_CONTEXT = 4
_ASK = """\
Write a summary of our conversation, to go on in a new conversation that has nothing else of it. Keep what was asked \
for, what was found and decided, facts, names, numbers, and code that is still needed; leave out the rest. Write in \
the language of the conversation, and write nothing but the summary."""
_LEAST_CHARACTERS = 200  # of a message, or there is no use in it
_SO_FAR = "This is a summary of our conversation so far:\n\n"
_CONTINUED = " (continued)"


class Summary:
    """A summary under way. `plan`, then `begin` and `take` for each part.

    Args:
        session: The conversation; it stays as it is.
        text: What is to be said in the new one: it needs room there, beside the summary.
        instead_of: The message in whose place `text` stands; what is before it is summarised.

    Attributes:
        parts: In how many it is summarised; 0 before `plan`.
        part: The one that is written, counted from 1; 0 before the first.
        shortened: Messages that were read without their middle: they are too long for the context.
        left_out: Messages that were not read at all, for the same reason.
        text: What there is of it.
    """

    def __init__(self, session: ChatSession, text: str, instead_of: int | None = None) -> None:
        said = [each for each in session.messages if session.in_context(each.id)]
        before = next((place for place, each in enumerate(said) if each.id == instead_of), len(said))
        self.parts = 0
        self.part = 0
        self.shortened = self.left_out = 0
        self.text = ""
        self._session = session
        self._messages = said[:before]
        self._asked = text
        self._tokens = 0
        self._waiting: list[Sequence[Message]] = []
        self._before = ""  # the summary of the parts before

    def plan(self) -> None:
        """Find out how many parts there are. It computes: not for the event loop.

        Raises:
            OvchatError: There is no model, or nothing that it could summarise.
        """
        model = self._session.model
        if model is None:
            raise OvchatError("No model is loaded.", "Choose one first.")
        system, limit = self._session.conversation.system, model.context_limit

        def tokens(messages: Sequence[Message], text: str) -> int:
            use = use_of(model, system, messages, text)
            return use.tokens if use is not None else limit

        self._tokens = max(1, min(_MOST_TOKENS, limit // _PART_OF_CONTEXT, (limit - tokens((), self._asked)) // 2))
        borders = [place for place, each in enumerate(self._messages) if place and each.role is Role.USER]
        borders.append(len(self._messages))
        begin = 0
        while begin < len(self._messages):
            # From the second part on, the summary of those before comes first.
            room = limit - self._tokens * (2 if self._waiting else 1)
            ends = [end for end in borders if end > begin]
            low, high = 0, len(ends)  # of the ends, so many fit
            while low < high:
                middle = (low + high + 1) // 2
                if tokens(self._messages[begin : ends[middle - 1]], _ASK) <= room:
                    low = middle
                else:
                    high = middle - 1
            end = ends[max(low - 1, 0)]
            part: Sequence[Message] = self._messages[begin:end]
            if not low:
                part = self._shortened(part, room, tokens)
            if part:
                self._waiting.append(part)
            begin = end
        self.parts = len(self._waiting)
        if not self._waiting:
            raise OvchatError("The context is too small for a summary.", "Send it in a new conversation without one.")

    def _shortened(
        self, messages: Sequence[Message], room: int, tokens: Callable[[Sequence[Message], str], int]
    ) -> Sequence[Message]:
        """A question with its answer, without the middle of what is long in it, so that it fits; none if none does."""
        length = max(len(each.text) for each in messages)
        while (length := length // 2) >= _LEAST_CHARACTERS:
            cut = [replace(each, text=_without_middle(each.text, length)) for each in messages]
            if tokens(cut, _ASK) <= room:
                self.shortened += sum(len(each.text) > length for each in messages)
                return cut
        self.left_out += len(messages)
        return ()

    def begin(self) -> Turn | None:
        """Begin the next part; None after the last.

        Raises:
            OvchatError: It cannot begin.
        """
        if self.part == self.parts:
            return None
        self.part += 1
        turn = self._begin(self._waiting[self.part - 1])
        self._before, self.text = self.text, ""
        return turn

    def take(self, turn: Turn) -> None:
        """Take what a turn has written of its part; nothing: the summary of the parts before stands."""
        self.text = turn.message().text.strip() or self._before

    def _begin(self, messages: Sequence[Message]) -> Turn:
        session = self._session
        first = replace(messages[0], parent=None)
        said = [first, *messages[1:]]
        if self.text:
            before = replace(first, id=first.id - 1, role=Role.USER, text=_SO_FAR + self.text)
            said = [before, replace(first, parent=before.id), *messages[1:]]
        sampling = {name: value for name, value in asdict(session.sampling().params).items() if value is not None}
        sampling |= {"max_tokens": self._tokens, "min_tokens": 0, "stop": ()}
        conversation = new_conversation(system=session.conversation.system, head=said[-1].id)
        return ChatSession(conversation, runner=session.runner, user_sampling=lambda: sampling, messages=said).ask(_ASK)


def continued(before: Conversation, summary: str) -> tuple[Conversation, list[Message]]:
    """A new conversation that goes on from a summary of another one, with its model, system prompt and sampling.

    The summary is the user's first message, which has no answer: it goes with the next one. So it works with every
    template, and it is seen and leaves the context as everything that was said.
    """
    title = before.title if before.title.endswith(_CONTINUED) else f"{before.title}{_CONTINUED}"
    conversation = another(before, title=title, renamed=before.renamed)
    message = Message(new_message_id(), conversation.id, None, Role.USER, _SO_FAR + summary.strip(), time.time())
    return replace(conversation, head=message.id), [message]


def _without_middle(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length // 2]}\n[...]\n{text[-length // 2 :]}"
