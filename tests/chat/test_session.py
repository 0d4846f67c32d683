"""A conversation keeps everything that was said, in memory and on disk alike."""

from __future__ import annotations

import gc
import threading

import pytest

from tests.chat.conftest import Make, Reopen, texts
from tests.waiting import wait_until
from tui.chat import turn as turn_module
from tui.chat.outbox import Outbox
from tui.chat.session import ChatSession
from tui.chat.stored import new_conversation
from tui.chat.turn import Plan
from tui.engine.errors import BadParameter, BadText, OvchatError
from tui.engine.events import Finished, TextDelta
from tui.engine.generate import GenerationRequest
from tui.engine.reasoning import Channel
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.records import Ended, Role

LONG = " ".join(f"word{number}" for number in range(40))


def stop_after(session: ChatSession, words: int) -> None:
    """Cancel the turn under way when so many words are there."""
    turn = session.turn
    assert turn is not None
    for event in turn:
        if isinstance(event, TextDelta):
            words -= 1
            if words == 0:
                turn.cancel()


def test_question_and_answer_are_there_and_on_disk(session: Make, reopened: Reopen) -> None:
    chat = session("One.", "Two.")
    chat.ask("First?").result()
    chat.ask("Second?").result()
    assert texts(chat) == ["First?", "One.", "Second?", "Two."]
    assert [message.role for message in chat.messages] == [Role.USER, Role.ASSISTANT] * 2
    again = reopened(chat)
    assert again.messages == chat.messages
    assert again.conversation == chat.conversation


def test_the_model_is_given_the_system_prompt_and_all_that_was_said(outbox: Outbox, scripted) -> None:
    runner = scripted("One.", "Two.")
    chat = ChatSession(new_conversation(system="Be brief."), outbox, runner=runner)
    chat.ask("First?").result()
    chat.ask("Second?").result()
    assert [list(each.values()) for each in runner.requests[1].messages] == [
        ["system", "Be brief."],
        ["user", "First?"],
        ["assistant", "One."],
        ["user", "Second?"],
    ]


def test_who_keeps_a_turn_that_ended_does_not_keep_all_that_was_said_before(outbox: Outbox, scripted) -> None:
    runner = scripted("One.")
    turn = ChatSession(new_conversation(), outbox, runner=runner).ask("First?")
    turn.result()
    given = runner.requests.pop().messages
    wait_until(lambda: not [each for each in gc.get_referrers(given) if isinstance(each, Plan | GenerationRequest)])
    assert turn.message().text == "One."


def test_thinking_is_kept_apart_counted_and_not_given_again(session: Make, reopened: Reopen) -> None:
    chat = session([(Channel.REASONING, "Well now then."), (Channel.ANSWER, "Yes.")], "Two.")
    chat.ask("One?").result()
    answer = reopened(chat).messages[1]
    assert (answer.text, answer.reasoning, answer.facts.reasoning_tokens) == ("Yes.", "Well now then.", 3)
    assert answer.facts.reasoning_s >= 0
    chat.ask("Two?").result()
    assert "Well now" not in str(chat.runner.requests[1].messages)  # type: ignore[union-attr]


def test_how_an_answer_came_about_is_stored(session: Make, reopened: Reopen) -> None:
    chat = session("One and two.")
    chat.set_sampling({"temperature": 0.3})
    finished = chat.ask("One?").result()
    answer = reopened(chat).messages[1]
    assert answer.ended is Ended.STOP
    assert answer.model == "scripted"
    assert answer.token_ids == finished.token_ids
    assert (answer.facts.device, answer.facts.backend, answer.facts.precision) == ("CPU", "paged", "f32")
    assert answer.facts.seed == finished.seed
    assert (answer.facts.sampling["temperature"], answer.facts.sources["temperature"]) == (0.3, "conversation")
    assert answer.facts.usage["completion_tokens"] == 3
    assert answer.facts.timings["ttft_s"] >= 0


def test_the_question_is_on_disk_and_shown_there_before_the_engine_is_asked(session: Make, outbox: Outbox) -> None:
    seen: list[str] = []

    def answer(request: object) -> str:
        assert outbox.store is not None
        (conversation,) = outbox.store.listing()
        seen.extend(message.text for message in outbox.store.branch(conversation.head))
        return "One."

    chat = session()
    chat.runner._answers = answer  # type: ignore[union-attr]
    chat.ask("First?").result()
    assert seen == ["First?", ""]


def test_what_is_written_is_on_disk_while_it_is_written_though_nobody_fetches_it(session: Make, outbox: Outbox) -> None:
    chat = session(LONG, tokens_per_s=100)
    turn = chat.ask("Go on")
    assert outbox.opened()

    def stored() -> str:
        return "".join(each.text for each in outbox.opened().branch(turn.message_id) if each.ended is Ended.WRITING)

    wait_until(lambda: "word10" in stored())
    assert outbox.opened().conversation(chat.conversation.id).head == turn.message_id  # type: ignore[union-attr]
    turn.cancel()
    turn.result()


def test_a_title_is_derived_once_and_given_for_good(session: Make, reopened: Reopen) -> None:
    chat = session()
    chat.ask("# What is **this**?\nTell me.").result()
    assert chat.conversation.title == "What is this?"
    chat.rename("Mine")
    chat.ask("Another").result()
    again = reopened(chat).conversation
    assert (again.title, again.renamed) == ("Mine", True)
    chat.rename("")
    assert (chat.conversation.title, chat.conversation.renamed) == ("What is this?", False)


def test_a_stopped_answer_stays_and_can_be_gone_on_with(session: Make, reopened: Reopen) -> None:
    chat = session([(Channel.REASONING, "Hm."), (Channel.ANSWER, LONG)], " and more.", tokens_per_s=100)
    chat.ask("Go on")
    stop_after(chat, 4)
    stopped = reopened(chat).messages[1]
    assert stopped.ended is Ended.CANCELLED
    assert stopped.text.startswith("word0 word1 word2")
    assert chat.can_proceed(stopped.id)
    turn = chat.proceed()
    assert turn.message_id == stopped.id
    shown = "".join(event.text for event in turn if isinstance(event, TextDelta))
    whole = reopened(chat).messages[1]
    assert whole.text == stopped.text + shown
    assert whole.text.endswith(" and more.")
    assert (whole.reasoning, whole.ended) == ("Hm.", Ended.STOP)
    assert whole.token_ids[: len(stopped.token_ids)] == stopped.token_ids
    assert whole.facts.usage["completion_tokens"] == len(whole.token_ids)
    assert whole.facts.seed == stopped.facts.seed
    assert not chat.can_proceed(stopped.id)
    with pytest.raises(OvchatError, match="complete"):
        chat.proceed()


def test_a_question_without_an_answer_is_nothing_to_go_on_with(session: Make) -> None:
    chat = session(LONG, tokens_per_s=1)
    turn = chat.ask("Go on")
    turn.cancel()
    turn.result()
    assert texts(chat) == ["Go on"]
    with pytest.raises(OvchatError, match="no answer to go on with"):
        chat.proceed()


def test_an_answer_of_another_model_is_gone_on_with_by_its_text(session: Make, scripted, outbox: Outbox) -> None:
    chat = session(LONG)
    chat.set_sampling({"max_tokens": 3})
    chat.ask("Go on").result()
    assert chat.messages[1].ended is Ended.LENGTH
    other = scripted(" and more.")
    chat.runner = other
    chat.set_model("other")
    chat.proceed().result()
    assert (other.requests[0].begun, other.requests[0].begun_text) == ((), "word0 word1 word2")
    assert (chat.messages[1].text, chat.messages[1].model) == ("word0 word1 word2 and more.", "other")
    assert chat.messages[1].token_ids == ()


def test_cancelled_before_the_first_word_the_question_stays_and_the_answer_goes(
    session: Make, reopened: Reopen
) -> None:
    chat = session("One.", "Both.", prefill_s=5)
    turn = chat.ask("First?")
    wait_until(lambda: turn.prefill is not None)
    turn.cancel()
    assert turn.result().text == ""
    assert texts(chat) == texts(reopened(chat)) == ["First?"]
    chat.runner._prefill_s = 0  # type: ignore[union-attr]
    chat.ask("Second?").result()
    assert chat.runner.requests[-1].messages == [  # type: ignore[union-attr]
        {"role": "user", "content": "First?\n\nSecond?"}
    ]


def test_a_turn_cancelled_while_a_model_loads_ends_at_once(session: Make) -> None:
    chat = session()
    busy = threading.Event()
    job = chat.runner._submit(_waiting(busy))  # type: ignore[union-attr]
    turn = chat.ask("First?")
    turn.cancel()
    assert turn.wait(5)
    assert not job.done
    busy.set()


def _waiting(busy: threading.Event):
    from tui.engine.runner import Job

    return Job(lambda job: busy.wait(30))


def test_a_failed_answer_says_why_and_keeps_its_text(session: Make, reopened: Reopen) -> None:
    chat = session(OvchatError("It broke.", "Mend it."), "Two.")
    with pytest.raises(OvchatError, match="It broke"):
        list(chat.ask("First?"))
    failed = reopened(chat).messages[1]
    assert (failed.ended, failed.text) == (Ended.ERROR, "")
    assert (failed.facts.error, failed.facts.next_step) == ("It broke.", "Mend it.")
    assert chat.turn is None
    chat.regenerate().result()
    assert texts(chat) == ["First?", "Two."]


def test_what_failed_without_a_word_is_not_given_to_the_model_again(session: Make) -> None:
    chat = session(OvchatError("Too long."), "Two.")
    with pytest.raises(OvchatError):
        chat.ask("Something far too long").result()
    chat.ask("Short").result()
    assert chat.runner.requests[-1].messages == [{"role": "user", "content": "Short"}]  # type: ignore[union-attr]


def test_a_replay_uses_the_same_seed_and_settings_and_tells_where_it_differs(session: Make) -> None:
    chat = session("a b c", "a b c", "a x c", "a b")
    chat.set_sampling({"temperature": 1.1})
    chat.ask("Go").result()
    first = chat.messages[1]
    chat.set_sampling({"temperature": 0.0})
    for expected in (None, 1, 2):
        turn = chat.replay(first.id)
        turn.result()
        request = chat.runner.requests[-1]  # type: ignore[union-attr]
        assert request.fresh
        assert (request.sampling.seed, request.sampling.temperature) == (first.facts.seed, 1.1)
        again = chat.message(turn.message_id)
        assert (again.facts.replay_of, again.facts.differs_at) == (first.id, expected)
    assert chat.position(first.id) == (1, 4)


def test_one_turn_at_a_time_and_only_with_a_model(session: Make) -> None:
    chat = session(LONG, tokens_per_s=50)
    turn = chat.ask("First?")
    assert chat.turn is turn
    for begin in (lambda: chat.ask("Second?"), chat.regenerate, chat.replay, chat.proceed):
        with pytest.raises(OvchatError, match="being written"):
            begin()
    assert not chat.move(turn.message_id, -1)
    assert chat.messages[-1].ended is Ended.WRITING
    wait_until(lambda: chat.messages[-1].text)
    turn.cancel()
    turn.result()
    with pytest.raises(BadText):
        chat.ask("  \n")
    chat.runner = None
    with pytest.raises(OvchatError, match="No model"):
        chat.ask("Second?")
    assert len(chat.messages) == 2


def test_a_temporary_conversation_is_not_stored(outbox: Outbox, scripted) -> None:
    chat = ChatSession(runner=scripted())
    chat.ask("First?").result()
    chat.rename("Mine")
    assert chat.temporary
    assert len(chat.messages) == 2
    assert outbox.flush(5)
    assert outbox.opened().listing(archived=True) == []


def test_nothing_is_stored_before_something_was_said(session: Make, outbox: Outbox) -> None:
    chat = session()
    chat.set_sampling({"temperature": 0.1})
    chat.set_system("Be brief.")
    assert outbox.flush(5)
    assert outbox.opened().listing() == []
    chat.ask("First?").result()
    assert outbox.flush(5)
    (stored,) = outbox.opened().listing()
    assert (stored.system, dict(stored.sampling)) == ("Be brief.", {"temperature": 0.1})


def test_sampling_of_the_conversation_wins_over_the_users(scripted) -> None:
    chat = ChatSession(
        runner=scripted(generation_config={"top_k": 7, "top_p": 0.5}),
        app_sampling={"temperature": 0.7, "top_k": 40, "top_p": 0.9},
        user_sampling=lambda: {"top_p": 0.8, "min_p": 0.1},
    )
    chat.set_sampling({"min_p": 0.2, "seed": None})
    params, sources, _ = chat.sampling()
    assert (params.temperature, params.top_k, params.top_p, params.min_p) == (0.7, 7, 0.8, 0.2)
    assert [sources[name] for name in ("temperature", "top_k", "top_p", "min_p")] == ["app", "model", "user", "user"]
    with pytest.raises(BadParameter):
        chat.set_sampling({"temperature": 9})


def test_a_conversation_that_is_not_there_is_said(outbox: Outbox) -> None:
    with pytest.raises(StoreError, match="no conversation nothing"):
        ChatSession.open(outbox, "nothing")


def test_events_are_the_engines_and_end_with_the_conversation_in_order(session: Make) -> None:
    chat = session("One two.")
    *_, end = chat.ask("First?")
    assert isinstance(end, Finished)
    assert chat.turn is None
    assert chat.messages[-1].ended is Ended.STOP


def test_cancelled_in_the_middle_what_is_there_is_kept(session: Make, outbox: Outbox) -> None:
    chat = session(LONG, tokens_per_s=100)
    turn = chat.ask("Go on")
    wait_until(lambda: "word3" in chat.messages[-1].text)
    turn.cancel()
    assert turn.wait(5)
    assert outbox.flush(5)
    stored = outbox.opened().branch(turn.message_id)[-1]
    assert stored.ended is Ended.CANCELLED
    assert "word3" in stored.text


def test_what_is_set_during_a_turn_is_what_is_stored(session: Make, reopened: Reopen) -> None:
    chat = session(LONG, tokens_per_s=200)
    turn = chat.ask("Go on")
    chat.rename("Mine")
    chat.update(pinned=True)
    turn.result()
    again = reopened(chat)
    assert (again.conversation.title, again.conversation.pinned) == ("Mine", True)
    assert texts(again) == ["Go on", LONG]


def test_a_disk_that_hangs_holds_up_neither_the_caller_nor_the_answer_nor_cancelling(
    scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def hang() -> Conversations:
        go.wait(60)
        raise StoreError("It hung.")

    outbox = Outbox(hang)
    chat = ChatSession(outbox=outbox, runner=scripted(LONG))
    monkeypatch.setattr(turn_module, "_COMMIT_SECONDS", 3600.0)
    turn = chat.ask("First?")
    turn.cancel()
    assert turn.wait(20)
    monkeypatch.setattr(turn_module, "_COMMIT_SECONDS", 0.05)
    chat.ask("Second?").result()
    assert not go.is_set()
    assert texts(chat) == ["First?", "Second?", LONG]
    assert len(outbox.unsaved) >= 4
    go.set()
    outbox.close(1.0)
