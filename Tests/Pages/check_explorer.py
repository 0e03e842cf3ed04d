#!/usr/bin/env python3
"""Opens the explorer as a reader does, in a browser without a window, and compares it with the `loma` command.

    python3 check_explorer.py --loma PATH [--page FILE | --modules DIR] [--browser PATH] [--pictures DIR]

The page is built by Docs/Explorer/build.py unless --page names it; --modules keeps the compiled modules for the next
time. In light and in dark, on a desk and on a phone, without a network: it must be ready within a second and recite 48
bytes within 200 ms (the quickest of the openings counts, since other work may hold the machine), say nothing on the
console, ask for nothing, not scroll sideways, and have no serious finding of axe-core. What it recites, its logits,
attention, mask, positions and costs must be those of `loma reconstruct`, `loma trace`, `loma explain` and of Vectors;
what each mistake loses must be what Docs/Losslessness.md says; the first loss of its training that of the sweep.
Everything must be reached and used by keyboard. Needs Chromium, node for sizes by brotli, and requirements.txt.
"""
import argparse
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

import axe_playwright_python
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
MODULE_LIMIT, PAGE_LIMIT, READY_LIMIT, RECITE_LIMIT = 120_000, 700_000, 1000, 200
SENTENCE = "the memory of a chunk is all that is left of it."
MODEL = ROOT / "Vectors/models/text-c4"
# Texts, c, t and profiles that are compared with the command.
READINGS = [
    (SENTENCE, 4, 2, "base"), ("a text of nineteen.", 4, 2, "base"), ("short", 4, 2, "base"), ("", 4, 2, "base"),
    (SENTENCE, 2, 3, "base"), (SENTENCE[:24], 4, 2, "memory_positions=span_start"),
    (SENTENCE[:24], 4, 2, "numbering=sequential,repetition_attention=self_only"),
    (SENTENCE[:24], 4, 2, "repetition_labels=shifted"), ("it's “quoted” <b>&amp; odd\\", 4, 2, "base"),
]
# The cell of the table of mistakes that a chunk of another length has.
OTHER_LENGTH = "another number of tokens"


def brotli(file):
    script = (
        "const z=require('zlib');const o={params:{[z.constants.BROTLI_PARAM_QUALITY]:11}};"
        "console.log(z.brotliCompressSync(require('fs').readFileSync(process.argv[1]),o).length)")
    return int(subprocess.run(["node", "-e", script, file], check=True, stdout=subprocess.PIPE).stdout)


def container(path):
    """The arrays of a safetensors file by name: shape and flat values."""
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    arrays = {}
    for name, entry in json.loads(raw[8:8 + size]).items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        code = {"F64": "d", "I64": "q", "BOOL": "?"}[entry["dtype"]]
        data = raw[8 + size + start:8 + size + end]
        arrays[name] = entry["shape"], struct.unpack(f"<{len(data) // struct.calcsize('<' + code)}{code}", data)
    return arrays


def address(page, **words):
    return page.as_uri() + ("#" + urllib.parse.urlencode(words, quote_via=urllib.parse.quote) if words else "")


class Opened:
    """A page in a context of its own, with what it said and asked for."""

    # After how many milliseconds each page so far was ready.
    ready = []

    def __init__(self, browser, url, viewport=DESK, scheme="light", motion="no-preference"):
        self.context = browser.new_context(
            viewport=viewport, color_scheme=scheme, offline=True, reduced_motion=motion)
        self.page = self.context.new_page()
        self.url, self.said, self.asked = url, [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)
        self.wait("document.documentElement.dataset.ready")
        self.ready.append(int(self.data("ready")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def wait(self, condition, seconds=30):
        """Playwright's own waiting would need a policy that lets the page evaluate text."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.02)

    def data(self, name):
        return self.page.evaluate(f"document.documentElement.dataset.{name}")

    def complaints(self):
        file = self.url.partition("#")[0]
        # The worker's script is made by the page itself.
        asked = [url for url in self.asked if url.partition("#")[0] != file and not url.startswith("blob:")]
        return [f"the console says {self.said[:3]}"] * bool(self.said) + [f"it asks for {asked[:3]}"] * bool(asked)


def unquoted(line):
    """A text as the command quotes it, in the escapes of Swift's Unicode scalars."""
    named = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}

    def scalar(escape):
        return chr(int(escape[1], 16)) if escape[1] else named.get(escape[2], escape[2])

    return re.sub(r"\\(?:u\{([0-9A-Fa-f]+)\}|(.))", scalar, line[1:-1])


def nearly(ours, theirs):
    return len(ours) == len(theirs) and all(abs(a - b) <= 1e-12 * max(1, abs(b)) for a, b in zip(ours, theirs))


def check_looks(browser, file, pictures):
    """Four openings: times, widths, axe-core."""
    complaints, recited = [], []
    for scheme in ("light", "dark"):
        for place, viewport in (("desk", DESK), ("phone", PHONE)):
            with Opened(browser, file.as_uri(), viewport, scheme) as opened:
                page = opened.page
                # The next readings are those that a reader waits for; the first also warms the compiler up.
                for _ in range(3):
                    page.evaluate("changed()")
                    recited.append(int(opened.data("milliseconds")))
                opened.wait("mistakeList.length > 0")
                here = f"{scheme}, {place}"
                width = page.evaluate("document.documentElement.scrollWidth")
                if width > viewport["width"]:
                    complaints.append(f"{here}: {width} pixels wide")
                if not page.inner_text("#score").startswith("48 of 48 bytes came back from 12 cache entries"):
                    complaints.append(f"{here}: {page.inner_text('#score')}")
                if pictures:
                    page.screenshot(path=pictures / f"explorer-{scheme}-{place}.png", full_page=True)
                result = page.evaluate(AXE + "\naxe.run(document, {resultTypes: ['violations']})")
                for finding in result["violations"]:
                    if finding["impact"] in ("serious", "critical"):
                        complaints.append(f"{here}: {finding['id']}: {finding['nodes'][0]['html'][:160]}")
                complaints += [f"{here}: {complaint}" for complaint in opened.complaints()]
    if min(recited) > RECITE_LIMIT:
        complaints.append(f"48 bytes recited in {recited} ms")
    print(f"48 bytes recited in {min(recited)} to {max(recited)} ms")
    return complaints


# What the page holds of one reading, by place, for a comparison with `loma trace`.
READING = """() => {
  const place = (row) => row.slice(0, 3).join(".");
  const attention = {};
  for (const step of reading.steps) {
    if (step.row === null) continue;
    for (let layer = 0; layer < data.config.num_hidden_layers; layer++)
      for (let head = 0; head < data.config.num_attention_heads; head++)
        step.weights(layer, head).forEach((weight, i) => {
          attention[[layer, head, place(reading.rows[step.row]), place(reading.rows[step.keys[i]])].join(" ")] = weight;
        });
  }
  const logits = {};
  for (const step of reading.steps) {
    if (!step.logits) continue;
    const [start, count] = step.logits;
    logits[place(reading.rows[step.row])] = [...reading.numbers.subarray(start, start + count)];
  }
  return { attention, logits, recited: reading.recited, rows: structure.rows, mask: structure.mask };
}"""


def check_readings(browser, file, loma, scratch):
    complaints = []
    for text, c, t, profile in READINGS:
        words = {"text": text, "c": c, "t": t, "profile": profile}
        here = f"{text!r}, c = {c}, t = {t}, {profile}"
        with Opened(browser, address(file, **words)) as opened:
            ours = opened.page.evaluate(READING)
        options = ["--model", MODEL, "--c", str(c), "--t", str(t), "--profile", profile, "--string", text]
        said = subprocess.run([loma, "reconstruct", *options], check=True, stdout=subprocess.PIPE, text=True).stdout
        recited = re.findall(r'^  reconstruction (.*)$', said, re.M)
        for chunk, line in enumerate(recited):
            # The command shows bytes as UTF-8, in quotes.
            text_of_chunk = bytes(ours["recited"][chunk]).decode(errors="replace")
            if unquoted(line) != text_of_chunk:
                complaints.append(f"{here}: chunk {chunk} is {text_of_chunk!r}, loma says {line}")
        if len(recited) != len(ours["recited"]):
            complaints.append(f"{here}: {len(ours['recited'])} chunks, loma says {len(recited)}")
        if not text:
            continue
        trace = scratch / "trace.safetensors"
        subprocess.run([loma, "trace", *options, "--output", trace], check=True, stdout=subprocess.DEVNULL)
        arrays = {name.removeprefix("texts.0."): array for name, array in container(trace).items()}
        rows = ours["rows"]
        if [row[3] for row in rows] != list(arrays["positions"][1]):
            complaints.append(f"{here}: other positions")
        if [row[4] for row in rows] != list(arrays["labels"][1]):
            complaints.append(f"{here}: other labels")
        if [cell == "1" for cell in ours["mask"]] != list(arrays["mask"][1]):
            complaints.append(f"{here}: another mask")
        places = {".".join(map(str, row[:3])): index for index, row in enumerate(rows)}
        width = arrays["logits"][0][1]
        for place, logits in ours["logits"].items():
            start = places[place] * width
            if not nearly(logits, arrays["logits"][1][start:start + width]):
                complaints.append(f"{here}: other logits at {place}")
        cells = 0
        for cell, weight in ours["attention"].items():
            layer, head, query, key = cell.split(" ")
            (_, _, count), values = arrays[f"layers.{layer}.attention.probabilities"]
            theirs = values[(int(head) * count + places[query]) * count + places[key]]
            cells += 1
            if abs(weight - theirs) > 1e-12:
                complaints.append(f"{here}: attention {cell} is {weight}, loma says {theirs}")
                break
        print(f"{here}: {len(recited)} chunks, {len(ours['logits'])} rows of logits, {cells} weights")
    return complaints


def check_bits(browser, file):
    """The logits of the golden vectors, bit for bit."""
    complaints = []
    with Opened(browser, file.as_uri()) as opened:
        ours = opened.page.evaluate(READING)["logits"]
    for chunk in (0, 2, 5):
        folder = ROOT / f"Vectors/generation/reconstruct.text-c4.lossless-chunk{chunk}"
        expected = container(folder / "expected.safetensors")
        (count, width), values = expected["logits"]
        got = [value for index in range(count) for value in ours[f"2.{chunk}.{index}"]]
        if struct.pack(f"<{len(got)}d", *got) != struct.pack(f"<{count * width}d", *values):
            complaints.append(f"chunk {chunk}: not the bits of Vectors")
    return complaints


def check_costs(browser, file, loma):
    complaints = []
    with Opened(browser, file.as_uri()) as opened:
        for c, t, n in ((4, 2, 4096), (2, 1, 13), (8, 3, 500)):
            costs = opened.page.evaluate(
                "([c, t, n]) => engines.reference.call('costs', Engine.question({ ...state, c, t }, [n])).costs[0]",
                [c, t, n])
            said = subprocess.run(
                [loma, "explain", "--c", str(c), "--t", str(t), "--text", str(n), "--show", "cost"], check=True,
                stdout=subprocess.PIPE, text=True).stdout
            names = ("generation", "training", "full attention")
            theirs = [int(re.search(rf"^  {name} +(\d+)", said, re.M)[1]) for name in names]
            if costs[3:] != theirs:
                complaints.append(f"c = {c}, t = {t}, n = {n}: costs {costs[3:]}, loma says {theirs}")
    return complaints


def check_mistakes(browser, file):
    """Every mistake of the table in Docs/Losslessness.md, and what it loses."""
    complaints = []
    table = (ROOT / "Docs/Losslessness.md").read_text().partition("## What a mistake loses")[2]
    lines = re.findall(r"^\| (M\d{3}) \| .* \| (\S+) \| (\S+) \| (.*) \|$", table, re.M)
    with Opened(browser, file.as_uri()) as opened:
        page = opened.page
        opened.wait("mistakeList.length > 0")
        page.click("#measure")
        opened.wait("!document.getElementById('measure').disabled", 300)
        losses = dict(page.evaluate("[...losses]"))
        listed = {mistake[1] for mistake in page.evaluate("mistakeList")}
        # A mistake with its clause, chosen as a reader does.
        page.select_option("#mistake", "M050")
        opened.wait("document.documentElement.dataset.right === '0/48'")
        words = page.inner_text("#mistakeSays")
        sentence = "I hid from memory rows reading rows of their chunk"
        for wanted in (sentence, "MSK-4", "Origin: paper", "0 of 48 bytes come back"):
            if wanted not in words:
                complaints.append(f"M050: {wanted!r} is not in {words!r}")
        complaints += opened.complaints()
    for name, _, right, text in lines:
        lost = losses.get(name)
        if lost is None:
            complaints.append(f"{name} of Docs/Losslessness.md is not on the page")
        elif text == OTHER_LENGTH:
            if not lost.get("fault") and lost["all"] == 48 and lost["chunks"] == 6:
                complaints.append(f"{name} makes chunks of the right length")
        # A table in Markdown cannot hold a bar.
        elif (str(lost["right"]), lost["text"].replace("|", "")) != (right, text[1:-1].replace("|", "")):
            complaints.append(f"{name}: {lost}, Docs/Losslessness.md says {right}, {text}")
    # The others of the page lose nothing of either text, and are only named there.
    for name in sorted(set(re.findall(r"\bM\d{3}\b", table)) - {line[0] for line in lines}):
        if name in losses and losses[name]["right"] != 48:
            complaints.append(f"{name}: {losses[name]}, Docs/Losslessness.md says that it loses nothing")
    missing = set(re.findall(r"\bM\d{3}\b", table)) - listed
    if missing:
        complaints.append(f"not on the page: {sorted(missing)}")
    print(f"{len(losses)} mistakes tried, {len(lines)} compared with Docs/Losslessness.md")
    return complaints


def check_training(browser, file):
    complaints = []
    curve = json.loads((ROOT / "Docs/Losslessness/c2-base-seed1.json").read_text())["curve"]
    with Opened(browser, file.as_uri()) as opened:
        page = opened.page
        page.click("#train")
        opened.wait("Number(document.documentElement.dataset.steps) >= 5", 60)
        page.click("#train")
        step, loss, share = page.evaluate("run.points[0]")
        if [step, loss, share] != [curve[0][0], curve[0][2], curve[0][3]]:
            complaints.append(f"first step {[step, loss, share]}, the sweep has {curve[0]}")
        page.fill("#letters", "badcafegabcdefgh")
        page.click("#try")
        opened.wait("document.getElementById('tried').textContent.length === 16", 30)
        complaints += opened.complaints()
    return complaints


def check_keyboard(browser, file):
    """Tab reaches every control; arrows walk through the mask and the steps; the quiz is played by keys."""
    complaints = []
    with Opened(browser, file.as_uri(), motion="reduce") as opened:
        page = opened.page
        opened.wait("mistakeList.length > 0")
        wanted = set(page.evaluate(
            "[...document.querySelectorAll('button, select, input, textarea, canvas, a[href]')]"
            ".filter(one => !one.disabled && one.offsetParent).map(one => one.id)"))
        reached = set()
        page.evaluate("document.activeElement.blur()")
        for _ in range(len(wanted) + 20):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id"))
        if wanted - reached:
            complaints.append(f"Tab does not reach {sorted(wanted - reached)}")
        page.focus("#mask")
        page.keyboard.press("Home")
        seen = []
        for key in ("ArrowUp", "ArrowRight", "ArrowDown", "PageUp", "End", "ArrowLeft"):
            page.keyboard.press(key)
            seen.append(page.inner_text("#cell"))
        if len(set(seen)) < 5 or not all("MSK-" in text for text in seen):
            complaints.append(f"the mask says {seen}")
        page.focus("#step")
        page.keyboard.press("Home")
        if not page.inner_text("#event").startswith("Read “t”, 1 entry"):
            complaints.append(f"the first step is {page.inner_text('#event')}")
        page.focus("#forward")
        for _ in range(9):
            page.keyboard.press("Enter")
        if not page.inner_text("#event").startswith("Note: memory row 1 of chunk 0"):
            complaints.append(f"the tenth step is {page.inner_text('#event')}")
        page.focus("#c")
        page.keyboard.press("ArrowLeft")
        opened.wait("state.c === 3 && location.hash.includes('c=3')")
        page.focus("#reset")
        page.keyboard.press("Enter")
        opened.wait("state.c === 4")
        page.focus("#quiz")
        page.keyboard.press("Enter")
        for _ in range(10):
            sees = page.evaluate("maskView.allowed(...quiz.cell)")
            page.focus("#sees" if sees else "#hides")
            page.keyboard.press("Enter")
        if page.inner_text("#question") != "Done: 10 of 10 right.":
            complaints.append(f"the quiz says {page.inner_text('#question')}")
        if page.evaluate("getComputedStyle(document.querySelector('.tile')).transitionDuration") != "0s":
            complaints.append("tiles move though motion is reduced")
        complaints += opened.complaints()
    return complaints


def check_link(browser, file):
    """A copied address shows the same."""
    words = {
        "text": "the memory rows of a chunk", "profile": "numbering=compressed", "mistake": "M063", "step": "12",
        "query": "9", "key": "3", "layer": "2", "head": "1", "view": "attention"}
    with Opened(browser, address(file, **words)) as first:
        told = "[location.hash, ...['score', 'event'].map(id => document.getElementById(id).textContent)]"
        one = first.page.evaluate(told)
        complaints = first.complaints()
    with Opened(browser, file.as_uri() + one[0]) as second:
        two = second.page.evaluate(told)
        complaints += second.complaints()
    if one != two or "M063" not in one[1]:
        complaints.append(f"{one} became {two}")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loma", required=True, type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("--modules", type=pathlib.Path)
    parser.add_argument("--browser", default=shutil.which("chromium") or shutil.which("chromium-browser"))
    parser.add_argument("--pictures", type=pathlib.Path)
    options = parser.parse_args()
    if not options.browser:
        sys.exit("Chromium is not here; name it with --browser")
    loma = options.loma.resolve()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    complaints = []
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        scratch = pathlib.Path(scratch)
        file = options.page and options.page.resolve()
        if not file:
            modules = options.modules or scratch / "modules"
            build = ROOT / "Docs/Explorer/build.py"
            subprocess.run([sys.executable, build, "--output", scratch, "--modules", modules], check=True)
            file = scratch / "explorer.html"
            size = brotli(modules / "reference.wasm")
            print(f"the module with the reference has {size} bytes by brotli")
            if size > MODULE_LIMIT:
                complaints.append(f"the module has {size} bytes by brotli, the limit is {MODULE_LIMIT}")
        size = file.stat().st_size
        print(f"the page has {size} bytes, {brotli(file)} by brotli")
        if size > PAGE_LIMIT:
            complaints.append(f"the page has {size} bytes, the limit is {PAGE_LIMIT}")
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        complaints += check_looks(browser, file, options.pictures)
        complaints += check_readings(browser, file, loma, scratch)
        complaints += check_bits(browser, file)
        complaints += check_costs(browser, file, loma)
        complaints += check_mistakes(browser, file)
        complaints += check_training(browser, file)
        complaints += check_keyboard(browser, file)
        complaints += check_link(browser, file)
        browser.close()
    ready = Opened.ready
    print(f"{len(ready)} openings, ready after {min(ready)} to {max(ready)} ms")
    if min(ready) > READY_LIMIT:
        complaints.append(f"ready after {ready} ms")
    for complaint in complaints:
        print(complaint)
    print(f"{len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
