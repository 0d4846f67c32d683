"""What the terminal's input becomes: Esc and the rest of sequences, answers, pastes, and what nobody has typed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual.messages import TerminalSupportsSynchronizedOutput

from tests.terminal.reading import DELAY_S, LONG_S, SHORT_S, Reading, happens
from tui.terminal.input import Done

ANSWERS = [
    "\x1b[0n", "\x1b[3n", "\x1b[?62;22c", "\x1b[>0;276;0c", "\x1b[=0c", "\x1b[24;80R", "\x1b[1;80R", "\x1b[?1;1R",
    "\x1b[?2026;2$y", "\x1b[?2048;0$y", "\x1b[4;2$y", "\x1b[?25u", "\x1b[?0u", "\x1b[>4;1m", "\x1b[8;24;80t",
    "\x1b]11;rgb:0000/0000/0000\x07", "\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b]52;c;aGVsbG8=\x07", "\x1b]4;1;?\x1b\\",
    "\x1bP>|XTerm(389)\x1b\\", "\x1bP1$r0m\x1b\\", "\x1bP1+r544e=787465726d\x1b\\", "\x1b_Gi=31;OK\x1b\\",
    "\x1b[?997;1n", "\x1b[I", "\x1b[O", "\x1b[201~",
]  # fmt: skip


# Esc, and the rest of what it began


def test_esc_acts_after_the_delay_and_not_before() -> None:
    reading = Reading()
    reading.come("\x1b")
    reading.wait(0.9 * DELAY_S)
    assert reading.happened == []
    reading.wait(0.2 * DELAY_S)
    assert reading.happened == ["escape"]


def test_over_ssh_a_key_may_take_longer() -> None:
    assert happens("\x1b", "OP", gap=0.1, delay=0.05) == ["escape"]
    assert happens("\x1b", "OP", gap=0.1, delay=0.15) == ["f1"]


def test_esc_pressed_twice_and_held_down() -> None:
    assert happens("\x1b", "\x1b", gap=LONG_S) == ["escape"] * 2
    assert happens("\x1b\x1b") == ["escape"] * 2
    assert happens(*["\x1b"] * 10, gap=0.03) == ["escape"] * 10


@pytest.mark.parametrize("gap", [0.0, SHORT_S, LONG_S])
def test_esc_before_what_the_terminal_says_is_esc(gap: float) -> None:
    reading = Reading()
    reading.come("\x1b", "\x1b[0n", gap=gap)
    assert (reading.happened, reading.answers) == (["escape"], 1)
    reading.come("\x1b", "\x1b[I", gap=gap)
    assert isinstance(reading.messages[-1], events.AppFocus)
    reading.come("\x1b", "\x1b[<65;10;5M", gap=gap)
    assert isinstance(reading.messages[-1], events.MouseScrollDown)
    reading.come("\x1b", "\x1b[200~a\rb\x1b[201~", gap=gap)
    assert reading.happened == ["escape"] * 4 + ["paste:a\rb"]


@pytest.mark.parametrize(
    ("tail", "happened"),
    [
        ("[A", []),
        ("OP", []),
        ("[13;3u", []),
        ("[27;3;13~", []),
        ("[[A", []),
        ("[1;3D", []),
        ("[Z", []),
        ("[<35;10;5M", []),
        ("[?62;22c", []),
        ("]11;rgb:0/0/0\x07", []),
        ("[200~two\rlines\x1b[201~", ["paste:two\rlines"]),
        ("[Ahello", ["h", "e", "l", "l", "o"]),
        ("[A\x1b[B", ["down"]),
        ("\x1b[A", ["up"]),
        ("[1]", ["left_square_bracket", "1", "right_square_bracket"]),
        ("[link", ["left_square_bracket", "l", "i", "n", "k"]),
        ("Ok", ["O", "k"]),
        ("]ok", ["right_square_bracket", "o", "k"]),
        ("[", ["left_square_bracket"]),
        ("O", ["O"]),
        ("\r", ["enter"]),
        ("x", ["x"]),
    ],
)  # fmt: skip
def test_the_rest_of_a_sequence_after_a_lone_esc(tail: str, happened: list[str]) -> None:
    assert happens("\x1b", tail, gap=LONG_S) == ["escape", *happened]


def test_the_rest_may_come_in_pieces_too() -> None:
    reading = Reading()
    reading.come("\x1b")
    reading.wait(LONG_S)
    reading.come("[", "13;", "3u", gap=SHORT_S)
    reading.wait(60)
    assert reading.happened == ["escape"]


def test_what_somebody_types_after_esc_is_typed() -> None:
    """Key by key, as people do."""
    assert happens(*"\x1b[1] OR [A", gap=0.12) == ["escape", *happens("[1] OR [A")]
    assert happens("\x1b", "[A", gap=1.5) == ["escape", *happens("[A")]


def test_an_answer_in_two_pieces_is_one_and_what_is_not_a_key_counts() -> None:
    reading = Reading()
    reading.come("\x1b", "[0n", gap=LONG_S)
    assert (reading.happened, reading.answers) == (["escape"], 1)
    reading.come("\x1b", "[I", gap=LONG_S)
    assert isinstance(reading.messages[-1], events.AppFocus)


def test_alt_enter_in_two_pieces_never_sends() -> None:
    assert happens("\x1b", "\r", gap=1.5 * DELAY_S) == ["escape", "alt+enter"]
    assert happens("\x1b", "\n", gap=1.5 * DELAY_S) == ["escape", "alt+enter"]


@pytest.mark.parametrize("begun", ["[", "O", "]", "P", "_"])
def test_alt_with_what_begins_sequences(begun: str) -> None:
    (key,) = happens(f"\x1b{begun}")
    assert key.startswith("alt+")
    assert happens(f"\x1b{begun}", "x", gap=3) == [key, "x"]


# What nobody typed


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_of_the_terminal_are_no_keys(answer: str) -> None:
    reading = Reading()
    reading.come(f"a{answer}b")
    for at in range(1, len(answer)):
        reading.come(answer[:at], answer[at:], gap=SHORT_S)
    reading.come("c")
    assert reading.happened == ["a", "b", "c"]


def test_only_the_answer_to_the_status_query_is_one() -> None:
    for answer in ANSWERS:
        reading = Reading()
        reading.come(answer)
        assert reading.answers == (answer in ("\x1b[0n", "\x1b[3n")), answer


def test_whether_alt_types_another_letter() -> None:
    for state in range(5):  # unknown, on, off, always on, always off
        reading = Reading()
        reading.come(f"\x1b[?1036;{state}$y")
        assert (reading.types_with_alt, reading.happened) == (state == 2, [])


def test_what_textual_wants_to_know_it_is_told() -> None:
    reading = Reading()
    reading.come("\x1b[?2026;2$y\x1b[I\x1b[O\x1b[<65;10;5M\x1b[48;24;80;480;800t")
    kinds = [type(message) for message in reading.messages]
    assert kinds == [
        TerminalSupportsSynchronizedOutput, events.AppFocus, events.AppBlur, events.MouseScrollDown, events.Resize
    ]  # fmt: skip


def test_the_mouse_in_pixels_is_where_it_is_after_a_sequence_that_nobody_knows() -> None:
    reading = Reading()
    reading.come("\x1b[48;24;80;480;800t\x1b[99z\x1b[<0;101;41M")
    pressed = reading.messages[-1]
    assert isinstance(pressed, events.MouseDown)
    assert (pressed.x, pressed.y) == (10, 2)


@pytest.mark.parametrize(
    "data",
    [
        "\x1b[99z", "\x1b[99~", "\x1b[1;99;3u", "\x1b[99999999999999999999u", "\x1b[1;99999999u", "\x1b[55296u",
        "\x1b[57344;1;55296u", "\x1b[27;2;99999999~", "\x1b[13;2:3u", "\x1b[97;1:3u", "\x1b[::::u", "\x1b[;;;u",
        "\x1b[u", "\x1b[48;0;0;0;0t\x1b[<0;1;1M", "\x1b[M !!", "\x1b[<0;-1;-1M", "\x1b[35~", "\x1b[99A",
        "\x1b[65;30;1;0;0;1_", "\x1b[1;2X", "\x1bO9Z", "\x1b[" + "1" * 400 + "u", "\x1b[" + ":1" * 200 + "u",
        "\x1b[3;;;;;;;;~", "\x1b[57442u", "\x1b[57441;2u", "\x1b[57358u", "\x1b[57360;129u", "\x1b[0;;27:1u",
    ],
)  # fmt: skip
def test_what_no_key_sends_does_nothing(data: str) -> None:
    assert happens(f"a{data}b") == ["a", "b"]


def test_a_sequence_without_end_is_forgotten_and_what_follows_is_read() -> None:
    reading = Reading()
    for _ in range(100):
        reading.come("\x1b[" + "1;" * 2000)
    assert reading.happened == []
    reading.come("mx\x1b[A")
    assert reading.happened == ["x", "up"]
    reading.come("\x1b]0;" + "x" * 100_000)
    reading.wait(1.2)
    reading.come("y")
    reading.wait(1)
    assert reading.happened == ["x", "up", "y"]


@pytest.mark.parametrize(
    ("data", "happened"),
    [
        (b"a\xffb", ["a", "\ufffd", "b"]),
        (b"\xe9", []),
        (b"\xe9\x1b[A", ["\ufffd", "up"]),
        (b"\x1b\xe9x", ["x"]),
        (b"\x9b\x41", ["\ufffd", "A"]),
        (b"\xed\xa0\x80", ["\ufffd"] * 3),
        (b"\x1b[200~a\xffb\x1b[201~", ["paste:a\ufffdb"]),
        (b"\x1b[0;;20320:22909:19990:30028:20320:22909:19990:30028u", list("你好世界你好世界")),
    ],
)
def test_what_is_not_utf_8_does_no_harm(data: bytes, happened: list[str]) -> None:
    names = [key.replace("replacement_character", "\ufffd") for key in happens(data)]
    assert [key for key in names if "+" not in key] == happened


BEGINNINGS = [b"\x1b[", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b", b"\x1b[200~", b"\x1b[<", b";:1u", b"~", b"\x1b\\"]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.one_of(st.binary(max_size=12), st.sampled_from([*BEGINNINGS, b"\x1b[201~"])), max_size=12),
    st.sampled_from([0.0, SHORT_S, LONG_S, 2.0, 10.0]),
)
def test_whatever_comes_it_goes_on_reading(pieces: list[bytes], gap: float) -> None:
    reading = Reading()
    reading.come(*pieces, gap=gap)
    reading.wait(60)
    reading.come("x")
    reading.wait(60)
    reading.come("\x1b[200~all\x1b[201~")
    assert reading.happened[-1] == "paste:all"
    for each in reading.messages:
        if isinstance(each, events.Key | events.Paste):
            (each.text if isinstance(each, events.Paste) else f"{each.key}{each.character}").encode()


# Pastes


@pytest.mark.parametrize("gap", [0.0, SHORT_S, LONG_S, 3.0])
def test_a_paste_is_one_wherever_it_is_cut(gap: float) -> None:
    data = "\x1b[200~\x1b[A one\r\x1b[20 two\t中\x1b[201~".encode()
    for at in range(7, len(data)):
        assert happens(data[:at], data[at:], gap=gap) == ["paste:\x1b[A one\r\x1b[20 two\t中"], at


def test_a_paste_that_does_not_end_is_there_after_a_while_and_typing_goes_on() -> None:
    reading = Reading()
    reading.come("\x1b[200~one\rtwo\x1b[20")
    reading.wait(4)
    assert reading.happened == []
    reading.wait(2)
    assert reading.happened == ["paste:one\rtwo\x1b[20"]
    reading.come("x\r")
    reading.wait(1)
    assert reading.happened[1:] == ["x", "enter"]


def test_what_the_line_held_up_of_a_paste_is_pasted_when_it_comes() -> None:
    reading = Reading()
    reading.come("\x1b[200~one\r", "two\r\x1b[201~x", gap=20)
    assert reading.happened == ["paste:one\r", "paste:two\r", "x"]


def test_a_huge_paste_loses_nothing_and_takes_no_time() -> None:
    text = "".join(random.Random(1).choices("ab\r \x1b[", k=20_000_000))
    data = f"\x1b[200~{text}\x1b[201~".encode()
    reading = Reading()
    for at in range(0, len(data), 65536):
        reading.come(data[at : at + 65536])
    assert "".join(happened.removeprefix("paste:") for happened in reading.happened) == text
    assert len(reading.happened) <= 3


def test_what_is_typed_before_there_is_anything_to_see_is_typed_however_much_comes_at_once() -> None:
    reading = Reading()
    reading.input.is_early = True
    reading.come("a_long_question\ranother")
    typed = "".join(each.character or "" for each in reading.messages if isinstance(each, events.Key))
    assert typed == "a_long_question\ranother"
    reading.messages.clear()
    reading.come("\x1b[200~a_long_question\ranother\x1b[201~")
    assert reading.happened == ["paste:a_long_question\ranother"]


def test_who_listens_to_keys_gets_them_in_place_of_the_app() -> None:
    heard: list[tuple[bytes, list[str]]] = []

    def listen(came: bytes, done: list[Done]) -> None:
        heard.append((came, [each.key if isinstance(each, events.Key) else each.text for each in done]))

    reading = Reading()
    reading.input.tap = listen
    reading.come(b"a\x1b[1;5F\x1b[I\xff\x1b[200~two\rlines\x1b[201~\x1b[0n\x1b")
    reading.wait(1)
    assert heard == [
        (b"a", ["a"]),
        (b"\x1b[1;5F", ["ctrl+end"]),
        (b"\xff", ["replacement_character"]),
        (b"two\rlines", ["two\rlines"]),
        (b"\x1b", ["escape"]),
    ]
    assert [type(message) for message in reading.messages] == [events.AppFocus]
    assert reading.answers == 1
