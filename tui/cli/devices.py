"""`ovchat devices`: what models can run on, and why a GPU or an NPU is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from tui.chat.device_texts import compiled_text, types_text
from tui.cli import console, log
from tui.cli.loading import read_settings
from tui.cli.options import debug_option
from tui.engine.devices import Device, Survey, survey
from tui.library import compiled_cache
from tui.library.amounts import size_text


@click.command("devices")
@click.option("--clear-cache", is_flag=True, help="Delete the models that devices have compiled; nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@debug_option
def command(clear_cache: bool, as_json: bool, debug: bool) -> None:
    """The devices that models can run on, and why one is missing.

    What a GPU or an NPU has compiled is kept for the next time, up to storage.compiled_cache.
    """
    log.begin(debug)
    if clear_cache:
        freed = compiled_cache.clear()
        if as_json:
            console.write_json({"freed_bytes": freed})
        else:
            console.aside(f"Deleted: {size_text(freed)}." if freed else "There is nothing to delete.")
        return
    import openvino

    found = survey(openvino.Core())
    used, limit = compiled_cache.total(), compiled_cache.limit_in(read_settings())
    if as_json:
        cache = {"path": str(compiled_cache.root()), "bytes": used, "limit_bytes": limit}
        told = {
            "devices": [asdict(each) for each in found.devices],
            "auto": found.auto or None,
            "missing": [asdict(each) for each in found.missing],
            "compiled_cache": cache,
        }
        console.write_json(told)
    else:
        console.write_lines(_lines(found))
        if used:
            console.write(f"\nCompiled models: {compiled_text(used, limit)} in {compiled_cache.root()}\n")


def _lines(found: Survey) -> Iterator[str]:
    names = [each.name for each in found.devices] + [each.name for each in found.missing]
    width = max(map(len, names), default=0)
    for device in found.devices:
        kind = "" if device.kind == device.name else f", {device.kind}"
        memory = f", {device.memory_bytes / 2**30:.1f} GiB" if device.memory_bytes else ""
        chosen = " (auto)" if device.name == found.auto else ""
        yield f"{device.name:{width}}  {device.full_name}{kind}{memory}{chosen}"
        if more := ", ".join(_more(device)):
            yield f"{'':{width}}  {more}"
    for each in found.missing:
        yield f"{each.name:{width}}  not here: {each.reason}"
        yield f"{'':{width}}  {each.fix}"


def _more(device: Device) -> Iterator[str]:
    if device.driver:
        yield f"driver {device.driver}"
    if device.architecture:
        yield device.architecture
    if types := types_text(device):
        yield f"computes in {types}"
