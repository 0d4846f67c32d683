"""Searching the hub: the models whose names have some words, those first that are fetched most."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import StrEnum

from tui import __version__
from tui.library.apart import result_of
from tui.library.hub import is_id, library
from tui.library.hub_errors import Lost, PullFailed, hub_name, require_token_that_can_be_sent, told

_MOST = 30
_SILENT_S = 20.0


class Format(StrEnum):
    """What a repository holds, by the tag that the hub gives it."""

    OPENVINO = "openvino"
    HUGGING_FACE = "transformers"


@dataclass(frozen=True, slots=True)
class Hit:
    """A repository that was found.

    Attributes:
        id: OWNER/NAME.
        size: Bytes of all that it holds, earlier versions too; None where the hub does not say.
        downloads: In the last month; None where the hub does not say.
    """

    id: str
    size: int | None
    downloads: int | None


def search_hub(words: str, form: Format, stop: threading.Event) -> list[Hit]:
    """The repositories of one format whose names have the words.

    Args:
        words: As the user types them.
        form: What they are to hold.
        stop: Ends it.

    Raises:
        PullFailed: The hub cannot be asked, or does not answer.
        Cancelled: `stop` was set.
    """
    until = time.monotonic() + _SILENT_S

    def see_that_it_answers() -> None:  # huggingface_hub lists without a time limit
        if time.monotonic() > until:
            raise PullFailed(
                f"{hub_name()} does not answer.",
                "Look at the network (and HTTPS_PROXY, HF_ENDPOINT), then search again.",
            )

    try:
        return result_of(lambda: _search(words, form), stop, see_that_it_answers)
    except Lost as lost:
        raise lost.problem from lost


def _search(words: str, form: Format) -> list[Hit]:
    api = library().HfApi(library_name="ovchat", library_version=__version__)
    with told("models"):
        require_token_that_can_be_sent()
        found = api.list_models(
            search=words, filter=str(form), sort="downloads", limit=_MOST, expand=["downloads", "usedStorage"]
        )
        hits = [Hit(info.id, _number(info, "used_storage"), _number(info, "downloads")) for info in found]
    return [hit for hit in hits if is_id(hit.id)]


def _number(info: object, name: str) -> int | None:
    """What the hub says, where that is a number of something."""
    value = getattr(info, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
