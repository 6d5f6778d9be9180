"""What is kept: within its bound, made once, and gone when it should be."""

from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.bounded import Bounded
from mock_server.files import File
from mock_server.scratch import PREFIX, Scratch
from mock_server.shelf import Shelf

ROOT = Path(__file__).parents[2]
LARGE = 1_000_000


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary folders be made where no other test makes any."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def folders(parent: Path) -> list[Path]:
    return sorted(parent.glob(f"{PREFIX}*"))


def files(parent: Path) -> list[Path]:
    return sorted(path for folder in folders(parent) for path in folder.iterdir() if path.name != "lock")


def shelf(most: int = LARGE) -> tuple[Shelf, list[str]]:
    said: list[str] = []
    return Shelf(most, said.append), said


def made(data: bytes = b"file") -> Any:
    return lambda: File("image/png", data, ".png")


def never() -> File:
    raise AssertionError("this file is there already")


class TestBounded:
    @settings(deadline=None)
    @given(st.lists(st.integers(0, 60), max_size=60))
    def test_the_sizes_never_exceed_the_bound_and_the_oldest_go_first(self, sizes: list[int]) -> None:
        gone: list[int] = []
        kept = Bounded(100, gone.append)
        for number, size in enumerate(sizes):
            assert kept.put(f"1/{number}", number, size)
            fitting = [first for first in range(number + 1) if sum(sizes[first : number + 1]) <= 100]
            assert gone == list(range(fitting[0]))
        assert [kept.get(f"1/{number}") for number in range(len(gone))] == [None] * len(gone)
        rest = range(len(gone), len(sizes))
        assert [kept.get(f"1/{number}") for number in rest] == list(rest)

    def test_what_is_asked_for_stays(self) -> None:
        kept: Bounded[str] = Bounded(2)
        kept.put("1/a", "a", 1)
        kept.put("1/b", "b", 1)
        assert kept.get("1/a") == "a"
        kept.put("1/c", "c", 1)
        assert [kept.get(f"1/{name}") for name in "abc"] == ["a", None, "c"]

    def test_what_is_larger_than_the_bound_is_not_kept_nor_what_stood_in_its_place(self) -> None:
        kept: Bounded[str] = Bounded(10)
        kept.put("1/a", "old", 1)
        kept.put("1/b", "other", 1)
        assert not kept.put("1/a", "new", 11)
        assert (kept.get("1/a"), kept.get("1/b")) == (None, "other")

    def test_an_owner_is_forgotten_and_no_other(self) -> None:
        gone: list[str] = []
        kept = Bounded(10, gone.append)
        for key in ("1/a", "1/b", "11/a", "2/1/a"):
            kept.put(key, key, 1)
        kept.forget("1/")
        kept.forget("nobody/")
        assert sorted(gone) == ["1/a", "1/b"]
        assert kept.get("11/a")
        assert kept.get("2/1/a")
        for number in range(8):
            kept.put(f"3/{number}", "", 1)
        assert kept.get("11/a"), "there is room for eight after two of four have gone"


class TestScratch:
    def test_its_folder_is_made_for_the_first_file_and_for_this_user_alone(self, own_folder: Path) -> None:
        scratch = Scratch()
        assert folders(own_folder) == []
        path = scratch.write(b"data", ".png")
        assert (path.read_bytes(), path.suffix) == (b"data", ".png")
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert scratch.write(b"more", ".png").parent == path.parent

    def test_it_is_gone_when_closed_and_another_one_comes(self, own_folder: Path) -> None:
        scratch = Scratch()
        first = scratch.write(b"data", "")
        scratch.close()
        scratch.close()
        assert folders(own_folder) == []
        second = scratch.write(b"data", "")
        assert second.parent != first.parent

    def test_it_is_gone_when_nobody_has_it(self, own_folder: Path) -> None:
        scratch = Scratch()
        scratch.write(b"data", "")
        del scratch
        gc.collect()
        assert folders(own_folder) == []

    def test_a_folder_that_somebody_cleaned_away_is_made_again(self, own_folder: Path) -> None:
        scratch = Scratch()
        path = scratch.write(b"data", "")
        for each in path.parent.iterdir():
            each.unlink()
        path.parent.rmdir()
        assert scratch.write(b"again", "").read_bytes() == b"again"
        assert len(folders(own_folder)) == 1

    def test_what_cannot_be_written_whole_leaves_nothing(
        self, own_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scratch = Scratch()
        scratch.write(b"data", "")
        _full_disk(monkeypatch)
        with pytest.raises(OSError, match="No space left"):
            scratch.write(b"data", "")
        assert len(files(own_folder)) == 1

    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
    def test_the_folder_of_a_process_that_ended_is_removed_by_the_next(
        self, own_folder: Path, how: signal.Signals | None
    ) -> None:
        own = Scratch()
        path = own.write(b"data", "")
        with _process(own_folder) as other:
            assert other.stdout is not None
            theirs = Path(other.stdout.readline().strip())
            Scratch().write(b"data", "")
            assert theirs.exists()
            if how is not None:
                other.send_signal(how)
            other.communicate()
        assert theirs.exists() is (how is not None)
        Scratch().write(b"data", "")
        assert not theirs.parent.exists()
        assert path.exists()

    def test_nothing_is_removed_but_such_folders(self, own_folder: Path, tmp_path_factory: Any) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "precious").write_text("data")
        (own_folder / f"{PREFIX}link").symlink_to(elsewhere)
        (own_folder / f"{PREFIX}file").write_text("data")
        (own_folder / "other").mkdir()
        Scratch().write(b"data", "")
        assert (elsewhere / "precious").read_text() == "data"
        assert not (elsewhere / "lock").exists()
        assert (own_folder / f"{PREFIX}file").exists()
        assert (own_folder / "other").exists()

    def test_a_forked_child_does_not_end_it(self, own_folder: Path) -> None:
        code = (
            "import os; from mock_server.scratch import Scratch\n"
            "scratch = Scratch(); path = scratch.write(b'data', '')\n"
            "child = os.fork()\n"
            "if not child: raise SystemExit(scratch.close())\n"
            "os.waitpid(child, 0); print(path.exists())"
        )
        command = [sys.executable, "-W", "ignore", "-c", code]
        done = subprocess.run(command, env=_environment(own_folder), capture_output=True, text=True, check=True)
        assert done.stdout == "True\n"
        assert folders(own_folder) == []


class TestShelf:
    def test_a_file_is_made_once_and_kept_on_disk(self, own_folder: Path) -> None:
        own, said = shelf()
        first = own.file("1/a", made(b"data"))
        again = own.file("1/a", never)
        assert again == first
        assert (again.data, again.size, again.content_type, again.suffix) == (b"data", 4, "image/png", ".png")
        assert files(own_folder) == [first.source]
        assert said == []

    def test_the_etag_is_of_the_content(self) -> None:
        own, _ = shelf()
        etags = [own.file(f"1/{n}", made(data)).etag for n, data in enumerate((b"one", b"two", b"one"))]
        assert etags[0] == etags[2] != etags[1]
        assert all(etag[0] == etag[-1] == '"' and etag[1:-1].isalnum() for etag in etags)

    def test_two_at_once_make_one_file(self) -> None:
        own, _ = shelf()
        counted, begun, go = [], threading.Event(), threading.Event()

        def make() -> File:
            counted.append(1)
            begun.set()
            assert go.wait(60)
            return made()()

        found: list[Any] = []
        threads = [threading.Thread(target=lambda: found.append(own.file("1/a", make))) for _ in range(4)]
        for each in threads:
            each.start()
        assert begun.wait(60)
        assert own.file("1/b", made(b"other")).data == b"other", "another key does not wait"
        assert own.file("1/a", made(b"impatient"), patient=False).data == b"impatient"
        go.set()
        for each in threads:
            each.join()
        assert len(counted) == 1
        assert {each.data for each in found} == {b"file"}
        assert len(found) == 4

    def test_whoever_waits_for_a_file_that_cannot_be_made_is_told_and_the_next_one_tries_again(self) -> None:
        own, _ = shelf()
        for _ in range(2):
            with pytest.raises(LookupError, match="no such"):
                own.file("1/a", _fails)
        assert own.file("1/a", made()).data == b"file"

    @settings(deadline=None, max_examples=30)
    @given(sizes=st.lists(st.integers(0, 20_000), max_size=20))
    def test_the_folder_never_holds_more_than_the_bound(self, sizes: list[int]) -> None:
        own, said = shelf(50_000)
        for number, size in enumerate(sizes):
            kept = own.file(f"1/{number}", made(b"x" * size))
            assert kept.size == len(kept.data) == size
            assert isinstance(kept.source, Path)
            there = [path.stat().st_size for path in kept.source.parent.iterdir()]
            assert sum(there) <= 50_000
        assert said == []
        own.close()

    def test_many_empty_files_are_bounded_too(self, own_folder: Path) -> None:
        own, _ = shelf(50_000)
        for number in range(100):
            own.file(f"1/{number}", made(b""))
        assert 0 < len(files(own_folder)) < 20

    def test_the_file_that_nobody_asked_for_longest_goes_and_is_made_again(self) -> None:
        own, _ = shelf(100_000)
        for name in "ab":
            own.file(f"1/{name}", made(name.encode() * 40_000))
        own.file("1/a", never)
        own.file("1/c", made(b"c" * 40_000))
        own.file("1/a", never)
        assert own.file("1/b", made(b"again")).data == b"again"

    def test_an_open_file_can_be_read_to_its_end_after_it_has_gone(self) -> None:
        own, _ = shelf()
        kept = own.file("1/a", made(b"data"))
        with kept.open() as file:
            own.forget("1/")
            assert file.read() == b"data"
        with pytest.raises(FileNotFoundError):
            kept.open()
        assert own.data("1/a", made(b"again")) == b"again"

    def test_a_file_larger_than_the_bound_is_served_and_not_kept(self, own_folder: Path) -> None:
        own, said = shelf(5000)
        assert own.file("1/a", made(b"x" * 6000)).size == 6000
        assert files(own_folder) == []
        assert own.file("1/a", made(b"y" * 6000)).data == b"y" * 6000
        assert said == []

    def test_what_is_forgotten_is_gone_and_nothing_else(self, own_folder: Path) -> None:
        own, _ = shelf()
        for key in ("1/a", "1/b", "11/a"):
            own.file(key, made(key.encode()))
        own.forget("1/")
        assert [path.read_bytes() for path in files(own_folder)] == [b"11/a"]
        assert own.file("1/a", made(b"new")).data == b"new"

    def test_what_is_forgotten_while_it_is_made_is_not_kept(self, own_folder: Path) -> None:
        own, _ = shelf()

        def make() -> File:
            own.forget("1/")
            return made()()

        own.file("1/a", make)
        assert files(own_folder) == []
        assert own.file("1/a", made(b"new")).data == b"new"

    def test_a_file_that_somebody_removed_is_made_again(self) -> None:
        own, _ = shelf()
        kept = own.file("1/a", made(b"data"))
        assert isinstance(kept.source, Path)
        kept.source.unlink()
        assert own.file("1/a", made(b"again")).data == b"again"

    def test_where_the_disk_is_full_files_are_kept_in_memory_and_that_is_said_once(
        self, own_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own, said = shelf()
        own.file("1/a", made(b"before"))
        _full_disk(monkeypatch)
        for name in "bc":
            kept = own.file(f"1/{name}", made(b"data"))
            assert own.file(f"1/{name}", never) == kept
            with kept.open() as file:
                assert (file.read(), kept.data, kept.size) == (b"data", b"data", 4)
        assert own.file("1/a", never).data == b"before"
        assert len(said) == 1
        assert "results are kept in memory: " in said[0]
        assert "No space left" in said[0]
        own.forget("1/")
        assert own.file("1/b", made(b"new")).data == b"new"

    def test_where_there_is_no_temporary_folder_files_are_kept_in_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
        own, said = shelf()
        assert own.file("1/a", made(b"data")).data == b"data"
        assert own.file("1/a", never).data == b"data"
        assert len(said) == 1

    def test_closing_removes_everything(self, own_folder: Path) -> None:
        own, _ = shelf()
        own.file("1/a", made())
        own.close()
        assert folders(own_folder) == []
        assert own.file("1/a", made(b"new")).data == b"new"


def _fails() -> File:
    raise LookupError("no such file")


def _full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let half of a file be written and then no more."""

    def write(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}


def _process(folder: Path) -> subprocess.Popen[str]:
    """Start a process that has a file, says where, and ends when it is told to."""
    code = (
        "from mock_server.scratch import Scratch\n"
        "scratch = Scratch(); print(scratch.write(b'data', ''), flush=True); input()"
    )
    command = [sys.executable, "-c", code]
    return subprocess.Popen(
        command, env=_environment(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
