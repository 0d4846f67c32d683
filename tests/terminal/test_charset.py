"""What a terminal shows in a locale, and what is written in place of what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, split_graphemes

from tui.terminal.charset import APPROXIMATE, charset, near

# Charsets of locales, and code pages of Windows.
NARROW = ["ascii", "iso8859-1", "iso8859-15", "koi8-r", "cp437", "cp850", "cp1252", "gbk", "euc_jp", "cp932", "big5"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "ascii"),
        ({"LANG": ""}, "ascii"),
        ({"LANG": "C"}, "ascii"),
        ({"LANG": "POSIX"}, "ascii"),
        ({"LANG": "C.UTF-8"}, "utf-8"),
        ({"LANG": "de_DE.UTF-8"}, "utf-8"),
        ({"LANG": "en_US.utf8"}, "utf-8"),
        ({"LANG": "ca_ES.UTF-8@valencia"}, "utf-8"),
        ({"LC_CTYPE": "UTF-8"}, "utf-8"),
        ({"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, "utf-8"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "ascii"),
        ({"LANG": "de_DE.UTF-8", "LC_CTYPE": "C"}, "ascii"),
        ({"LANG": "de_DE"}, "iso8859-1"),
        ({"LANG": "de_DE@euro"}, "iso8859-15"),
        ({"LANG": "en_US.ISO-8859-1"}, "iso8859-1"),
        ({"LANG": "ru_RU.KOI8-R"}, "koi8-r"),
        ({"LANG": "ja_JP.eucJP"}, "euc_jp"),
        ({"LANG": "zh_CN.GBK"}, "gbk"),
        ({"LANG": "xx_XX.NOTHING"}, "ascii"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], expected: str) -> None:
    assert charset(environment, utf8_mode=False) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LC_CTYPE": "C.UTF-8"}, "ascii"),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, "ascii"),
        ({"LC_CTYPE": "UTF-8", "LANG": ""}, "ascii"),
        # The locale is not installed here; the terminal is where the user is.
        ({"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8"}, "utf-8"),
        ({"LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}, "utf-8"),
    ],
)
def test_what_python_has_set_by_itself_does_not_count(environment: dict[str, str], expected: str) -> None:
    assert charset(environment, utf8_mode=True) == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("╭─╮│╰╯├┼", "+-+|++++"),
        ("▌ “It’s” – 3 × 4 …", '| "It\'s" - 3 x 4 .'),
        ("• café, Ærø, 10 €", "* cafe, Aro, 10 E"),
        ("→ Ctrl", "> Ctrl"),
        ("日本 ok", "???? ok"),
        ("👩‍💻!", "??!"),
        ("e\N{COMBINING ACUTE ACCENT}!", "e!"),
    ],
)
def test_ascii_that_looks_like_it(text: str, shown: str) -> None:
    assert text.encode("ascii", APPROXIMATE).decode("ascii") == shown


def test_what_the_charset_has_stays() -> None:
    assert "│ café →".encode("cp437", APPROXIMATE).decode("cp437") == "│ café >"
    assert "日本 ─ é".encode("euc_jp", APPROXIMATE).decode("euc_jp") == "日本 ─ é"


@given(st.text(), st.sampled_from(NARROW))
def test_nothing_ever_fails(text: str, encoding: str) -> None:
    text.encode(encoding, APPROXIMATE)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1))
def test_it_is_as_wide(text: str) -> None:
    for begin, end, width in split_graphemes(text)[0]:
        if width:
            assert cell_len(near(text[begin:end])) == width
