"""What the jobs are made of, against a hub: a pull goes on where it was left, and what earlier runs left is found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer
from tests.library.conversion import fake_tool
from tests.library.conversion.folders import hugging_face_llama
from tests.waiting import wait_until
from tui.library.conversion.begun import SOURCES, Asked, Begun
from tui.library.conversion.plan import Plan, plan_conversion
from tui.library.conversion.presets import PRESETS
from tui.library.find import Places, find_models
from tui.library.hub import Repository
from tui.library.jobs import Job, Jobs, Kind, State
from tui.library.long_work import conversion, pull, unfinished_conversions, unfinished_pulls
from tui.library.partial import PARTIAL, Partial, unfinished
from tui.library.pull import look_up
from tui.store.settings import load_settings

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
    wait_until(lambda: any(part.stat().st_size for part in places.models.rglob(f"{BIN}*")))
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
    assert progress.done == job.progress.done == job.work.size()
    again = jobs.begin(work)
    wait_until(lambda: again.state is State.DONE)
    assert list(unfinished_pulls(places)) == []


class TestConversions:
    """One that was stopped while it fetched, by keys or by the end of the app."""

    ID = "org/Tiny-Llama"

    @pytest.fixture(autouse=True)
    def source(self, hub: HubServer, tmp_path: Path) -> None:
        folder = hugging_face_llama(tmp_path / "Tiny-Llama")
        hub.add(self.ID, {path.name: path.read_bytes() for path in folder.iterdir()})

    @pytest.fixture
    def plan(
        self, places: Places, tmp_path: Path, tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> Plan:
        monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
        monkeypatch.setenv("FAKE_MODEL", str(tiny_model("llama-int8")))
        python = fake_tool.make(tmp_path / "python")
        return plan_conversion(self.ID, threading.Event(), name="mine", python=python, places=places)

    @pytest.fixture
    def paused(self, hub: HubServer, places: Places, jobs: Jobs, plan: Plan) -> Job:
        hub.next("model.safetensors", Answer(stall_after=5000))
        job = jobs.begin(conversion(plan, load_settings()))
        part = places.models / PARTIAL / SOURCES / PARTIAL / "org--Tiny-Llama" / "model" / "model.safetensors"
        wait_until(lambda: part.exists() and part.stat().st_size)
        assert list(unfinished_conversions(places, load_settings())) == [], "somebody is at it"
        jobs.pause(job)
        wait_until(lambda: job.state is State.PAUSED)
        return job

    def test_it_goes_on_where_it_was(self, hub: HubServer, places: Places, jobs: Jobs, paused: Job) -> None:
        jobs.resume(paused)
        wait_until(lambda: not paused.is_live)
        assert paused.state is State.DONE, paused.error
        assert hub.asked("model.safetensors")[-1].start > 0
        assert "mine" in [model.name for model in find_models(places)]

    def test_a_later_run_finds_it_with_its_size_and_as_it_was_asked_for(
        self, places: Places, jobs: Jobs, paused: Job
    ) -> None:
        assert list(unfinished_pulls(places)) == []
        ((work, progress),) = unfinished_conversions(places, load_settings())
        assert (work.kind, work.name) == (Kind.CONVERSION, "mine")
        assert progress.in_bytes
        assert progress.done > 5000
        assert paused.work.size() == work.size() == progress.done
        jobs.add_paused(work, progress)
        assert jobs.all == (paused,), "it is listed once"
        again = jobs.begin(work)
        wait_until(lambda: not again.is_live)
        assert again.state is State.DONE, again.error
        assert "mine" in [model.name for model in find_models(places)]
        assert list(unfinished_conversions(places, load_settings())) == []

    def test_given_up_nothing_of_it_stays(self, places: Places, jobs: Jobs, paused: Job) -> None:
        jobs.cancel(paused)
        wait_until(lambda: not jobs.all)
        assert Begun(places.models, self.ID).size() == 0
        assert list(unfinished_conversions(places, load_settings())) == []

    def test_one_whose_tools_are_gone_installs_none_unasked(self, places: Places, jobs: Jobs, paused: Job) -> None:
        begun = Begun(places.models, self.ID)
        begun.remember(Asked("mine", PRESETS["int8"].weights, None, trust=False))
        ((work, _),) = unfinished_conversions(places, load_settings())
        job = jobs.begin(work)
        wait_until(lambda: job.state is State.FAILED)
        assert str(job.error).endswith("and what was fetched is used.")

    @pytest.mark.parametrize("note", ["", "[]", "{}", '{"name": "x", "weights": {"format": "int1"}, "python": null}'])
    def test_one_of_which_nobody_knows_what_was_asked_for_says_so(
        self, places: Places, jobs: Jobs, paused: Job, note: str
    ) -> None:
        (places.models / PARTIAL / SOURCES / "org--Tiny-Llama.json").write_text(note)
        ((work, _),) = unfinished_conversions(places, load_settings())
        assert work.name == self.ID
        job = jobs.begin(work)
        wait_until(lambda: job.state is State.FAILED)
        assert "is not known any more. Convert it anew, or give it up." in str(job.error)


def test_what_a_conversion_has_fetched_is_no_pull_of_a_model(hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    listed = look_up(NAME, threading.Event(), places=places).repository
    files = tuple(file for file in listed.files if not file.name.startswith("openvino"))
    Partial(places.models, NAME).begin(Repository(NAME, listed.commit, files))
    assert unfinished(places.models) == [NAME]
    assert list(unfinished_pulls(places)) == []
