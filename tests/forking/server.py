"""A process that has loaded what `repro` imports, and forks for each command; run as a script.

A child must be what a fresh `python -m repro` would be, as far as the command can see. So whatever
was loaded beforehand is hidden: a child starts with the modules of a bare interpreter, and an
import brings back the module, what its own import had loaded, and nothing else. A child that needs
anything that this process cannot be (another determinism level, libraries that were loaded in
another environment, a folder whose files shadow modules) becomes a fresh process instead.
"""

import _frozen_importlib as bootstrap
import builtins
import os
import runpy
import sys

# What `python -m` has of its own; whatever comes after this is recorded, and hidden from children.
BARE = frozenset(sys.modules)
# The folder of this script; a command has its working folder in this place.
del sys.path[0]


class Recorder:
    """Notes, while modules are imported, which others each of them imports.

    Attributes
    ----------
    needs : dict of str to set of str
        By module, what its own code imported, whether or not it had been loaded before.
    variables : dict of str to dict of str to str
        By module, what its import set in the environment.
    """

    def __init__(self):
        self.needs = {}
        self.variables = {}
        self._running = []
        self._load, self._get = bootstrap._load_unlocked, bootstrap._gcd_import
        self._import = builtins.__import__

    def start(self):
        """Record from now on, by the three functions through which imports go."""
        bootstrap._load_unlocked, bootstrap._gcd_import = self._loading, self._getting
        builtins.__import__ = self._importing

    def stop(self):
        """Put everything back."""
        bootstrap._load_unlocked, bootstrap._gcd_import = self._load, self._get
        builtins.__import__ = self._import

    def _loading(self, spec):
        before, environ = set(sys.modules), dict(os.environ)
        self._note(spec.name)
        self._running.append(spec.name)
        try:
            return self._load(spec)
        finally:
            self._running.pop()
            # With names that it gave to modules itself, and with what its modules loaded.
            self.needs.setdefault(spec.name, set()).update(set(sys.modules) - before)
            changed = dict(os.environ.items() - environ.items())
            self.variables.setdefault(spec.name, {}).update(changed)

    def _importing(self, name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002
        found = self._import(name, globals, locals, fromlist, level)
        if self._running:
            package = bootstrap._calc___package__(globals) if level else ""
            whole = bootstrap._resolve_name(name, package, level) if level else name
            self._note(whole)
            for part in fromlist or ():
                self._note(f"{whole}.{part}")
                # A package may import what it has in a module of its own when it is asked for it.
                origin = getattr(getattr(found, part, None), "__module__", None)
                if isinstance(origin, str) and origin.startswith(f"{whole}."):
                    self._note(origin)
        return found

    def _getting(self, name, package=None, level=0):
        found = self._get(name, package, level)
        self._note(found.__name__)
        return found

    def _note(self, name):
        if self._running:
            self.needs.setdefault(self._running[-1], set()).add(name)


RECORDER = Recorder()
RECORDER.start()

import array  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import pkgutil  # noqa: E402
import select  # noqa: E402
import socket  # noqa: E402
import types  # noqa: E402
from importlib.machinery import ModuleSpec  # noqa: E402
from pathlib import Path  # noqa: E402

# Set by scikit-learn whenever it is imported.
HARMLESS = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}
# The launcher's own messages from a process to the one that replaces it.
MESSAGES = {"REPRO_LAUNCHED", "REPRO_DROPPED"}
# What the libraries choose when they are loaded; pandas and scikit-learn load NumPy first.
DEPENDENT = {"numpy", "scipy", "sklearn"}
# Imported where they are configured; they need libraries of their own.
WITH_LIBRARIES = ("repro.families.", "repro.executors.dasks", "repro.executors.rays")
# What commands import when they run; whatever is missing is imported by the child, as ever.
MORE = (
    "sklearn.dummy", "sklearn.ensemble", "sklearn.inspection", "sklearn.linear_model",
    "sklearn.neighbors", "sklearn.svm", "sklearn.tree", "scipy.linalg", "scipy.stats", "yaml",
    "rich.table", "threadpoolctl", "filelock", "jinja2", "jinja2._identifier",
    "pydantic.dataclasses", "sklearn.datasets", "importlib.resources.readers",
    "narwhals.stable.v2._namespace", "narwhals._pandas_like.dataframe",
    "narwhals._pandas_like.namespace", "pyarrow.pandas_compat",
)  # fmt: skip


def load():
    """Import the package and what it imports when it trains."""
    package = importlib.import_module("repro")
    for name in [name for _, name, _ in pkgutil.walk_packages(package.__path__, "repro.")]:
        if name != "repro.__main__" and not name.startswith(WITH_LIBRARIES):
            importlib.import_module(name)
    for name in MORE:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            # Some are internal to a version of their package.
            continue


class Hidden:
    """A finder of the modules that were loaded beforehand; each comes back when it is imported."""

    def __init__(self, modules, needs, variables):
        self._modules, self._needs, self._variables = modules, needs, variables
        self._own, self._drawn = None, False

    def find_spec(self, name, path=None, target=None):
        """Return a spec like the module's own, whose loader brings the module back."""
        if name not in self._modules:
            return None
        own = getattr(self._modules[name], "__spec__", None)
        spec = ModuleSpec(name, self, origin=getattr(own, "origin", None))
        spec.submodule_search_locations = getattr(own, "submodule_search_locations", None)
        spec.has_location = bool(getattr(own, "has_location", False))
        return spec

    def create_module(self, spec):
        """Bring back a module, and everything that its import would have loaded."""
        module = self._modules[spec.name]
        self._own = getattr(module, "__spec__", None)
        names = self._closure(spec.name)
        if DEPENDENT.intersection(names):
            JOB.become_fresh_unless_pinned()
        for name in names:
            found = self._modules.pop(name)
            # The second name that multiprocessing gives the program.
            sys.modules[name] = sys.modules["__main__"] if name == "__mp_main__" else found
            os.environ.update(self._variables.get(name, {}))
        if "numpy.random" in sys.modules and "numpy.random" not in self._modules:
            self._draw_anew()
        return module

    def exec_module(self, module):
        """Leave a module as its own import had left it."""
        module.__spec__ = self._own

    def _closure(self, name):
        found, pending = set(), [name]
        while pending:
            each = pending.pop()
            # What has come back already has brought back what it needs.
            if each in self._modules and each not in found:
                found.add(each)
                pending += self._needs.get(each, ())
                pending += [each.rpartition(".")[0]] if "." in each else []
        return [each for each in self._modules if each in found]

    def _draw_anew(self):
        # A fresh process draws its global state when NumPy is imported.
        if not self._drawn:
            self._drawn = True
            sys.modules["numpy.random"].seed()


class Again(BaseException):
    """This process is what the restart of the interpreter would make."""


class Job:
    """A command, in the child that is to run it.

    Parameters
    ----------
    environ : dict of str to str
        The caller's.
    pinned : dict of str to str
        That in which this process was started.
    """

    def __init__(self, request, pinned, known):
        self.argv, self.cwd, self.environ = request["argv"], request["cwd"], request["environ"]
        self._pinned, self._known = pinned, known
        self._execve = os.execve

    def start(self, streams):
        """Take the command's place, arguments, environment and streams; return for it to be run."""
        for target, source in enumerate(streams):
            os.dup2(source, target)
            if source > 2:
                os.close(source)
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.environ)
        sys.orig_argv[:] = [sys.executable, *self.argv]
        sys.path.insert(0, str(Path.cwd()))
        if self._shadows():
            self.become_fresh()
        os.execve = self._replace

    def become_fresh(self):
        """Turn into the process that would have been started without this server."""
        self._execve(sys.executable, [sys.executable, *self.argv], self.environ)

    def become_fresh_unless_pinned(self):
        """Do so if the libraries would have been loaded in an environment that differs."""
        if not same(self._pinned, os.environ):
            self.become_fresh()

    def _replace(self, path, argv, environ):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # The restart is safe from the folder, which the command has taken off the path already.
        words = [word for at, word in enumerate(argv[1:]) if (at, word) != (0, "-P")]
        restart = path == sys.executable and words == self.argv
        if restart and same(self._pinned, environ):
            sys.orig_argv[:] = argv
            os.environ.clear()
            os.environ.update(environ)
            raise Again
        self._execve(path, argv, environ)

    def _shadows(self):
        names = {path.name.partition(".")[0] for path in Path().iterdir()} & self._known
        places = [Path(name, "__init__.py") for name in names] + [Path(f"{n}.py") for n in names]
        return any(place.is_file() for place in places)


def same(one, other):
    """Whether the libraries would be loaded alike in two environments."""
    return all(one.get(name) == other.get(name) for name in {*one, *other} - HARMLESS - MESSAGES)


JOB = None


def receive(control):
    """Return the next request and its files: the reply's socket and three streams."""
    fds = array.array("i")
    head, ancillary, _, _ = control.recvmsg(8, socket.CMSG_SPACE(4 * fds.itemsize))
    if not head:
        os._exit(0)
    for _, _, data in ancillary:
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    body, size = b"", int(head, 16)
    while len(body) < size:
        body += control.recv(size - len(body))
    return json.loads(body), list(fds)


def serve(control):
    """Fork for each request until the other side has gone; return a request in its child alone."""
    while True:
        while not select.select([control], [], [], 1.0)[0]:
            reap()
        request, (reply, *streams) = receive(control)
        reap()
        if os.fork():
            for each in (reply, *streams):
                os.close(each)
            continue
        control.close()
        child = os.fork()
        if child:
            for each in streams:
                os.close(each)
            os.write(reply, b"%d\n" % child)
            _, status = os.waitpid(child, 0)
            os.write(reply, b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        os.close(reply)
        return request, streams


def reap():
    """Forget the children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def hide():
    """Hide what was loaded here, and return how a child finds it."""
    loaded = {name: module for name, module in sys.modules.items() if name not in BARE}
    for name in loaded:
        del sys.modules[name]
    return Hidden(loaded, RECORDER.needs, RECORDER.variables)


def main():
    """Load, wait, and return in a child, ready for its command."""
    global JOB  # noqa: PLW0603 - a process has one
    pinned = dict(os.environ)
    control = socket.socket(fileno=int(sys.argv[1]))
    load()
    RECORDER.stop()
    known = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names
    finder = hide()
    gc.collect()
    gc.freeze()
    request, streams = serve(control)
    JOB = Job(request, pinned, known)
    sys.meta_path.insert(0, finder)
    JOB.start(streams)


if __name__ == "__main__":
    KEPT = sys.modules["__main__"]
    main()
    while True:
        sys.modules["__main__"] = types.ModuleType("__main__")
        sys.argv[:] = ["-m", *JOB.argv[2:]]
        try:
            runpy._run_module_as_main(JOB.argv[1])
        except Again:
            continue
        break
