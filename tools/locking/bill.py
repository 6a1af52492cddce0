"""The bill of materials, CycloneDX 1.6, from what pip reports of the locked wheels."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from repro.app.init.index import PYTHON, SYSTEMS, wheel
from repro.core.pins import pins
from tools.locking.wheels import INSTALLED, LOCKS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

    from repro.app.init.index import Report


def bill(reports: Mapping[str, Report], locks: Mapping[str, str]) -> str:
    """Return the bill of materials, CycloneDX 1.6, of what is installed on any of the systems."""
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    root = Component(name="repro", type=ComponentType.APPLICATION, bom_ref="repro")
    properties = [Property(name=_lock(name), value=digest) for name, digest in locks.items()]
    bom = Bom(metadata=BomMetaData(component=root, properties=properties))
    components = _components(reports)
    for component in components.values():
        bom.components.add(component)
    for name, needed in _needs(reports, set(components)).items():
        bom.register_dependency(components[name], [components[other] for other in needed])
    bom.register_dependency(root, [components[name] for name in _asked()])
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    # The library notes the time and draws a random number; here both follow from the content.
    del content["metadata"]["timestamp"]
    return json.dumps({**content, "serialNumber": serial(content)}, indent=2, sort_keys=True) + "\n"


def serial(content: Mapping[str, Any]) -> str:
    """Return the serial number of a bill of materials: a name for its content."""
    rest = {key: value for key, value in content.items() if key != "serialNumber"}
    return uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(rest, sort_keys=True)).urn


def noted(billed: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the locks that a bill of materials says it was made from."""
    found = {entry["name"]: entry["value"] for entry in billed["metadata"]["properties"]}
    return {name: found.get(_lock(name), "") for name in LOCKS}


def _lock(name: str) -> str:
    return f"repro:sha256:{name}"


def _components(
    reports: Mapping[str, Report],
) -> dict[str, Component]:
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentScope
    from packageurl import PackageURL

    built = pins((ROOT / "requirements-build.txt").read_text())
    found: dict[str, Component] = {}
    for entry in (entry for entries in reports.values() for entry in entries):
        one = wheel(entry)
        purl = PackageURL("pypi", name=one.name, version=one.version)
        component = found.setdefault(
            one.name,
            Component(
                name=one.name,
                version=one.version,
                purl=purl,
                bom_ref=str(purl),
                # Builds the package, and is not installed with it.
                scope=ComponentScope.EXCLUDED if one.name in built else ComponentScope.REQUIRED,
                licenses=_licences(entry["metadata"]),
            ),
        )
        component.external_references.add(
            ExternalReference(
                type=ExternalReferenceType.DISTRIBUTION,
                url=XsUri(one.file),
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)],
            )
        )
    return found


def _licences(metadata: Mapping[str, Any]) -> list[License]:
    """Return the licence as the package states it: an expression, a short name, a classifier."""
    from cyclonedx.contrib.license.factories import LicenseFactory

    stated = metadata.get("license_expression") or metadata.get("license") or ""
    if not stated or "\n" in stated:
        names = [
            text.rpartition(" :: ")[2]
            for text in metadata.get("classifier", ())
            if text.startswith("License :: ")
        ]
    else:
        names = [stated]
    return [LicenseFactory().make_from_string(name) for name in names]


def _needs(reports: Mapping[str, Report], locked: set[str]) -> dict[str, set[str]]:
    """Return what each package needs, on any of the systems, of what is locked."""
    from packaging.requirements import Requirement

    needs: dict[str, set[str]] = {name: set() for name in locked}
    for system, entries in reports.items():
        seen = {"extra": "", "python_version": PYTHON, "python_full_version": f"{PYTHON}.0"}
        seen |= {"os_name": "posix"} | SYSTEMS[system]._asdict()
        del seen["tags"]
        for entry, text in _required(entries):
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate(seen):
                needs[entry].add(canonicalize_name(needed.name))
    return needs


def _required(entries: Report) -> Iterator[tuple[str, str]]:
    for entry in entries:
        for text in entry["metadata"].get("requires_dist", ()):
            yield canonicalize_name(entry["metadata"]["name"]), text


def _asked() -> list[str]:
    lines = [
        line.strip()
        for name in INSTALLED
        for line in (ROOT / name).with_suffix(".in").read_text().splitlines()
    ]
    return [canonicalize_name(line) for line in lines if line and not line.startswith("#")]
