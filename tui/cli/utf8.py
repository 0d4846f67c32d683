"""Text from outside that is not UTF-8 is refused with its first bad byte, before a model sees it."""

from __future__ import annotations

from tui.engine.errors import BadText


def decode_utf8(what: str, data: bytes) -> str:
    """The text of `data`.

    Raises:
        BadText: It is not UTF-8; `what` begins the sentence.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadText(
            f"{what} is not UTF-8 text: byte {error.start:,} is 0x{data[error.start]:02x}.",
            "Convert it, for instance with iconv -t UTF-8.",
        ) from None


def require_utf8(what: str, text: str) -> str:
    """`text` of the command line or a terminal, where Python puts lone surrogates for bytes that are not UTF-8.

    Raises:
        BadText: It has such bytes; `what` begins the sentence.
    """
    return decode_utf8(what, text.encode("utf-8", "surrogateescape"))
