"""The table of the local models: what it shows, how it is filtered and sorted, and what its keys do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chat_app import GivenModels, chat_app
from tests.screens.host import NOTHING_YET, Host, listing, unnamed_bindings
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.engine.errors import DeviceNotFound, ModelBroken, ModelNotSupported, OvchatError
from tui.engine.generate import GenerationRequest
from tui.engine.model_files import ModelFiles, inspect
from tui.engine.sampling_params import SamplingParams
from tui.library.find import Source
from tui.library.local import LocalModel
from tui.screens.dialogs import OptionsDialog
from tui.screens.model_facts import ModelFactsScreen
from tui.screens.models import ModelsScreen
from tui.screens.services import Services

SIZES = [(120, 40), (80, 24), (40, 12)]
BROKEN = ModelBroken("openvino_model.bin is cut off: 12 of 5,000,000 bytes.", "Get it again: hf download me/broken")
QWEN = "OpenVINO/Qwen3-8B-int4-ov"
GIB = 2**30


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.models_reading.available_bytes", lambda: 16 * GIB)


@pytest.fixture(scope="module")
def files(tiny_model) -> ModelFiles:
    return inspect(tiny_model("llama"))


@pytest.fixture
def models(files) -> list[LocalModel]:
    qwen = replace(
        files,
        model_type="qwen3",
        architecture="Qwen3ForCausalLM",
        parameters=8_190_735_360,
        weight_format="int4_asym g128",
        size_bytes=5_210_000_000,
        weight_bytes=5_200_000_000,
        context_length=40_960,
    )
    small = replace(files, size_bytes=4_100_000, weight_bytes=3_000_000, context_length=1024)
    return [
        LocalModel("starter", Path("/opt/ovchat/starter"), Source.BUILT_IN, small),
        LocalModel(QWEN, Path.home() / "m" / "qwen", Source.HUGGING_FACE, qwen),
        LocalModel("me/broken", Path("/models/me/broken"), Source.MODELS, None, BROKEN),
        LocalModel("[b]x[/b]\x1b[2J", Path("/models/x"), Source.MODELS, replace(files, size_bytes=999_900)),
    ]


class Opened:
    """The panel over the app's services; `runner` loads and unloads."""

    def __init__(self, app: Host, pilot, services: Services, runner: ScriptedRunner) -> None:
        self.app, self.pilot, self.services, self.runner = app, pilot, services, runner

    @property
    def panel(self) -> ModelsScreen:
        return self.app.panel

    @property
    def marked(self) -> str:
        row = self.panel.rows.current
        return row.name if row is not None else ""

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.panel.rows.items]

    @property
    def text(self) -> str:
        return self.app.text()

    @property
    def words(self) -> str:
        """What is shown, however it is wrapped."""
        return " ".join(self.text.split())

    def row(self, name: str) -> str:
        """The line of a model in the table."""
        return next(line for line in self.text.splitlines() if line.lstrip("› ").startswith(name[:20]))

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def sees(self, text: str) -> None:
        await wait_until_async(lambda: text in self.words, what=f"{text!r} in {self.text}")


@pytest.fixture
def opened(tmp_path, models):
    """Opens the panel with a model in use, or none."""

    @asynccontextmanager
    async def open_panel(
        in_use: str = "starter",
        size: tuple[int, int] = (80, 24),
        found: Sequence[LocalModel] | None = None,
        reason: str = "",
        runner: ScriptedRunner | None = None,
        given: dict[str, str] | None = None,
        user: dict[str, object] | None = None,
        until: Callable[[Services], object] = lambda services: services.active.status.model,
    ) -> AsyncIterator[Opened]:
        runner = runner or ScriptedRunner(loaded=False)
        services = chat_app(tmp_path, runner, models=models, user=user).services
        services = replace(services, models=GivenModels(models if found is None else found))
        for name, device in (given or {}).items():
            services.active.give_device(name, device)
        try:
            if in_use:
                services.active.use(in_use)
                await wait_until_async(lambda: until(services))
            async with listing(ModelsScreen(services, reason), size) as (app, pilot):
                await wait_until_async(lambda: app.panel._scene.here is not None, what="the devices")
                await pilot.pause()
                yield Opened(app, pilot, services, runner)
        finally:
            runner.go.set()
            assert services.active.close(10)
            services.outbox.close()

    return open_panel


@pytest.mark.parametrize("size", SIZES)
async def test_names_and_states_stand_in_every_size(opened, size):
    async with opened(size=size) as it:
        assert "loaded" in it.row("starter")
        assert "broken" in it.row("me/broken")


async def test_a_row_has_the_facts(opened):
    async with opened(size=(120, 40)) as it:
        row = it.row(QWEN)
        for fact in ("qwen3", "8.2B", "int4", "5.2 GB", "40,960"):
            assert fact in row
        assert "int4_asym" not in row
        titles = ("Name", "Architecture", "Parameters", "Weights", "Size", "Context", "Memory", "From", "State")
        heading = next(line for line in it.text.splitlines() if "Name" in line and "State" in line)
        assert tuple(heading.split()) == titles


async def test_columns_stand_below_their_titles(opened):
    async with opened(size=(120, 40)) as it:
        heading = next(line for line in it.text.splitlines() if "Name" in line and "State" in line)
        row = it.row(QWEN)
        assert heading.index("Architecture") == row.index("qwen3")
        assert heading.index("Size") + len("Size") == row.index("5.2 GB") + len("5.2 GB")
        assert heading.index("State") == it.row("me/broken").rindex("broken")


async def test_columns_stand_below_their_titles_also_where_a_scrollbar_comes_and_goes(opened, models):
    many = [replace(models[0], name=f"x{number}", path=Path(f"/x{number}")) for number in range(60)]

    def titles_fit(it: Opened) -> bool:
        heading = next(line for line in it.text.splitlines() if "Name" in line and "State" in line)
        return "qwen3" in it.text and heading.index("Architecture") == it.row(QWEN).index("qwen3")

    async with opened(size=(120, 40), found=[*models, *many]) as it:
        await it.press(*"qwen")
        await wait_until_async(lambda: titles_fit(it))
        await it.press("escape")
        await wait_until_async(lambda: titles_fit(it))
        await it.press(*"nothing", "escape")
        await wait_until_async(lambda: titles_fit(it))


async def test_the_details_of_the_marked_one_follow_the_cursor(opened):
    async with opened(size=(120, 40)) as it:
        await it.press("down")
        for fact in ("Qwen3ForCausalLM", "int4_asym g128, 5.2 GB", "40,960 tokens", "of 17 GB free", "~/m/qwen"):
            assert fact in it.text
        await it.press("down")
        assert "Qwen3ForCausalLM" not in it.text
        assert "hf download me/broken" in it.words


async def test_the_cursor_is_on_the_one_in_use_and_enter_answers_a_name(opened):
    async with opened(QWEN) as it:
        assert it.marked == QWEN
        await it.press("up", "enter")
        assert it.app.answer == "starter"
        await wait_until_async(lambda: it.services.active.status.title == "starter")


async def test_the_one_that_is_loaded_is_not_loaded_again(opened):
    async with opened() as it:
        await it.press("enter")
        assert it.app.answer == "starter"
        assert len(it.runner.loads) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_a_broken_one_cannot_be_chosen_and_says_all_of_why(opened, size):
    async with opened(size=size) as it:
        await it.press("down", "down", "enter")
        assert it.app.answer is NOTHING_YET
        assert "hf download me/broken" in it.words
        assert len(it.runner.loads) == 1


async def test_one_of_another_kind_is_not_called_broken(opened, files):
    kind = ModelNotSupported("/m/bert is an embedding model: it gives vectors, not text.", "Choose a model for text.")
    async with opened(found=[LocalModel("bert", Path("/m/bert"), Source.MODELS, None, kind)]) as it:
        assert "not for chat" in it.row("bert")
        assert "it gives vectors" in it.words


async def test_one_that_does_not_fit_says_why_and_may_be_tried(opened, monkeypatch):
    monkeypatch.setattr("tui.screens.models_reading.available_bytes", lambda: GIB)
    async with opened() as it:
        assert "not fit" in it.row(QWEN)
        await it.press("down")
        assert "needs at least 4.8 GiB of memory and 1.0 GiB are free" in it.words
        await it.press("enter")
        assert it.app.answer == QWEN


async def test_filtering(opened):
    async with opened() as it:
        await it.press(*"qwen", "enter")
        assert it.app.answer == QWEN


@pytest.mark.parametrize(
    ("typed", "found"), [("INT4", [QWEN]), ("broken", ["me/broken"]), ("loaded", ["starter"]), ("cache", [QWEN])]
)
async def test_filtering_by_what_the_rows_say(opened, typed, found):
    async with opened() as it:
        await it.press(*typed)
        assert it.names == found


async def test_nothing_that_matches(opened):
    async with opened() as it:
        await it.press(*"zzz")
        assert "No model has that" in it.text
        await it.press("enter", "alt+l", "alt+d", "alt+i")
        assert it.app.answer is NOTHING_YET
        assert it.app.screen is it.panel


async def test_sorting_goes_through_the_columns_and_back(opened):
    async with opened(size=(120, 40)) as it:
        as_found = it.names
        await it.press("alt+s")
        assert it.names == sorted(as_found, key=str.casefold)
        assert it.marked == "starter"
        assert "↓Name" in it.text
        await it.press("alt+s", "alt+s")
        assert it.names[0] == QWEN
        assert it.names[-1] == "me/broken"
        assert "by parameters" in it.text
        await it.press(*["alt+s"] * 7)
        assert it.names == as_found


async def test_names_are_neither_markup_nor_obeyed(opened):
    async with opened() as it:
        assert "1.0 MB" in it.row("[b]x[/b]␛[2J")


async def test_why_one_has_to_be_chosen(opened):
    async with opened("", reason="There is no model gone.") as it:
        assert "There is no model gone." in it.words
        assert "Models are looked for in" in it.words


@pytest.mark.parametrize("size", SIZES)
async def test_with_the_starter_alone_there_are_three_choices(opened, models, size):
    async with opened(found=models[:1], size=size) as it:
        for choice in ("Enter: use it", "Alt+P: pull a recommended model", "Alt+A: add a folder"):
            assert choice in it.words
    async with opened(size=size) as it:
        assert "Only the starter" not in it.words


async def test_no_model_at_all(opened):
    async with opened("", found=[]) as it:
        await it.press("enter", "down", "alt+l", "alt+u", "alt+d", "alt+i", "alt+s")
        assert "There is no model here. Models are looked for in" in it.words
        assert it.app.answer is NOTHING_YET


# Loading and unloading


async def test_loading_here_shows_how_it_goes_and_stays(opened):
    runner = ScriptedRunner(loaded=False)
    async with opened(runner=runner) as it:
        runner._load_s = 9000
        await it.press("down", "alt+l")
        await it.sees("s: reading the model")
        assert "loading" in it.row(QWEN)
        assert it.app.answer is NOTHING_YET
        runner._load_s = 0
        await it.press("up", "alt+l")
        await wait_until_async(lambda: "loaded" in it.row("starter"))
        assert "loading" not in it.row(QWEN)
        assert "loaded on CPU in 0.0 s: f32, KV cache in u8, a context of 4,096 tokens" in it.words


async def test_what_was_loaded_here_is_what_closing_answers(opened):
    async with opened() as it:
        await it.press("down", "alt+l")
        await wait_until_async(lambda: "loaded" in it.row(QWEN))
        await it.press("escape")
        assert it.app.answer == QWEN


async def test_closing_answers_nothing_where_nothing_was_loaded(opened):
    async with opened() as it:
        await it.press("escape")
        assert it.app.answer is None


async def test_a_load_that_fails_says_why_in_place_with_the_next_step(opened):
    async with opened() as it:
        it.runner.load_error = OvchatError("CPU cannot compile the model.", "Try another device.")
        await it.press("down", "alt+l")
        await it.sees("CPU cannot compile the model. Try another device.")
        assert "failed" in it.row(QWEN)
        await it.press("up")
        assert "Try another device" not in it.words
        it.runner.load_error = None
        await it.press("down", "alt+l")
        await wait_until_async(lambda: "loaded" in it.row(QWEN))
        assert "Try another device" not in it.words


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_load_that_fails_is_said_where_its_details_are_not_seen(opened, size):
    async with opened(size=size) as it:
        it.runner.load_error = OvchatError("CPU cannot compile the model.", "Try another device.")
        await it.press("down")
        it.panel.action_load()
        it.panel.action_move(-1)  # before it can have failed
        await it.sees(f"{QWEN}: CPU cannot compile the model. Try another device.")


async def test_what_failed_before_is_shown_when_the_panel_opens(opened):
    runner = ScriptedRunner(loaded=False)
    runner.load_error = DeviceNotFound("There is no device GPU here.", "There is: CPU.")
    async with opened(QWEN, runner=runner, until=lambda services: services.active.status.error) as it:
        assert it.marked == QWEN
        assert "failed" in it.row(QWEN)
        assert "There is no device GPU here." in it.words


async def test_what_unloading_waits_for_is_told_where_it_waits(opened):
    async with opened() as it:
        it.runner.go.clear()
        it.runner.generate(GenerationRequest(prompt="Tell me more", sampling=SamplingParams()))
        await it.press("alt+u")
        await it.sees("unloading, when the answer under way has ended")
        it.runner.go.set()
        await wait_until_async(lambda: "unloading" not in it.text)


async def test_unloading_and_loading_again(opened):
    async with opened() as it:
        await it.press("alt+u")
        await wait_until_async(lambda: "loaded" not in it.row("starter"))
        await wait_until_async(lambda: it.runner.model is None)
        await it.press("alt+u")  # does nothing now
        await it.press("alt+l")
        await wait_until_async(lambda: "loaded" in it.row("starter"))
        assert len(it.runner.loads) == 2


async def test_a_load_under_way_is_given_up(opened):
    runner = ScriptedRunner(loaded=False, load_s=9000)
    async with opened(runner=runner, until=lambda services: services.active.status.choice) as it:
        await it.sees("loading")
        await it.press("alt+u")
        await wait_until_async(lambda: not it.services.active.status.stage)
        assert runner.model is None
        assert "failed" not in it.row("starter")


async def test_what_the_model_in_use_holds_is_free_for_another_one(opened, models):
    runner = ScriptedRunner(loaded=False)
    async with opened(QWEN, runner=runner) as it:
        runner.model.files.weight_bytes = 5_200_000_000
        it.services.active.use("starter")
        await wait_until_async(lambda: "loaded" in it.row("starter"))
        assert "17 GB free" in it.words


# Devices


async def test_a_device_is_given_and_the_model_is_loaded_there_next(opened):
    async with opened() as it:
        await it.press("down", "alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        assert "A scripted processor" in it.text
        await it.press("down", "enter")
        await it.sees("CPU, given to it")
        assert it.services.active.given_devices == {QWEN: "CPU"}
        assert len(it.runner.loads) == 1


async def test_the_model_in_use_moves_to_its_new_device_at_once(opened):
    async with opened() as it:
        await it.press("alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        await it.press("down", "enter")
        await wait_until_async(lambda: len(it.runner.loads) == 2)
        assert it.runner.loads[-1][1] == "CPU"


async def test_a_device_that_is_gone_is_named_and_another_one_can_be_given(opened):
    async with opened(size=(120, 40), given={QWEN: "GPU.1"}) as it:
        assert "device gone" in it.row(QWEN)
        await it.press("down")
        assert "GPU.1 is gone: there is no such device here now." in it.words
        await it.press("alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        assert "GPU.1, where it was to run, is not here now." in it.words
        await it.press("enter")
        await it.sees("auto: the best one here")
        assert "device gone" not in it.text
        assert it.services.active.given_devices == {}


async def test_the_device_that_the_settings_name(opened):
    async with opened(size=(120, 40), user={"engine.device": "GPU"}) as it:
        await it.press("down")
        assert "GPU, gone" in it.text


async def test_leaving_the_question_for_the_device_changes_nothing(opened):
    async with opened() as it:
        await it.press("alt+d")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        await it.press("escape")
        assert it.services.active.given_devices == {}
        assert it.app.screen is it.panel


@pytest.mark.parametrize("size", SIZES)
async def test_all_details_on_a_panel_of_their_own(opened, size):
    async with opened(size=size) as it:
        await it.press("down", "alt+i")
        assert isinstance(it.app.screen, ModelFactsScreen)
        assert QWEN in it.text
        await it.press("end")
        assert "Hugging Face cache" in it.words


async def test_the_memory_that_another_context_takes(opened):
    async with opened(size=(120, 40)) as it:
        await it.press("down", "alt+i")
        await it.sees("KV cache at 40,960 tokens")
        await it.press("left")
        await it.sees("KV cache at 32,768 tokens")
        await it.press("right", "right", "right")
        await it.sees("KV cache at 40,960 tokens")
        await it.press(*["left"] * 20)
        await it.sees("KV cache at 512 tokens")


async def test_every_key_has_an_id_a_label_and_a_tooltip(opened):
    assert unnamed_bindings(ModelsScreen) == []
    async with opened() as it:
        assert "Enter Use it" in it.text
