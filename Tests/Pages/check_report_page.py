#!/usr/bin/env python3
"""Opens report.html as a reader does, in a browser without a window, and measures it.

    python3 check_report_page.py --loma PATH [--browser PATH] [--pictures DIR]

One run of a wrong candidate over the whole corpus (`loma reference --mutant M054`) and, made of its results, runs where
everything passed, where a port crashes and is not asked any more, where rejections alone are wrong, and where every
text is hostile. Each page, in light and in dark, on a desk and on a phone, must be ready within a second, load nothing,
say nothing on the console, not scroll sideways, have its first line on the first screen, and no serious finding of
axe-core with everything unfolded. Filters must reach the whole page. The page of the wrong run must be at most 400 KB.
--pictures keeps a screenshot of each. Needs Chromium and requirements.txt.
"""
import argparse
import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import axe_playwright_python
from playwright.sync_api import sync_playwright

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
SIZE_LIMIT, READY_LIMIT = 400_000, 1000
HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=alert(1)> ]]> \x1b[31m \u202e \x00 "
    '"\u0301 onfocus=x ')


def wrong_run(loma, folder):
    """The results of a wrong candidate over the whole corpus, and what the terminal said."""
    done = subprocess.run(
        [loma, "conform", "--timeout-factor", "8", "--report", folder, "--", loma, "reference", "--mutant", "M054"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1, done.stderr
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def variants(lines):
    """Results that the lines of a wrong run can be turned into, by name."""
    rejection = "answered with tensors, right is the rejection chunk-out-of-range"

    def changed(change, diagnosis):
        copied = copy.deepcopy(lines)
        for place, unit in enumerate(copied[1:-1]):
            unit.update(finding=None, divergence=None, diagnosis=[], why="", standard_error="", verdict="pass")
            change(place, unit)
        copied[-1].update(diagnosis=diagnosis, exit=0 if all(unit["verdict"] == "pass" for unit in copied[1:-1]) else 1)
        return copied

    def crash(place, unit):
        if place % 3 == 1:
            unit.update(verdict="crash", why="exit code 134", standard_error="Traceback\n" * 300)
        elif place % 3 == 2:
            unit.update(verdict="timeout", why="no reply in 30 s")
        elif place > 300:
            unit.update(verdict="not-run", why="three processes in a row ended")

    def reject(place, unit):
        if unit["level"] == "rejection" and place % 2:
            unit.update(verdict="wrong-rejection", why=rejection)

    yield "passed", changed(lambda place, unit: None, [])
    yield "crashed", changed(crash, [])
    yield "rejections", changed(reject, [f"rejection: {rejection}, in 9 of 9 wrong rejections"])
    hostile = copy.deepcopy(lines)
    hostile[0]["candidate"].update(name=HOSTILE, version=HOSTILE, command=[HOSTILE, "it's"])
    hostile[-1]["diagnosis"] = ["most likely: " + HOSTILE, HOSTILE]
    for unit in hostile[1:-1]:
        unit.update(why=HOSTILE + unit["why"], standard_error=HOSTILE, diagnosis=[HOSTILE])
        if unit["finding"]:
            unit["finding"].update(place=HOSTILE, got=HOSTILE, want=HOSTILE)
    yield "hostile", hostile


def rendered(loma, lines, folder):
    folder.mkdir()
    (folder / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    subprocess.run(
        [loma, "report", "render", folder / "in.jsonl", "--output", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def unfold(page):
    """Opens folds as a reader does, what they hold is made then: every group, its first failure, the table of units."""
    page.evaluate("for (const fold of document.querySelectorAll('#all, .group')) fold.open = true")
    page.wait_for_function("[...document.querySelectorAll('#all, .group')].every(fold => fold.children.length > 1)")
    page.evaluate(
        "for (const first of document.querySelectorAll('summary + .failure, ul + .failure')) first.open = true")
    page.wait_for_function("[...document.querySelectorAll('.failure[open]')].every(fold => fold.children.length > 1)")


def visible_top(page, selector):
    return page.evaluate(
        "wanted => { const box = document.querySelector(wanted).getBoundingClientRect();"
        " return [box.top, box.bottom] }",
        selector)


def check_filters(page, name):
    """What is chosen above must hold for units, groups, failures and claims alike."""
    levels = page.eval_on_selector_all("select[name=level] option", "all => all.map(one => one.value).filter(Boolean)")
    for level in levels[:2]:
        page.select_option("select[name=level]", level)
        shown = page.eval_on_selector_all(".group:not([hidden]) > summary", "all => all.map(one => one.textContent)")
        assert all(f" {level}, " in text for text in shown), f"{name}: groups of {level}: {shown}"
        claims = page.eval_on_selector_all(".grid tbody tr:not([hidden]) th", "all => all.map(one => one.textContent)")
        assert set(claims) <= {level}, f"{name}: claims of {level}"
    page.select_option("select[name=level]", "")
    page.fill("input[name=text]", "no unit is called so")
    for selector in ("#all tbody tr", ".group", ".failure"):
        assert page.locator(f"{selector}:not([hidden]):visible").count() == 0, f"{name}: {selector} is left"
    said = page.inner_text(".filter output")
    assert said.startswith("0 of ") and said.endswith(", 0 wrong"), said
    page.fill("input[name=text]", "")


def check(browser, name, path, pictures):
    """Every complaint about one page."""
    complaints = []
    size = path.stat().st_size
    raw = path.read_bytes()
    if name == "wrong" and size > SIZE_LIMIT:
        complaints.append(f"{size} bytes, the limit is {SIZE_LIMIT}")
    if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]", raw):
        complaints.append("a raw control character")
    ready = []
    for scheme in ("light", "dark"):
        for place, viewport in (("desk", DESK), ("phone", PHONE)):
            context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=False)
            page = context.new_page()
            said, asked = [], []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
            page.on("request", lambda request: asked.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_function("document.documentElement.dataset.ready")
            ready.append(int(page.evaluate("document.documentElement.dataset.ready")))
            here = f"{scheme}, {place}"
            top, bottom = visible_top(page, "h1")
            if top < 0 or bottom > viewport["height"]:
                complaints.append(f"{here}: the first line stands at {top:.0f} to {bottom:.0f}")
            if pictures:
                page.screenshot(path=pictures / f"{name}-{scheme}-{place}.png")
            unfold(page)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > viewport["width"]:
                complaints.append(f"{here}: {width} pixels wide")
            if pictures:
                page.screenshot(path=pictures / f"{name}-{scheme}-{place}-open.png", clip={
                    "x": 0, "y": 0, "width": viewport["width"], "height": 6000}, full_page=True)
            if place == "desk":
                # The policy keeps out every script but the page's own: axe-core runs where debuggers do.
                # Of a long table the first rows are enough.
                result = page.evaluate(
                    AXE + "\naxe.run({exclude: [['tbody tr:nth-child(n+20)']]}, {resultTypes: ['violations']})")
                for finding in result["violations"]:
                    if finding["impact"] in ("serious", "critical"):
                        complaints.append(f"{here}: {finding['id']}: {finding['nodes'][0]['html'][:120]}")
            check_filters(page, name)
            if page.title() == "taken":
                complaints.append(f"{here}: a candidate's script ran")
            if said:
                complaints.append(f"{here}: the console says {said[:3]}")
            if [url for url in asked if url != path.as_uri()]:
                complaints.append(f"{here}: it loads {asked[1:4]}")
            context.close()
    if max(ready) > READY_LIMIT:
        complaints.append(f"ready after {max(ready)} ms")
    print(
        f"{name}: {size} bytes, ready after {min(ready)} to {max(ready)} ms, {len(complaints)} complaints", flush=True)
    return [f"{name}: {complaint}" for complaint in complaints]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loma", required=True, type=pathlib.Path)
    parser.add_argument("--browser", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path, help="results.jsonl of the wrong run, where it was made before")
    options = parser.parse_args()
    if not options.browser:
        sys.exit("Chromium is not here; name it with --browser")
    loma = options.loma.resolve()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        scratch = pathlib.Path(scratch)
        if options.results:
            lines = [json.loads(line) for line in options.results.read_text().splitlines()]
            folders = {"wrong": rendered(loma, lines, scratch / "wrong")}
        else:
            folders = {"wrong": scratch / "wrong"}
            lines = wrong_run(loma, folders["wrong"])
        for name, changed in variants(lines):
            folders[name] = rendered(loma, changed, scratch / name)
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        complaints = []
        for name, folder in folders.items():
            complaints += check(browser, name, folder / "report.html", options.pictures)
        browser.close()
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
