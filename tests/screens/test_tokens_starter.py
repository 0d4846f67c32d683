"""The inspector and the alternatives with the model that comes with ovchat."""

from __future__ import annotations

from tests.screens.test_tokens import alternatives, inspector
from tests.screens.using import OpenChat
from tui.engine.runner import Runner
from tui.library.find import STARTER, find_model
from tui.screens.services import Start


async def test_its_prompt_is_read_and_its_answer_goes_on_from_another_token(opened: OpenChat) -> None:
    start = Start(model=str(find_model(STARTER)))
    async with opened(Runner(), start=start, size=(120, 40)) as chat:
        chat.session.set_sampling({"temperature": 0.0, "max_tokens": 40})
        await chat.write("What is a token?")
        await chat.idle(2)
        first = chat.session.messages[-1]
        model = chat.session.runner.model

        shown = await inspector(chat)
        # As the model sees it: its tokenizer has no capitals in questions.
        assert "what is a token?<|im_end|>↵" in shown
        pieces = chat.session.inspect().pieces
        rendered = model.template.render(chat.session.given(""), add_generation_prompt=False)
        assert "".join(pieces.texts).lower() == rendered.lower()
        specials = {model.tokenizer.token_text(each) for each in pieces.special}
        assert specials
        assert all(text in shown for text in specials)
        await chat.press("escape")

        panel = await alternatives(chat)
        assert [each.token_id for each in panel.scored] == list(first.token_ids)
        # Greedy: each token was the likeliest one.
        assert all(each.token_id == each.top_logprobs[0][0] for each in panel.scored)
        await chat.press("right", "right", "right", "enter")
        await chat.until(lambda: len(chat.session.every_message) == 3)
        await chat.until(lambda: not chat.pane.busy)
        second = chat.session.messages[-1]
        other = panel.scored[3].top_logprobs[1][0]
        assert second.token_ids[:4] == (*first.token_ids[:3], other)
        assert len(second.token_ids) > 4
        assert second.text.startswith(model.tokenizer.decode(second.token_ids[:3]))
