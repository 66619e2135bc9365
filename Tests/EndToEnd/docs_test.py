# SPDX-License-Identifier: Apache-2.0
"""The documents do what they say: shell examples of docs/api.md run, projects of docs/city-yaml.md import, links lead on."""

import pathlib
import re
import tempfile

from harness import ROOT, check, main, required, run, twin, twin_json

BASE = required("E2E_BASE").rstrip("/")
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "cities/README.md"] + [
    str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").glob("*.md"))]


def blocks(path, language):
    text = (ROOT / path).read_text(encoding="utf-8")
    return [body for name, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if name == language]


def api_examples():
    with tempfile.TemporaryDirectory() as folder:
        for block in blocks("docs/api.md", "sh"):
            for line in block.strip().splitlines():
                result = run(["bash", "-c", line.replace("http://127.0.0.1:8080", BASE)], cwd=folder)
                check(f"docs/api.md: {line[:90]}", result.returncode == 0 and (result.stdout or " -o " in line),
                      f"{result.returncode} {result.stdout[:200]} {result.stderr[:300]}")


def city_example():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "city.yaml").write_text(blocks("docs/city-yaml.md", "yaml")[0], encoding="utf-8")
        (folder / "shops.csv").write_text(blocks("docs/city-yaml.md", "")[1], encoding="utf-8")
        result = twin("import", folder / "city.yaml", "--store", folder / "store")
        check("docs/city-yaml.md: the whole small city imports", result.returncode == 0, result.stderr)
        layers = twin_json("info", "--store", folder / "store", "--json")["layers"]
        check("and holds one shop", [l["count"] for l in layers] == [1], layers)


def links():
    broken = []
    for document in DOCUMENTS:
        path = ROOT / document
        text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{document}: {target}")
    check("links between documents lead somewhere", not broken, broken)


main(api_examples, city_example, links)
