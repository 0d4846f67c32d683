"""What a search on the hub finds, and what is said where it cannot be asked."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hub_server import SEARCH, TOKEN, Answer, HubServer
from tui.engine.errors import Cancelled
from tui.library import hub_search
from tui.library.hub_errors import PullFailed
from tui.library.hub_search import Format, Hit, search_hub


def search(words: str, form: Format = Format.OPENVINO) -> list[Hit]:
    return search_hub(words, form, threading.Event())


def test_what_is_fetched_most_stands_first_with_its_size_and_only_of_the_format(hub: HubServer) -> None:
    hub.add("me/tiny-ov", {"a": b"12345"}, downloads=7)
    hub.add("OpenVINO/tiny-int4-ov", {"a": b"123"}, downloads=1200)
    hub.add("me/tiny", {"a": b"1"}, downloads=9000, tag="transformers")
    hub.add("me/other", {"a": b"1"})
    assert search("tiny") == [Hit("OpenVINO/tiny-int4-ov", 3, 1200), Hit("me/tiny-ov", 5, 7)]
    assert search("tiny", Format.HUGGING_FACE) == [Hit("me/tiny", 1, 9000)]
    assert search("nothing") == []


def test_what_the_hub_does_not_say_or_says_wrongly_is_unknown_and_what_is_no_id_is_left_out(hub: HubServer) -> None:
    answer = b'[{"id": "a/b"}, {"id": "a/c", "usedStorage": "much", "downloads": -1}, {"id": "../../etc"}]'
    hub.next(SEARCH, Answer(body=answer))
    assert search("a") == [Hit("a/b", None, None), Hit("a/c", None, None)]


@pytest.mark.parametrize("body", [b"<html>log in</html>", b'{"error": "no"}', b"[1]", b"[" * 100_000])
def test_an_answer_that_is_none_of_a_hub_is_told(hub: HubServer, body: bytes) -> None:
    hub.next(SEARCH, Answer(body=body))
    with pytest.raises(PullFailed, match="answers, but not as a hub does"):
        search("a")


@pytest.mark.parametrize(
    ("status", "said"), [(403, r"does not give models \(403\)"), (429, "takes no more requests"), (503, "of its own")]
)
def test_a_refusal_is_told(hub: HubServer, status: int, said: str) -> None:
    hub.always(SEARCH, Answer(status=status))
    with pytest.raises(PullFailed, match=said):
        search("a")


def test_without_a_network_one_sentence_says_so(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(PullFailed, match=f"127.0.0.1:{port} cannot be reached"):
        search("a")


def test_who_is_offline_on_purpose_is_told_so(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(PullFailed, match="models cannot be fetched: HF_HUB_OFFLINE is set"):
        search("a")
    assert not hub.requests


def test_a_silent_hub_is_given_up_and_can_be_left_at_any_moment(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(1) as pool:
        hub.always(SEARCH, Answer(redirect=f"http://127.0.0.1:{silent.getsockname()[1]}/"))
        stop = threading.Event()
        searching = pool.submit(search_hub, "a", Format.OPENVINO, stop)
        connection, _ = silent.accept()  # kept: what is let go of is closed
        stop.set()
        with pytest.raises(Cancelled):
            searching.result(30)
        connection.close()
        monkeypatch.setattr(hub_search, "_SILENT_S", 0.1)
        with pytest.raises(PullFailed, match="does not answer"):
            search("a")


def test_the_token_goes_along(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    search("a")
    assert hub.asked(SEARCH)[0].headers["authorization"] == f"Bearer {TOKEN}"
