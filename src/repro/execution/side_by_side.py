"""Independent commands, some at a time."""

from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Done = subprocess.CompletedProcess[bytes]


def side_by_side(
    commands: Sequence[Sequence[str]], environ: Mapping[str, str], jobs: int
) -> Iterator[tuple[int, Done]]:
    """Run commands, at most ``jobs`` at a time; yield each one's position when it has ended.

    If the caller is interrupted or stops listening, no further command is started, and those that
    run are asked to end and are waited for.
    """
    running: set[subprocess.Popen[bytes]] = set()
    changing, stopped = threading.Lock(), threading.Event()

    def run(command: Sequence[str]) -> Done | None:
        pipe = subprocess.PIPE
        with changing:
            if stopped.is_set():
                return None
            process = subprocess.Popen(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
            running.add(process)
        output, errors = process.communicate()
        running.discard(process)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(run, command): n for n, command in enumerate(commands)}
        try:
            for future in as_completed(futures):
                done = future.result()
                if done is not None:
                    yield futures[future], done
        finally:
            with changing:
                stopped.set()
                for process in list(running):
                    process.terminate()
