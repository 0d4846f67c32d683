"""The themes that come with the app."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from textual.theme import Theme

from tui.store import paths

DEFAULT = "ovchat-dark"


def shipped_themes() -> Iterator[Theme]:
    """Each, from its file."""
    for path in sorted(paths.data_file("themes").glob("*.toml")):
        yield Theme(**tomllib.loads(path.read_text("utf-8")))
