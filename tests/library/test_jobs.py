"""Long works beside the chat: what can be done with them, and that nothing of them outlives the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.long_works import RESULT, Long, is_at_work
from tests.waiting import wait_until
from tui.engine.errors import OvchatError
from tui.library.findings import Examination
from tui.library.jobs import AlreadyUnderWay, Jobs, Kind, State, Work
from tui.library.progress import Progress, Report


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    assert jobs.close(10)


def test_a_work_is_done_in_a_thread_and_told_how_far_it_is(jobs: Jobs) -> None:
    long = Long()
    job = jobs.begin(long.pull())
    is_at_work(job)
    assert job.progress == Progress("working", 1)
    assert jobs.all == (job,)
    long.go.set()
    wait_until(lambda: job.state is State.DONE)
    assert job.result is RESULT
    jobs.dismiss(job)
    assert jobs.all == ()


def test_a_pull_is_paused_and_gone_on_with(jobs: Jobs) -> None:
    long = Long()
    job = jobs.begin(long.pull())
    is_at_work(job)
    jobs.pause(job)
    wait_until(lambda: job.state is State.PAUSED)
    assert (long.discarded, jobs.all) == (0, (job,))
    jobs.resume(job)
    long.go.set()
    wait_until(lambda: job.state is State.DONE)
    assert long.begun == 2


@pytest.mark.parametrize("paused_first", [False, True])
def test_a_pull_that_is_cancelled_leaves_nothing(jobs: Jobs, paused_first: bool) -> None:
    long = Long()
    job = jobs.begin(long.pull())
    is_at_work(job)
    if paused_first:
        jobs.pause(job)
        wait_until(lambda: job.state is State.PAUSED)
    jobs.cancel(job)
    wait_until(lambda: not jobs.all)
    assert long.discarded == 1


def test_a_failure_is_kept_and_can_be_tried_again(jobs: Jobs) -> None:
    long = Long(OvchatError("The disk is full.", "Make room."))
    job = jobs.begin(long.pull())
    long.go.set()
    wait_until(lambda: job.state is State.FAILED)
    assert str(job.error) == "The disk is full. Make room."
    long.error = None
    jobs.resume(job)
    wait_until(lambda: job.state is State.DONE)
    assert job.error is None


def test_what_nobody_expected_is_a_sentence_too(jobs: Jobs) -> None:
    long = Long(ZeroDivisionError("by zero"))
    long.go.set()
    job = jobs.begin(long.pull())
    wait_until(lambda: job.state is State.FAILED)
    assert "The pull of a/b failed: ZeroDivisionError('by zero')." in str(job.error)


def test_what_cannot_be_deleted_is_said(jobs: Jobs) -> None:
    def refuse() -> None:
        raise OvchatError("It is locked.")

    job = jobs.begin(Work(Kind.PULL, "a/b", Long().do, refuse))
    is_at_work(job)
    jobs.cancel(job)
    wait_until(lambda: job.state is State.FAILED)
    assert str(job.error) == "It is locked."


def test_the_same_is_not_begun_twice(jobs: Jobs) -> None:
    long = Long()
    first = jobs.begin(long.pull())
    with pytest.raises(AlreadyUnderWay, match="pull of a/b is under way"):
        jobs.begin(long.pull())
    jobs.pause(first)
    wait_until(lambda: first.state is State.PAUSED)
    second = jobs.begin(long.pull())
    assert jobs.all == (second,), "what was paused is taken up"


def test_one_conversion_at_a_time_and_pulls_beside_it(jobs: Jobs) -> None:
    first, second, pull = Long(), Long(), Long()
    one, two = jobs.begin(first.conversion("one")), jobs.begin(second.conversion("two"))
    beside = jobs.begin(pull.pull())
    is_at_work(one)
    is_at_work(beside)
    assert (two.state, second.begun) == (State.WAITING, 0)
    first.go.set()
    is_at_work(two)
    assert one.state is State.DONE


def test_the_next_conversion_begins_also_where_the_one_before_fails_or_is_cancelled(jobs: Jobs) -> None:
    failing, given_up, last = Long(OvchatError("No.")), Long(), Long()
    jobs.begin(failing.conversion("failing"))
    cancelled, waiting = jobs.begin(given_up.conversion("given up")), jobs.begin(last.conversion("last"))
    failing.go.set()
    is_at_work(cancelled)
    jobs.cancel(cancelled)
    is_at_work(waiting)
    assert cancelled not in jobs.all


def test_one_that_waits_can_be_cancelled(jobs: Jobs) -> None:
    first, second = Long(), Long()
    one, two = jobs.begin(first.conversion("one")), jobs.begin(second.conversion("two"))
    jobs.cancel(two)
    assert jobs.all == (one,)
    assert second.begun == 0


def test_of_one_that_waits_to_go_on_what_was_fetched_goes_when_it_is_cancelled(jobs: Jobs) -> None:
    first, left = Long(), Long()
    one = jobs.begin(first.conversion("one"))
    jobs.add_paused(Work(Kind.CONVERSION, "two", left.do, left.discard), Progress("", 123, in_bytes=True))
    two = jobs.all[1]
    jobs.resume(two)
    assert two.state is State.WAITING
    jobs.cancel(two)
    wait_until(lambda: jobs.all == (one,))
    assert (left.begun, left.discarded) == (0, 1)
    jobs.cancel(two)  # as fast fingers do


@pytest.mark.parametrize("first_given_up", [False, True])
def test_what_two_of_them_use_goes_with_the_last_one(jobs: Jobs, first_given_up: bool) -> None:
    first, second = Long(), Long()
    one = jobs.begin(Work(Kind.CONVERSION, "one", first.do, first.discard, fetched="org/source"))
    two = jobs.begin(Work(Kind.CONVERSION, "two", second.do, second.discard, fetched="org/source"))
    jobs.begin(Work(Kind.CONVERSION, "three", Long().do, second.discard, fetched="org/other"))
    is_at_work(one)
    given_up, other = (one, two) if first_given_up else (two, one)
    assert jobs.is_shared(given_up)
    jobs.cancel(given_up)
    wait_until(lambda: given_up not in jobs.all)
    assert (first.discarded, second.discarded) == (0, 0)
    assert not jobs.is_shared(other)
    jobs.cancel(other)
    wait_until(lambda: other not in jobs.all)
    assert first.discarded + second.discarded == 1


def test_a_conversion_cannot_be_paused(jobs: Jobs) -> None:
    job = jobs.begin(Long().conversion())
    is_at_work(job)
    assert not job.can_pause
    jobs.pause(job)
    assert not job.is_stopping


def test_what_an_earlier_run_has_left_is_listed_once(jobs: Jobs) -> None:
    long = Long()
    for _ in range(2):
        jobs.add_paused(long.pull(), Progress("", 123, in_bytes=True))
    (job,) = jobs.all
    assert (job.state, job.progress.done) == (State.PAUSED, 123)
    jobs.resume(job)
    is_at_work(job)


def test_of_what_is_paused_it_is_seen_what_becomes_of_it_elsewhere(jobs: Jobs) -> None:
    earlier, mine, never_begun = Long(), Long(), Long()
    jobs.add_paused(earlier.pull("earlier"), Progress("", 100, in_bytes=True))
    of_earlier, of_mine, other = jobs.all[0], jobs.begin(mine.pull("mine")), jobs.begin(never_begun.pull("other"))
    earlier.size, mine.size = 200, 300
    for job in (of_mine, other):
        is_at_work(job)
        jobs.pause(job)
    wait_until(lambda: of_mine.state is other.state is State.PAUSED)
    assert jobs.look_at_stopped() == []
    assert of_earlier.progress == Progress("", 200, in_bytes=True), "another ovchat is at it"
    whole = Long()
    whole.go.set()
    done = jobs.begin(whole.pull("whole"))
    wait_until(lambda: done.state is State.DONE)
    jobs.dismiss(done)
    earlier.size = mine.size = 0
    assert jobs.look_at_stopped() == [of_earlier, of_mine]
    assert jobs.all == (other,), "of which there never was anything"


def test_what_failed_and_was_finished_elsewhere_is_listed_no_more(jobs: Jobs) -> None:
    busy, broken = Long(OvchatError("Another ovchat is at it.")), Long(OvchatError("The hub is gone."))
    busy.size = 100
    one, two = jobs.begin(busy.pull("one")), jobs.begin(broken.pull("two"))
    for long in (busy, broken):
        long.go.set()
    wait_until(lambda: one.state is two.state is State.FAILED)
    assert jobs.look_at_stopped() == []
    busy.size = 0
    assert jobs.look_at_stopped() == [one]
    assert jobs.all == (two,), "its reason is to be read"


def test_a_paused_one_whose_source_went_with_another_of_ours_stays(jobs: Jobs) -> None:
    first, second = Long(), Long()
    second.size = 100
    one, two = (
        jobs.begin(Work(Kind.CONVERSION, name, long.do, long.discard, lambda long=long: long.size, "org/source"))
        for name, long in (("one", first), ("two", second))
    )
    is_at_work(one)
    jobs.pause(two)
    assert (two.state, jobs.look_at_stopped()) == (State.PAUSED, [])
    first.go.set()
    wait_until(lambda: one.state is State.DONE)
    second.size = 0
    assert jobs.look_at_stopped() == []
    assert two in jobs.all


def test_at_the_end_pulls_are_paused_and_conversions_cancelled() -> None:
    jobs = Jobs()
    pull, conversion, waiting = Long(), Long(), Long()
    pulled = jobs.begin(pull.pull())
    is_at_work(pulled)
    is_at_work(jobs.begin(conversion.conversion("one")))
    jobs.begin(waiting.conversion("two"))
    assert jobs.close(10)
    assert jobs.all == (pulled,)
    assert (pulled.state, pull.discarded, waiting.begun) == (State.PAUSED, 0, 0)
    jobs.resume(pulled)
    assert pulled.state is State.PAUSED, "nothing begins any more"


def test_one_that_does_not_stop_is_not_waited_for_longer_than_said() -> None:
    jobs, go = Jobs(), threading.Event()

    def deaf(report: Report, stop: threading.Event) -> Examination:
        go.wait()
        return RESULT

    jobs.begin(Work(Kind.CHECK, "deaf", deaf))
    assert not jobs.close(0.01)
    go.set()
