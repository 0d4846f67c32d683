"""What the jobs are made of, against a hub: a pull goes on where it was left, and what earlier runs left is found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer
from tests.waiting import wait_until
from tui.library.find import Places, find_models
from tui.library.hub import Repository
from tui.library.jobs import Jobs, State
from tui.library.long_work import pull, unfinished_pulls
from tui.library.partial import Partial, unfinished
from tui.library.pull import look_up

NAME = "OpenVINO/tiny-int4-ov"
BIN = "openvino_model.bin"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(starter=tmp_path / "starter", models=tmp_path / "models", added=(), hugging_face=tmp_path / "cache")


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    assert jobs.close(10)


def test_a_pull_is_paused_in_the_middle_and_goes_on_there(hub: HubServer, places: Places, jobs: Jobs) -> None:
    hub.add(NAME)
    hub.next(BIN, Answer(stall_after=5000))
    job = jobs.begin(pull(NAME, places, look_up(NAME, threading.Event(), places=places)))
    wait_until(lambda: hub.asked(BIN, "cdn") and job.progress.done > 5000)
    jobs.pause(job)
    wait_until(lambda: job.state is State.PAUSED)
    assert unfinished(places.models) == [NAME]
    jobs.resume(job)
    wait_until(lambda: job.state is State.DONE)
    assert hub.asked(BIN, "cdn")[-1].start > 0
    assert job.result is not None
    assert job.result.path == places.models / NAME
    assert NAME in [model.name for model in find_models(places)]


def test_a_cancelled_one_leaves_nothing_begun_or_not(hub: HubServer, places: Places, jobs: Jobs) -> None:
    hub.add(NAME)
    for name in (LISTING, BIN):
        hub.next(name, Answer(stall_after=10))
        job = jobs.begin(pull(NAME, places))
        wait_until(lambda name=name: hub.asked(name))
        jobs.cancel(job)
        wait_until(lambda: not jobs.all)
        assert unfinished(places.models) == []


def test_what_an_earlier_run_has_left_is_found_with_its_size(hub: HubServer, places: Places, jobs: Jobs) -> None:
    hub.add(NAME)
    hub.next(BIN, Answer(stall_after=5000))
    job = jobs.begin(pull(NAME, places))
    wait_until(lambda: hub.asked(BIN, "cdn") and job.progress.done > 5000)
    assert list(unfinished_pulls(places)) == [], "somebody is at it"
    jobs.pause(job)
    wait_until(lambda: job.state is State.PAUSED)
    ((work, progress),) = unfinished_pulls(places)
    assert work.name == NAME
    assert progress.in_bytes
    assert progress.done == job.progress.done
    again = jobs.begin(work)
    wait_until(lambda: again.state is State.DONE)
    assert list(unfinished_pulls(places)) == []


def test_what_a_conversion_has_fetched_is_no_pull_of_a_model(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    listed = look_up(NAME, threading.Event(), places=places).repository
    files = tuple(file for file in listed.files if not file.name.startswith("openvino"))
    Partial(places.models, NAME).begin(Repository(NAME, listed.commit, files))
    assert unfinished(places.models) == [NAME]
    assert list(unfinished_pulls(places)) == []
