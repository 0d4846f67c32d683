"""The prompt inspector, and the alternatives to an answer's tokens, as somebody uses them."""

from __future__ import annotations

from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.screens.alternatives import AlternativesScreen
from tui.screens.inspector import InspectorScreen
from tui.widgets.token_view import TokenView


async def inspector(chat: Chat) -> str:
    """Open the inspector; what is on the screen when it has looked."""
    await chat.press("ctrl+t")
    panel = await chat.panel(InspectorScreen)
    await chat.until(lambda: "Rendering" not in chat.shown and panel.is_mounted)
    return await chat.still()


async def alternatives(chat: Chat) -> AlternativesScreen:
    """Open the alternatives of the last answer, once they are found."""
    await chat.press("alt+a")
    panel = await chat.panel(AlternativesScreen)
    await chat.until(lambda: panel.scored)
    await chat.still()
    return panel


def test_every_binding_has_an_id_a_label_and_a_tooltip() -> None:
    assert not unnamed_bindings(InspectorScreen) + unnamed_bindings(AlternativesScreen)


async def test_the_inspector_shows_what_would_be_sent(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["One two."])) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        chat.prompt.insert("And on?")
        shown = await inspector(chat)
        for part in ("<user> Count! <end>↵", "<assistant> One two. <end>↵", "<user> And on? <end>↵", "<assistant> :"):
            assert part in shown
        assert "Template: chat_template.jinja" in shown
        assert "Cache: nothing of this was in it" in shown
        assert f"{len(chat.session.inspect('And on?').pieces)} of 4,096 tokens" in shown
        await chat.press("escape")
        assert chat.prompt.text == "And on?"


async def test_it_shows_how_far_the_last_turn_came_in_the_cache(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["One."])) as chat:
        for question in ("First?", "Second?"):
            await chat.write(question)
            await chat.until(lambda: not chat.pane.busy)
        cached = chat.session.messages[-1].facts.usage["cached_tokens"]
        assert f"└ {cached} tokens reused in the last turn" in await inspector(chat)


async def test_ids_are_shown_on_demand(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.prompt.insert("Hello")
        assert "Hello <end>" in await inspector(chat)
        token_id = chat.session.runner.model.tokenizer.id_of(" Hello")
        await chat.press("i")
        assert f"Hello[{token_id}] <end>" in await chat.still()
        await chat.press("i")
        assert "Hello <end>" in await chat.still()


async def test_nothing_is_lost_beside_the_scrollbar_that_comes_with_the_ids(opened: OpenChat) -> None:
    async with opened(size=(83, 24)) as chat:  # a row as long as the panel is wide
        chat.prompt.insert(" ".join(f"w{number}" for number in range(200)))
        await inspector(chat)
        assert not chat.app.screen.query_one(TokenView).show_vertical_scrollbar
        await chat.press("i")
        shown = await chat.still()
        assert chat.app.screen.query_one(TokenView).show_vertical_scrollbar
        assert [row for row in shown.splitlines() if row.count("[") != row.count("]")] == []


async def test_a_message_being_edited_is_shown_in_its_place(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["One."])) as chat:
        await chat.write("First?")
        await chat.idle(2)
        await chat.press("alt+e")
        chat.prompt.load("Other?")
        shown = await inspector(chat)
        assert "Other?" in shown
        assert "First?" not in shown


async def test_messages_out_of_context_are_named(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["One."])) as chat:
        for question in ("First?", "Second?"):
            await chat.write(question)
            await chat.until(lambda: not chat.pane.busy)
        chat.session.update(context_start=chat.session.messages[2].id)
        assert "Out of context: the first 2 messages, up to “One.”" in await inspector(chat)


async def test_what_cannot_be_shown_is_said(opened: OpenChat) -> None:
    async with opened() as chat:
        assert "There is nothing to send yet." in await inspector(chat)
        await chat.press("i", "pagedown", "escape")  # nothing to see, nothing to break
    async with opened(ScriptedRunner(loaded=False, load_s=9000), ready=False) as chat:
        chat.prompt.insert("Hello")
        assert "none is loaded" in await inspector(chat)


async def test_32000_tokens_are_scrolled_to_their_end(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(context_limit=40_960)) as chat:
        chat.prompt.load(" ".join(f"word{number % 1000}" for number in range(32_000)) + " The last word.")
        shown = await inspector(chat)
        assert "word0 word1 word2" in shown
        assert "The last word." not in shown
        await chat.press("end")
        assert "The last word." in await chat.still()
        await chat.press("pageup", "up")
        assert "The last word." not in await chat.still()
        await chat.press("home")
        assert "word0 word1 word2" in await chat.still()


async def test_the_same_tokens_stay_on_top_when_the_terminal_is_resized(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(context_limit=40_960)) as chat:
        chat.prompt.load(" ".join(f"word{number}" for number in range(3000)))
        await inspector(chat)
        await chat.press("pagedown", "pagedown", "pagedown")
        view = chat.app.screen.query_one(TokenView)
        await chat.still()
        first = view._rows.tokens[view.scroll_offset.y]
        await chat.resize(60, 20)
        row = view.scroll_offset.y
        assert view._rows.tokens[row] <= first < view._rows.tokens[row + 1]


# Alternatives

ANSWER = "One two three four five six."


async def test_the_probability_of_the_token_under_the_cursor_and_of_what_else_could_have_come(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER])) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        await alternatives(chat)
        shown = await chat.still()
        assert "token 1 of 6" in shown
        assert "which was 97.0 % likely" in shown
        await chat.press("right", "right")
        shown = await chat.still()
        assert "token 3 of 6" in shown
        assert "which was 31.0 % likely" in shown
        rows = [line for line in shown.splitlines() if line.rstrip().endswith(("%", "came"))]
        assert [row.split('"')[1] for row in rows] == [" a", " three", " the", "\\n"]
        assert [row.split("%")[0].split()[-1] for row in rows] == ["34.5", "31.0", "20.7", "10.3"]
        assert [row for row in rows if row.rstrip().endswith("came")] == [rows[1]]
        assert rows[0].lstrip().startswith("›")


async def test_numbers_are_shown_on_demand(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER])) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        await alternatives(chat)
        await chat.press("n")
        assert "One(97%) two(62%) three(31%) four(12%) five(2%) six.(97%)" in await chat.still()
        await chat.press("n")
        assert ANSWER in await chat.still()


async def test_choosing_another_token_goes_on_from_there_as_a_version_of_its_own(opened: OpenChat) -> None:
    runner = ScriptedRunner([ANSWER, " world is round."])
    async with opened(runner) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        await alternatives(chat)
        await chat.press("right", "tab", "enter")
        await chat.until(lambda: chat.texts[1:] == ["One the world is round."])
        await chat.idle(2)
        assert "One the world is round." in await chat.still()
        assert "‹2/2›" in chat.shown
        assert chat.prompt.has_focus
        await chat.press("alt+left")
        await chat.until(lambda: chat.texts[1] == ANSWER)


async def test_it_is_that_of_the_chosen_answer(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["First answer.", "Second answer."])) as chat:
        for question in ("One?", "Two?"):
            await chat.write(question)
            await chat.until(lambda: not chat.pane.busy)
        first = chat.session.messages[1]
        await chat.press("shift+tab", "up", "up")
        await alternatives(chat)
        assert chat.session.runner.scored[0][1] == first.token_ids


async def test_closed_while_it_computes_the_engine_is_free_again(opened: OpenChat) -> None:
    runner = ScriptedRunner([ANSWER])
    async with opened(runner) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        runner.go.clear()
        await chat.press("alt+a")
        panel = await chat.panel(AlternativesScreen)
        await chat.until(lambda: "Computing" in chat.shown)
        assert ANSWER in chat.shown
        await chat.press("right", "tab", "n", "enter")  # nothing to choose from yet
        assert chat.app.screen is panel
        await chat.press("escape")
        await wait_until_async(lambda: runner._running is None, what="the engine")
        assert not chat.session.turn


async def test_opened_again_nothing_is_computed_again(opened: OpenChat) -> None:
    runner = ScriptedRunner([ANSWER])
    async with opened(runner) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        for _ in range(2):
            await alternatives(chat)
            await chat.press("escape")
            await chat.until(lambda: not isinstance(chat.app.screen, AlternativesScreen))
        assert len(runner.scored) == 1


async def test_without_an_answer_or_its_tokens_that_is_said(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER])) as chat:
        await chat.press("alt+a")
        await chat.until(lambda: "There is no answer yet" in chat.notice)
        await chat.write("Count!")
        await chat.idle(2)
        chat.session.runner.model = None
        await chat.press("alt+a")
        await chat.panel(AlternativesScreen)
        await chat.until(lambda: "No model is loaded" in chat.shown)


async def test_the_cursor_moves_by_rows_pages_and_to_the_ends(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([" ".join(f"word{number}" for number in range(400))]), size=(80, 24)) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        panel = await alternatives(chat)
        view = panel.query_one(TokenView)
        await chat.press("down")
        second_row = view._rows.tokens[1]
        assert view.cursor == second_row
        await chat.press("up", "left")
        assert view.cursor == 0
        await chat.press("end")
        assert view.cursor == 399
        assert "word399" in await chat.still()
        await chat.press("pageup", "home")
        assert view.cursor == 0
        assert "word0 word1" in await chat.still()


async def test_without_colours_tokens_and_shades_can_still_be_told_apart(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER]), user={"appearance.plain": "on"}) as chat:
        await chat.write("Count!")
        await chat.idle(2)
        await inspector(chat)
        line = chat.app.screen.query_one(TokenView).render_line(0)
        looks = {part.text: (bool(part.style.underline), bool(part.style.reverse)) for part in line if part.style}
        assert (looks[" <user>"], looks[" Count!"], looks[" <end>"]) == ((False, True), (True, False), (False, True))
        await chat.press("escape")
        panel = await alternatives(chat)
        looks = [
            (bool(part.style.bold), bool(part.style.italic), bool(part.style.underline), bool(part.style.reverse))
            for part in panel.query_one(TokenView).render_line(0)
            if part.style and part.text.strip()
        ]
        # The five shades, and the cursor on the first token, which is as likely as the last one.
        assert len(set(looks)) == len(looks) == 6
