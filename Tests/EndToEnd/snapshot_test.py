# SPDX-License-Identifier: Apache-2.0
"""Snapshots read by snapshot_reader.py hold what the record holds (GDAL) and what the command line answers."""

import json
import pathlib
import random
import tempfile

import pyproj
import shapely
from harness import check, main, required, run, twin_json
from snapshot_reader import Snapshot
from snapshot_reader import WORLD, HEIGHTS, BOXES, ID_ORDER, WHOLE_LAYER

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
    """Boxes hold their geometry, world coordinates are Web Mercator, the id order is sorted."""
    snapshot = snapshots()["buildings"]
    boxes = snapshot.numbers("i", BOXES)
    world = snapshot.numbers("I", WORLD)
    to_lonlat = pyproj.Transformer.from_crs(snapshot.metadata["crs"], "EPSG:4326", always_xy=True)
    to_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    half = 20037508.342789244
    worst = 0.0
    boxed = True
    for row in range(0, snapshot.count, 37):
        first, last = snapshot.vertex_starts[row], snapshot.vertex_starts[row + 1]
        xs, ys = snapshot.grid[2 * first:2 * last:2], snapshot.grid[2 * first + 1:2 * last:2]
        boxed &= list(boxes[4 * row:4 * row + 4]) == [min(xs), min(ys), max(xs), max(ys)]
        x, y = to_mercator.transform(*to_lonlat.transform(
            snapshot.origin_x + xs[0] / 1000, snapshot.origin_y + ys[0] / 1000))
        metres = 2 * half / 2 ** 32
        worst = max(worst, abs(world[2 * first] * metres - half - x), abs(half - world[2 * first + 1] * metres - y))
    check("boxes are the bounds of their rows", boxed)
    check("world coordinates are Web Mercator within 2 cm (pyproj)", worst < 0.02, f"{worst} m")
    order = snapshot.numbers("I", ID_ORDER)
    ids = [snapshot.ids[row] for row in order]
    check("the id order is sorted and complete", ids == sorted(snapshot.ids))


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


main(agrees_with_record, invariants, damage, agrees_with_command_line)
