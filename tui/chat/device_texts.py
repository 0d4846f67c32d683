"""What is known of devices, in words."""

from __future__ import annotations

from collections.abc import Mapping

from tui.engine.device_search import MissingDevice
from tui.engine.devices import Device
from tui.library.amounts import size_text

# What is no type that it computes in: said of every device, or of no use to anybody who chats.
_NO_TYPES = {"EXPORT_IMPORT", "WINOGRAD", "BIN", "BATCHED_BLOB"}


def types_text(device: Device) -> str:
    """What it computes in, as precisions are called in the settings."""
    return ", ".join(_type(each) for each in device.capabilities if each not in _NO_TYPES)


def device_facts(device: Device) -> list[tuple[str, str]]:
    """Labels and values; none for what the driver does not tell."""
    memory = f"{device.memory_bytes / 2**30:.1f} GiB" if device.memory_bytes else ""
    facts = [
        ("Name", device.full_name),
        ("Type", str(device.kind)),
        ("Memory", memory),
        ("Driver", device.driver),
        ("Architecture", device.architecture),
        ("Computes in", types_text(device)),
    ]
    return [(label, value) for label, value in facts if value]


def missing_facts(missing: MissingDevice) -> list[tuple[str, str]]:
    """Why a device is not here, and what to do."""
    return [("Not here", missing.reason), ("What to do", missing.fix)]


def compiled_text(used: int, limit: int) -> str:
    """What compiled models take on the disk."""
    if not limit:
        return "none is kept: storage.compiled_cache is 0"
    return f"{size_text(used)} of {size_text(limit)}"


def compiled_for_text(sizes: Mapping[str, int]) -> str:
    """What is compiled of a model, by device; "" for nothing."""
    return ", ".join(f"{device} {size_text(size)}" for device, size in sizes.items())


def _type(capability: str) -> str:
    return capability.lower().replace("fp", "f")
