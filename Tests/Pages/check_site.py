#!/usr/bin/env python3
"""The site: built from nothing, every link and anchor followed, pages opened in Chromium from the file system.

    check_site.py --loma PATH [--explorer FOLDER] [--screenshots FOLDER]

Needs Tests/Pages/requirements.txt, Docs/Site/requirements.txt and a Chromium. Prints one line and leaves with 1 at the
first fault.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
MAIN = ("index.html", "Spec/00-why.html", "Spec/04-mask.html", "Docs/Port.html", "search.html?q=memory")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


class Links(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.images: list[str | None] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        for name in ("id", "name"):
            if values.get(name):
                self.anchors.add(values[name])
        for name in ("href", "src"):
            if values.get(name):
                self.targets.append(values[name])
        if tag == "img":
            self.images.append(values.get("alt"))


def read(path: Path) -> Links:
    links = Links()
    links.feed(path.read_text(encoding="utf-8"))
    return links


def check_links(site: Path) -> tuple[int, int]:
    """Follows every link between pages of the site; reports are pages of their own."""
    pages = {path: read(path) for path in site.rglob("*.html") if "api" not in path.relative_to(site).parts}
    followed, broken = 0, []
    for path, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or target.startswith("//") or target.startswith("data:"):
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            followed += 1
            if not file.exists():
                broken.append(f"{path.relative_to(site)}: {target}")
            elif parts.fragment and file.suffix == ".html" and file in pages:
                if unquote(parts.fragment) not in pages[file].anchors:
                    broken.append(f"{path.relative_to(site)}: no anchor {target}")
        if any(not words for words in links.images):
            broken.append(f"{path.relative_to(site)}: an image without words")
    if broken:
        sys.exit(f"failed: {len(broken)} links lead nowhere:\n" + "\n".join(broken[:40]))
    return len(pages), followed


def check_clauses(site: Path) -> int:
    """Every clause of chapter 4 has its address, and its citations elsewhere lead there."""
    mask = read(site / "Spec/04-mask.html")
    clauses = [f"MSK-{number}" for number in range(1, 13)]
    if missing := [clause for clause in clauses if clause not in mask.anchors]:
        sys.exit(f"failed: Spec/04-mask.html has no anchors {', '.join(missing)}")
    cited = [target for target in read(site / "Spec/00-why.html").targets if target.endswith("#MSK-8")]
    if not cited:
        sys.exit("failed: Spec/00-why.html cites MSK-8 without a link")
    if 'class="origin origin-paper"' not in (site / "Spec/04-mask.html").read_text(encoding="utf-8"):
        sys.exit("failed: Spec/04-mask.html shows no origin")
    return len(clauses)


def check_pages(site: Path, screenshots: Path | None) -> int:
    """Opens pages from the file system: no message, no request to elsewhere, no scrolling sideways; search finds."""
    opened = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                page = context.new_page()
                messages, requests = [], []
                page.on("console", lambda message: messages.append(message.text))
                page.on("pageerror", lambda error: messages.append(str(error)))
                page.on("request", lambda request: requests.append(request.url))
                for name in MAIN:
                    page.goto(f"file://{site}/{name}")
                    page.wait_for_load_state("load")
                    if name.startswith("search"):
                        page.wait_for_selector("#search-results li a", timeout=20_000)
                    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    if wide > 0:
                        sys.exit(f"failed: {name} is {wide} px too wide on a {size}")
                    if screenshots:
                        screenshots.mkdir(parents=True, exist_ok=True)
                        stem = name.split(".")[0].replace("/", "-")
                        page.screenshot(path=screenshots / f"{stem}-{size}-{scheme}.png")
                    opened += 1
                if messages:
                    sys.exit(f"failed: console says {messages[0]}")
                if foreign := [url for url in requests if not url.startswith(("file:", "data:"))]:
                    sys.exit(f"failed: the site asks {foreign[0]}")
                context.close()
        browser.close()
    return opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loma", type=Path, required=True)
    parser.add_argument("--explorer", type=Path)
    parser.add_argument("--screenshots", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder).resolve() / "site"
        command = [sys.executable, ROOT / "Docs/Site/build.py", "--output", site, "--loma", chosen.loma]
        if chosen.explorer:
            command += ["--explorer", chosen.explorer]
        if shutil.which("docc"):
            command += ["--api", "yes"]
        start = time.monotonic()
        subprocess.run(command, check=True)
        seconds = time.monotonic() - start
        if shutil.which("docc") and not (site / "api/LoMA/documentation/loma/index.html").is_file():
            sys.exit("failed: no documentation of the module LoMA")
        pages, followed = check_links(site)
        clauses = check_clauses(site)
        opened = check_pages(site, chosen.screenshots)
    print(
        f"passed: built in {seconds:.0f} s; {pages} pages, {followed} links followed, {clauses} clauses of chapter 4 "
        f"addressed; {opened} pages opened")


if __name__ == "__main__":
    main()
