"""Block accounting: nothing leaks, nothing is owned by two who write."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.kv_cache import BlockPool, BlockTable, common_prefix

BLOCK = 4


def grown(pool: BlockPool, tokens: int) -> BlockTable:
    table = BlockTable(pool, BLOCK)
    table.reserve(tokens)
    table.tokens.extend(range(tokens))
    return table


@pytest.mark.parametrize(("tokens", "blocks"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)])
def test_blocks_for_tokens(tokens: int, blocks: int):
    pool = BlockPool(8)
    assert len(grown(pool, tokens).blocks) == blocks
    assert pool.num_free == 8 - blocks


def test_a_fork_shares_full_blocks_only():
    pool = BlockPool(8)
    parent = grown(pool, 10)
    child = parent.fork(10)
    assert child.blocks == parent.blocks[:2]
    assert list(child.tokens) == list(range(8))
    assert all(pool.is_shared(block) for block in child.blocks)
    assert not pool.is_shared(parent.blocks[2])


def test_truncating_into_a_shared_block_keeps_whole_blocks():
    pool = BlockPool(8)
    parent = grown(pool, 10)
    child = parent.fork(8)
    assert parent.truncate(6, whole_blocks=False) == 4
    assert child.blocks[0] == parent.blocks[0]
    assert len(child.tokens) == 8
    child.clear()
    assert parent.truncate(2, whole_blocks=False) == 2


def test_truncating_quantised_blocks_keeps_whole_blocks():
    table = grown(BlockPool(8), 10)
    assert table.truncate(7, whole_blocks=True) == 4
    assert list(table.tokens) == [0, 1, 2, 3]


@given(st.lists(st.tuples(st.sampled_from(["grow", "cut", "fork", "clear"]), st.integers(0, 5), st.integers(0, 30))))
def test_every_block_is_free_or_owned_as_often_as_it_is_listed(actions: list[tuple[str, int, int]]):
    pool = BlockPool(64)
    tables = [BlockTable(pool, BLOCK)]
    for action, which, number in actions:
        table = tables[which % len(tables)]
        match action:
            case "grow":
                room = number % 9
                if table.blocks_missing(room) <= pool.num_free:
                    held = len(table.tokens)
                    table.truncate(held, whole_blocks=False)
                    table.reserve(room)
                    table.tokens.extend(range(len(table.tokens), len(table.tokens) + room))
            case "cut":
                kept = table.truncate(number, whole_blocks=bool(which % 2))
                assert kept == len(table.tokens) <= number
            case "fork":
                tables.append(table.fork(number))
            case "clear":
                table.clear()
        owners = [block for each in tables for block in each.blocks]
        assert pool.num_free == 64 - len(set(owners))
        for block in set(owners):
            assert pool.is_shared(block) == (owners.count(block) > 1)
        for each in tables:
            assert len(each.blocks) * BLOCK >= len(each.tokens)
            last = len(each.tokens) // BLOCK
            # The block that the next token is written into belongs to this table alone.
            if len(each.tokens) % BLOCK:
                assert not pool.is_shared(each.blocks[last])


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_prefix(held: list[int], wanted: list[int]):
    expected = 0
    while expected < min(len(held), len(wanted)) and held[expected] == wanted[expected]:
        expected += 1
    assert common_prefix(array("q", held), np.array(wanted, np.int64)) == expected
