from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tui.engine.device_search import Machine
from tui.engine.devices import DeviceKind, list_devices, missing_devices, resolve_device
from tui.engine.errors import DeviceNotFound


@dataclass
class FakeCore:
    """Devices by name with their properties; like OpenVINO, a property that is not there is a RuntimeError."""

    devices: Mapping[str, Mapping[str, Any]]
    plugin_error: str = "Exception from core.cpp:268:\nException from plugin.cpp:112:\nno supported devices found\n\n"
    asked: list[str] = field(default_factory=list)

    @property
    def available_devices(self) -> list[str]:
        return list(self.devices)

    def get_property(self, device_name: str, property: str, /) -> Any:
        self.asked.append(device_name)
        if device_name not in self.devices:
            raise RuntimeError(self.plugin_error)
        if property not in self.devices[device_name]:
            raise RuntimeError(f"Unsupported property {property}")
        return self.devices[device_name][property]


CPU = {"FULL_DEVICE_NAME": "Intel(R) Core(TM) Ultra 7", "DEVICE_TYPE": "Type.INTEGRATED"}
IGPU = {"FULL_DEVICE_NAME": "Intel(R) Graphics (iGPU)", "DEVICE_TYPE": "Type.INTEGRATED"}
DGPU = {
    "FULL_DEVICE_NAME": "Intel(R) Arc(TM) A770   Graphics (dGPU) ",
    "DEVICE_TYPE": "Type.DISCRETE",
    "GPU_DEVICE_TOTAL_MEM_SIZE": 16 * 2**30,
}
NPU = {"FULL_DEVICE_NAME": "Intel(R) AI Boost"}

ONLY_CPU = FakeCore({"CPU": CPU})
TWO_GPUS = FakeCore({"CPU": CPU, "GPU.0": IGPU, "GPU.1": DGPU, "NPU": NPU})
ONE_GPU = FakeCore({"CPU": CPU, "GPU": IGPU})


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Linux machine on which nothing is missing, as far as can be seen."""
    monkeypatch.delenv("OCL_ICD_VENDORS", raising=False)
    for file in ("dev/dri/renderD128", "dev/dri/card0", "dev/accel/accel0", "etc/OpenCL/vendors/intel.icd"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    vendor = tmp_path / "sys/class/drm/renderD128/device/vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("0x8086\n")
    return Machine("Linux", tmp_path, lambda _: True, lambda _: True, frozenset({"GPU", "NPU"}))


def changed(machine: Machine, **changes: Any) -> Machine:
    values = {name: getattr(machine, name) for name in ("system", "root", "may_open", "loads", "plugins")}
    return Machine(**(values | changes))


def test_devices_are_listed_with_full_name_kind_and_memory() -> None:
    cpu, integrated, discrete, npu = list_devices(TWO_GPUS)
    assert (cpu.name, cpu.full_name, cpu.kind) == ("CPU", "Intel(R) Core(TM) Ultra 7", DeviceKind.CPU)
    assert cpu.memory_bytes is not None
    assert cpu.memory_bytes > 2**28
    assert (integrated.kind, integrated.memory_bytes) == (DeviceKind.INTEGRATED_GPU, None)
    assert discrete.full_name == "Intel(R) Arc(TM) A770 Graphics (dGPU)"
    assert (discrete.kind, discrete.memory_bytes) == (DeviceKind.DISCRETE_GPU, 16 * 2**30)
    assert (npu.name, npu.kind, npu.memory_bytes) == ("NPU", DeviceKind.NPU, None)


def test_a_device_whose_driver_tells_nothing_is_listed_by_its_name() -> None:
    (device,) = list_devices(FakeCore({"GPU": {}}))
    assert (device.name, device.full_name, device.memory_bytes) == ("GPU", "GPU", None)


def test_what_a_driver_tells_that_cannot_be_hides_neither_its_device_nor_the_others() -> None:
    odd = {
        "FULL_DEVICE_NAME": "Arc\n\t" + "x" * 10_000,
        "DEVICE_TYPE": None,
        "GPU_DEVICE_TOTAL_MEM_SIZE": -1,
        "GPU_DRIVER_VERSION": ["24", "52"],
        "DEVICE_ARCHITECTURE": 12,
        "OPTIMIZATION_CAPABILITIES": 3,
    }
    cpu, gpu = list_devices(FakeCore({"CPU": CPU, "GPU": odd}))
    assert cpu.name == "CPU"
    assert gpu.full_name.startswith("Arc xx")
    assert len(gpu.full_name) <= 200
    assert (gpu.memory_bytes, gpu.architecture, gpu.capabilities) == (None, "12", ())
    (text,) = list_devices(FakeCore({"GPU": {"GPU_DEVICE_TOTAL_MEM_SIZE": "much"}}))
    assert text.memory_bytes is None


@pytest.mark.parametrize("auto", [None, "", "auto", " AUTO ", "Auto"])
@pytest.mark.parametrize(
    ("core", "expected"),
    [(ONLY_CPU, "CPU"), (ONE_GPU, "GPU"), (TWO_GPUS, "GPU.1"), (FakeCore({"CPU": CPU, "NPU": NPU}), "CPU")],
)
def test_auto_is_a_discrete_gpu_else_a_gpu_else_the_cpu_and_never_an_npu(
    core: FakeCore, auto: str | None, expected: str
) -> None:
    assert resolve_device(core, auto) == expected


@pytest.mark.parametrize(
    ("core", "asked", "expected"),
    [
        (ONLY_CPU, "cpu", "CPU"),
        (ONE_GPU, "gpu", "GPU"),
        (ONE_GPU, "GPU.0", "GPU"),
        (TWO_GPUS, "gpu", "GPU.1"),
        (TWO_GPUS, "gpu.0", "GPU.0"),
        (TWO_GPUS, " npu ", "NPU"),
    ],
)
def test_a_name_in_any_case_means_one_device(core: FakeCore, asked: str, expected: str) -> None:
    assert resolve_device(core, asked) == expected


@pytest.mark.parametrize("asked", ["gpu", "GPU.1", "npu"])
def test_an_absent_device_is_an_error_with_what_there_is_and_why(asked: str, machine: Machine) -> None:
    nothing = changed(machine, root=machine.root / "nothing")
    with pytest.raises(DeviceNotFound) as raised:
        resolve_device(ONLY_CPU, asked, nothing)
    assert raised.value.sentence == (f"There is no device {asked} here; there is: CPU (Intel(R) Core(TM) Ultra 7).")
    assert ("/dev/accel" if asked == "npu" else "/dev/dri") in raised.value.next_step


def test_an_absent_gpu_among_others_and_an_unknown_name_are_errors() -> None:
    for asked in ("GPU.7", "TPU", "G P U"):
        with pytest.raises(DeviceNotFound, match=r"GPU\.1 \(Intel\(R\) Arc"):
            resolve_device(TWO_GPUS, asked)


@pytest.mark.parametrize("asked", ["AUTO:GPU,CPU", "hetero:GPU,CPU", "MULTI:CPU"])
def test_several_devices_in_one_name_are_refused(asked: str) -> None:
    with pytest.raises(DeviceNotFound, match="not one device"):
        resolve_device(TWO_GPUS, asked)


def test_no_device_at_all_is_an_error() -> None:
    with pytest.raises(DeviceNotFound, match="neither a GPU nor a CPU"):
        resolve_device(FakeCore({}), None)


def test_nothing_is_missing_where_all_are_there(machine: Machine) -> None:
    assert missing_devices(TWO_GPUS, machine) == []


def reasons(core: FakeCore, machine: Machine) -> dict[str, str]:
    return {each.name: f"{each.reason} {each.fix}" for each in missing_devices(core, machine)}


def test_no_plugin(machine: Machine) -> None:
    found = reasons(ONLY_CPU, changed(machine, plugins=frozenset[str]()))
    assert "no GPU plugin" in found["GPU"]
    assert "no NPU plugin" in found["NPU"]


def test_no_device_file(machine: Machine) -> None:
    found = reasons(ONLY_CPU, changed(machine, root=machine.root / "nothing"))
    assert "no /dev/dri/renderD*" in found["GPU"]
    assert "--device /dev/dri" in found["GPU"]
    assert "no /dev/accel/accel*" in found["NPU"]
    assert "intel_vpu" in found["NPU"]


def test_a_gpu_of_another_maker(machine: Machine) -> None:
    (machine.root / "sys/class/drm/renderD128/device/vendor").write_text("0x10de\n")
    assert "not Intel's" in reasons(ONLY_CPU, machine)["GPU"]


def test_an_intel_gpu_beside_another_makers_counts(machine: Machine) -> None:
    vendor = machine.root / "sys/class/drm/renderD129/device/vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("0x10de\n")
    (machine.root / "dev/dri/renderD129").touch()
    asked: list[Path] = []
    found = reasons(ONLY_CPU, changed(machine, may_open=lambda path: asked.append(path) or False))
    assert "/dev/dri/renderD128" in found["GPU"]
    assert machine.root / "dev/dri/renderD129" not in asked


@pytest.mark.skipif(os.name != "posix", reason="groups are POSIX's")
def test_no_permission_names_the_group_of_the_file(machine: Machine) -> None:
    group = (machine.root / "dev/dri/renderD128").group()
    found = reasons(ONLY_CPU, changed(machine, may_open=lambda _: False))
    assert f"sudo usermod -aG {group} $USER" in found["GPU"]
    assert "You may not open /dev/accel/accel0" in found["NPU"]


def test_no_loader_library(machine: Machine) -> None:
    found = reasons(ONLY_CPU, changed(machine, loads=lambda _: False))
    assert "libOpenCL.so.1" in found["GPU"]
    assert "intel-opencl-icd" in found["GPU"]
    assert "libze_loader.so.1" in found["NPU"]


def test_no_driver(machine: Machine) -> None:
    (machine.root / "etc/OpenCL/vendors/intel.icd").rename(machine.root / "etc/OpenCL/vendors/nvidia.icd")
    found = reasons(ONLY_CPU, changed(machine, loads=lambda name: "intel" not in name))
    assert "no OpenCL driver for Intel GPUs" in found["GPU"]
    assert "libze_intel_npu.so.1" in found["NPU"]


def test_the_old_name_of_the_npu_driver_counts(machine: Machine) -> None:
    found = reasons(ONLY_CPU, changed(machine, loads=lambda name: name != "libze_intel_npu.so.1"))
    assert "plugin finds no device" in found["NPU"]


def test_in_wsl_there_is_no_render_node_to_look_for(machine: Machine) -> None:
    (machine.root / "dev/dri/renderD128").unlink()
    (machine.root / "dev/dxg").touch()
    assert "plugin finds no device" in reasons(ONLY_CPU, machine)["GPU"]


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_where_nothing_seems_missing_the_plugin_has_the_last_word(machine: Machine, system: str) -> None:
    found = reasons(ONLY_CPU, changed(machine, system=system))
    assert "plugin finds no device and says: no supported devices found" in found["GPU"]
    assert "core.cpp" not in found["GPU"]


def test_a_plugin_that_only_says_there_is_no_device_is_not_quoted(machine: Machine) -> None:
    core = FakeCore({"CPU": CPU}, plugin_error="Exception\nUnsupported configuration key: FULL_DEVICE_NAME\n")
    assert "says" not in reasons(core, machine)["NPU"]


def test_on_this_machine_every_device_has_a_name_or_a_reason() -> None:
    import openvino

    core = openvino.Core()
    there = list_devices(core)
    assert "CPU" in {device.name for device in there}
    assert all(device.full_name for device in there)
    missing = missing_devices(core)
    families = {device.name.partition(".")[0] for device in there} | {each.name for each in missing}
    assert families >= {"CPU", "GPU", "NPU"}
    assert all(each.reason.endswith(".") or "says" in each.reason for each in missing)
