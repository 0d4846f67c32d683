"""What OpenVINO's exceptions mean: they are all RuntimeErrors, and their text is all there is to go by."""

from __future__ import annotations

from pathlib import Path

from tui.engine.errors import ModelBroken, NotEnoughMemory, OvchatError
from tui.engine.read_file import GET_AGAIN

_OUT_OF_MEMORY = ("bad_alloc", "Cannot allocate", "CL_OUT_OF_RESOURCES", "CL_MEM_OBJECT_ALLOCATION_FAILURE")


def is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(word in str(error) for word in _OUT_OF_MEMORY)


def last_line(error: Exception) -> str:
    """The reason: the lines before it are places in OpenVINO's sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no reason given"


def read_error(xml: Path, error: Exception) -> OvchatError:
    """The error for a graph that cannot be read or compiled."""
    text = str(error)
    if is_out_of_memory(error):
        return NotEnoughMemory(f"There is not enough memory to read {xml}.", "Take a smaller model.")
    if "unsupported opset" in text or "Unsupported operation" in text or "not supported" in text:
        return ModelBroken(
            f"{xml} uses operations that this OpenVINO does not know.",
            "It was made for a newer OpenVINO: update ovchat, or convert the model again.",
        )
    if "weights" in text.lower() or "bin file" in text:
        return ModelBroken(
            f"The weights of {xml} do not fit it: the .bin file is cut off or another model's.", GET_AGAIN
        )
    return ModelBroken(f"{xml} cannot be read as an OpenVINO model ({last_line(error)}).", GET_AGAIN)
