from __future__ import annotations

from pathlib import Path

import pytest

from tui.store import paths


def test_ovchat_home_moves_everything_under_one_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    assert paths.config_dir() == tmp_path
    assert paths.models_dir() == tmp_path / "models"
    for path in (paths.data_dir(), paths.cache_dir(), paths.log_dir()):
        assert path.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == [], "asking for a path must create nothing"


def test_without_it_each_kind_is_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OVCHAT_HOME", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.config_dir().name == paths.data_dir().name == "ovchat"
    assert paths.log_dir() == paths.config_dir() / "log"
    assert paths.models_dir() == paths.data_dir() / "models"


def test_an_empty_ovchat_home_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVCHAT_HOME", "")
    assert paths.config_dir() != Path()
    assert paths.config_dir().name == "ovchat"


def test_data_files_of_a_checkout_are_at_its_top() -> None:
    root = Path(__file__).parents[2]
    assert paths.data_file("settings.toml") == root / "settings.toml"
    assert paths.data_file("settings.toml").is_file()
    assert paths.data_file("themes").is_dir()


def test_data_files_of_a_wheel_are_in_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "tui"
    (package / "data").mkdir(parents=True)
    assert paths.data_file("settings.toml", package) == package / "data" / "settings.toml"


def test_an_ovchat_home_of_nobody_is_a_name_like_any_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVCHAT_HOME", "~nobody-of-that-name/x")
    assert paths.config_dir() == tmp_path / "~nobody-of-that-name" / "x"
