"""Blocks of the paged KV cache: who owns which, counted by reference. Knows block ids and tokens, no tensors.

A block holds the keys and values of `block_size` consecutive tokens in every layer. Sequences that begin alike share
their common full blocks; a block is written by one owner only.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray


class BlockPool:
    """Block ids `0 .. num_blocks-1` with reference counts."""

    def __init__(self, num_blocks: int) -> None:
        self.num_blocks = num_blocks
        self._owners = array("i", bytes(4 * num_blocks))
        # Popped from the end, so that low ids are used first and memory is committed from the front.
        self._free = list(range(num_blocks - 1, -1, -1))

    @property
    def num_free(self) -> int:
        return len(self._free)

    def take(self) -> int:
        """A free block, owned once. The caller makes room first (`num_free`)."""
        block = self._free.pop()
        self._owners[block] = 1
        return block

    def share(self, block: int) -> None:
        self._owners[block] += 1

    def is_shared(self, block: int) -> bool:
        return self._owners[block] > 1

    def release(self, block: int) -> None:
        self._owners[block] -= 1
        if self._owners[block] == 0:
            self._free.append(block)


class BlockTable:
    """One sequence: its tokens, and the blocks that hold their keys and values, in order."""

    def __init__(self, pool: BlockPool, block_size: int) -> None:
        self._pool = pool
        self._block_size = block_size
        self.tokens = array("q")
        self.blocks: list[int] = []

    def blocks_missing(self, new_tokens: int) -> int:
        """Blocks that `new_tokens` more tokens need beyond those held."""
        return -(-(len(self.tokens) + new_tokens) // self._block_size) - len(self.blocks)

    def reserve(self, new_tokens: int) -> None:
        """Take the blocks that `new_tokens` more tokens need."""
        for _ in range(self.blocks_missing(new_tokens)):
            self.blocks.append(self._pool.take())

    def truncate(self, length: int, *, whole_blocks: bool) -> int:
        """Forget the tokens from `length` on and return the length kept.

        With `whole_blocks`, or where the last block kept is shared, the length is cut to a block border: what follows
        is written into a block of this sequence alone.
        """
        length = min(length, len(self.tokens))
        full, rest = divmod(length, self._block_size)
        if rest and (whole_blocks or self._pool.is_shared(self.blocks[full])):
            length, rest = full * self._block_size, 0
        keep = full + (1 if rest else 0)
        for block in self.blocks[keep:]:
            self._pool.release(block)
        del self.blocks[keep:]
        del self.tokens[length:]
        return length

    def fork(self, length: int) -> BlockTable:
        """A new table that shares the full blocks of the first `length` tokens."""
        full = min(length, len(self.tokens)) // self._block_size
        child = BlockTable(self._pool, self._block_size)
        child.blocks = self.blocks[:full]
        child.tokens = self.tokens[: full * self._block_size]
        for block in child.blocks:
            self._pool.share(block)
        return child

    def clear(self) -> None:
        self.truncate(0, whole_blocks=True)


def common_prefix(held: array[int], wanted: NDArray[np.int64]) -> int:
    """How many leading tokens two token lists have in common."""
    shorter = min(len(held), len(wanted))
    if shorter == 0:
        return 0
    differs = np.frombuffer(held, np.int64, shorter) != wanted[:shorter]
    first = int(differs.argmax())
    return first if differs[first] else shorter
