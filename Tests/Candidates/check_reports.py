#!/usr/bin/env python3
"""Checks the reports of a folder that `loma conform --report` or `loma report` wrote.

    python3 check_reports.py DIR [JUnit.xsd]

results.jsonl and report.json must fit the schemas of Spec/schemas and agree with each other; junit.xml must keep the
rules that the JUnit schemas of Jenkins and Windyroad have in common, and fit the schema that is given, which in CI is
Jenkins's; badge.json must be what shields.io reads; report.html must load nothing. Broken copies must not pass. Needs
jsonschema, and xmlschema where a schema is given: requirements-reports.txt.
"""
import copy
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "Spec" / "schemas"
RIGHT = {"pass", "unsupported", "indeterminate", "suspect", "not-run"}
ATTRIBUTES = {  # element: (attributes it must have, attributes it may have)
    "testsuites": (set(), set()),
    "testsuite": ({"id", "package", "name", "hostname", "timestamp", "tests", "failures", "errors", "time"}, {"skipped"}),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, set()),
    "failure": ({"type"}, {"message"}),
    "error": ({"type"}, {"message"}),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}


def validator(name):
    schema = json.loads((SCHEMAS / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_json(folder):
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    report = json.loads((folder / "report.json").read_text())
    line_schema, report_schema = validator("results.schema.json"), validator("report.schema.json")
    for line in lines:
        line_schema.validate(line)
    report_schema.validate(report)
    assert report["units"] == lines[1:-1], "the units of both files"
    assert report["candidate"] == lines[0]["candidate"]
    wrong = sum(group["units"] for group in report["account"]["groups"])
    assert wrong == sum(line["verdict"] not in RIGHT for line in lines[1:-1]), "every wrong unit is in one group"
    assert (report["account"]["unit"] is None) == (wrong == 0)
    assert sum(report["summary"]["verdicts"].values()) == len(lines) - 2
    broken = 0
    for key in report:
        less = copy.deepcopy(report)
        del less[key]
        broken += report_schema.is_valid(less)
    for line in lines[:2] + lines[-1:]:
        for key in line:
            less = {other: value for other, value in line.items() if other != key}
            broken += line_schema.is_valid(less)
            broken += line_schema.is_valid({**line, key + "x": 1})
    assert broken == 0, f"{broken} broken copies fit a schema"
    return report, len(lines) - 2


def check_junit(text):
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        needed, allowed = ATTRIBUTES[element.tag]
        assert needed <= set(element.keys()) <= needed | allowed, (element.tag, element.keys())
        if "time" in element.keys():
            assert re.fullmatch(r"\d+\.\d{3}", element.get("time"))
    for place, suite in enumerate(root):
        order = [child.tag for child in suite]
        cases = suite.findall("testcase")
        assert order == ["properties"] + ["testcase"] * len(cases) + ["system-out", "system-err"]
        assert suite.get("id") == str(place)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
        assert int(suite.get("tests")) == len(cases)
        for name, tag in [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]:
            assert int(suite.get(name)) == sum(case.find(tag) is not None for case in cases), name
        assert all(len(case) <= 1 for case in cases)
    return sum(len(suite.findall("testcase")) for suite in root)


def main():
    folder = pathlib.Path(sys.argv[1])
    report, units = check_json(folder)
    text = (folder / "junit.xml").read_text()
    assert check_junit(text) == units
    for old, new in [("<system-err/>", ""), (' hostname="localhost"', ""), ("<testcase ", '<testcase extra="1" ')]:
        try:
            check_junit(text.replace(old, new, 1))
        except AssertionError:
            continue
        sys.exit(f"a broken junit.xml passes: {old}")
    if len(sys.argv) > 2:
        import xmlschema

        xmlschema.XMLSchema(sys.argv[2]).validate(text)
    badge = json.loads((folder / "badge.json").read_text())
    assert set(badge) == {"schemaVersion", "label", "message", "color"} and badge["schemaVersion"] == 1
    page = (folder / "report.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?!#)|@import|url\(""", page)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert len(data["units"]) == units and len(data["groups"]) == len(report["account"]["groups"])
    print(f"{units} units: every report keeps its rules" + (", junit.xml fits the schema" if len(sys.argv) > 2 else ""))


if __name__ == "__main__":
    main()
