"""Validate an RO-Crate without a network; print its problems as JSON.

roc-validator reads the two contexts that a crate names from the network. They are given here
instead: that of RO-Crate is the one that the package rocrate brings along, and of the other one
crates use a single term.
"""

import json
import sys
from pathlib import Path

import requests
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

CRATE, CONTEXT = sys.argv[1:3]
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": json.loads(Path(CONTEXT).read_text("utf-8")),
    "https://w3id.org/ro/terms/workflow-run/context": {
        "@context": {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
    },
}


def given(_requester: HttpRequester, url: str, **_: object) -> requests.Response:
    """Answer a request for one of the contexts; any other would be a defect of this test."""
    response = requests.Response()
    response.status_code, response.url = 200, url
    response.headers["Content-Type"] = "application/ld+json"
    response._content = json.dumps(CONTEXTS[url]).encode()
    return response


HttpRequester.get = HttpRequester.head = given
result = services.validate(
    models.ValidationSettings(
        rocrate_uri=CRATE,
        profile_identifier="process-run-crate",
        requirement_severity=models.Severity.RECOMMENDED,
        abort_on_first=False,
    )
)
problems = [
    [each.severity.name, each.check.identifier, each.message] for each in result.get_issues()
]
print(json.dumps({"checks": len(result.executed_checks), "problems": problems}))
