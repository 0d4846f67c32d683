"""What may be asked of a pull as a name: what people write, paste and mistype."""

from __future__ import annotations

import pytest

from tests.hub_server import HubServer
from tests.library.pulling import NAME, offer_of
from tui.library.find import Places
from tui.library.hub_errors import NotOnHub, PullFailed


@pytest.mark.parametrize(
    "asked", ["", " ", "gpt2", "a b/c", "../../etc/passwd", "/etc", "OpenVINO/🙂", "a'b/\"c", "a\0/b"]
)
def test_what_is_no_name(hub: HubServer, places: Places, asked: str) -> None:
    with pytest.raises(PullFailed, match="is no model on the hub"):
        offer_of(places, asked)
    assert hub.requests == []


def test_a_typo_names_the_nearest(hub: HubServer, places: Places) -> None:
    with pytest.raises(NotOnHub) as raised:
        offer_of(places, "OpenVINO/Qwen3-8B-int-ov")
    assert raised.value.next_step.startswith("Did you mean OpenVINO/Qwen3-8B-int")
    with pytest.raises(PullFailed, match="Did you mean OpenVINO/Qwen3-8B-int8-ov"):
        offer_of(places, "qwen3-8b-int-8-ov")
    with pytest.raises(PullFailed, match="Did you mean OpenVINO/Qwen3-8B-int8-ov"):
        offer_of(places, "Qwen3 8B int8 ov")


@pytest.mark.parametrize(
    "asked",
    [
        f"https://huggingface.co/{NAME}",
        f" http://www.HuggingFace.co/{NAME}/ \n",
        f"hf.co/{NAME}",
        f"https://huggingface.co/{NAME}/tree/main?show_file_info=config.json#top",
    ],
)
def test_the_address_of_a_page_is_the_repository_on_it(hub: HubServer, places: Places, asked: str) -> None:
    hub.add(NAME)
    assert offer_of(places, asked).repository.id == NAME


def test_so_is_the_address_of_a_page_of_the_hub_that_is_asked(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME)
    monkeypatch.setenv("HF_ENDPOINT", f"{hub.endpoint}/")
    assert offer_of(places, f"{hub.endpoint}/{NAME}/blob/main/config.json").repository.id == NAME


@pytest.mark.parametrize("asked", ["https://huggingface.co/OpenVINO", "https://elsewhere.invalid/a/b", "hf.co"])
def test_an_address_without_a_repository_is_told(hub: HubServer, places: Places, asked: str) -> None:
    with pytest.raises(PullFailed, match="is no model on the hub: they are called OWNER/NAME"):
        offer_of(places, asked)


def test_a_text_that_is_no_name_at_all_is_told_by_its_beginning(hub: HubServer, places: Places) -> None:
    with pytest.raises(PullFailed) as raised:
        offer_of(places, "x/" * 5000)
    assert "/…' is no model" in raised.value.sentence
    assert len(raised.value.sentence) < 300
