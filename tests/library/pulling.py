"""Pulls into a folder of the test's own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.hub_server import Answer, HubServer
from tui.library.download import Patience
from tui.library.find import Places
from tui.library.hub_errors import PullFailed
from tui.library.progress import Progress
from tui.library.pull import Offer, fetch, look_up

NAME = "OpenVINO/tiny-int4-ov"
BIN, XML = "openvino_model.bin", "openvino_model.xml"
QUICK = Patience(tries=2, first_s=0.0, silent_s=5.0)


def offer_of(places: Places, name: str = NAME) -> Offer:
    return look_up(name, threading.Event(), places=places, patience=QUICK)


def pull(places: Places, name: str = NAME, reports: list[Progress] | None = None) -> Path:
    report = (lambda _: None) if reports is None else reports.append
    return fetch(offer_of(places, name), report, threading.Event(), patience=QUICK)


def interrupted(hub: HubServer, places: Places, name: str = BIN) -> None:
    """A pull that ends in the middle of a file."""
    hub.next(name, Answer(cut_after=1000), *[Answer(503)] * (QUICK.tries - 1))
    with pytest.raises(PullFailed):
        pull(places)
