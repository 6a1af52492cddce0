"""The audit of the lock: what is known is a finding, and what could not be asked is no pass."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.conftest import command

AUDIT = ("-m", "tools.audit")
KNOWN = {
    "id": "PYSEC-0000-1",
    "details": "An example.",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


@contextmanager
def database(answers):
    """Serve the protocol of OSV on this machine: one question a package."""
    questions = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = body["package"]["name"]
            questions.append(name)
            answer = json.dumps({"vulns": [answers[name]]} if name in answers else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", questions
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_locked_package_is_asked_about():
    """All locks; nothing known is a pass."""
    with database({}) as (address, questions):
        result = command(*AUDIT, "-s", "osv", "--osv-url", address)

    assert result.status == 0, result.err
    assert "none is known to be vulnerable" in result.out
    assert {"numpy", "flit-core", "pytest", "cyclonedx-python-lib", "xgboost-cpu"} <= set(questions)


def test_a_known_vulnerability_is_a_finding():
    """It is named with the version that mends it."""
    with database({"jinja2": KNOWN}) as (address, _):
        result = command(*AUDIT, "-s", "osv", "--osv-url", address)

    assert result.status == 1, result.err
    assert "jinja2" in result.out
    assert "PYSEC-0000-1, mended in 99.0" in result.out


def test_a_database_that_cannot_be_reached_is_no_pass():
    """A sentence and the next step."""
    result = command(*AUDIT, "-s", "osv", "--osv-url", "http://127.0.0.1:9/v1/query")

    assert (result.status, result.out) == (3, "")
    assert result.err.startswith("error: the database of vulnerabilities could not be asked: ")
    assert "next: try again where it can be reached" in result.err


def test_an_option_that_pip_audit_does_not_know_is_a_usage_error():
    """Its own sentence is passed on."""
    result = command(*AUDIT, "-s", "nonsense")

    assert (result.status, result.out) == (2, "")
    assert "nonsense" in result.err


def test_a_package_that_was_passed_over_is_no_pass(tmp_path):
    """pip-audit ends with 0 and says that nothing was found; its answer, as it was seen."""
    seen = {"name": "numpy", "skip_reason": "Dependency not found and could not be audited: numpy"}
    answer = json.dumps({"dependencies": [{"name": "click", "version": "1", "vulns": []}, seen]})
    (tmp_path / "pip_audit.py").write_text(f"print({answer!r})")

    result = command(*AUDIT, env={"PYTHONPATH": str(tmp_path)})

    assert (result.status, result.out) == (3, "")
    assert "says nothing about 1 of 2 locked packages, numpy for one" in result.err
