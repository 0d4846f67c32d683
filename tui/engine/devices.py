"""What devices are here, under which names, and which one a name means.

A device that is asked for and absent is an error that says why, never another device. `auto` is resolved here to one
device, never to OpenVINO's AUTO plugin: it runs the first tokens elsewhere and holds the model twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import psutil

from tui.engine.device_search import Core, Machine, MissingDevice, find_reason
from tui.engine.errors import DeviceNotFound

_MEMORY_PROPERTIES = {"GPU": "GPU_DEVICE_TOTAL_MEM_SIZE", "NPU": "NPU_DEVICE_TOTAL_MEM_SIZE"}
_DRIVER_PROPERTIES = {"GPU": "GPU_DRIVER_VERSION", "NPU": "NPU_DRIVER_VERSION"}
_VIRTUAL = ("AUTO", "MULTI", "HETERO", "BATCH")
_LONGEST_TEXT = 200  # characters; drivers of today tell names of under a hundred


class DeviceKind(StrEnum):
    """What a device is."""

    CPU = "CPU"
    DISCRETE_GPU = "discrete GPU"
    INTEGRATED_GPU = "integrated GPU"
    NPU = "NPU"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Device:
    """A device that models can run on.

    Attributes:
        name: OpenVINO's name: CPU, GPU, GPU.1, NPU.
        full_name: What its maker calls it; the name where the driver does not tell.
        kind: What it is.
        memory_bytes: All of its memory (the machine's, for a CPU), or None where the driver does not tell.
        driver: The driver's version; "" where it does not tell.
        architecture: OpenVINO's name of its architecture; "" where it does not tell.
        capabilities: What it computes in and can do, in OpenVINO's words.
    """

    name: str
    full_name: str
    kind: DeviceKind
    memory_bytes: int | None
    driver: str = ""
    architecture: str = ""
    capabilities: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.full_name})"


@dataclass(frozen=True, slots=True)
class Survey:
    """What is here and what is not.

    Attributes:
        devices: Those that models can run on, in OpenVINO's order.
        auto: The name of the one that `auto` means; "" for none.
        missing: GPU and NPU where there is none, and why.
    """

    devices: tuple[Device, ...]
    auto: str
    missing: tuple[MissingDevice, ...]


def survey(core: Core, machine: Machine | None = None) -> Survey:
    """Look at everything. The first look takes seconds where a driver is slow."""
    try:
        auto = resolve_device(core, "auto", machine)
    except DeviceNotFound:
        auto = ""
    return Survey(tuple(list_devices(core)), auto, tuple(missing_devices(core, machine)))


def list_devices(core: Core) -> list[Device]:
    """The devices that OpenVINO finds, in its order."""
    return [describe(core, name) for name in core.available_devices]


def missing_devices(core: Core, machine: Machine | None = None) -> list[MissingDevice]:
    """GPU and NPU where OpenVINO finds none, with the reason and what to do."""
    there = {name.partition(".")[0] for name in core.available_devices}
    machine = machine or Machine()
    return [find_reason(name, core, machine) for name in ("GPU", "NPU") if name not in there]


def resolve_device(core: Core, asked: str | None, machine: Machine | None = None) -> str:
    """The one device that a name means, upper or lower case.

    `auto`, None and the empty name are a discrete GPU, else another GPU, else the CPU; an NPU has limits that have to
    be wanted. `GPU` is the discrete one of several.

    Raises:
        DeviceNotFound: It is not here; says what is, and why a GPU or NPU is not.
    """
    devices = list_devices(core)
    name = (asked or "auto").strip().upper() or "AUTO"
    if name == "AUTO":
        chosen = _best_gpu(devices) or next((each for each in devices if each.kind is DeviceKind.CPU), None)
        if chosen is None:
            raise DeviceNotFound("OpenVINO finds neither a GPU nor a CPU to run on.", f"There is: {_listed(devices)}.")
        return chosen.name
    if name in {each.name for each in devices}:
        return name
    if name == "GPU" and (gpu := _best_gpu(devices)):
        return gpu.name
    if name == "GPU.0" and "GPU" in {each.name for each in devices}:
        return "GPU"
    if name.partition(":")[0] in _VIRTUAL:
        raise DeviceNotFound(
            f"{asked} is not one device, and a model runs on one.",
            f"Choose among: auto, {_listed(devices)}.",
            code="device-virtual",
        )
    family = name.partition(".")[0]
    why = next((each for each in missing_devices(core, machine) if each.name == family), None)
    raise DeviceNotFound(
        f"There is no device {asked} here; there is: {_listed(devices)}.",
        f"{why.reason} {why.fix}" if why else "`ovchat devices` tells more.",
    )


def _best_gpu(devices: list[Device]) -> Device | None:
    gpus = [each for each in devices if each.name.partition(".")[0] == "GPU"]
    discrete = [each for each in gpus if each.kind is DeviceKind.DISCRETE_GPU]
    return next(iter(discrete or gpus), None)


def _listed(devices: list[Device]) -> str:
    return ", ".join(map(str, devices)) or "none"


def describe(core: Core, name: str) -> Device:
    """What OpenVINO tells of one of its devices."""
    family = name.partition(".")[0]
    match family:
        case "CPU":
            kind = DeviceKind.CPU
        case "GPU":
            # An enum whose text is "Type.DISCRETE" or "Type.INTEGRATED".
            discrete = str(device_property(core, name, "DEVICE_TYPE")).upper().endswith("DISCRETE")
            kind = DeviceKind.DISCRETE_GPU if discrete else DeviceKind.INTEGRATED_GPU
        case "NPU":
            kind = DeviceKind.NPU
        case _:
            kind = DeviceKind.OTHER
    if family == "CPU":
        memory: int | None = psutil.virtual_memory().total
    else:
        memory = device_bytes(core, name, _MEMORY_PROPERTIES.get(family, ""))
    capabilities = device_property(core, name, "OPTIMIZATION_CAPABILITIES")
    return Device(
        name,
        _text(device_property(core, name, "FULL_DEVICE_NAME")) or name,
        kind,
        memory,
        driver=_text(device_property(core, name, _DRIVER_PROPERTIES.get(family, ""))),
        architecture=_text(device_property(core, name, "DEVICE_ARCHITECTURE")),
        capabilities=tuple(map(_text, capabilities)) if isinstance(capabilities, (list, tuple)) else (),
    )


def _text(told: Any) -> str:
    """What a driver tells, as one line of bounded length; "" for nothing."""
    return " ".join(str(told or "").split())[:_LONGEST_TEXT]


def device_bytes(core: Core, device: str, name: str) -> int | None:
    """A property's value in bytes, or None where the driver does not have it or tells what cannot be."""
    told = device_property(core, device, name)
    return told if isinstance(told, int) and told > 0 else None


def device_property(core: Core, device: str, name: str) -> Any:
    """A property's value, or None where the driver does not have it."""
    if not name:
        return None
    try:
        return core.get_property(device, name)
    except RuntimeError:
        return None
