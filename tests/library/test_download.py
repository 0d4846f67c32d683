"""One file from the hub: whatever the line does, the bytes are the right ones, or the error says why not."""

from __future__ import annotations

import dataclasses
import errno
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hub_server import LISTING, WELL, Answer, HubServer
from tests.waiting import wait_until
from tui.engine.errors import Cancelled
from tui.library.download import Patience, download, keep_trying
from tui.library.hub import Repository, list_repository
from tui.library.hub_errors import PullFailed
from tui.library.progress import Meter, Progress

NAME = "OpenVINO/tiny-int4-ov"
BIN, CONFIG = "openvino_model.bin", "config.json"
QUICK = Patience(tries=4, first_s=0.0, longest_s=1.0, silent_s=0.5)


class Try:
    """Downloads of one file into one folder."""

    def __init__(self, hub: HubServer, folder: Path, name: str = BIN) -> None:
        self.repository: Repository = list_repository(NAME, 5.0)
        self.file = next(each for each in self.repository.files if each.name == name)
        self.path = folder / name
        self.stop = threading.Event()
        self.reports: list[Progress] = []

    def run(self, patience: Patience = QUICK) -> None:
        here = self.path.stat().st_size if self.path.exists() else 0
        meter = Meter(self.reports.append, self.file.size, here)
        download(self.repository, self.file, self.path, meter, patience, self.stop)
        assert meter.done == self.file.size


@pytest.fixture
def content(hub: HubServer) -> bytes:
    return hub.add(NAME).files[BIN]


@pytest.mark.parametrize("name", [BIN, CONFIG])
def test_a_file_arrives_and_is_the_users_alone(hub: HubServer, tmp_path: Path, content: bytes, name: str) -> None:
    one = Try(hub, tmp_path, name)
    one.run()
    assert one.path.read_bytes() == hub.repos[NAME].files[name]
    assert one.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [BIN, CONFIG])
def test_what_is_here_is_not_fetched_again(hub: HubServer, tmp_path: Path, content: bytes, name: str) -> None:
    one = Try(hub, tmp_path, name)
    one.path.write_bytes(hub.repos[NAME].files[name][:20])
    one.run()
    assert one.path.read_bytes() == hub.repos[NAME].files[name]
    assert {each.start for each in hub.asked(name)} == {20}


def test_a_file_that_is_whole_is_only_verified(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    one = Try(hub, tmp_path)
    one.path.write_bytes(content)
    one.run()
    assert hub.asked(BIN) == []


def test_a_part_of_another_file_is_found_out_and_fetched_anew(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    one = Try(hub, tmp_path)
    one.path.write_bytes(b"?" * 100)
    one.run()
    assert one.path.read_bytes() == content
    assert [each.start for each in hub.asked(BIN, "cdn")] == [100, 0]


def test_an_empty_file_needs_no_request(hub: HubServer, tmp_path: Path) -> None:
    hub.add(NAME, {"config.json": b""})
    one = Try(hub, tmp_path, CONFIG)
    one.run()
    assert one.path.read_bytes() == b""
    assert hub.asked(CONFIG) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.tuples(st.integers(0, 6000), st.booleans(), st.sampled_from([None, 429, 503])), max_size=8),
    here=st.integers(0, 5000),
)
def test_any_pattern_of_cuts_ends_in_the_same_bytes(
    hub: HubServer, tmp_path: Path, cuts: list[tuple[int, bool, int | None]], here: int
) -> None:
    content = bytes(place * 7 % 251 for place in range(5000))
    hub.add(NAME, {BIN: content})
    hub.next(BIN, *(Answer(status, cut_after=None if status else n, no_ranges=no) for n, no, status in cuts))
    one = Try(hub, tmp_path)
    one.path.write_bytes(content[:here])
    one.run(Patience(tries=100, first_s=0.0))
    assert one.path.read_bytes() == content
    one.path.unlink()
    while hub.take(BIN) is not WELL:  # what was not needed
        pass


def test_a_dropped_connection_is_resumed_where_it_broke(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.next(BIN, Answer(cut_after=3000), Answer(cut_after=2000))
    one = Try(hub, tmp_path)
    one.run()
    assert one.path.read_bytes() == content
    assert [each.start for each in hub.asked(BIN, "cdn")] == [0, 3000, 5000]


def test_a_silent_connection_is_given_up_and_resumed(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.next(BIN, Answer(stall_after=3000))
    one = Try(hub, tmp_path)
    one.run()
    assert one.path.read_bytes() == content
    assert [each.start for each in hub.asked(BIN, "cdn")] == [0, 3000]


def test_tries_without_one_more_byte_are_counted(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.next(BIN, Answer(cut_after=3000))
    hub.always(BIN, Answer(cut_after=0))
    one = Try(hub, tmp_path)
    with pytest.raises(PullFailed, match="cannot be reached"):
        one.run()
    assert len(hub.asked(BIN, "cdn")) == 1 + QUICK.tries - 1
    assert one.path.read_bytes() == content[:3000], "what has arrived stays"


def test_tries_are_further_and_further_apart(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.always(BIN, Answer(503))
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return super().wait(timeout)

    one = Try(hub, tmp_path)
    one.stop = Stop()
    with pytest.raises(PullFailed, match="503"):
        one.run(Patience(tries=4, first_s=0.02, longest_s=10))
    assert [round(wait, 2) for wait in waits] == [0.02, 0.04, 0.08]


def test_a_hub_that_asks_for_a_little_patience_gets_it(
    hub: HubServer, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.next(BIN, Answer(429, {"Retry-After": "1"}))
    one = Try(hub, tmp_path)
    clock = 0.0

    class Stop(threading.Event):
        """Time passes while it is waited for, and not else."""

        def wait(self, timeout: float | None = None) -> bool:
            nonlocal clock
            clock += timeout or 0.0
            return self.is_set()

    one.stop = Stop()
    monkeypatch.setattr("tui.library.download.time", SimpleNamespace(monotonic=lambda: clock))
    monkeypatch.setattr("tui.library.progress._REPORT_SECONDS", 0.0)
    one.run()
    assert clock == pytest.approx(1.0)
    assert "next try in 1 s" in [each.detail for each in one.reports if each.doing == "waiting"]
    assert (one.reports[-1].doing, one.reports[-1].detail) == ("downloading", BIN)


def test_a_hub_that_asks_for_much_patience_is_not_waited_for(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.next(BIN, Answer(429, {"Retry-After": "3600"}))
    with pytest.raises(PullFailed, match="Try again in 3600 s"):
        Try(hub, tmp_path).run()
    assert len(hub.asked(BIN, "cdn")) == 1


@pytest.mark.parametrize("name", [BIN, CONFIG])
def test_a_wrong_byte_is_noticed_and_the_file_fetched_anew(
    hub: HubServer, tmp_path: Path, content: bytes, name: str
) -> None:
    hub.next(name, Answer(spoiled=True))
    one = Try(hub, tmp_path, name)
    one.run()
    assert one.path.read_bytes() == hub.repos[NAME].files[name]


def test_a_wrong_byte_every_time_is_an_error_and_leaves_nothing(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.always(BIN, Answer(spoiled=True))
    one = Try(hub, tmp_path)
    with pytest.raises(PullFailed, match="another checksum than the hub lists"):
        one.run()
    assert one.path.read_bytes() == b""
    assert len(hub.asked(BIN, "cdn")) == 2


def test_more_bytes_than_listed_do_not_fill_the_disk(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.always(BIN, Answer(body=b"x" * 10 * len(content)))
    one = Try(hub, tmp_path)
    with pytest.raises(PullFailed, match=r"with 21,000 bytes, and has 210,000"):
        one.run()
    assert one.path.stat().st_size == 0


@pytest.mark.parametrize("here", [0, 5])
@pytest.mark.parametrize("name", [BIN, CONFIG])
@pytest.mark.parametrize("factor", [0.5, 2])
def test_a_size_that_the_file_has_not_is_said_at_once(
    hub: HubServer, tmp_path: Path, content: bytes, name: str, factor: float, here: int
) -> None:
    """The file is as it was made, the listing is not."""
    one = Try(hub, tmp_path, name)
    size = one.file.size
    one.file = dataclasses.replace(one.file, size=int(size * factor))
    one.path.write_bytes(hub.repos[NAME].files[name][:here])
    for _ in range(2):  # the next pull is told the same
        before = len(hub.requests)
        said = rf"{name} of .* with {one.file.size:,} bytes, and has {size:,}:"
        with pytest.raises(PullFailed, match=said) as raised:
            one.run()
        assert f"/{NAME}/discussions" in raised.value.next_step
        assert len(hub.requests) - before == (2 if name == BIN else 1)
    assert one.path.stat().st_size == here


def test_a_file_that_ends_before_what_is_here_of_it(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    one = Try(hub, tmp_path)
    one.path.write_bytes(content)
    one.file = dataclasses.replace(one.file, size=30_000)
    with pytest.raises(PullFailed, match=r"with 30,000 bytes, and has 21,000:"):
        one.run()


def test_stopping_in_a_stall_does_not_wait_for_its_end(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.always(BIN, Answer(stall_after=3000))
    one = Try(hub, tmp_path)

    def stop() -> None:
        wait_until(lambda: one.path.exists() and one.path.stat().st_size == 3000)
        one.stop.set()

    threading.Thread(target=stop).start()
    with pytest.raises(Cancelled):
        one.run(Patience(silent_s=3600))
    assert not hub.released.is_set()
    assert one.path.read_bytes() == content[:3000]


def test_stopping_while_waiting_for_the_next_try(hub: HubServer, tmp_path: Path, content: bytes) -> None:
    hub.always(BIN, Answer(503))
    one = Try(hub, tmp_path)
    threading.Thread(target=lambda: (wait_until(lambda: hub.asked(BIN, "cdn")), one.stop.set())).start()
    with pytest.raises(Cancelled):
        one.run(Patience(first_s=3600, longest_s=3600))
    assert len(hub.asked(BIN, "cdn")) == 1


def test_a_full_disk_leaves_what_fits(
    hub: HubServer, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Try(hub, tmp_path)

    class Full:
        """A file on a disk with room for 1,000 bytes, that takes 300 at a time."""

        def __init__(self, real: object) -> None:
            self.real = real

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.real.close()  # type: ignore[attr-defined]

        def write(self, data: memoryview) -> int:
            room = min(300, 1000 - self.real.tell())  # type: ignore[attr-defined]
            if not room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.real.write(data[:room])  # type: ignore[attr-defined, no-any-return]

    monkeypatch.setattr("tui.library.download.open", lambda *a, **k: Full(open(*a, **k)), raising=False)  # noqa: SIM115
    with pytest.raises(OSError, match="No space left"):
        one.run()
    monkeypatch.undo()
    hub.be_the_hub(monkeypatch)
    assert one.path.read_bytes() == content[:1000]
    one.run()
    assert one.path.read_bytes() == content
    assert hub.asked(BIN, "cdn")[-1].start == 1000


def test_the_listing_is_tried_again_too(hub: HubServer) -> None:
    hub.add(NAME)
    hub.next(LISTING, Answer(502), Answer(503))
    assert keep_trying(lambda: list_repository(NAME, 5.0), QUICK, threading.Event()).id == NAME
    hub.always(LISTING, Answer(502))
    with pytest.raises(PullFailed, match="502"):
        keep_trying(lambda: list_repository(NAME, 5.0), QUICK, threading.Event())
    assert len(hub.asked(LISTING)) == 3 + QUICK.tries
