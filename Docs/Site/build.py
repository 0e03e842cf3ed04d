#!/usr/bin/env python3
"""Builds the site from the same Markdown that is read in the repository: python3 Docs/Site/build.py --output DIR

README, Spec, Docs and the READMEs of Sources and Tests become pages; a source file that a page links to becomes a page,
too. Every clause gets an anchor of its own (Spec/04-mask.html#MSK-5), every citation of a clause a link to it, and every
line `Origin:` badges. With --loma PATH, reports of a right and a wrong port are run and shown; with --explorer FOLDER the
explorer is taken in; with --api yes the Swift modules' documentation, by DocC of the toolchain that built them.
"""

import argparse
import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLAUSE = re.compile(r"\b([A-Z]{3,4}-\d+[a-z]?)\b")
HEADING = re.compile(r"^### ([A-Z]{3,4}-\d+[a-z]?|[DP]-\d+) (.+)$")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
LEXERS = {".swift": "swift", ".py": "python", ".c": "c", ".json": "json", ".sh": "bash", ".js": "javascript", "": "text"}
GROUPS = {
    "Part I, LoMA": [f"Spec/{page}" for page in (
        "00-why", "01-parameters", "02-layout", "03-positions", "04-mask", "05-targets", "06-generation",
        "07-reconstruction", "08-model", "09-cost", "10-arithmetic", "11-operations", "12-tolerances", "13-protocol",
        "14-reports", "15-training", "registry", "rejections")],
    "Part II, Peers": None,
    "Reference": ["Spec/README", "Spec/glossary", "Spec/index"],
    "Using it": [f"Docs/{page}" for page in (
        "Port", "Vectors", "Losslessness", "Recipes/README", "Sensitivity", "PeerSensitivity", "Scoreboard", "Attacks",
        "Benchmarks", "WhatWasRead", "Pictures/README")],
    "The house": None,
}


def pages() -> list[Path]:
    """The Markdown files that become pages, as paths from the root."""
    found = [Path("README.md")]
    for folder in ("Spec", "Docs"):
        found += sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.md"))
    for folder in ("Sources", "Tests"):
        found += sorted(path.relative_to(ROOT) for path in (ROOT / folder).rglob("README.md"))
    return [path for path in found if not any(part.startswith(".") for part in path.parts)]


def clause_places(files: list[Path]) -> dict[str, Path]:
    """Which page states a clause or a decision."""
    places = {}
    for path in files:
        if path.parts[0] != "Spec":
            continue
        for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
            if match := HEADING.match(line):
                places[match[1]] = path
    return places


def relative(target: Path, page: Path) -> str:
    """A link from a page to another file of the site."""
    up = [".."] * (len(page.parts) - 1)
    return "/".join(up + list(target.parts)) or "."


class Assembly:
    """Copies pages into a folder, with links, anchors and badges of their own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files = pages()
        self.clauses = clause_places(self.files)
        self.sources: set[Path] = set()
        self.missing: list[str] = []

    def write(self) -> None:
        for path in self.files:
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.page(path), encoding="utf-8")
        for path in sorted(self.sources):
            target = self.folder / path.with_name(path.name + ".md")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = (ROOT / path).read_text(encoding="utf-8")
            fence = "`" * (3 + max((len(run) for run in re.findall("`+", text)), default=0))
            lexer = LEXERS.get(path.suffix, "text")
            target.write_text(f"---\norphan: true\n---\n\n# {path}\n\n{fence}{lexer}\n{text}\n{fence}\n", encoding="utf-8")

    def page(self, path: Path) -> str:
        lines, fenced = [], False
        for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
            if line.startswith("```"):
                fenced = not fenced
                lines.append(line)
            elif fenced:
                lines.append(line)
            elif match := HEADING.match(line):
                lines += [f'<span id="{match[1]}"></span>', "", f"### {match[1]} {match[2]}"]
            elif line.startswith("#"):
                lines.append(line)
            else:
                lines.append(self.prose(line, path))
        return "\n".join(lines) + "\n"

    def prose(self, line: str, path: Path) -> str:
        """A line outside of headings and fences."""
        if line.startswith("Origin: "):
            return "Origin: " + self.badges(line.removeprefix("Origin: "), path)
        # Code and links keep their words; what lies between them may cite clauses.
        parts = re.split(r"(`[^`]*`|!?\[[^\]]*\]\([^)\s]+\))", line)
        return "".join(self.part(part, path) for part in parts)

    def part(self, part: str, path: Path) -> str:
        if part.startswith("`"):
            return part
        if match := LINK.fullmatch(part):
            return self.link(*match.groups(), path)
        return CLAUSE.sub(lambda match: self.citation(match[1], path), part)

    def citation(self, clause: str, path: Path) -> str:
        place = self.clauses.get(clause)
        if place is None:
            return clause
        target = "" if place == path else relative(place.with_suffix(".html"), path)
        return f'<a href="{target}#{clause}">{clause}</a>'

    def badges(self, text: str, path: Path) -> str:
        kinds = {"paper": "paper", "decision": "decision", "code": "code", "follows": "follows", "secondary": "secondary"}
        badges = []
        for origin in text.split("; "):
            kind = next((name for word, name in kinds.items() if origin.startswith(word)), "convention")
            words = "".join(self.part(part, path) for part in re.split(r"(`[^`]*`|\[[^\]]*\]\([^)\s]+\))", origin))
            badges.append(f'<span class="origin origin-{kind}">{words}</span>')
        return " ".join(badges)

    def link(self, sign: str, words: str, target: str, path: Path) -> str:
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return f"{sign}[{words}]({target})"
        file, _, anchor = target.partition("#")
        found = (ROOT / path.parent / file).resolve().relative_to(ROOT)
        if anchor and HEADING.match(f"### {anchor} x"):
            return f'<a href="{relative(found.with_suffix(".html"), path)}#{anchor}">{words}</a>'
        if found in self.files:
            return f"{sign}[{words}]({target})"
        if (ROOT / found).is_dir():
            readme = found / "README.md"
            if readme in self.files:
                return f"[{words}]({relative(readme, path)})"
            return f"{words} (`{found}`)"
        if not (ROOT / found).is_file():
            self.missing.append(f"{path}: {target}")
            return words
        if sign or found.suffix in (".svg", ".csv"):
            (self.folder / found).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / found, self.folder / found)
            return f"{sign}[{words}]({target})"
        try:
            small = (ROOT / found).stat().st_size < 200_000
            (ROOT / found).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            small = False
        if not small:
            return f"{words} (`{found}`)"
        self.sources.add(found)
        return f"[{words}]({relative(found.with_name(found.name + '.md'), path)})"

    def contents(self, extra: list[tuple[str, str]]) -> None:
        """The side bar, in README: every page is in one group."""
        groups = dict(GROUPS)
        known = {page for names in groups.values() if names for page in names} | {"README"}
        names = [str(path.with_suffix("")) for path in self.files]
        groups["Part II, Peers"] = [name for name in names if name.startswith("Spec/") and name not in known]
        known |= set(groups["Part II, Peers"])
        groups["The house"] = [name for name in names if name not in known]
        text = (self.folder / "README.md").read_text(encoding="utf-8")
        for caption, entries in groups.items():
            entries = [name for name in entries if name in names]
            text += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(entries) + "\n```\n"
        if extra:
            text += "\n```{toctree}\n:hidden:\n:caption: See it\n\n"
            text += "\n".join(f"{title} <{target}>" for title, target in extra) + "\n```\n"
        (self.folder / "README.md").write_text(text, encoding="utf-8")


def reports(loma: Path, folder: Path) -> list[tuple[str, str]]:
    """The pages of a run that is right and of one that is wrong."""
    found = []
    for name, words, arguments in (
        ("right", "Report of a right port", []), ("wrong", "Report of a wrong port", ["--mutant", "M054"])):
        command = [loma, "conform", "--report", folder / name, "--", loma, "reference", *arguments]
        done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"build.py: {' '.join(map(str, command))}: {done.stderr.strip()}")
        found.append((words, f"reports/{name}/report.html"))
    return found


def api(folder: Path, modules: Path, scratch: Path) -> list[tuple[str, str]]:
    """The documentation of the products' modules, by DocC."""
    found = []
    folder.mkdir(parents=True)
    for module in ("LoMA", "NaiveLlama", "LoMAReference", "LoMAVectors"):
        graphs = scratch / "graphs" / module
        graphs.mkdir(parents=True)
        target = subprocess.run(["swift", "-print-target-info"], capture_output=True, text=True, check=True).stdout
        triple = re.search(r'"triple": "([^"]+)"', target)[1]
        subprocess.run(
            ["swift-symbolgraph-extract", "-module-name", module, "-I", modules, "-target", triple,
             "-minimum-access-level", "public", "-skip-synthesized-members", "-output-dir", graphs], check=True)
        subprocess.run(
            ["docc", "convert", "--additional-symbol-graph-dir", graphs, "--fallback-display-name", module,
             "--fallback-bundle-identifier", f"loma.{module}", "--transform-for-static-hosting",
             "--hosting-base-path", f"api/{module}", "--output-path", folder / module],
            check=True, capture_output=True)
        found.append((f"Swift: {module} (needs a host)", f"api/{module}/documentation/{module.lower()}/index.html"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="the folder of the site; it is replaced")
    parser.add_argument("--loma", type=Path, help="the command, for reports of a right and a wrong port")
    parser.add_argument("--explorer", type=Path, help="the folder of the built explorer, with explorer.html")
    parser.add_argument("--api", choices=("yes", "no"), default="no", help="documentation of the modules, by DocC")
    parser.add_argument("--modules", type=Path, default=ROOT / ".build/debug/Modules", help="where modules were built")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, beside = Path(scratch) / "pages", Path(scratch) / "beside"
        folder.mkdir()
        beside.mkdir()
        extra: list[tuple[str, str]] = []
        if chosen.explorer:
            shutil.copytree(chosen.explorer, beside / "explorer")
            extra.append(("Explorer", "explorer/explorer.html"))
        if chosen.loma:
            extra += reports(chosen.loma.resolve(), beside / "reports")
        if chosen.api == "yes":
            extra += api(beside / "api", chosen.modules, Path(scratch))
        assembly = Assembly(folder)
        assembly.write()
        if assembly.missing:
            sys.exit("build.py: links that lead nowhere:\n" + "\n".join(assembly.missing))
        assembly.contents([])
        (folder / "_static").mkdir()
        shutil.copyfile(ROOT / "Docs/Site/site.css", folder / "_static/site.css")
        shutil.copyfile(ROOT / "Docs/Site/conf.py", folder / "conf.py")
        links = "".join(f'<li><a href="{html.escape(target)}">{html.escape(title)}</a></li>' for title, target in extra)
        if links:
            readme = folder / "README.md"
            readme.write_text(
                readme.read_text(encoding="utf-8").replace("\n## ", f"\n<ul>{links}</ul>\n\n## ", 1), encoding="utf-8")
        built = Path(scratch) / "site"
        subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-j", "2", "-d", Path(scratch) / "doctrees", "-b", "html", folder,
             built],
            check=True)
        for path in beside.iterdir():
            shutil.copytree(path, built / path.name)
        shutil.copyfile(built / "README.html", built / "index.html")
        if chosen.output.exists():
            shutil.rmtree(chosen.output)
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(built, chosen.output)
    files = [path for path in chosen.output.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{chosen.output}: {len(files)} files, {size:,} bytes; open {chosen.output / 'index.html'}")


if __name__ == "__main__":
    main()
