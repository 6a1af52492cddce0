"""Writing a run so that it exists whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import TYPE_CHECKING, Self

from repro.core.errors import PreconditionError
from repro.core.jsonfile import bound, dump_record
from repro.core.records import FileEntry
from repro.digest.files import sha256_bytes, sha256_file
from repro.store.disk import oddity, sync_files, sync_folder, writing_to
from repro.store.lock import WRITER, WriterLock
from repro.store.naming import LINEAGE, another_run_id, is_plain_name, partial_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from repro.core.records import Lineage


def check_writable(runs: Path) -> None:
    """Prove that a run can be written, before time is spent on training one.

    Creates the folder where it is missing.

    Raises
    ------
    PreconditionError
        If it is not a folder, or no file can be made in it.
    """
    with writing_to(runs):
        runs.mkdir(parents=True, exist_ok=True)
        probe = runs / f".writable-{secrets.token_hex(8)}"
        try:
            with probe.open("xb", buffering=0) as file:
                file.write(b"repro")
                # Some file systems report only at this point that they are full or read-only.
                os.fsync(file.fileno())
        finally:
            probe.unlink(missing_ok=True)


class PendingRun:
    """A run that is being written; a context manager that leaves a whole run or nothing.

    Files go to a dot-folder beside the run's place. ``commit`` moves it; leaving the context
    without it, for whatever reason, removes everything.

    Parameters
    ----------
    runs : Path
        The folder of runs; made where it is missing.
    run_id : str
        The name that is wanted.

    Attributes
    ----------
    run_id : str
        The run's name: once the context is entered no other run has it, so that it may differ from
        what was wanted.
    """

    def __init__(self, runs: Path, run_id: str) -> None:
        self.run_id = run_id
        self._runs = runs
        self._files: dict[str, FileEntry] = {}
        self._folder: Path | None = None
        self._lock: WriterLock | None = None

    def __enter__(self) -> Self:
        """Claim a name.

        Raises
        ------
        PreconditionError
            If nothing can be written to it.
        """
        with writing_to(self._runs):
            self._runs.mkdir(parents=True, exist_ok=True)
            self.run_id = _claim(self._runs, self.run_id)
            self._folder = partial_folder(self._runs, self.run_id)
            try:
                self._lock = WriterLock(self._folder)
            except BaseException:
                self._discard()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove what was not committed."""
        self._discard()

    def write(self, name: str, content: bytes) -> None:
        """Write one file.

        Raises
        ------
        PreconditionError
            If the name is taken or not a plain file name, or the file cannot be written.
        """
        path = self._path_of(name)
        with writing_to(path), path.open("xb") as file:
            file.write(content)
        self._files[name] = FileEntry(sha256=sha256_bytes(content), size=len(content))

    def write_with(self, name: str, callback: Callable[[Path], object]) -> None:
        """Let a callback write one file, and nothing else, to the path that it is given.

        Raises
        ------
        PreconditionError
            As ``write``, or if the callback left no regular file.
        """
        path = self._path_of(name)
        with writing_to(path):
            callback(path)
            if found := oddity(path):
                raise PreconditionError(f"{name}: expected a file to be written, found {found}")
            self._files[name] = FileEntry(sha256=sha256_file(path), size=path.stat().st_size)

    def commit(self, lineage: Lineage) -> Path:
        """Complete the run and put it in its place.

        Parameters
        ----------
        lineage : Lineage
            Its ``run_id``, ``files`` and ``digest`` are filled in.

        Returns
        -------
        Path
            The run's folder.

        Raises
        ------
        PreconditionError
            If it cannot be written, has no files, or has others than were given to it.
        """
        folder = self._check_contents()
        files = dict(sorted(self._files.items()))
        lineage = bound(lineage.model_copy(update={"run_id": self.run_id, "files": files}))
        path = self._runs / self.run_id
        with writing_to(path):
            sync_files([folder / name for name in files])
            (folder / LINEAGE).write_bytes(dump_record(lineage))
            sync_files([folder / LINEAGE])
            self._release()
            sync_folder(folder)
            folder.rename(path)
            self._folder = None
            sync_folder(self._runs)
        return path

    def _path_of(self, name: str) -> Path:
        if not is_plain_name(name):
            raise PreconditionError(
                f"{name!r} cannot be the name of a file of a run",
                advice="use a plain file name, without separators or a leading dot",
            )
        # Case alone does not distinguish two files on every platform.
        if name.casefold() in {LINEAGE, *(taken.casefold() for taken in self._files)}:
            raise PreconditionError(f"the run already has a file {name}")
        return self._open_folder() / name

    def _open_folder(self) -> Path:
        if self._folder is None:
            raise PreconditionError(
                f"run {self.run_id} is not being written",
                advice="write files inside the 'with' block, before commit",
            )
        return self._folder

    def _check_contents(self) -> Path:
        folder = self._open_folder()
        if not self._files:
            raise PreconditionError(f"run {self.run_id} has no files, so it is not evidence")
        with writing_to(folder):
            found = {path.name for path in folder.iterdir()}
        strays = sorted(found - {*self._files, WRITER})
        if strays:
            raise PreconditionError(
                f"{strays[0]} was written beside the run's files",
                advice="give every file of a run to write or write_with",
            )
        return folder

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _discard(self) -> None:
        if self._folder is None:
            return
        if self._lock is not None:
            # Windows removes a file only once it is closed.
            self._lock.close()
        # An error in cleaning up must not hide the reason why the run is given up.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = self._lock = None


def _claim(runs: Path, run_id: str) -> str:
    """Make the folder of an unfinished run that nobody else has; return the run's name."""
    while True:
        folder = partial_folder(runs, run_id)
        try:
            folder.mkdir()
        except FileExistsError:
            run_id = another_run_id(run_id)
            continue
        # Asked after the claim: the earlier owner of this name has left, or has moved in.
        if not (runs / run_id).exists():
            return run_id
        folder.rmdir()
        run_id = another_run_id(run_id)
