"""Remarks at record time: causes that can prevent reproduction, with their lines and fixes."""

from __future__ import annotations

from subprocess import SubprocessError
from typing import TYPE_CHECKING

from repro.capture.git_process import git
from repro.core.observed import Remark
from repro.core.variables import ATEN, MKL, ONEDNN
from repro.execution.recording.sources import PYTHON, Chance
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.execution.recording.assembly import Recording
    from repro.execution.recording.inputs import Files
    from repro.execution.recording.traces import Event, Traces

_GENERATORS = {
    "numpy.random": ("NumPy's global generator", "numpy.random.seed(0)"),
    "random": ("Python's global generator", "random.seed(0)"),
    "torch": ("PyTorch's global generator", "torch.manual_seed(0)"),
}
_DISPATCHERS = {
    "aten": "functions are those of", "mkl": "MKL takes the branch",
    "onednn": "oneDNN has the limit", "threads": "operations have threads:",
}  # fmt: skip
_SETTINGS = {"aten": ATEN, "mkl": MKL, "onednn": ONEDNN, "threads": "torch.set_num_threads"}
_UNSEEN_FLAGS = ("I", "S", "E")
_START = "generator "


def remarks_of(
    traces: Traces, files: Files, suspects: Sequence[Chance], recording: Recording
) -> tuple[Remark, ...]:
    """Return the remarks, each once."""
    if recording.own:
        # Whether it seeded a generator, and what else it did, is not known.
        return tuple(dict.fromkeys([*_threads(recording), *_unknown_to_git(files, recording)]))
    found = [
        *_unseeded(traces),
        *_drawn(suspects),
        *_threads(recording),
        *_unpinned(recording),
        *_nondeterministic(recording),
        *_sets(traces),
        *_changed(files),
        *_absolute(files),
        *_unknown_to_git(files, recording),
        *_network(traces),
        *_trainings(traces),
        *_programs(traces),
        *_cut_off(traces, recording),
        *_refused(recording),
    ]
    return tuple(dict.fromkeys(found))


def _unseeded(traces: Traces) -> Iterator[Remark]:
    for before, generator, event in _draws(traces):
        what, seed = _GENERATORS[generator]
        start = "code before " if before else ""
        yield Remark(
            kind="unseeded",
            site=f"{event['file']}:{event['line']}",
            message=f"{start}{event['function']} draws from {what}, which was never seeded",
            fix=f"give it a seed (random_state=0), or call {seed} first",
        )


def moved_before(traces: Traces) -> Iterator[Chance]:
    """Yield, for each process, the first step before which an unseeded generator was drawn from."""
    for before, generator, event in _draws(traces):
        if before:
            site = f"{event['file']}:{event['line']}"
            yield Chance(site, "entropy", f"a draw from {generator}")


def _draws(traces: Traces) -> Iterator[tuple[bool, str, Event]]:
    """Yield, for each process, the first step at which an unseeded generator was drawn from.

    The draw is in the step or before it, in code that makes no steps, such as
    ``numpy.random.normal()``.
    """
    for process in traces.processes:
        seeded: set[str] = set()
        for event in process.events:
            if event["event"] == "seed" and event["given"]:
                seeded.add(event["generator"])
            if event["event"] != "step":
                continue
            within = [n.removeprefix(_START) for n in event["inputs"] if n.startswith(_START)]
            if event["imported"]:
                # Some modules draw from Python's own generator when they are imported.
                within = [name for name in within if name != "random"]
            for before, names in ((True, event["moved"]), (False, within)):
                for generator in [name for name in names if name not in seeded]:
                    seeded.add(generator)
                    yield before, generator, event


def _drawn(suspects: Sequence[Chance]) -> Iterator[Remark]:
    for each in suspects:
        if each.kind != "entropy":
            continue
        if each.what.startswith(PYTHON):
            what, seed = _GENERATORS["random"]
            message, fix = f"draws from {what}, which was never seeded", f"call {seed} first"
        else:
            message, fix = "draws its seed from the system", "give it a seed"
        yield Remark(kind="unseeded", site=each.site, message=f"{each.what} {message}", fix=fix)


def _threads(recording: Recording) -> Iterator[Remark]:
    counts = [library.num_threads for library in recording.environment.native]
    if recording.environment.level == "seeded" and max(counts, default=1) > 1:
        yield Remark(
            kind="threads",
            message=f"the script does not set the number of threads ({max(counts)} were used)",
            fix="record at a level that fixes it, such as --level portable",
        )


def _unpinned(recording: Recording) -> Iterator[Remark]:
    """Yield each dispatcher of PyTorch that does not compute by what the level pins."""
    level, found = Level(recording.environment.level), recording.environment.tensors or {}
    if level.pins is None or level.pins.aten is None:
        return
    pins = level.pins.variables
    wanted = {"aten": level.pins.aten, "mkl": pins[MKL], "onednn": pins[ONEDNN], "threads": "1"}
    for name, value in wanted.items():
        if found.get(name, value) != value:
            yield Remark(
                kind="not pinned",
                message=f"PyTorch's {_DISPATCHERS[name]} {found[name]}, and the level {level} pins"
                f" {value}: a different processor can give other bits",
                fix=f"remove the line that sets it, or any that sets {_SETTINGS[name]}",
            )


def _nondeterministic(recording: Recording) -> Iterator[Remark]:
    """Yield what can change from run to run although the level fixes what a variable can."""
    if not Level(recording.environment.level).keeps_out:
        return
    for event in recording.traces.of("end"):
        if reason := event.get("nondeterminism"):
            yield Remark(
                kind="code paths",
                message=f"PyTorch computes by {reason} without its deterministic algorithms: two"
                " runs can have other bits",
                fix="call torch.use_deterministic_algorithms(True): no variable does it",
            )


def _sets(traces: Traces) -> Iterator[Remark]:
    for event in traces.of("step"):
        for name in event["sets"]:
            yield Remark(
                kind="order of a set",
                site=f"{event['file']}:{event['line']}",
                message=f"{event['function']} takes the set {name}: its order depends on hashes",
                fix="sort it: sorted(…)",
            )


def _changed(files: Files) -> Iterator[Remark]:
    for name in files.changed:
        yield Remark(
            kind="changed",
            message=f"{name} changed while the command ran",
            fix="record again when nothing else writes to it",
        )


def _absolute(files: Files) -> Iterator[Remark]:
    for name in dict.fromkeys(files.absolute):
        yield Remark(
            kind="absolute path",
            message=f"{name} is read by an absolute path, which other machines do not have",
            fix="use a path relative to the working folder, or an argument",
        )


def _unknown_to_git(files: Files, recording: Recording) -> Iterator[Remark]:
    names = [n for n in (*files.inputs, *files.code) if not n.startswith(("/", "~"))]
    if not names or recording.environment.git.kind == "none":
        return
    try:
        known = set(git(recording.root, "ls-files", "-z", "--", *names).stdout.split("\0"))
    except (OSError, SubprocessError):
        return
    for name in names:
        if name not in known:
            yield Remark(
                kind="not in git",
                message=f"{name} is not in git, so the commit does not identify it",
                fix=f"git add {name}, or hand it over with the record",
            )


def _network(traces: Traces) -> Iterator[Remark]:
    for event in traces.of("network"):
        yield Remark(
            kind="network",
            message=f"the command connected to {event['host']}",
            fix="download the data to a file first, and read the file",
        )


def _trainings(traces: Traces) -> Iterator[Remark]:
    if traces.trainings:
        yield Remark(
            kind="not observed",
            message="repro.train or repro.verify works in a process of its own: its steps and"
            " numbers are in the run that it wrote",
            fix="verify that run too",
        )


def _programs(traces: Traces) -> Iterator[Remark]:
    for name in unobserved(traces):
        if name.startswith("python"):
            yield Remark(
                kind="not observed",
                message=f"{name} ignores environment variables, so it was not observed",
                fix="start it without -I, -S and -E",
            )
    for reason in traces.broken:
        yield Remark(
            kind="not observed",
            message=f"a Python could not be observed: {reason.strip()}",
            fix="use a version of Python that repro supports",
        )


def _cut_off(traces: Traces, recording: Recording) -> Iterator[Remark]:
    """Yield a remark if a trace has no last line, although the command ended well."""
    numbers = [process.number for process in traces.processes]
    for position, process in enumerate(traces.processes):
        # A process that becomes a different program keeps its number, and may trace itself again.
        became = process.number in numbers[position + 1 :] or (
            bool(process.events) and process.events[-1]["event"] == "started"
        )
        ended = became or process.worker or any(process.of("end"))
        if recording.run.status == 0 and not ended:
            yield Remark(
                kind="not observed",
                message="the trace of a Python ends early, so steps and files may be missing",
                fix="free some space in the temporary folder, or leave by sys.exit, not os._exit",
            )


def _refused(recording: Recording) -> Iterator[Remark]:
    for kind, name in recording.refused:
        declare = kind in {"read", "execute"}
        yield Remark(
            kind="not observed",
            message=f"the seal refused to {kind} {name}",
            fix=f"declare it: --input {name}" if declare else "do without it",
        )


def unobserved(traces: Traces) -> tuple[str, ...]:
    """Return the programs that were started and not observed."""
    found = []
    words = " ".join(word for process in traces.processes for word in process.words)
    for event in traces.of("started"):
        flags = "".join(event["flags"])
        if not event["program"].startswith("python"):
            # A Python script is observed: the words of its interpreter have its name.
            found += [event["program"]] if f"{event['program']} " not in f"{words} " else []
        elif not flags.startswith("--") and any(flag in flags for flag in _UNSEEN_FLAGS):
            found.append(f"{event['program']} {flags}")
    return tuple(dict.fromkeys(found))
