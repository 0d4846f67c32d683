"""`ovchat devices`: what models can run on, and why a GPU or an NPU is missing."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from tui.cli import console, log
from tui.cli.options import debug_option, json_option
from tui.engine.device_search import MissingDevice
from tui.engine.devices import Device, list_devices, missing_devices, resolve_device


@click.command("devices")
@json_option
@debug_option
def command(as_json: bool, debug: bool) -> None:
    """The devices that models can run on, and why one is missing."""
    log.begin(debug)
    import openvino

    core = openvino.Core()
    devices, missing = list_devices(core), missing_devices(core)
    auto = resolve_device(core, "auto")
    if as_json:
        found = {"devices": [asdict(each) for each in devices], "auto": auto, "missing": [asdict(m) for m in missing]}
        console.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        console.write("".join(f"{line}\n" for line in _lines(devices, auto, missing)))


def _lines(devices: list[Device], auto: str, missing: list[MissingDevice]) -> list[str]:
    names = [each.name for each in devices] + [each.name for each in missing]
    width = max(map(len, names))
    lines = []
    for device in devices:
        kind = "" if device.kind == device.name else f", {device.kind}"
        memory = f", {device.memory_bytes / 2**30:.1f} GiB" if device.memory_bytes else ""
        chosen = " (auto)" if device.name == auto else ""
        lines.append(f"{device.name:{width}}  {device.full_name}{kind}{memory}{chosen}")
    for each in missing:
        lines.append(f"{each.name:{width}}  not here: {each.reason}")
        lines.append(f"{'':{width}}  {each.fix}")
    return lines
