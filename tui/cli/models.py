"""`ovchat models`: the models that are here, listed, looked at, added, renamed and removed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from tui.chat.choice import options_with
from tui.chat.model_texts import deletion_text
from tui.cli import console, log
from tui.cli.lazy_group import LazyGroup
from tui.cli.list_group import ListGroup
from tui.cli.loading import read_settings, settings_file
from tui.cli.model_facts import Known, as_object, lines
from tui.cli.model_table import Listed, plain, table
from tui.cli.options import ModelName, debug_option, json_option
from tui.cli.question import agreed
from tui.cli.utf8 import require_utf8
from tui.engine.memory import available_bytes
from tui.engine.memory_need import memory_need
from tui.engine.options import EngineOptions
from tui.library import added, compiled_cache
from tui.library.amounts import names_text, size_text
from tui.library.find import FoundModel, Places, Source, find_model, found_in, name_of
from tui.library.local import LocalModel, LocalModels
from tui.library.partial import unfinished
from tui.library.remove import Deletion, delete, removal
from tui.library.rename import rename
from tui.library.template_problem import template_problem
from tui.store.state import State

# Name -> its line in `ovchat models --help`. The module is tui.cli.models_NAME, the command in it is `command`.
APART = {
    "pull": "Get a model from the Hugging Face hub.",
    "convert": "Convert a model to OpenVINO's format, or to fewer bits.",
    "doctor": "What is wrong with a model, and what to do about it.",
}


class Models(ListGroup, LazyGroup):
    """Commands on models."""

    LAZY = APART
    MODULE = "tui.cli.models_{}"


@click.group("models", cls=Models)
def command() -> None:
    """Models: list, show, add, pull, convert, doctor, rename, remove.

    Without any of these: list. NAME is the name of a model, its end where no other one ends so, or a folder.
    """


@command.command("list")
@json_option
@debug_option
def list_(as_json: bool, debug: bool) -> None:
    """The models that are here, and what they take.

    In a pipe: a line each with tabs between name, state, architecture, parameters, weights, bytes, context and folder.
    """
    log.begin(debug)
    models = LocalModels()
    rows = _rows(models, models.find())
    notices = [*added.troubles(models.places), *_unfinished_pulls(models.places)]
    for notice in notices:
        console.note(notice)
    if as_json:
        console.write_json({"models": [_summary(row) for row in rows], "notices": notices})
        return
    on_terminal = console.is_terminal(sys.stdout)
    console.write_lines(table(rows, console.width(sys.stdout)) if on_terminal else plain(rows))


@command.command("show")
@click.argument("name", metavar="NAME|DIR", type=ModelName())
@click.option("--context", type=int, metavar="N", help="The memory it needs for N tokens of context.")
@json_option
@debug_option
def show(name: str, context: int | None, as_json: bool, debug: bool) -> None:
    """All that the files of a model say, and the memory it needs of what is free. Nothing is loaded."""
    log.begin(debug)
    known = _known(find_model(name), context)
    if as_json:
        console.write_json(as_object(known))
    else:
        console.write_lines(lines(known))


@command.command("add")
@click.argument("folder")
@json_option
@debug_option
def add(folder: str, as_json: bool, debug: bool) -> None:
    """List the models of a FOLDER where they are: it is one, or has some in it. Nothing is copied."""
    log.begin(debug)
    brought = added.add(require_utf8("FOLDER", folder), settings_file())
    rows = _rows(LocalModels(), brought)
    if as_json:
        console.write_json({"models": [_summary(row) for row in rows]})
    elif brought:
        console.write_lines(row.model.name for row in rows)
    else:
        console.aside("Its models are on the list already.")
    if broken := [row.model.name for row in rows if row.model.is_broken]:
        console.note(_broken_text(broken, len(rows)))


def _broken_text(names: list[str], among: int) -> str:
    name = shlex.quote(names[0]) if len(names) == 1 else "NAME"
    return (
        f"{len(names)} of {among} {'is' if len(names) == 1 else 'are'} broken: {names_text(names)}. "
        f"What is wrong, and what to do: ovchat models doctor {name}"
    )


@command.command("rename")
@click.argument("name", metavar="NAME", type=ModelName())
@click.argument("new")
@json_option
@debug_option
def rename_(name: str, new: str, as_json: bool, debug: bool) -> None:
    """Give a model of the models folder another name: its folder is renamed.

    NEW is a name, or OWNER/NAME. The model's device, its sampling settings and its conversations follow.
    """
    log.begin(debug)
    renamed = rename(name, require_utf8("NEW", new))
    for notice in renamed.notices:
        console.note(notice)
    if as_json:
        console.write_json(_place(renamed.model))
    else:
        console.aside(f"{name} is {renamed.model.name} now.")


@command.command("remove")
@click.argument("name", metavar="NAME", type=ModelName())
@click.option("-y", "--yes", is_flag=True, help="Do not ask before deleting.")
@json_option
@debug_option
def remove(name: str, yes: bool, as_json: bool, debug: bool) -> None:
    """Delete a model of the models folder; it asks first. A folder that was added is only taken off the list."""
    log.begin(debug)
    target = removal(name)
    if not isinstance(target, Deletion):
        added.take_off(target.folder, settings_file())
        if as_json:
            console.write_json({"path": str(target.folder), "deleted": False, "freed_bytes": 0})
        else:
            console.aside(f"{target.folder} is off the list. Its files are as they were.")
        return
    model = target.model
    if not agreed(_question(target), yes, "deletes"):
        return
    delete(target)
    if as_json:
        console.write_json({**_place(model), "deleted": True, "freed_bytes": target.freed})
    else:
        console.aside(f"Deleted: {'the link ' if target.is_link else ''}{model.name}.")


def _question(target: Deletion) -> str:
    what = f"the link {target.model.path}" if target.is_link else target.model.name
    return f"Delete {what}? {deletion_text(target)}"


def _unfinished_pulls(places: Places) -> Iterator[str]:
    """How much is here of models that are not whole, and the commands that go on with them and give them up."""
    if not unfinished(places.models):
        return
    from tui.library.long_work import unfinished_pulls  # a third of a second, and hardly ever needed

    for work, progress in unfinished_pulls(places):
        again = f"ovchat models pull {shlex.quote(work.name)}"
        yield (
            f"The pull of {work.name} is not finished: {size_text(progress.done)} of it are here. Go on: {again}    "
            f"Give it up: {again} --discard"
        )


def _rows(models: LocalModels, found: Iterable[FoundModel]) -> list[Listed]:
    settings, given, free = read_settings(), State().options, available_bytes()
    return [_listed(models.read(model), options_with(given.get(model.name, {}), settings), free) for model in found]


def _listed(model: LocalModel, options: EngineOptions, free: int) -> Listed:
    if model.files is None:
        return Listed(model)
    return Listed(model, memory_need(model.files, options, free), template_problem(model.files))


def _known(folder: Path, context: int | None) -> Known:
    models, state = LocalModels(), State()
    found = found_in(folder, models.find())
    model = models.read(found or FoundModel(name_of(folder), folder, Source.ADDED, folder))
    remembered = found.name if found is not None else str(folder.absolute())
    given = state.options.get(remembered, {})
    asked = [f"context={context}"] if context is not None else []
    row = _listed(model, options_with(given, read_settings(), asked), available_bytes())
    return Known(
        model.name,
        model.path,
        str(found.source) if found is not None else "",
        model.files,
        row.need,
        state.device_of(remembered) or "",
        given,
        compiled_cache.sizes(model.path),
        row.problem,
    )


def _summary(row: Listed) -> dict[str, Any]:
    model, files = row.model, row.model.files
    facts = ("architecture", "model_type", "parameters", "weight_format", "size_bytes", "context_length")
    return {
        **_place(model),
        **{name: getattr(files, name, None) for name in facts},
        "memory_bytes": row.need.total if row.need is not None else None,
        "state": row.state or "ready",
        "problem": str(row.problem) if row.problem is not None else None,
    }


def _place(model: FoundModel) -> dict[str, Any]:
    return {"name": model.name, "path": str(model.path), "source": str(model.source)}
