"""What tests of pages share: a reader, rules that every page keeps, and a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
VOID = {"meta", "br", "link", "img", "hr", "input"}
EVIL = "<script>alert(1)</script>$\\frac{x}\x00\x1b[31m\u202e\"'`{{7*7}}" + "long" * 5_000


class Reader(HTMLParser):
    """What a page is made of: tags with attributes, and text by tag."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))


def words(text):
    return " ".join(" ".join(t for tag, t in Reader(text).texts if tag != "style").split())


def check_harmless(text):
    """No address, no script, no handler; the policy forbids all of it besides."""
    tags = Reader(text).tags

    assert {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "base"} == set()
    attributes = [(key, value or "") for _, found in tags for key, value in found.items()]
    assert [key for key, _ in attributes if key.startswith("on")] == []
    assert [v for k, v in attributes if k in {"href", "src", "xlink:href"} and v[0] != "#"] == []
    assert re.findall(r"url\((?!#)|@import", text) == []
    assert ("meta", "default-src 'none'; style-src 'unsafe-inline'") in [
        (tag, found.get("content")) for tag, found in tags
    ]


def pictures(text):
    """Return the drawings of a page by name; small outlines in tables are none."""
    return {
        found[1]: found[0]
        for found in re.finditer(r'<svg[^>]*aria-labelledby="(\w+)-title.*?</svg>', text, re.DOTALL)
    }


def check_pictures(text):
    """Ids are there once, references meet their own target, every picture is told in words."""
    tags = Reader(text).tags
    ids = [found["id"] for _, found in tags if "id" in found]
    targets = set(re.findall(r'(?:href="|url\()#([\w-]+)', text))

    assert len(ids) == len(set(ids))
    assert targets - set(ids) == set()
    for _, found in [(tag, found) for tag, found in tags if tag == "svg"]:
        assert found["role"] == "img"
        assert found.get("aria-label") or set(found["aria-labelledby"].split()) <= set(ids)
    drawn = pictures(text)
    for name, picture in drawn.items():
        for part in ("title", "desc"):
            assert re.search(rf'<{part} id="{name}-{part}">[^<]+</{part}>', picture)
    return set(drawn)


def browse(path, folder, *arguments):
    """Open a page in Chromium with a fresh profile; returns what it printed."""
    result = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}",
            *arguments, path.as_uri(),
        ],
        capture_output=True, text=True, encoding="utf-8", timeout=900, check=True,
    )  # fmt: skip
    return result.stdout, result.stderr


def check_layout(text, folder, width):
    """No message on the console, every section laid out, and nothing wider than the window."""
    path = folder / "page.html"
    measure = (
        "<script>document.title=[innerWidth,document.documentElement.scrollWidth,"
        "[...document.querySelectorAll('section,figure svg')].every("
        "e=>e.getBoundingClientRect().height>30)].join(' ')</script>"
    )
    path.write_text(text, encoding="utf-8")
    _, plain = browse(path, folder, "--dump-dom")
    # The policy would rightly refuse the ruler.
    measured = re.sub(r"<meta http-equiv=[^>]*>", "", text).replace("</body>", measure + "</body>")
    path.write_text(measured, encoding="utf-8")
    dom, _ = browse(path, folder, f"--window-size={width},900", "--dump-dom")
    inner, scrolled, laid_out = re.search(r"<title>(\d+) (\d+) (\w+)</title>", dom).groups()

    assert "CONSOLE" not in plain
    assert (int(scrolled) <= int(inner), laid_out) == (True, "true")
