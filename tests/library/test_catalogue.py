from __future__ import annotations

import pytest

from tui.library.catalogue import catalogue, known_ids, nearest, whole_id
from tui.library.hub import is_id


def test_every_entry_is_complete_and_the_smallest_is_first() -> None:
    models = catalogue()
    assert 15 <= len(models) <= 25
    assert [each.size_bytes for each in models] == sorted(each.size_bytes for each in models)
    for each in models:
        assert is_id(each.id), each
        assert not each.npu or is_id(each.npu), each
        assert each.size_bytes < each.memory_bytes < 1.2 * each.size_bytes + 3e9, each
        assert each.licence, each
        assert 0 < len(each.good_for) < 80, each


def test_no_repository_is_named_twice() -> None:
    assert len(set(known_ids())) == len(known_ids())


def test_what_fits() -> None:
    model = catalogue()[-1]
    assert model.fits(model.memory_bytes, model.size_bytes)
    assert not model.fits(model.memory_bytes - 1, model.size_bytes)
    assert not model.fits(model.memory_bytes, model.size_bytes - 1)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("OpenVINO/Qwen3-8B-int4-ov", "OpenVINO/Qwen3-8B-int4-ov"),
        ("openvino/qwen3-8b-int4-ov", "OpenVINO/Qwen3-8B-int4-ov"),
        ("QWEN3-8B-INT4-CW-OV", "OpenVINO/Qwen3-8B-int4-cw-ov"),
        ("somebody/else", "somebody/else"),
    ],
)
def test_a_name_of_the_catalogue_in_any_case_and_without_its_owner(asked: str, meant: str) -> None:
    assert whole_id(asked) == meant


@pytest.mark.parametrize("asked", ["OpenVINO/Qwen3-8B-in4-ov", "Qwen3-8b-int4", "openvino/qwen3-8B_int4_ov"])
def test_a_typo_is_near_to_what_was_meant(asked: str) -> None:
    assert "OpenVINO/Qwen3-8B-int4-ov" in nearest(asked)[:2]


def test_nothing_is_near_to_something_else() -> None:
    assert nearest("facebook/wav2vec2") == []
    assert nearest("") == []
