"""Metrics that somebody reported, read from files, from git revisions and from MLflow."""

from repro.app.subjects.reported.sources import is_report, read_report

__all__ = ["is_report", "read_report"]
