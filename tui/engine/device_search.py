"""Why OpenVINO does not find a GPU or an NPU: the first thing missing on the way from hardware to plugin.

OpenVINO leaves a device out without a word. What is checked, in this order: the plugin, the kernel's device file, the
maker, the permission, the loader library, the driver. Only what can be seen is claimed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tui.engine.openvino_errors import last_line

_INTEL = "0x8086"
_MORE = "https://docs.openvino.ai/2026/get-started/install-openvino/configurations.html"


@dataclass(frozen=True, slots=True)
class MissingDevice:
    """A device that is not here.

    Attributes:
        name: GPU or NPU.
        reason: A sentence: what is missing.
        fix: A sentence: what to do.
    """

    name: str
    reason: str
    fix: str


def _plugins() -> frozenset[str]:
    spec = importlib.util.find_spec("openvino")
    if spec is None or not spec.submodule_search_locations:
        return frozenset()
    libraries = [path.name for path in (Path(spec.submodule_search_locations[0]) / "libs").glob("*plugin*")]
    return frozenset(name for name in ("GPU", "NPU") if any(f"intel_{name.lower()}" in each for each in libraries))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _may_open(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where to look; tests give another machine.

    Attributes:
        system: Linux, Windows or Darwin.
        root: The root of the file system.
        may_open: Whether this user may read and write a device file.
        loads: Whether a shared library can be loaded.
        plugins: Which of GPU and NPU this build of OpenVINO has a plugin for.
    """

    system: str = field(default_factory=platform.system)
    root: Path = Path("/")
    may_open: Callable[[Path], bool] = _may_open
    loads: Callable[[str], bool] = _loads
    plugins: frozenset[str] = field(default_factory=_plugins)


class Core(Protocol):
    """What is used of openvino.Core."""

    @property
    def available_devices(self) -> list[str]: ...

    def get_property(self, device_name: str, property: str, /) -> Any: ...


def find_reason(name: str, core: Core, machine: Machine) -> MissingDevice:
    """Why `name` (GPU or NPU), which OpenVINO did not list, is not here."""
    if name not in machine.plugins:
        return MissingDevice(
            name,
            f"This build of OpenVINO has no {name} plugin.",
            "Only the packages for Linux and Windows on x86-64 have one.",
        )
    if machine.system == "Linux":
        found = _linux_gpu(machine) if name == "GPU" else _linux_npu(machine)
        if found:
            return MissingDevice(name, *found)
    said = _what_the_plugin_says(name, core)
    return MissingDevice(
        name,
        f"OpenVINO's {name} plugin finds no device" + (f" and says: {said}" if said else "."),
        f"If there is an Intel {name}, install its current driver: {_MORE}",
    )


def _linux_gpu(machine: Machine) -> tuple[str, str] | None:
    nodes = sorted((machine.root / "dev/dri").glob("renderD*"))
    wsl = machine.root / "dev/dxg"
    if not nodes and not wsl.exists():
        return (
            "There is no /dev/dri/renderD*: no GPU, or the kernel has no driver for it.",
            "In a container, pass it in (docker run --device /dev/dri); "
            "in a virtual machine, give it the GPU; else load the i915 or xe kernel driver.",
        )
    if nodes:
        intel = [node for node in nodes if _vendor(machine, node.name) in (_INTEL, "")]
        if not intel:
            return "The GPU here is not Intel's.", "OpenVINO runs on Intel GPUs only; use the CPU."
        if not any(machine.may_open(node) for node in intel):
            return _no_permission(intel[0])
    if not machine.loads("libOpenCL.so.1"):
        return (
            "There is no OpenCL library (libOpenCL.so.1).",
            "Install it and Intel's driver: sudo apt install ocl-icd-libopencl1 intel-opencl-icd",
        )
    icds = [path.name.lower() for path in (machine.root / "etc/OpenCL/vendors").glob("*.icd")]
    if "OCL_ICD_VENDORS" not in os.environ and not any("intel" in each for each in icds):
        return (
            "There is no OpenCL driver for Intel GPUs (no intel.icd in /etc/OpenCL/vendors).",
            "Install it: sudo apt install intel-opencl-icd",
        )
    return None


def _linux_npu(machine: Machine) -> tuple[str, str] | None:
    nodes = sorted((machine.root / "dev/accel").glob("accel*"))
    if not nodes:
        return (
            "There is no /dev/accel/accel*: no NPU, or the kernel has no driver for it.",
            "Intel Core Ultra processors have one; it needs Linux 6.6 or newer with the intel_vpu driver "
            "(in a container: docker run --device /dev/accel).",
        )
    if not any(machine.may_open(node) for node in nodes):
        return _no_permission(nodes[0])
    if not machine.loads("libze_loader.so.1"):
        return "There is no Level Zero library (libze_loader.so.1).", "Install it: sudo apt install libze1"
    # The second is the name before driver 1.16.
    if not machine.loads("libze_intel_npu.so.1") and not machine.loads("libze_intel_vpu.so.1"):
        return (
            "There is no driver library for the NPU (libze_intel_npu.so.1).",
            "Install intel-level-zero-npu and intel-driver-compiler-npu: "
            "https://github.com/intel/linux-npu-driver/releases",
        )
    return None


def _no_permission(node: Path) -> tuple[str, str]:
    try:
        group = node.group()
    except (KeyError, OSError):
        group = "render"
    path = f"/dev/{node.parent.name}/{node.name}"
    return (
        f"You may not open {path}: you are not in the group {group}.",
        f"sudo usermod -aG {group} $USER, then log in again.",
    )


def _vendor(machine: Machine, node: str) -> str:
    """The PCI vendor of a render node, '' where it is not told."""
    try:
        return (machine.root / "sys/class/drm" / node / "device/vendor").read_text().strip()
    except OSError:
        return ""


def _what_the_plugin_says(name: str, core: Core) -> str:
    """The plugin's own error, or ""."""
    try:
        core.get_property(name, "FULL_DEVICE_NAME")
    except RuntimeError as error:
        said = last_line(error)
        # This one only says that there is no device to have a name.
        return "" if said.startswith("Unsupported configuration key") else said
    return ""
