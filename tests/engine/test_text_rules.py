from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine import text_rules

CLEAN_UP = rb"(?| ([\\.\\?\\!,])| ('[ms])| (') | ('[rv]e)| (n't))"
# Pattern and replacement of an operation, and the same thing said with `re`.
RULES = {
    "leading space": (b"^ ", b"", lambda data: re.sub(rb"\A ", b"", data)),
    "leading space before another": (
        b"(^ )([^ ])",
        b"$2",
        lambda data: re.sub(rb"\A ([^ ])", rb"\1", data, flags=re.DOTALL),
    ),
    "trailing space": (b" $", b"", lambda data: re.sub(rb" (?=\n?\Z)", b"", data)),
    "literal": ("\u2581".encode(), b" ", lambda data: data.replace("\u2581".encode(), b" ")),
    "end of word": (b"</w>", b" ", lambda data: data.replace(b"</w>", b" ")),
    "word piece": (b"##", b"", lambda data: data.replace(b"##", b"")),
    "clean up": (
        CLEAN_UP,
        b"$1",
        lambda data: re.sub(rb" (?:([\\.?!,])|('[ms])|(') |('[rv]e)|(n't))", rb"\1\2\3\4\5", data),
    ),
}
PARTS = st.sampled_from([b" ", b"'", b"n't", b"n", b"t", b"'m", b"r", b"e", b"'ve", b".", b",", b"\\", b"#", b"##"]) | (
    st.sampled_from(
        [b"\n", b"a", b"<", b"</w>", b"/w", b">", b"\xe2", b"\x96", b"\x81", "\u2581".encode(), b"\xc3\xa9"]
    )
)


def cut(rule: text_rules.Rule, pieces: list[bytes]) -> tuple[bytes, int]:
    """What a rule makes of a text in pieces, and the most that it held back."""
    running = rule()
    out, fed, held = b"", 0, 0
    for piece in pieces:
        fed += len(piece)
        out += running.feed(piece)
        held = max(held, fed - len(out))
    return out + running.finish(), held


@pytest.mark.parametrize("name", RULES)
@given(pieces=st.lists(PARTS, max_size=12))
def test_a_rule_is_its_regex_however_the_text_is_cut(name, pieces):
    pattern, replacement, expected = RULES[name]
    rule = text_rules.from_regex(pattern, replacement)
    data = b"".join(pieces)
    assert text_rules.apply((rule,), data) == expected(data)
    assert cut(rule, pieces)[0] == expected(data)
    assert cut(rule, [data[i : i + 1] for i in range(len(data))])[0] == expected(data)


@pytest.mark.parametrize(
    ("name", "text", "waits"),
    [
        ("clean up", b"a", b""),
        ("clean up", b"a ", b" "),
        ("clean up", b"a n", b" n"),
        ("clean up", b"a nice", b""),
        ("clean up", b"a 'r", b" 'r"),
        ("clean up", b"it's", b""),
        ("leading space", b" ", b""),
        ("leading space before another", b" ", b" "),
        ("literal", b"a\xe2\x96", b"\xe2\x96"),
        ("word piece", b"a#", b"#"),
    ],
)
def test_what_is_held_back(name, text, waits):
    pattern, replacement, _ = RULES[name]
    running = text_rules.from_regex(pattern, replacement)()
    shown = running.feed(text)
    assert running.finish() == waits
    if waits:
        assert shown + waits == text


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [(b"a|b", b""), (rb"\s+", b" "), (b"x", b"$1"), (b"(a)", b""), (b"", b"x"), (b"^x", b"")],
)
def test_other_expressions_are_not_guessed(pattern, replacement):
    assert text_rules.from_regex(pattern, replacement) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("aé日👍".encode(), "aé日👍"),
        (b"\xff\xfea", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}a"),
        (b"\xe6\x97a", "\N{REPLACEMENT CHARACTER}a"),  # breaks off: one, where Python says one too
        (b"\xe0\x80a", "\N{REPLACEMENT CHARACTER}a"),  # breaks off: one, where Python says two
        (b"\xc0\x80", "\N{REPLACEMENT CHARACTER}" * 2),  # overlong: one per byte
        (b"\xf0\x80\x80\x80", "\N{REPLACEMENT CHARACTER}" * 4),
        (b"\xf0\x9f\x91", "\N{REPLACEMENT CHARACTER}"),  # ends too early
        (b"\xf0\x9f\xf0\x9f\x91\x8d", "\N{REPLACEMENT CHARACTER}👍"),
    ],
)
def test_invalid_utf8(data, expected):
    assert text_rules.apply((text_rules.valid_utf8(replace=True),), data).decode() == expected
    without = expected.replace("\N{REPLACEMENT CHARACTER}", "")
    assert text_rules.apply((text_rules.valid_utf8(replace=False),), data).decode() == without


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_valid_utf8_passes_character_by_character(text):
    running = text_rules.valid_utf8(replace=True)()
    for character in text:
        data = character.encode()
        assert [running.feed(data[i : i + 1]) for i in range(len(data))] == [*[b""] * (len(data) - 1), data]
    assert running.finish() == b""
