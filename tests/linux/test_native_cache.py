"""A compiled loop is kept where it can be written and nobody else can."""

from pathlib import Path

import pytest

from netbench.linux.native.cache import cache_folder

SOURCE = Path(__file__).parent


def test_chosen_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NUMBA_CACHE_DIR is honoured."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    assert cache_folder("loop", SOURCE).parent == tmp_path


def test_home_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a usable home the temporary folder serves."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/proc/nonexistent")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert tmp_path in cache_folder("loop", SOURCE).parents


def test_folder_that_others_may_write_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code is never loaded from a folder that anybody else may write."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    open_to_all = cache_folder("loop", SOURCE)
    open_to_all.chmod(0o777)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "other"))

    assert cache_folder("loop", SOURCE) != open_to_all
