# SPDX-License-Identifier: Apache-2.0
"""Snapshots read by snapshot_reader.py hold what the record holds (GDAL) and what the command line answers."""

import json
import pathlib
import random
import struct
import tempfile

import pyproj
import shapely
from harness import check, main, required, run, twin, twin_json
from snapshot_reader import Snapshot
from snapshot_reader import BOXES, BYTES, DICTIONARY_OFFSETS, VALUES, VERTEX_ZOOM, WHOLE_LAYER, ZONES

STORE = pathlib.Path(required("E2E_STORE"))


def snapshots():
    return {path.name.split(".")[0]: Snapshot(path) for path in sorted((STORE / "snapshots").glob("*.snapshot"))}


def shape(snapshot, row):
    """A row as a GEOS geometry in the city's system."""
    geometry = snapshot.geometry(row)
    return shapely.geometry.shape(geometry)


def agrees_with_record():
    """Every layer: ids, columns and coordinates as GDAL reads them from city.sqlite."""
    found = snapshots()
    info = twin_json("info", "--store", STORE, "--json")
    check("one snapshot per layer", sorted(found) == sorted(l["id"] for l in info["layers"]), sorted(found))
    for layer in info["layers"]:
        snapshot = found[layer["id"]]
        read = run(["ogr2ogr", "-f", "GeoJSONSeq", "/vsistdout/", STORE / "city.sqlite", layer["id"], "-t_srs",
                    "+proj=longlat", "-s_srs", "+proj=longlat", "-dim", "XY", "-lco", "COORDINATE_PRECISION=3",
                    "-preserve_fid"])
        record = {}
        for line in read.stdout.splitlines():
            feature = json.loads(line)
            record[feature["id"]] = feature
        problem = None
        if snapshot.count != layer["count"] or sorted(snapshot.ids) != sorted(record):
            problem = f"{snapshot.count} rows, {layer['count']} in info, {len(record)} in the record {read.stderr[-300:]}"
        for row in range(0, snapshot.count if not problem else 0, max(1, snapshot.count // 500)):
            feature = record[snapshot.ids[row]]
            wanted, got = shapely.geometry.shape(feature["geometry"]), shape(snapshot, row)
            if shapely.hausdorff_distance(wanted, got) > 0.0011:
                problem = f"geometry of id {snapshot.ids[row]}: {wanted.wkt[:200]} / {got.wkt[:200]}"
                break
            for name, value in snapshot.properties(row).items():
                other = feature["properties"].get(name)
                equal = bool(other) == value if isinstance(value, bool) else (
                    abs(other - value) <= 1e-9 * max(1, abs(value)) if isinstance(value, float) else
                    str(other).replace("/", "-").startswith(str(value)[:10]))
                if not equal:
                    problem = f"{name} of id {snapshot.ids[row]}: {other!r} in the record, {value!r} here"
        check(f"snapshot of {layer['id']} equals the record", not problem, problem)


def invariants():
    """Boxes hold their geometry, id orders are sorted, dictionaries ascend, zone maps are those of their rows."""
    found = snapshots()
    for name, snapshot in found.items():
        boxes = snapshot.numbers("i", BOXES)
        size = 16 if snapshot.is_point_layer else 1  # rows to a box of the first level
        boxed = True
        for row in range(0, snapshot.count, 37):
            first = snapshot.vertex_starts[row // size * size]
            last = snapshot.vertex_starts[min(row // size * size + size, snapshot.count)]
            xs, ys = snapshot.grid[2 * first:2 * last:2], snapshot.grid[2 * first + 1:2 * last:2]
            box = list(boxes[4 * (row // size):4 * (row // size) + 4])
            boxed &= box == [min(xs), min(ys), max(xs), max(ys)]
        ids = [snapshot.ids[row] for row in snapshot.id_order]
        zooms = snapshot.numbers("B", VERTEX_ZOOM)
        check(f"{name}: boxes are bounds, ids are sorted, lines and polygons have zooms",
              boxed and ids == sorted(snapshot.ids) and len(zooms) == (0 if snapshot.kind == 1 else len(snapshot.grid) // 2),
              f"{boxed} {len(zooms)}")
        wrong = [c["name"] for i, c in enumerate(snapshot.metadata["columns"]) if not column_is_good(snapshot, i, c)]
        check(f"{name}: dictionaries ascend, zone maps are those of their rows", not wrong, wrong)
    check("layers of single points have no boxes of rows", found["street_lamps"].is_point_layer and
          not found["buildings"].is_point_layer)


def column_is_good(snapshot, index, column):
    if column["type"] == "binary":
        return True
    raw, offsets = snapshot.sections.get((BYTES, index), b""), snapshot.numbers("I", DICTIONARY_OFFSETS, index)
    texts = [raw[a:b] for a, b in zip(offsets, offsets[1:])]
    values = list(snapshot.columns[column["name"]])
    if column["type"] == "text":
        values = [code or None for code in snapshot.numbers("I", VALUES, index)]
    zones = snapshot.sections[ZONES, index]
    good = texts == sorted(set(texts)) and len(zones) == 24 * ((snapshot.count + 1023) // 1024)
    for zone in range(len(zones) // 24):
        least, greatest, nulls, nans = struct.unpack_from("<ddII" if column["type"] == "real" else "<qqII", zones, 24 * zone)
        rows = values[1024 * zone:1024 * zone + 1024]
        present = [v for v in rows if v is not None and v == v]
        good &= nulls == rows.count(None) and nans == len(rows) - nulls - len(present)
        good &= (least, greatest) == (min(present), max(present)) if present else least > greatest
    return good


def damage():
    """A flipped bit anywhere is found."""
    path = next((STORE / "snapshots").glob("schools.*.snapshot"))
    good = path.read_bytes()
    places = [7, 20, 61, 70, len(good) - 1] + [random.Random(7).randrange(len(good)) for _ in range(5)]
    missed = []
    covered = [(0, 64 + 32 * int.from_bytes(good[12:16], "little"))]
    for index in range(int.from_bytes(good[12:16], "little")):
        entry = 64 + 32 * index
        offset, length = (int.from_bytes(good[entry + k:entry + k + 8], "little") for k in (8, 16))
        covered.append((offset, offset + length))
    for place in places:
        if not any(start <= place < end for start, end in covered):
            continue  # padding between sections
        bad = bytearray(good)
        bad[place] ^= 0x10
        with tempfile.NamedTemporaryFile() as file:
            file.write(bad)
            file.flush()
            try:
                Snapshot(file.name)
                missed.append(place)
            except ValueError:
                pass
    check("a flipped bit is refused wherever it is (seed 7)", not missed, missed)


def damaged_files_do_not_answer():
    """With a byte of any section flipped, a question from the command line is answered from the record, and says so."""
    question = json.dumps({"layers": ["schools"], "output": "features", "limit": 10000, "order": "id"})
    before = ask(question)
    silent, wrong, done = [], [], 0
    # The new snapshot has the same sections, so that each round damages the next of them.
    index = 0
    while True:
        path = next((STORE / "snapshots").glob("schools.*.snapshot"))
        good = path.read_bytes()
        if index >= int.from_bytes(good[12:16], "little"):
            break
        entry = 64 + 32 * index
        section = int.from_bytes(good[entry:entry + 4], "little")
        offset, length = (int.from_bytes(good[entry + k:entry + k + 8], "little") for k in (8, 16))
        index += 1
        if length == 0:
            continue
        bad = bytearray(good)
        bad[offset + length // 2] ^= 0x21
        path.unlink()  # as a disk does it: the file of a running server is another one
        path.write_bytes(bad)
        answer = twin("query", "ask", "--store", STORE, question, "--json")
        found = json.loads(answer.stdout) if answer.returncode == 0 else None
        if found is None and "snapshot" not in answer.stderr or found and features(found) != features(before):
            wrong.append(section)
        # The description is refused on opening, before anybody could be told.
        if found and "was replaced from the record" not in answer.stderr and index > 1:
            silent.append(section)
        done += 1
    check("a flipped byte in any section does not change the answer of twin query", not wrong and done > 10,
          f"{done} sections, wrong {wrong}")
    check("... and is named on standard error", len(silent) <= 1, silent)


def ask(question):
    return twin_json("query", "ask", "--store", STORE, question, "--json")


def features(answer):
    return [layer["features"] for layer in answer["layers"]]


def agrees_with_command_line():
    """A radius query by brute force with GEOS over the snapshots is what `twin query radius` answers."""
    found = snapshots()
    w, s, e, n = twin_json("info", "--store", STORE, "--json")["extent"]
    lon, lat = round((w + e) / 2, 6), round((s + n) / 2, 6)
    layers = ["buildings", "pipe_gas", "street_lamps", "parcels"]
    answer = twin_json("query", "radius", "--store", STORE, "--at", f"{lon},{lat}", "--radius", 600, "--layers",
                       ",".join(layers), "--limit", 10000, "--json")
    for part in answer["layers"]:
        snapshot = found[part["id"]]
        system = pyproj.Transformer.from_crs("EPSG:4326", snapshot.metadata["crs"], always_xy=True)
        point = shapely.Point(*(round(v, 3) for v in system.transform(lon, lat)))
        near = {}
        for row in range(snapshot.count):
            distance = shape(snapshot, row).distance(point)
            if distance <= 600.002:
                near[snapshot.ids[row]] = (distance, row)
        hits = {f["id"]: f for f in part["features"]}
        edge = {i for i, (d, _) in near.items() if d > 599.998}
        same = set(hits) - edge == set(near) - edge and part["count"] == len(hits) > 0
        worst = max((abs(hits[i]["distance"] - near[i][0]) for i in hits if i in near), default=0)
        # GeoJSON answers name the code and leave nulls out, as the reader does.
        columns = all(
            all(snapshot.properties(near[i][1]).get(k) == v for k, v in hits[i]["properties"].items() if v is not None)
            for i in list(hits)[:200] if i in near)
        check(f"query radius over {part['id']} equals GEOS over the snapshot", same and worst < 0.002 and columns,
              f"{len(hits)} hits, {len(near)} by brute force, worst distance {worst}, properties equal: {columns}")


main(agrees_with_record, invariants, damage, agrees_with_command_line, damaged_files_do_not_answer)
