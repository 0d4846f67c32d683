"""A conversation and one turn at a time. Headless: the app, `chat` and `ask` all use it.

Made for an event loop: nothing here waits for the disk or the model, but for `open`, `use` and what asks for overflow,
which are for other threads. Editing and regenerating add to what was said and never take anything away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tui.chat.context import ChatMessage, ContextUse, Overflow, chat_messages, check_tokens, overflow_of, use_of
from tui.chat.inspection import Inspection, inspect
from tui.chat.open_conversation import OpenConversation
from tui.chat.sampling_values import SetBy
from tui.chat.stored import read_conversation
from tui.chat.titles import derive_title
from tui.chat.tokens import LastTurn, Scored, Tokens
from tui.chat.turn import Plan, Turn, new_seed
from tui.chat.writing import sampling_of
from tui.engine.errors import BadParameter, BadText, NoModel, OvchatError
from tui.engine.sampling_resolve import Resolved, Source, resolve
from tui.store.records import Conversation, Ended, Facts, Message, Role, new_message_id

if TYPE_CHECKING:
    from tui.chat.outbox import Outbox
    from tui.engine.candidates import LastStep
    from tui.engine.events import Finished
    from tui.engine.language_model import LanguageModel
    from tui.engine.runner import Runner, ScoreJob
    from tui.engine.sampling import Sampled

_NO_END = (Ended.CANCELLED, Ended.LENGTH, Ended.INTERRUPTED, Ended.ERROR)


class ChatSession(OpenConversation):
    """One conversation, and who answers in it. Methods may be called from any thread.

    Args:
        conversation: Its values, new or stored.
        outbox: Where it is written; None for a temporary one, of which nothing is stored.
        runner: Holds the model; may be set later.
        app_sampling: The app's values, by `SamplingParams` field.
        user_sampling: Gives what the user asks for now; it wins over the model's own values, which win over the
            app's. What the conversation sets wins over all.
        for_model: Which of these are for the model alone: an answer keeps who has set what.
        messages: All that was said, on every branch.
    """

    def __init__(
        self,
        conversation: Conversation | None = None,
        outbox: Outbox | None = None,
        *,
        runner: Runner | None = None,
        app_sampling: Mapping[str, Any] | None = None,
        user_sampling: Callable[[], Mapping[str, Any]] = dict,
        for_model: Callable[[], Container[str]] = tuple,
        messages: Iterable[Message] = (),
    ) -> None:
        super().__init__(conversation, outbox, messages)
        self.runner = runner
        self._app_sampling = app_sampling or {}
        self._user_sampling = user_sampling
        self._for_model = for_model
        self._last: LastTurn | None = None
        self._scored: Scored | None = None

    @classmethod
    def open(cls, outbox: Outbox, conversation_id: str, **arguments: Any) -> ChatSession:
        """A stored conversation. Reads: not for the event loop.

        Args:
            outbox: Has the store; what it has not written yet counts.
            conversation_id: The whole id.
            arguments: `runner`, `app_sampling`, `user_sampling` and `for_model`, as in the constructor.

        Raises:
            StoreError: It cannot be read, or is not there.
        """
        conversation, messages = read_conversation(outbox, conversation_id)
        return cls(conversation, outbox, messages=messages, **arguments)

    # Turns. Each raises OvchatError where it cannot begin.

    def ask(self, text: str) -> Turn:
        """Say something."""
        with self._lock:
            return self._ask(text, self._branch.leaf)

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
                replace(
                    again,
                    token_ids=message.token_ids[: facts.begun],
                    facts=Facts(replay_of=message.id, begun=facts.begun),
                ),
                sampling_of(facts),
                seed=facts.seed,
                fresh=True,
                expected=(message.token_ids, message.ended is Ended.STOP),
            )

    def proceed(self, message_id: int | None = None) -> Turn:
        """Go on with an answer (the last) that was stopped, cut off or interrupted."""
        with self._lock:
            message = self._said(message_id)
            if message.role is not Role.ASSISTANT:
                raise OvchatError("There is no answer to go on with.", "Regenerating makes one.")
            if message.ended is Ended.STOP:
                raise OvchatError("This answer is complete.", "Regenerate for another one.")
            if not self.can_proceed(message.id):
                raise OvchatError("Only the last answer can be gone on with.", "Regenerate for another one.")
            # With its seed the draws go on where they were, too.
            return self._begin(message, self.sampling(), seed=message.facts.seed)

    def can_proceed(self, message_id: int) -> bool:
        """Whether `proceed` can go on with it: the last answer shown, where it did not end by itself."""
        with self._lock:
            return self._turn is None and self._branch.leaf == message_id and self._tree[message_id].ended in _NO_END

    def begin_from(self, message_id: int, place: int, token_id: int) -> Turn:
        """Another answer beside one: its first `place` tokens, then `token_id`, and on from there."""
        with self._lock:
            message = self._said(message_id)
            model, _ = self._ready()
            check_tokens(model, message)
            if token_id in model.stop_ids:
                raise OvchatError("With that token the answer would end.", "Choose another one.")
            begun = (*message.token_ids[:place], token_id)
            answer = self._new_message(message.parent, Role.ASSISTANT)
            return self._begin(replace(answer, token_ids=begun, facts=Facts(begun=len(begun))), self.sampling())

    @property
    def model(self) -> LanguageModel | None:
        """The model; None while there is none, or it is being loaded."""
        return self.runner.model if self.runner is not None else None

    @property
    def last_step(self) -> LastStep | None:
        """What the last token of the last turn here was chosen from; None before there was one."""
        return self._last.step if self._last is not None else None

    def sampling(self) -> Resolved:
        """The values in effect for the next turn, and who set each; the model's own, also after it was unloaded."""
        own = self.runner.generation_config if self.runner is not None else {}
        try:
            return resolve(self._app_sampling, own, {**self._user_sampling(), **self._conversation.sampling})
        except BadParameter as error:
            # Stored or set values that do not go together; each may be right alone.
            resolved = resolve(self._app_sampling, own, {})
            notice = f"The sampling values that are set do not go together and are left out: {error}"
            return resolved._replace(notices=(*resolved.notices, notice))

    def _set_by(self, sources: Mapping[str, str]) -> Mapping[str, str]:
        """Who set each value, in the words of the sampling panel where it is the user who did."""
        here, for_model = self._conversation.sampling, self._for_model()
        return {
            name: source
            if source != Source.USER
            else SetBy.CONVERSATION
            if here.get(name) is not None
            else SetBy.FOR_MODEL
            if name in for_model
            else SetBy.USER
            for name, source in sources.items()
        }

    def given(self, text: str) -> list[ChatMessage]:
        """What a model is given with `text` as the next message."""
        with self._lock:
            return chat_messages(self._conversation.system, self._given(self._branch.leaf), text)

    # These compute: not for the event loop.

    def look_at(self, message_id: int, top: int) -> Tokens:
        """An answer token by token; the engine is asked how likely each was, and which `top` ones could have come.

        Raises:
            OvchatError: It cannot be told: there is no model, or another one wrote it.
        """
        with self._lock:
            message, known = self._said(message_id), self._scored
            model, runner = self._ready()
            given = chat_messages(self._conversation.system, self._given(message.parent))
        check_tokens(model, message)
        from tui.engine.generate import GenerationRequest  # as in Turn
        from tui.engine.runner import done

        asked = (message_id, len(message.token_ids))
        if known is not None and (known.message_id, len(known.tokens)) == asked and known.top >= top:
            job: ScoreJob = done(known.tokens)
        else:
            job = runner.score(GenerationRequest(messages=given), message.token_ids, top)
        return Tokens(model.tokenizer.pieces(message.token_ids), job, model.tokenizer.token_text)

    def keep_scores(self, message_id: int, top: int, scored: tuple[Sampled, ...]) -> None:
        """Remember what the engine said of an answer and `top` tokens for each place, until there is another one."""
        self._scored = Scored(message_id, top, scored)

    def use(self, text: str = "") -> ContextUse | None:
        """Tokens of the context in use, with `text` as the next message; None without a model."""
        model, given = self.model, self._given(self._branch.leaf)
        return use_of(model, self._conversation.system, given, text) if model is not None else None

    def inspect(self, text: str = "", instead_of: int | None = None) -> Inspection:
        """What the model would be given with `text` as the next message; arguments as `overflow`.

        Raises:
            OvchatError: There is no model, nothing to send, or the template rejects it.
        """
        model = self.model
        if model is None:
            raise OvchatError("Its template and tokenizer are the model's, and none is loaded.", "Choose one with F3.")
        with self._lock:
            given = self._given(self._branch.leaf if instead_of is None else self._tree[instead_of].parent)
            left_out = [each for each in self.messages if not self.in_context(each.id)]
            system, last = self._conversation.system, self._last
        found: Sequence[int] | None = None
        if last is not None and last.tokenizer is model.tokenizer:
            found = (*last.step.prompt_ids, *last.step.answer_ids)[: last.cached]
        return inspect(model, chat_messages(system, given, text), left_out, found)

    def overflow(self, text: str, instead_of: int | None = None) -> Overflow | None:
        """What has to leave the context before `text` can be answered; None: nothing, or there is no model to ask.

        Args:
            text: What is to be sent.
            instead_of: The user's message that it stands in the place of; by default it comes last.
        """
        with self._lock:
            before = self._branch.leaf if instead_of is None else self._tree[instead_of].parent
            next_id = self._next_id
        return self._overflow(before, text, next_id)

    def overflow_of_answer(self, message_id: int | None = None, *, proceed: bool = False) -> Overflow | None:
        """What has to leave the context before there can be another answer, or more of one; None as in `overflow`.

        Args:
            message_id: As for `regenerate` and `proceed`; None is the last one.
            proceed: The answer is to be gone on with: what it has counts. Else there is to be another one.
        """
        with self._lock:
            message_id = self._branch.leaf if message_id is None else message_id
            if message_id is None:
                return None
            message = self.message(message_id)
            question = message
            if message.role is Role.ASSISTANT:
                if message.parent is None:  # imported so
                    return None
                question = self._tree[message.parent]
        return self._overflow(question.parent, question.text, question.id, message if proceed else None)

    def _overflow(self, leaf: int | None, text: str, text_id: int, begun: Message | None = None) -> Overflow | None:
        model = self.model
        if model is None:
            return None
        limit = self.sampling().params.max_tokens
        return overflow_of(model, self._conversation.system, self._given(leaf), text, limit, text_id, begun)

    def _said(self, message_id: int | None) -> Message:
        """A message to do something about; by default the last."""
        self._idle()
        if message_id is None:
            message_id = self._branch.leaf
        if message_id is None:
            raise OvchatError("There is no answer yet.", "Ask something first.")
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
        self._branch.show(answer.id)
        self._conversation = replace(
            before, head=answer.id, title=title, model=answer.model, updated=max(before.updated, answer.created)
        )
        plan = Plan(
            answer=answer,
            sampling=resolved.params,
            sources=resolved.sources if expected is not None else self._set_by(resolved.sources),
            notices=resolved.notices,
            seed=resolved.params.seed if seed is None else seed,
            question=question,
            given=chat_messages(before.system, [each for each in self._given(answer.id) if each.id != answer.id]),
            fresh=fresh,
            expected=expected,
        )
        # What comes to nothing leaves what was shown before, or the question that it was to answer.
        instead = answer.parent if question is not None or continued else before.head
        self._put(
            self._changes_since(before) if self._stored else self._conversation,
            *([question] if question is not None else []),
            answer,
        )
        self._stored = not self.temporary
        self._turn = Turn(plan, runner, self._outbox, self._put, partial(self._settle, answer.id, instead))
        self._turn.start()
        return self._turn

    def _settle(self, answer: int, instead: int | None, message: Message | None, end: Finished | None) -> None:
        """Take what came of a turn; called in its thread."""
        with self._lock:
            self._turn = None
            model = self.model
            if end is not None and end.last_step is not None and model is not None:
                self._last = LastTurn(model.tokenizer, end.last_step, end.usage.cached_tokens)
            if message is not None:
                if end is not None and end.logprobs:
                    self.keep_scores(answer, len(end.logprobs[0].top_logprobs), end.logprobs)
                self._tree.put(message)
                self._put(message)
                return
            self._tree.drop(answer)
            self._branch.show(instead)
            self.update(head=instead)
            if self._outbox is not None:
                self._outbox.drop(answer)

    def _ready(self) -> tuple[LanguageModel, Runner]:
        """The model and who runs it.

        Raises:
            OvchatError: There is none, or a turn is under way.
        """
        self._idle()
        model = self.model
        if model is None or self.runner is None:
            raise NoModel("No model is loaded.", "Choose one first.")
        return model, self.runner

    def _new_message(self, parent: int | None, role: Role, text: str = "") -> Message:
        return Message(new_message_id(), self._conversation.id, parent, role, text, time.time())
