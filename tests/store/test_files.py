from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tui.store.errors import StoreError
from tui.store.files import export_text, locked, locked_now, private_dir, private_opener, read_text, replace_text

posix = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_new_folders_and_files_are_the_users_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        folder = private_dir(tmp_path / "a" / "b")
        replace_text(folder / "file", "text")
        with open(folder / "log", "a", opener=private_opener):
            pass
        with locked(folder / "file"):
            pass
    finally:
        os.umask(old)
    assert [mode(tmp_path / "a"), mode(folder)] == [0o700, 0o700]
    assert {mode(path) for path in folder.iterdir()} == {0o600}


@posix
def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_dir(tmp_path)
    assert mode(tmp_path) == 0o755


def test_replacing_leaves_nothing_else_behind(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_text(path, "one\n")
    replace_text(path, "zwölf\n")
    assert path.read_bytes() == "zwölf\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_may_have_a_mark_of_utf8_and_a_folder_is_none(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("zwölf\n", "utf-8-sig")
    assert read_text(path) == "zwölf\n"
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "none")
    with pytest.raises(OSError, match=str(tmp_path)):
        read_text(tmp_path)


@posix
@pytest.mark.timeout(20)  # else it would wait for one that writes
def test_only_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to(os.devnull)
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("socket")
        for kind in ("pipe", "device", "socket"):
            with pytest.raises(OSError, match=f"it is a {kind}, not a file; put a file in its place, or remove it"):
                read_text(tmp_path / kind)


def test_a_failed_replacement_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    replace_text(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_lock_keeps_a_second_thread_out(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        with locked(tmp_path / "file"):
            order.append("second")

    with locked(tmp_path / "file"):
        thread = threading.Thread(target=second)
        thread.start()
        waiting.wait()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_an_export_replaces_surrogates_and_says_where_it_is(tmp_path: Path) -> None:
    where = export_text(f" {tmp_path / 'talk.md'} ", "a\ud800b")
    assert where == tmp_path / "talk.md"
    assert where.read_text("utf-8") == "a?b"


@pytest.mark.parametrize("name", ["", "no-such-folder/talk.md", "nul\0.md"])
def test_an_export_that_cannot_be_written_names_the_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError) as caught:
        export_text(f"{tmp_path}/{name}", "text")
    assert str(tmp_path) in caught.value.sentence
    assert "Choose another place." in caught.value.next_step


def test_a_lock_that_is_taken_is_said_and_not_waited_for(tmp_path: Path) -> None:
    with locked_now(tmp_path / "a" / "file") as mine:
        assert mine
        with locked_now(tmp_path / "a" / "file") as second, locked_now(tmp_path / "a" / "other") as other:
            assert (second, other) == (False, True)
    with locked_now(tmp_path / "a" / "file") as again:
        assert again


def test_a_lock_goes_with_whoever_is_killed(tmp_path: Path) -> None:
    code = "import sys\nfrom pathlib import Path\nfrom tui.store.files import locked_now\n"
    code += "with locked_now(Path(sys.argv[1])) as mine:\n    print(mine, flush=True)\n    sys.stdin.read()\n"
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        with locked_now(tmp_path / "file") as mine:
            assert not mine
        process.kill()
    with locked_now(tmp_path / "file") as mine:
        assert mine
