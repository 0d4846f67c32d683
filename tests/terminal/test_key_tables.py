"""What terminals send is the key that was pressed, however the network cuts it up."""

from __future__ import annotations

import pytest

from tests.terminal.key_tables import DESIGNED, NOT_SENT, TABLES
from tests.terminal.reading import LONG_S, SHORT_S, happens

ESC = b"\x1b"


def cuts(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(data[:at], data[at:]) for at in range(1, len(data))]


@pytest.mark.parametrize("terminal", TABLES)
def test_bytes_are_keys(terminal: str) -> None:
    assert {data: happens(data) for data in TABLES[terminal]} == {data: [key] for data, key in TABLES[terminal].items()}


def test_every_key_of_the_design_comes_from_every_terminal() -> None:
    for terminal, table in TABLES.items():
        missing = set(DESIGNED) - set(table.values()) - NOT_SENT.get(terminal, set())
        if terminal == "kitty":  # there Ctrl+J is a key of its own
            assert "ctrl+j" in table.values()
        assert missing == set(), terminal


@pytest.mark.parametrize("terminal", TABLES)
def test_keys_that_come_in_one_read_are_apart(terminal: str) -> None:
    # Esc before another key is Alt; Enter or Tab among many characters is a paste's.
    table = {data: key for data, key in TABLES[terminal].items() if data not in (ESC, b"\r", b"\t", b"\n")}
    assert happens(b"".join(table)) == list(table.values())


@pytest.mark.parametrize("terminal", TABLES)
def test_a_key_in_two_pieces_is_that_key(terminal: str) -> None:
    for data, key in TABLES[terminal].items():
        for pieces in cuts(data):
            assert happens(*pieces, gap=SHORT_S) == [key], pieces


@pytest.mark.parametrize("terminal", TABLES)
def test_byte_by_byte_it_is_that_key(terminal: str) -> None:
    for data, key in TABLES[terminal].items():
        assert happens(*(bytes([each]) for each in data), gap=SHORT_S) == [key], data


@pytest.mark.parametrize("terminal", TABLES)
@pytest.mark.parametrize("gap", [LONG_S, 0.9])
def test_what_is_left_of_a_key_after_esc_is_swallowed(terminal: str, gap: float) -> None:
    for data, key in TABLES[terminal].items():
        for begun, rest in cuts(data):
            happened = happens(begun, rest, gap=gap)
            if rest in (b"Oa", b"Ob"):
                pass  # people write October, and these are no keys of ours
            elif begun == ESC and len(rest) > 1 and not rest.startswith(ESC):
                assert happened == ["escape"], data
            elif begun == ESC:
                # Nothing tells Esc and a letter, or Esc and an arrow, from that with Alt.
                assert happened == ["escape", *happens(rest)], data
            elif begun == ESC + ESC:
                assert happened == ["escape", "escape"]
            else:
                assert happened == [key], (begun, rest)
