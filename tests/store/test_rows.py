from __future__ import annotations

import pytest

from tui.store import rows
from tui.store.records import Facts, Message, Role


@pytest.mark.parametrize("facts", ["{", "[1]", "3", '{"device": "CPU"', "\x00", '{"of_a_newer_one": 1}'])
def test_facts_that_cannot_be_read_cost_no_message(facts: str) -> None:
    row = list(rows.message_row(Message(1, "c", None, Role.USER, "text", 1.0)).values())
    row[-1] = facts
    message = rows.message(tuple(row))
    assert (message.text, message.facts) == ("text", Facts())
