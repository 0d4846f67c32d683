"""A conversation and one turn at a time. Headless: the app, `chat` and `ask` all use it.

Made for an event loop: nothing here waits for the disk or the model, but for `open`, `use` and `overflow`, which are
for other threads. What was said is a tree; editing and regenerating add to it and never take anything away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.chat.context import ContextUse, Overflow, chat_messages, overflow_of, use_of
from tui.chat.stored import new_conversation, read_conversation
from tui.chat.titles import derive_title
from tui.chat.tree import MessageTree
from tui.chat.turn import Plan, Turn, new_seed
from tui.chat.writing import sampling_of
from tui.engine.errors import BadParameter, BadText, OvchatError
from tui.engine.sampling_params import checked
from tui.engine.sampling_resolve import Resolved, resolve
from tui.store.records import Conversation, Ended, Facts, Message, Role, new_message_id

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox
    from tui.engine.language_model import LanguageModel
    from tui.engine.runner import Runner

_IN_CONTEXT = ("prompt_tokens", "completion_tokens")
_NO_END = (Ended.CANCELLED, Ended.LENGTH, Ended.INTERRUPTED, Ended.ERROR)


class ChatSession:
    """One conversation. Methods may be called from any thread.

    Args:
        conversation: Its values, new or stored.
        outbox: Where it is written; None for a temporary one, of which nothing is stored.
        runner: Holds the model; may be set later.
        app_sampling: The app's values, by `SamplingParams` field.
        user_sampling: What the user asked for; it wins over the model's own values, which win over the app's. What
            the conversation sets wins over all.
        messages: All that was said, on every branch.
    """

    def __init__(
        self,
        conversation: Conversation | None = None,
        outbox: Outbox | None = None,
        *,
        runner: Runner | None = None,
        app_sampling: Mapping[str, Any] | None = None,
        user_sampling: Mapping[str, Any] | None = None,
        messages: Iterable[Message] = (),
    ) -> None:
        self.runner = runner
        self._conversation = conversation or new_conversation()
        self._outbox = outbox
        self._app_sampling = app_sampling or {}
        self._user_sampling = user_sampling or {}
        self._lock = threading.RLock()
        self._tree = MessageTree(messages)
        self._turn: Turn | None = None
        self._branch: tuple[int, ...] = ()
        self._places: dict[int, int] = {}
        head = self._conversation.head
        # Another process may have taken it out, or gone on from it.
        self._show(self._tree.newest_leaf(head if head in self._tree else None))
        # A conversation is stored with its first message.
        self._stored = bool(self._branch)
        # The id that the next message of the user has, where the context is to begin with it.
        self._next_id = new_message_id()

    @classmethod
    def open(cls, outbox: Outbox, conversation_id: str, **arguments: Any) -> ChatSession:
        """A stored conversation. Reads: not for the event loop.

        Args:
            outbox: Has the store; what it has not written yet counts.
            conversation_id: The whole id.
            arguments: `runner`, `app_sampling` and `user_sampling`, as in the constructor.

        Raises:
            StoreError: It cannot be read, or is not there.
        """
        conversation, messages = read_conversation(outbox, conversation_id)
        return cls(conversation, outbox, messages=messages, **arguments)

    @property
    def conversation(self) -> Conversation:
        """Its values now."""
        return self._conversation

    @property
    def temporary(self) -> bool:
        """Nothing of it is stored."""
        return self._outbox is None

    @property
    def turn(self) -> Turn | None:
        """The turn under way."""
        return self._turn

    @property
    def messages(self) -> tuple[Message, ...]:
        """The branch that is shown; the last one may be being written."""
        with self._lock:
            return tuple(self.message(each) for each in self._branch)

    @property
    def every_message(self) -> tuple[Message, ...]:
        """The messages of all branches, by id."""
        with self._lock:
            return tuple(self.message(each) for each in self._tree)

    def message(self, message_id: int) -> Message:
        """A message on any branch; `KeyError` where there is none."""
        with self._lock:
            if self._turn is not None and self._turn.message_id == message_id:
                return self._turn.message()
            return self._tree[message_id]

    def position(self, message_id: int) -> tuple[int, int]:
        """Its place among the messages in its place, counted from 1, and how many there are."""
        with self._lock:
            siblings = self._tree.siblings(message_id)
            return siblings.index(message_id) + 1, len(siblings)

    def in_context(self, message_id: int) -> bool:
        """Whether the model is still given it."""
        with self._lock:
            start = self._conversation.context_start
            if start == self._next_id:
                return False
            # On a branch that does not have it, everything is.
            first = self._places.get(start, 0) if start is not None else 0
            return self._places.get(message_id, first) >= first

    # Turns. Each raises OvchatError where it cannot begin.

    def ask(self, text: str) -> Turn:
        """Say something."""
        with self._lock:
            return self._ask(text, self._branch[-1] if self._branch else None)

    def edit(self, message_id: int, text: str) -> Turn:
        """Say something else in the place of a user's message; that one stays, with all that followed."""
        with self._lock:
            if self._tree[message_id].role is not Role.USER:
                raise OvchatError("Only your own messages can be edited.")
            return self._ask(text, self._tree[message_id].parent)

    def regenerate(self, message_id: int | None = None) -> Turn:
        """Another answer, with a new seed, beside one (the last) or to a user's message."""
        with self._lock:
            message = self._said(message_id)
            question = message.parent if message.role is Role.ASSISTANT else message.id
            # A seed that the user has set would give the same answer again.
            return self._begin(self._new_message(question, Role.ASSISTANT), self.sampling(), seed=new_seed())

    def replay(self, message_id: int | None = None) -> Turn:
        """An answer (the last) once more, with its seed and settings, from an empty sequence; compared with it."""
        with self._lock:
            message = self._said(message_id)
            if message.role is not Role.ASSISTANT:
                raise OvchatError("There is no answer yet.", "Ask something first.")
            facts = message.facts
            if facts.seed is None or not message.token_ids:
                raise OvchatError("It is not known how that was answered.", "Regenerate it instead.")
            again = self._new_message(message.parent, Role.ASSISTANT)
            return self._begin(
                replace(again, facts=Facts(replay_of=message.id)),
                sampling_of(facts),
                seed=facts.seed,
                fresh=True,
                expected=(message.token_ids, message.ended is Ended.STOP),
            )

    def proceed(self, message_id: int | None = None) -> Turn:
        """Go on with an answer (the last) that was stopped, cut off or interrupted."""
        with self._lock:
            message = self._said(message_id)
            if message.ended is Ended.STOP:
                raise OvchatError("This answer is complete.", "Regenerate for another one.")
            if not self.can_proceed(message.id):
                raise OvchatError("Only the last answer can be gone on with.", "Regenerate for another one.")
            model = self.runner.model if self.runner is not None else None
            usage = message.facts.usage
            if model is not None and sum(usage.get(each, 0) for each in _IN_CONTEXT) >= model.context_limit:
                raise OvchatError("The context is full.", "Begin a new conversation, or set engine.context higher.")
            # With its seed the draws go on where they were, too.
            return self._begin(message, self.sampling(), seed=message.facts.seed)

    def can_proceed(self, message_id: int) -> bool:
        """Whether `proceed` can go on with it: the last answer shown, where it did not end by itself."""
        with self._lock:
            return self._turn is None and self._branch[-1:] == (message_id,) and self._tree[message_id].ended in _NO_END

    def close(self, timeout: float = 1.0) -> bool:
        """Cancel the turn under way and wait for what is there to be handed over; False where it takes longer."""
        turn = self._turn
        if turn is None:
            return True
        turn.cancel()
        return turn.wait(timeout)

    # Branches and values.

    def move(self, message_id: int, step: int) -> bool:
        """Show the sibling `step` after (or before) a message, and the newest that follows it; False: there is none."""
        with self._lock:
            siblings = self._tree.siblings(message_id)
            place = siblings.index(message_id) + step
            if self._turn is not None or not 0 <= place < len(siblings):
                return False
            self.show_branch_of(siblings[place])
            return True

    def show_branch_of(self, message_id: int) -> None:
        """Show the newest branch that a message is on.

        Raises:
            OvchatError: A turn is under way.
        """
        with self._lock:
            if message_id in self._places:
                return
            self._idle()
            self._show(self._tree.newest_leaf(message_id))
            self.update(head=self._branch[-1])

    def rename(self, title: str) -> None:
        """Give it a title; "" goes back to the derived one."""
        with self._lock:
            first = next((each.text for each in self.messages if each.role is Role.USER), "")
            self.update(title=title.strip() or derive_title(first), renamed=bool(title.strip()))

    def set_system(self, text: str) -> None:
        """The system prompt from the next turn on; "" for none."""
        self.update(system=text)

    def set_sampling(self, values: Mapping[str, Any]) -> None:
        """What this conversation sets, in place of what it set; None leaves a value to whoever else sets it.

        Raises:
            BadParameter: There is no such value, or it is out of its range.
        """
        self.update(sampling={name: checked(name, value) for name, value in values.items() if value is not None})

    def set_model(self, name: str) -> None:
        """The model that answers from now on, as the user calls it."""
        self.update(model=name)

    def update(self, **values: Any) -> None:
        """Set fields of the conversation: `pinned`, `archived`, ..."""
        with self._lock:
            changed = replace(self._conversation, **values)
            if changed != self._conversation:
                self._conversation = changed
                if self._stored and self._outbox is not None:
                    self._outbox.put(changed)

    def sampling(self) -> Resolved:
        """The values in effect for the next turn, and who set each; the model's own, once there is one."""
        model = self.runner.model if self.runner is not None else None
        own = model.files.generation_config if model is not None else {}
        try:
            return resolve(self._app_sampling, own, {**self._user_sampling, **self._conversation.sampling})
        except BadParameter as error:
            # Stored or set values that do not go together; each may be right alone.
            resolved = resolve(self._app_sampling, own, {})
            notice = f"The sampling values that are set do not go together and are left out: {error}"
            return resolved._replace(notices=(*resolved.notices, notice))

    # The context. These compute: not for the event loop.

    def use(self, text: str = "") -> ContextUse | None:
        """Tokens of the context in use, with `text` as the next message; None without a model."""
        model = self.runner.model if self.runner is not None else None
        return use_of(model, self._conversation.system, self._given(), text) if model is not None else None

    def overflow(self, text: str) -> Overflow | None:
        """What has to leave the context before `text` can be answered; None: nothing, or there is no model to ask."""
        model = self.runner.model if self.runner is not None else None
        if model is None:
            return None
        limit = self.sampling().params.max_tokens
        return overflow_of(model, self._conversation.system, self._given(), text, limit, self._next_id)

    def drop_oldest(self, overflow: Overflow) -> None:
        """Leave out of the context what `overflow` says."""
        if overflow.start is not None:
            self.update(context_start=overflow.start)

    def _given(self) -> list[Message]:
        """The messages in the context."""
        with self._lock:
            return [each for each in self.messages if self.in_context(each.id)]

    def _said(self, message_id: int | None) -> Message:
        """A message to do something about; by default the last."""
        self._idle()
        if message_id is None:
            if not self._branch:
                raise OvchatError("There is no answer yet.", "Ask something first.")
            message_id = self._branch[-1]
        return self._tree[message_id]

    def _ask(self, text: str, parent: int | None) -> Turn:
        if not text.strip():
            raise BadText("The message is empty.", "Write something to answer.")
        question = replace(self._new_message(parent, Role.USER, text), id=self._next_id)
        return self._begin(self._new_message(question.id, Role.ASSISTANT), self.sampling(), question=question)

    def _begin(
        self,
        answer: Message,
        resolved: Resolved,
        *,
        question: Message | None = None,
        seed: int | None = None,
        fresh: bool = False,
        expected: tuple[tuple[int, ...], bool] | None = None,
    ) -> Turn:
        model, runner = self._ready()
        before = self._conversation
        continued = answer.id in self._tree
        answer = replace(answer, ended=Ended.WRITING, model=before.model or model.files.name)
        title = before.title
        if question is not None:
            self._tree.put(question)
            title = title or derive_title(question.text)
        self._tree.put(answer)
        # Greater than that of the answer, which the next message follows.
        self._next_id = new_message_id()
        self._show(answer.id)
        self._conversation = replace(
            before, head=answer.id, title=title, model=answer.model, updated=max(before.updated, answer.created)
        )
        plan = Plan(
            answer=answer,
            sampling=resolved.params,
            sources=resolved.sources,
            notices=resolved.notices,
            seed=resolved.params.seed if seed is None else seed,
            question=question,
            given=chat_messages(before.system, [each for each in self._given() if each.id != answer.id]),
            fresh=fresh,
            expected=expected,
        )
        # What comes to nothing leaves what was shown before, or the question that it was to answer.
        instead = answer.parent if question is not None or continued else before.head
        if self._outbox is not None:
            self._outbox.put(self._conversation, *([question] if question is not None else []), answer)
            self._stored = True
        self._turn = Turn(plan, runner, self._outbox, partial(self._settle, answer.id, instead))
        self._turn.start()
        return self._turn

    def _settle(self, answer: int, instead: int | None, message: Message | None) -> None:
        """Take what came of a turn; called in its thread."""
        with self._lock:
            self._turn = None
            if message is not None:
                self._tree.put(message)
                if self._outbox is not None:
                    self._outbox.put(message)
                return
            self._tree.drop(answer)
            self._show(instead)
            self.update(head=instead)
            if self._outbox is not None:
                self._outbox.drop(answer)

    def _show(self, leaf: int | None) -> None:
        self._branch = self._tree.branch(leaf)
        self._places = {id: place for place, id in enumerate(self._branch)}

    def _ready(self) -> tuple[LanguageModel, Runner]:
        """The model and who runs it.

        Raises:
            OvchatError: There is none, or a turn is under way.
        """
        self._idle()
        model = self.runner.model if self.runner is not None else None
        if model is None or self.runner is None:
            raise OvchatError("No model is loaded.", "Choose one first.")
        return model, self.runner

    def _idle(self) -> None:
        if self._turn is not None:
            raise OvchatError("An answer is being written.", "Wait for it, or stop it.")

    def _new_message(self, parent: int | None, role: Role, text: str = "") -> Message:
        return Message(new_message_id(), self._conversation.id, parent, role, text, time.time())
