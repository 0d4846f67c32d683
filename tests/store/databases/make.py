"""The database of the present format, for the tests of later versions: python -m tests.store.databases.make."""

from __future__ import annotations

from pathlib import Path

from tests.store.talk import Talk
from tui.store.conversations import Conversations
from tui.store.records import Facts
from tui.store.schema import FORMAT


def make(path: Path) -> None:
    """Two conversations with a bit of everything, as every one of these databases has."""
    store = Conversations.open(path)
    rivers = Talk(
        store, title="Rivers", system="Be brief.", sampling={"temperature": 0.5}, persona="brief", pinned=True
    )
    question = rivers.say("Which rivers? 河流")
    rivers.answer("The Rhine.")
    facts = Facts(device="CPU", usage={"completion_tokens": 3})
    rivers.answer(
        "The Danube.", parent=question.id, reasoning="Hm.", model="qwen3", token_ids=(1, 2, 151_643), facts=facts
    )
    Talk(store, title="Old", archived=True)
    store.save_draft(rivers.id, "And lakes")
    store.close()
    path.with_name(f"{path.name}.lock").unlink()


if __name__ == "__main__":
    make(Path(__file__).with_name(f"v{FORMAT}.db"))
