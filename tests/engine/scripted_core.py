"""A core with devices that are not here: the CPU computes for them, and what they were asked for is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import openvino as ov


@dataclass
class ScriptedCore:
    """openvino.Core with a GPU or an NPU besides.

    An NPU's decoders are compiled by OpenVINO's own NPU plugin, which runs what it makes of them on the CPU here.

    Attributes:
        devices: Properties of the devices that are not here, by name.
        compiled: (device, properties) of every model that was compiled.
    """

    devices: dict[str, dict[str, Any]]
    compiled: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    core: ov.Core = field(default_factory=ov.Core)

    @property
    def available_devices(self) -> list[str]:
        return [*self.core.available_devices, *self.devices]

    def get_property(self, device: str, name: str) -> Any:
        if device not in self.devices:
            return self.core.get_property(device, name)
        if name not in self.devices[device]:
            raise RuntimeError(f"Unsupported property {name}")
        return self.devices[device][name]

    def compile_model(self, model: ov.Model, device: str = "CPU", config: Any = None) -> ov.CompiledModel:
        properties = dict(config or {})
        self.compiled.append((device, properties))
        if device.startswith("NPU"):
            on_cpu = {"NPUW_DEVICES": "CPU", "INFERENCE_PRECISION_HINT": "f32"}
            return self.core.compile_model(model, "NPU", properties | on_cpu)
        return self.core.compile_model(model, "CPU", {k: v for k, v in properties.items() if k != "CACHE_DIR"})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)
