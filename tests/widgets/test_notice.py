"""The notice above the prompt."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.widgets.notice import Notice


class Told(App[None]):
    def compose(self) -> ComposeResult:
        yield Notice()

    @property
    def notice(self) -> Notice:
        return self.query_one(Notice)

    @property
    def text(self) -> str:
        return str(self.notice.content) if self.notice.shown else ""


async def test_what_stays_and_what_is_wrong_are_told_together_in_either_order() -> None:
    app = Told()
    async with app.run_test():
        app.notice.say("interrupted", stays=True)
        app.notice.add(["a", "b"])
        assert app.text == "interrupted\na\nb"
        app.notice.clear()
        assert app.text == ""
        app.notice.add(["a"])
        app.notice.say("interrupted", stays=True)
        assert app.text == "interrupted\na"
        assert app.notice.has_class("-warning")
        app.notice.clear(warnings=False)
        assert app.text == "a"


async def test_an_error_is_not_hidden_by_a_warning_and_what_was_only_done_is() -> None:
    app = Told()
    async with app.run_test():
        app.notice.say("cannot be read", "error")
        app.notice.add(["a"])
        assert app.text == "cannot be read\na"
        assert app.notice.has_class("-error")
        app.notice.say("copied")
        assert app.text == "copied"
        app.notice.add(["a"])
        assert app.text == "a"
