"""Options that several commands have, and what they mean together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click
from click.types import StringParamType

from tui.cli.utf8 import require_utf8
from tui.engine.sampling_params import SamplingParams
from tui.terminal.visible import visible

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class ModelName(StringParamType):
    """The name of a model, or a folder. Where it is missing, the models that are here are named."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        from tui.library.find import find_models, there_is

        return visible(there_is([model.name for model in find_models()]))


# Named as SamplingParams' fields.
_SAMPLING = (
    click.option("-t", "--temperature", type=float, metavar="T", help="0 to 2; 0 is greedy."),
    click.option("--top-k", type=int, metavar="K", help="Choose among the K most likely tokens; 0 is off."),
    click.option("--top-p", type=float, metavar="P", help="Choose among the likeliest that sum to P; 1 is off."),
    click.option("--min-p", type=float, metavar="P", help="Leave out what is less likely than P times the likeliest."),
    click.option("--repetition-penalty", type=float, metavar="X", help="Above 0, up to 10; 1 is off."),
    click.option("--presence-penalty", type=float, metavar="X", help="-2 to 2; 0 is off."),
    click.option("--frequency-penalty", type=float, metavar="X", help="-2 to 2; 0 is off."),
    click.option("--max-tokens", type=int, metavar="N", help="The longest answer."),
    click.option("--stop", multiple=True, metavar="TEXT", help="End the answer before this text; may be repeated."),
    click.option("--seed", type=int, metavar="N", help="Draw the same tokens again."),
)
_GREEDY = click.option("--greedy", is_flag=True, help="Always the most likely token: the same as -t 0.")
model_option = click.option("-m", "--model", metavar="NAME|DIR", help="The model: a name, or a folder.")
device_option = click.option("-d", "--device", metavar="DEVICE", help="The device to run on: auto, cpu, gpu, npu, ...")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
debug_option = click.option("--debug", is_flag=True, help="Write a detailed log file and say where.")
engine_option = click.option(
    "-o",
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="Engine option: backend, precision, kv_cache, threads, context or load_timeout; may be repeated.",
)
_MODEL = (
    model_option,
    device_option,
    engine_option,
    click.option("-s", "--system", metavar="TEXT", help="The system message."),
)


def model_options(command: CommandT) -> CommandT:
    """-m, -d, -o, -s."""
    return _with(command, _MODEL)


def sampling_options(command: CommandT) -> CommandT:
    """How tokens are chosen; collected by `sampling_values`."""
    return _with(command, (_GREEDY, *_SAMPLING))


def sampling_values(given: dict[str, Any]) -> dict[str, Any]:
    """What the user gave of `sampling_options`, by SamplingParams' field names; taken out of `given`.

    Raises:
        BadParameter: A value is outside its range.
        BadText: A text is not UTF-8.
    """
    values = {field.name: given.pop(field.name) for field in fields(SamplingParams) if field.name in given}
    if given.pop("greedy"):
        if values["temperature"]:
            raise click.UsageError("--greedy means -t 0; give one of them.")
        values["temperature"] = 0.0
    values = {name: value for name, value in values.items() if value is not None and value != ()}
    for stop in values.get("stop", ()):
        require_utf8("--stop", stop)
    SamplingParams(**values)  # A bad one is told before a model is loaded for a minute.
    return values


def _with(command: CommandT, options: tuple[Callable[[Any], Any], ...]) -> CommandT:
    for option in reversed(options):
        command = option(command)
    return command
