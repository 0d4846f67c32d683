"""What OpenVINO's exceptions say: they are all RuntimeErrors, and their text is all there is to go by."""

from __future__ import annotations

_OUT_OF_MEMORY = ("bad_alloc", "Cannot allocate", "CL_OUT_OF_RESOURCES", "CL_MEM_OBJECT_ALLOCATION_FAILURE")


def is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(word in str(error) for word in _OUT_OF_MEMORY)


def last_line(error: Exception) -> str:
    """The reason: the lines before it are places in OpenVINO's sources."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no reason given"
