"""How much memory a KV cache can have on a device: the machine's, or a GPU's own."""

from __future__ import annotations

from dataclasses import dataclass

from tui.engine.device_search import Core
from tui.engine.devices import DeviceKind, describe, device_bytes
from tui.engine.memory import available_bytes


@dataclass(frozen=True, slots=True)
class Room:
    """Memory that can be taken.

    Attributes:
        free: Bytes in all.
        largest: Bytes of one allocation at most; None for no limit.
    """

    free: int
    largest: int | None = None


def room_on(core: Core, device: str, weights: int) -> Room:
    """The room on a device that holds a model's weights already.

    A GPU does not tell what other programs have of it: they count as nothing on a discrete one, and the machine's free
    memory is the limit on one that shares it.

    Args:
        core: Knows the device.
        device: A resolved device name.
        weights: Bytes of the model.
    """
    free = available_bytes()
    if not device.startswith("GPU"):
        return Room(free)
    found = describe(core, device)
    if found.memory_bytes is not None:
        own = max(found.memory_bytes - weights, 0)
        free = own if found.kind is DeviceKind.DISCRETE_GPU else min(own, free)
    return Room(free, device_bytes(core, device, "GPU_DEVICE_MAX_ALLOC_MEM_SIZE"))
