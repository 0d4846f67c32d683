"""Pulling through a proxy: all of it goes there that should, and one that does not serve is named."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_server import HubServer
from tests.proxy_server import ProxyServer
from tui.library.download import Patience
from tui.library.find import Places
from tui.library.hub_errors import PullFailed
from tui.library.pull import fetch, look_up

NAME = "OpenVINO/tiny-int4-ov"
FAR = "hub.invalid"  # no name server knows it, by RFC 2606
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _proxies_of_the_test_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """huggingface_hub reads them when its first connection is made."""
    from huggingface_hub import close_session

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    close_session()
    yield
    close_session()


def pull(places: Places) -> Path:
    once = Patience(tries=1)
    offer = look_up(NAME, threading.Event(), places=places, patience=once)
    return fetch(offer, lambda _: None, threading.Event(), patience=once)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_the_listing_and_the_bytes_go_through_the_proxy(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    files = hub.add(NAME).files
    with ProxyServer({FAR: hub.endpoint.removeprefix("http://")}) as proxy:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://{FAR}")
        monkeypatch.setenv(variable, f"http://{proxy.place}")
        folder = pull(places)
        assert (folder / "openvino_model.bin").read_bytes() == files["openvino_model.bin"]
        through = [address for address in proxy.asked if NAME in address or "/blobs/" in address]
        assert len(through) == len(hub.requests), "nothing goes around it"
        assert any(address.startswith(f"http://{FAR}/api/models/{NAME}") for address in proxy.asked)
        assert any(address.startswith(hub.cdn) for address in proxy.asked)


def test_what_needs_no_proxy_goes_around_it(hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add(NAME)
    with ProxyServer(refusal=403) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.place}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        assert pull(places).is_dir()
        assert proxy.asked == []


@pytest.mark.parametrize(("scheme", "variable"), [("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY")])
def test_a_proxy_that_wants_a_password_is_named_and_the_password_is_not(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch, scheme: str, variable: str
) -> None:
    with ProxyServer(refusal=407) as proxy:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"{scheme}://{FAR}")
        monkeypatch.setenv(variable, f"http://me:secret@{proxy.place}")
        with pytest.raises(PullFailed) as raised:
            pull(places)
    assert raised.value.sentence == f"The proxy {proxy.place} wants another name and password (407)."
    assert raised.value.next_step == f"Give them in {variable}: http://NAME:PASSWORD@{proxy.place}"


def test_a_proxy_that_is_given_no_password(hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    with ProxyServer(refusal=407) as proxy:
        monkeypatch.setenv("all_proxy", f"http://{proxy.place}")
        with pytest.raises(PullFailed, match="wants a name and a password") as raised:
            pull(places)
    assert "in all_proxy:" in raised.value.next_step


def test_a_proxy_that_is_not_there_is_named(hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("http_proxy", f"http://me:secret@{place}")
    with pytest.raises(PullFailed, match=f"cannot be reached through the proxy {place}: .*refused") as raised:
        pull(places)
    assert "Look at http_proxy (NO_PROXY names what needs none)" in raised.value.next_step
    assert "secret" not in str(raised.value)


def test_a_proxy_that_does_not_let_through(hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    with ProxyServer(refusal=403) as proxy:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"https://{FAR}")
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.place}")
        with pytest.raises(PullFailed, match=f"through the proxy {proxy.place}: 403"):
            pull(places)


@pytest.mark.parametrize("address", ["nonsense:x:y", "ftp://me:secret@proxy.invalid:1"])
def test_a_proxy_whose_address_is_none(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", address)
    with pytest.raises(PullFailed, match="HTTP_PROXY is not the address of a proxy") as raised:
        pull(places)
    assert raised.value.next_step == "Unset it, or give one like http://HOST:PORT."
    assert "secret" not in str(raised.value)


def test_a_socks_proxy_is_named_with_the_package_that_it_needs(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where it is not installed
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@127.0.0.1:9")
    with pytest.raises(PullFailed) as raised:
        pull(places)
    assert raised.value.sentence.startswith("ALL_PROXY names a SOCKS proxy (127.0.0.1:9)")
    assert "Give ALL_PROXY an HTTP proxy" in raised.value.next_step
    assert "pip install socksio" in raised.value.next_step
    assert "httpx" not in str(raised.value)
    assert "secret" not in str(raised.value)
