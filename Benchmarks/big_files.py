# SPDX-License-Identifier: Apache-2.0
"""Imports files of a gigabyte and more: wall and CPU seconds, and the peak of memory that the kernel states for the import.

    python3 Benchmarks/big_files.py BINARY [--megabytes 1100] [--only cityjson sequence citygml cut endless] [--folder DIR]

CityJSON and CityJSONSeq are Rotterdam's 853 buildings of LoD2, CityGML is PLATEAU's Yokosuka with its textures, each copy beside the
last with ids of its own. `cut` are the same files cut in the middle, `endless` files whose one text never ends; both must end with a
message and leave a store as it was. Files are made in a temporary folder and removed one by one: it needs the size of two.
Prints Markdown.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", pathlib.Path(__file__).resolve().parents[2] / "shared/data"))
ROTTERDAM = DATA / "cityjson/rotterdam/3-20-DELFSHAVEN.city.json"
YOKOSUKA = DATA / "cityjson/plateau/yokosuka-shi/udx/bldg/52397519_bldg_6697_op.gml"
INDEX = re.compile(r"\d+")

PROJECT = """twin: 1
id: big
crs: {crs}
vertical: {{datum: unknown}}
extent: {extent}
themes: [{{id: base}}]
sources: [{{id: s, path: {path}, format: {form}}}]
layers:
  - {{id: buildings, theme: base, department: test, geometry: polygon, source: s, code: cityobject_id,
     fields: [{{name: height, type: real}}, {{name: ground_height, type: real}}]}}
"""


def shift(copy):
    """Where a copy stands beside the first, in metres."""
    return (copy % 24) * 1100, (copy // 24) * 700


def indices(geometry):
    """The geometries' text with its vertex numbers as places to fill, and the numbers."""
    numbers, parts = [], []
    for part in geometry:
        boundaries = json.dumps(part["boundaries"], separators=(",", ":"))
        numbers += [int(n) for n in INDEX.findall(boundaries)]
        rest = {key: value for key, value in part.items() if key not in ("boundaries", "texture", "material")}
        rest = json.dumps(rest, separators=(",", ":")).replace("%", "%%")
        parts.append(rest[:-1] + ',"boundaries":' + INDEX.sub("%d", boundaries) + "}")
    return "[" + ",".join(parts) + "]", numbers


def rotterdam():
    city = json.loads(ROTTERDAM.read_text(encoding="utf-8"))
    objects = []
    for name, item in city["CityObjects"].items():
        text, numbers = indices(item["geometry"])
        rest = {key: value for key, value in item.items() if key != "geometry"}
        rest = json.dumps(rest, separators=(",", ":")).replace("%", "%%")
        objects.append((name.replace("%", "%%"), rest[:-1] + ',"geometry":' + text + "}", numbers))
    return city, objects


def cityjson(path, size):
    """One CityJSON object on one line; the vertices come last."""
    city, objects = rotterdam()
    vertices, count = city["vertices"], len(city["vertices"])
    head = {key: city[key] for key in ("type", "version", "metadata", "transform")}
    copies = 0
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write(json.dumps(head, separators=(",", ":"))[:-1] + ',"CityObjects":{')
        # The vertices of a copy follow at the end.
        while copies == 0 or out.tell() + copies * count * 22 < size:
            first = copies * count
            texts = [f'"{name}-{copies}":' + text % tuple(n + first for n in numbers) for name, text, numbers in objects]
            out.write(("," if copies else "") + ",".join(texts))
            copies += 1
        out.write('},"vertices":[')
        for copy in range(copies):
            east, north = shift(copy)
            out.write(("," if copy else "") + ",".join(
                f"[{x + east * 1000},{y + north * 1000},{z}]" for x, y, z in vertices))
        out.write("]}")
    return copies * len(objects)


def sequence(path, size):
    city, objects = rotterdam()
    lines = []
    for name, text, numbers in objects:
        used = sorted(set(numbers))
        place = {number: at for at, number in enumerate(used)}
        lines.append((name, text % tuple(place[n] for n in numbers), [city["vertices"][n] for n in used]))
    head = {"type": "CityJSON", "version": "2.0", "transform": city["transform"], "metadata": city["metadata"],
            "CityObjects": {}, "vertices": []}
    copies = 0
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write(json.dumps(head) + "\n")
        while copies == 0 or out.tell() < size:
            east, north = shift(copies)
            for name, text, vertices in lines:
                corners = ",".join(f"[{x + east * 1000},{y + north * 1000},{z}]" for x, y, z in vertices)
                out.write(f'{{"type":"CityJSONFeature","id":"{name}-{copies}","CityObjects":{{"{name}-{copies}":{text}}},'
                          f'"vertices":[{corners}]}}\n')
            copies += 1
    return copies * len(lines)


def citygml(path, size):
    text = YOKOSUKA.read_text(encoding="utf-8-sig")
    first = text.index("<core:cityObjectMember>")
    last = text.rindex("</core:CityModel>")
    # Ids and what refers to them get the copy's number; positions the copy's place.
    parts = re.split(r"(<gml:pos(?:List)?[^>]*>)([^<]*)(</gml:pos)", text[first:last])
    pieces, numbers = [], []
    for at, part in enumerate(parts):
        if at % 4 == 2:
            values = part.split()
            numbers += [float(v) for v in values]
            pieces.append(" ".join(["%.9f"] * len(values)))
        else:
            part = part.replace("%", "%%")
            pieces.append(re.sub(r'(gml:id="|href="#|uri="#|ring="#|uri>#|target>#)([^"<]*)', r"\1\2-COPY", part))
    template = "".join(pieces)
    count = text.count("<bldg:Building ")
    copies = 0
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        out.write(text[:first])
        while copies == 0 or out.tell() < size:
            north, east = (copies // 40) * 0.004, (copies % 40) * 0.004
            moved = list(numbers)
            moved[0::3] = [v + north for v in numbers[0::3]]
            moved[1::3] = [v + east for v in numbers[1::3]]
            out.write((template % tuple(moved)).replace("-COPY", f"-{copies}"))
            copies += 1
        out.write(text[last:])
    return copies * count


MAKERS = {"cityjson": cityjson, "sequence": sequence, "citygml": citygml}
FORMS = {"cityjson": "cityjson", "sequence": "cityjson", "citygml": "citygml"}
SUFFIXES = {"cityjson": ".city.json", "sequence": ".city.jsonl", "citygml": ".gml"}


def endless(kind, path, size):
    """A file that is well begun and then one text without an end."""
    begin = {
        "cityjson": '{"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[0,0,0]},'
                    '"vertices":[],"CityObjects":{"a":{"type":"Building","attributes":{"x":"',
        "sequence": '{"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[0,0,0]},'
                    '"metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/28992"},'
                    '"vertices":[],"CityObjects":{}}\n{"type":"CityJSONFeature","id":"',
        "citygml": '<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0"><core:cityObjectMember>'
                   '<bldg:Building gml:id="a"><gml:name>',
    }[kind]
    with open(path, "w", encoding="utf-8") as out:
        out.write(begin)
        block = "0 " * (1 << 19)
        while out.tell() < size:
            out.write(block)


def project(folder, kind, path):
    rotterdam_like = kind != "citygml"
    place = folder / "city.yaml"
    place.write_text(PROJECT.format(
        crs="EPSG:28992" if rotterdam_like else "EPSG:6677", path=path, form=FORMS[kind],
        extent="[4.2, 51.7, 5.2, 52.4]" if rotterdam_like else "[139.5, 35.1, 140.2, 36.2]"), encoding="utf-8")
    return place


def timed(command):
    """Exit status, wall and CPU seconds, peak of the resident set and of its anonymous part in MB, and the output."""
    before = os.times()
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    peak = private = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            break
        values = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        peak = max(peak, int(values.get("VmHWM", "0 kB").split()[0]))
        private = max(private, int(values.get("RssAnon", "0 kB").split()[0]))
        time.sleep(0.02)
    output = process.stdout.read().decode(errors="replace")
    process.wait()
    wall, after = time.monotonic() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return process.returncode, wall, cpu, peak / 1024, private / 1024, output


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("--megabytes", type=int, default=1100)
    parser.add_argument("--only", nargs="*", default=["cityjson", "sequence", "citygml", "cut", "endless"])
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    size = options.megabytes * 1_000_000
    rows = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = pathlib.Path(name)

        def take(label, kind, path, objects):
            store = folder / "store"
            command = [options.binary, "import", str(project(folder, kind, path)), "--store", str(store)]
            status, wall, cpu, peak, private, output = timed(command)
            rows.append(f"| {label} | {path.stat().st_size / 1e6:,.0f} | {objects:,} | {wall:.1f} | {cpu:.1f} | "
                        f"{peak:,.0f} | {private:,.0f} | {status} |")
            print(rows[-1], flush=True)
            print("\n".join("    " + line[:300] for line in output.splitlines()[-4:]), file=sys.stderr, flush=True)
            subprocess.run(["rm", "-rf", str(store)], check=True)

        print("| file | MB | objects | wall s | CPU s | peak MB | of that private | exit |\n|---|---|---|---|---|---|---|---|")
        for kind in [k for k in MAKERS if k in options.only]:
            path = folder / ("big" + SUFFIXES[kind])
            count = MAKERS[kind](path, size)
            take(kind, kind, path, count)
            if "cut" in options.only:
                os.truncate(path, path.stat().st_size // 2)
                take(f"{kind}, cut in the middle", kind, path, count)
            path.unlink()
        if "endless" in options.only:
            for kind in MAKERS:
                path = folder / ("endless" + SUFFIXES[kind])
                endless(kind, path, size)
                take(f"{kind}, a text without an end", kind, path, 0)
                path.unlink()


if __name__ == "__main__":
    main()
