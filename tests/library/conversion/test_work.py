"""A conversion from the plan to the model in the list, with a fake tool; and all the ways in which it ends before."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hub_server import Answer, HubServer
from tests.processes import all_end, runs, two_noted
from tests.waiting import wait_until
from tui.engine.errors import Cancelled, ModelBroken, OvchatError
from tui.library.conversion.begun import SOURCES, Asked, Begun, discard_begun, lock_of
from tui.library.conversion.failures import ConversionFailed, Remedy
from tui.library.conversion.plan import Plan, plan_conversion
from tui.library.conversion.presets import PRESETS, Weights
from tui.library.conversion.work import convert
from tui.library.download import Patience
from tui.library.find import Places, find_models
from tui.library.findings import Examination
from tui.library.hub import RemoteFile, Repository
from tui.library.hub_errors import PullFailed
from tui.library.partial import PARTIAL, Partial, unfinished
from tui.library.progress import Progress
from tui.store.files import locked_now
from tui.store.settings import load_settings

QUICK = Patience(tries=1, silent_s=5.0)
NAME = "Tiny-Llama-int8-ov"
PlanOf = Callable[..., Plan]


@pytest.fixture
def plan(source: Path, python: Path, places: Places) -> PlanOf:
    def plan(asked: str = str(source), **given: Any) -> Plan:
        given = {"python": python, "places": places, "patience": QUICK} | given
        return plan_conversion(asked, threading.Event(), **given)

    return plan


def run(plan: Plan, stop: threading.Event | None = None, reports: list[Progress] | None = None) -> Examination:
    report = (lambda _: None) if reports is None else reports.append
    return convert(plan, load_settings(), report, stop or threading.Event(), patience=QUICK)


def listed(places: Places) -> list[str]:
    return [model.name for model in find_models(places)][1:]


def left(places: Places) -> list[str]:
    """What is in the hidden folders, but for locks."""
    hidden = [places.models / PARTIAL, places.models / PARTIAL / SOURCES, places.models / PARTIAL / SOURCES / PARTIAL]
    found = [path for folder in hidden if folder.exists() for path in folder.iterdir() if path not in hidden]
    return sorted(path.name for path in found if path.suffix != ".lock")


def tool_call(tmp_path: Path) -> list[str]:
    return json.loads((tmp_path / "calls").read_text().splitlines()[-1])


def test_a_folder_becomes_a_model(plan: PlanOf, places: Places, source: Path, tmp_path: Path) -> None:
    reports: list[Progress] = []
    planned = plan()
    assert not places.models.exists()
    assert (planned.name, planned.installs, planned.notices) == (NAME, False, ())
    result = run(planned, reports=reports)
    assert result.is_usable
    assert result.path == places.models / NAME
    assert listed(places) == [NAME]
    assert left(places) == []
    command = tool_call(tmp_path)
    assert command[2:6] == ["optimum-cli", "export", "openvino", "--task"]
    assert command[command.index("--model") + 1] == str(source)
    assert command[command.index("--weight-format") + 1] == "int8"
    assert "--trust-remote-code" not in command
    assert "openvino_telemetry" in command[1]
    assert {"loading", "compressing", "checking"} >= {report.doing for report in reports} - {"starting"}
    log = (places.models.parent / "log" / f"convert-{NAME}.log").read_text()
    assert "a bell" in log


def test_a_tokenizer_that_the_tool_leaves_out_is_converted_alone(
    plan: PlanOf, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DOES", "forgets the tokenizer")
    assert run(plan()).is_usable


def test_names_and_formats(plan: PlanOf, places: Places, tmp_path: Path) -> None:
    run(plan(name="mine/of today", weights=PRESETS["npu"].weights))
    assert listed(places) == ["mine/of today"]
    command = tool_call(tmp_path)
    assert command[command.index("--group-size") + 1] == "-1"
    for taken in ("mine/of today", "MINE/OF TODAY"):
        with pytest.raises(ConversionFailed, match="There is a model"):
            plan(name=taken)
    with pytest.raises(ConversionFailed, match="cannot be a name"):
        plan(name="../up")


def test_a_name_that_is_too_long_for_a_folder_is_told_before(plan: PlanOf, source: Path, places: Places) -> None:
    for name in ("x" * 256, "owner/" + "x" * 256, "ü" * 128):
        with pytest.raises(ConversionFailed, match="it has more than 255 bytes") as raised:
            plan(name=name)
        assert "another name" in raised.value.next_step
    long = source.rename(source.with_name("x" * 250))
    with pytest.raises(ConversionFailed, match=f"{'x' * 250}-int8-ov' cannot be a name: it has more") as raised:
        plan(str(long))
    assert "another name" in raised.value.next_step
    assert not places.models.exists()
    run(plan(str(long), name="ü" * 127))
    assert listed(places) == ["ü" * 127]


def test_code_runs_only_where_it_is_asked_for(plan: PlanOf, source: Path, tmp_path: Path) -> None:
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "modeling.Model"}}))
    (notice,) = plan().notices
    assert "not run unless you allow it" in notice.text
    assert notice.remedies == (Remedy.CODE,)
    trusting = plan(trust=True)
    assert trusting.notices == ()
    run(trusting)
    assert "--trust-remote-code" in tool_call(tmp_path)


def test_without_room_nothing_is_begun(plan: PlanOf, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.library.conversion.plan.free_bytes", lambda _: 1000)
    with pytest.raises(ConversionFailed, match=r"takes .* MB of the disk, and 1\.0 kB are free"):
        plan()
    assert not places.models.exists()


def test_too_little_memory_is_known_before(plan: PlanOf, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not plan().memory_is_short
    monkeypatch.setattr("tui.library.conversion.plan.available_bytes", lambda: 10**8)
    assert plan().memory_is_short


@pytest.mark.parametrize(
    ("does", "says"),
    [
        ("killed", "The memory did not suffice"),
        ("OSError: [Errno 28] No space left on device", "The disk ran full"),
        ("ValueError: so it goes", "could not be converted: so it goes"),
        ("half", f"What came out of Tiny-Llama cannot be used: {NAME}/openvino_model.bin is cut off"),
        ("no tokenizer", "The tokenizer of Tiny-Llama cannot be converted: Tokenizer class New does not exist"),
    ],
)
def test_what_fails_is_said_and_leaves_nothing(
    plan: PlanOf, places: Places, monkeypatch: pytest.MonkeyPatch, does: str, says: str
) -> None:
    monkeypatch.setenv("FAKE_DOES", does)
    planned = plan()
    with pytest.raises(ConversionFailed, match=says) as raised:
        run(planned)
    assert f"convert-{NAME}.log" in raised.value.next_step
    assert (listed(places), left(places)) == ([], [])


def part_of(places: Places) -> int:
    """Bytes that have come of the weights."""
    part = places.models / PARTIAL / SOURCES / PARTIAL / "org--Tiny-Llama" / "model" / "model.safetensors"
    return part.stat().st_size if part.exists() else 0


def stopped_when(planned: Plan, condition: Callable[[], object]) -> None:
    """Convert, and stop it when a condition holds."""
    stop, ended = threading.Event(), threading.Event()

    def convert() -> None:
        with pytest.raises(Cancelled):
            run(planned, stop)
        ended.set()

    threading.Thread(target=convert).start()
    wait_until(condition)
    stop.set()
    wait_until(ended.is_set)


def test_a_stop_leaves_neither_files_nor_processes(
    plan: PlanOf, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DOES", "hang")
    pids = tmp_path / "pids"
    stopped_when(plan(), lambda: two_noted(pids))
    assert (listed(places), left(places)) == ([], [])
    all_end(pids)


def test_what_one_that_was_killed_has_left_goes_with_the_next(plan: PlanOf, places: Places) -> None:
    (places.models / PARTIAL / "converting").mkdir(parents=True)
    (places.models / PARTIAL / "converting" / "half").write_text("a model")
    run(plan())
    assert left(places) == []


def test_the_tool_of_one_that_was_killed_is_ended_by_the_next(
    plan: PlanOf, places: Places, source: Path, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DOES", "hang")
    command = [sys.executable, "-m", "tui", "models", "convert", str(source), "--python", str(python)]
    pids = tmp_path / "pids"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as killed:
        wait_until(lambda: two_noted(pids))
        killed.kill()
    assert any(runs(int(pid)) for pid in pids.read_text().split())
    assert (listed(places), left(places)) == ([], ["converting"])
    monkeypatch.setenv("FAKE_DOES", "well")
    run(plan())
    assert (listed(places), left(places)) == ([NAME], [])
    all_end(pids)


def test_one_at_a_time(plan: PlanOf, places: Places) -> None:
    planned = plan()
    busy = pytest.raises(ConversionFailed, match="Another conversion is at work")
    with locked_now(places.models / PARTIAL / "converting"), busy:
        run(planned)


@pytest.mark.parametrize("comes", ["before", "while it is done"])
def test_a_model_that_has_come_meanwhile_stays(plan: PlanOf, places: Places, tmp_path: Path, comes: str) -> None:
    planned = plan()
    (tmp_path / "calls").unlink()
    if comes == "before":
        (places.models / NAME).mkdir(parents=True)

    def report(now: Progress) -> None:
        if now.doing == "checking":
            (places.models / NAME).mkdir(parents=True)

    with pytest.raises(ConversionFailed, match="There is a"):
        convert(planned, load_settings(), report, threading.Event(), patience=QUICK)
    assert list((places.models / NAME).iterdir()) == []
    assert (tmp_path / "calls").exists() == (comes != "before"), "nothing is done in vain"


def test_a_folder_that_cannot_be_written_is_named(plan: PlanOf, places: Places) -> None:
    planned = plan()
    places.models.mkdir(parents=True)
    (places.models / PARTIAL).write_text("a file")
    with pytest.raises(ConversionFailed, match=rf"\{PARTIAL}/.* cannot be written") as raised:
        run(planned)
    assert raised.value.next_step == f"Look at {places.models / PARTIAL}, and move or delete it."


def test_an_ir_gets_fewer_bits_and_keeps_its_other_files(
    plan: PlanOf, places: Places, ir: Path, tmp_path: Path
) -> None:
    (ir / "README.md").write_text("what it is")
    assert plan(str(ir), weights=Weights("int4", 64)).name == "Llama-int4-ov"
    run(plan(str(ir), weights=Weights("int4", 64), name="small"))
    assert listed(places) == ["small"]
    made = places.models / "small"
    assert (made / "README.md").read_text() == "what it is"
    assert (made / "openvino_model.bin").stat().st_size < (ir / "openvino_model.bin").stat().st_size
    program, xml, _, options = tool_call(tmp_path)
    assert program.endswith("compress_ir.py")
    assert xml == str(ir / "openvino_model.xml")
    assert json.loads(options)["group_size"] == 64
    with pytest.raises(OvchatError, match="OpenVINO's already"):
        plan(str(ir), weights=Weights("fp16"))


class TestFromTheHub:
    ID = "org/Tiny-Llama"

    @pytest.fixture(autouse=True)
    def repository(self, hub: HubServer, source: Path) -> HubServer:
        hub.add(self.ID, {path.name: path.read_bytes() for path in source.iterdir()})
        shutil.rmtree(source)
        return hub

    def test_it_is_fetched_converted_and_forgotten(self, plan: PlanOf, places: Places, tmp_path: Path) -> None:
        reports: list[Progress] = []
        run(plan(self.ID), reports=reports)
        assert (listed(places), left(places)) == ([NAME], [])
        command = tool_call(tmp_path)
        assert f"/{PARTIAL}/{SOURCES}/org--Tiny-Llama--" in command[command.index("--model") + 1]
        assert any(report.doing == "downloading" and report.in_bytes for report in reports)

    def test_what_was_fetched_stays_for_the_next_try_if_converting_fails(
        self, plan: PlanOf, places: Places, repository: HubServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAKE_DOES", "killed")
        with pytest.raises(ConversionFailed) as raised:
            run(plan(self.ID))
        (kept, note) = left(places)
        assert kept.startswith("org--Tiny-Llama--")
        assert note == "org--Tiny-Llama.json"
        assert raised.value.next_step.endswith("is kept for the next try, unless you give it up.")
        assert raised.value.remedies == (Remedy.GIVING_UP,)
        monkeypatch.setenv("FAKE_DOES", "well")
        repository.requests.clear()
        run(plan(self.ID))
        assert {request.name for request in repository.requests} == {"(listing)", "config.json"}
        assert left(places) == []

    def test_weights_of_another_model_are_not_converted_and_not_kept(
        self, plan: PlanOf, places: Places, repository: HubServer, tmp_path: Path
    ) -> None:
        files = repository.repos[self.ID].files
        config = json.loads(files["config.json"]) | {"num_hidden_layers": 3}
        repository.add(self.ID, files | {"config.json": json.dumps(config).encode()})
        with pytest.raises(ModelBroken, match=r"org/Tiny-Llama are not those of its config\.json: they have 2 layers"):
            run(plan(self.ID))
        assert "optimum-cli" not in (tmp_path / "calls").read_text()
        assert (listed(places), left(places)) == ([], [])

    def test_a_lost_connection_keeps_what_has_come(self, plan: PlanOf, places: Places, repository: HubServer) -> None:
        planned = plan(self.ID)
        repository.next("model.safetensors", Answer(cut_after=1000))
        with pytest.raises(ConversionFailed) as raised:
            run(planned)
        assert "is kept for the next try" in raised.value.next_step
        assert "models pull" not in raised.value.next_step
        assert left(places) == ["org--Tiny-Llama", "org--Tiny-Llama.json"]
        assert unfinished(places.models) == []
        run(planned)
        assert (listed(places), left(places)) == ([NAME], [])

    def test_when_it_is_stopped_what_has_come_stays_and_can_be_deleted(
        self, plan: PlanOf, places: Places, repository: HubServer
    ) -> None:
        repository.next("model.safetensors", Answer(stall_after=1000))
        planned = plan(self.ID, name="mine", weights=PRESETS["npu"].weights)
        stopped_when(planned, lambda: part_of(places))
        begun = Begun(places.models, self.ID)
        assert begun.asked() == Asked("mine", PRESETS["npu"].weights, planned.environment.python, False)
        assert begun.size() >= part_of(places) > 0
        with pytest.raises(OvchatError, match="no unfinished conversion of 'org/other'") as raised:
            discard_begun("org/other", places.models)
        assert raised.value.next_step == "There is: org/Tiny-Llama."
        with begun.locked(), pytest.raises(OvchatError, match="org/Tiny-Llama is being converted"):
            discard_begun(self.ID, places.models)
        with begun.locked(), pytest.raises(ConversionFailed, match="Another conversion is at work"):
            run(planned)
        assert plan(self.ID, name="mine").need.fetched == planned.need.fetched - begun.size()
        with locked_now(lock_of(places.models)):  # another model is converted
            assert discard_begun("https://huggingface.co/ORG/tiny-llama", places.models) == self.ID
        assert left(places) == []
        with pytest.raises(OvchatError, match="no unfinished conversion"):
            discard_begun(self.ID, places.models)

    def test_where_nothing_has_come_nothing_is_kept(self, plan: PlanOf, places: Places, repository: HubServer) -> None:
        planned = plan(self.ID)
        for name in repository.repos[self.ID].files:
            repository.next(name, Answer(status=404))
        with pytest.raises(PullFailed) as raised:
            run(planned)
        assert "is kept" not in raised.value.next_step
        assert left(places) == []

    def test_a_pull_of_the_same_is_left_alone(self, plan: PlanOf, places: Places) -> None:
        pulled = Partial(places.models, self.ID)
        pulled.begin(Repository(self.ID, "abc", (RemoteFile("openvino_model.xml", 10, ""),)))
        run(plan(self.ID))
        assert unfinished(places.models) == [self.ID]
