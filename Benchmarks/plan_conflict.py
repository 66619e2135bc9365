#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plan conflicts of two layers by `twin analyse plan-conflict`, PostGIS and GeoPandas, on the same polygons in one run.

    plan_conflict.py TWIN STORE FIRST FIRST_FIELD SECOND SECOND_FIELD [--separator S] [--runs N] [--no-peers]

All three get the polygons on the city's millimetre grid, valid, and look for pairs whose classes differ (with a
separator: have none in common) and whose shared area has parts above 1 m². The program fails where pairs differ or an
area differs by more than 1 mm² for each vertex. CPU of PostGIS is that of the session's process; ours is told by
`--timing`, GeoPandas' measured in its process; opening stores and reading files counts for none of them. PostGIS runs in
a private cluster as the user postgres; GeoPandas is taken from the Python that runs this file, and left out if absent.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import postgres

PORT = "5498"


def grid_layers(store, layers):
    """id, class, polygon in metres from the city's origin, rounded to millimetres; the same for both peers."""
    import geopandas
    import shapely
    frames = []
    for layer, field in layers:
        frame = geopandas.read_file(f"{store}/city.sqlite", layer=layer, fid_as_index=True, columns=[field])
        frames.append((frame, field))
    boxes = [f.total_bounds for f, _ in frames]
    ox = round(min(b[0] for b in boxes) / 1000) * 1000
    oy = round(min(b[1] for b in boxes) / 1000) * 1000
    result = []
    for frame, field in frames:
        geometry = shapely.transform(frame.geometry.values, lambda c: ((c - (ox, oy)) * 1000).round() / 1000)
        geometry = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
        classes = [v if v is not None else "(none)" for v in frame[field]]
        result.append(geopandas.GeoDataFrame({"fid": frame.index.values, "class": classes}, geometry=geometry))
    return result


def differ(a, b, separator):
    if separator is None:
        return a != b
    split = lambda t: {p.strip() for p in t.split(separator)}
    return not (split(a) & split(b))


def geopandas_conflicts(first, second, separator):
    import numpy
    import shapely
    started, used = time.monotonic(), time.process_time()
    left, right = second.sindex.query(first.geometry, predicate="intersects")
    a, b = first["class"].values[left], second["class"].values[right]
    known = {}
    mask = numpy.array([known.setdefault(p, differ(*p, separator)) if p not in known else known[p]
                        for p in zip(a, b)], dtype=bool)
    left, right = left[mask], right[mask]
    shared = shapely.intersection(first.geometry.values[left], second.geometry.values[right])
    parts, index = shapely.get_parts(shared, return_index=True)
    area = shapely.area(parts)
    keep = area > 1
    sums = numpy.bincount(index[keep], weights=area[keep], minlength=len(left))
    found = sums > 0
    pairs = {(int(x), int(y)): float(s) for x, y, s in zip(
        first["fid"].values[left[found]], second["fid"].values[right[found]], sums[found])}
    vertices = shapely.get_num_coordinates(shared)
    count = {(int(x), int(y)): int(v) for x, y, v in zip(
        first["fid"].values[left[found]], second["fid"].values[right[found]], vertices[found])}
    return pairs, count, time.monotonic() - started, time.process_time() - used


class PostGIS:
    """A private cluster with the two layers."""

    def __init__(self, frames):
        self.cluster = postgres.Cluster(PORT, shared_buffers="1GB", max_parallel_workers_per_gather=2, autovacuum="off")
        self.cluster.sql("CREATE EXTENSION postgis")
        for name, frame in zip("ab", frames):
            path = f"{self.cluster.folder}/{name}.tsv"
            with open(path, "w") as out:
                for fid, klass, wkb in zip(frame["fid"], frame["class"], frame.geometry.to_wkb(hex=True)):
                    out.write(f"{fid}\t{klass}\t{wkb}\n")
            os.chmod(path, 0o644)
            self.cluster.sql(f"CREATE TABLE {name} (fid bigint, class text, geom geometry); "
                             f"COPY {name} FROM '{path}'; CREATE INDEX ON {name} USING gist (geom); ANALYZE {name}")

    def conflicts(self, separator, runs):
        differs = "a.class <> b.class" if separator is None else \
            f"NOT (regexp_split_to_array(a.class, ' *{separator} *') && regexp_split_to_array(b.class, ' *{separator} *'))"
        sql = "SELECT a.fid f, b.fid s, (SELECT sum(ST_Area(d.geom)) FROM ST_Dump(ST_Intersection(a.geom, b.geom)) d " \
              "WHERE ST_Area(d.geom) > 1) area FROM a JOIN b ON ST_Intersects(a.geom, b.geom) " \
              f"WHERE {differs}"
        stat = "SELECT pg_read_file('/proc/' || pg_backend_pid() || '/stat')"
        timed = f"SELECT count(area), sum(area) FROM ({sql}) x"
        out = self.cluster.sql(f"SET max_parallel_workers_per_gather=0;{timed};{stat};\n\\timing on\n"
                        + f"{timed};\n" * runs + f"\\timing off\n{stat};\n"
                        + f"SELECT f||' '||s||' '||area FROM ({sql}) x WHERE area IS NOT NULL;")
        ticks = [int(t.split()[13]) + int(t.split()[14]) for t in out.splitlines() if re.match(r"\d+ \(", t)]
        wall = [float(t) / 1000 for t in re.findall(r"Time: ([\d.]+) ms", out)]
        pairs = {}
        for line in out.splitlines():
            found = re.match(r"(\d+) (\d+) ([\d.e+-]+)$", line)
            if found:
                pairs[int(found[1]), int(found[2])] = float(found[3])
        parallel = self.cluster.sql(f"SET max_parallel_workers_per_gather=2; SET parallel_setup_cost=0; "
                             f"SET parallel_tuple_cost=0; SET min_parallel_table_scan_size=0; {timed};\n\\timing on\n"
                             + f"{timed};\n" * runs)
        both = [float(t) / 1000 for t in re.findall(r"Time: ([\d.]+) ms", parallel)]
        return pairs, wall, (ticks[1] - ticks[0]) / os.sysconf("SC_CLK_TCK") / runs, both


# The kernel counts the memory of who starts a process to its peak, too: a small program starts it.
LAUNCHER = """import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)"""


def ours(twin, store, layers, separator, reconcile, runs):
    table = {"default": "different"}
    if separator is not None:
        table["separator"] = separator
    inputs = {"layers": [{"layer": l, "field": f} for l, f in layers], "table": table, "reconcile": reconcile,
              "limit": 10_000_000}
    wall, cpu, peak = [], [], []
    for _ in range(runs):
        with tempfile.NamedTemporaryFile(suffix=".geojson") as out:
            command = [twin, "analyse", "plan-conflict", "--store", store, "--inputs", json.dumps(inputs), "--timing",
                       "--out", out.name]
            process = subprocess.run([sys.executable, "-c", LAUNCHER, *command], capture_output=True, text=True)
            said = process.stderr
            if process.returncode != 0:
                raise SystemExit(f"{' '.join(command)} failed: {said}")
            told = re.search(r"(\d+) ms, (\d+) ms of processor time", said)
            wall.append(int(told[1]) / 1000)
            cpu.append(int(told[2]) / 1000)
            peak.append(int(process.stdout.split()[-1]) / 1024)
            result = json.load(open(out.name))
    pairs = {(f["properties"]["firstId"], f["properties"]["secondId"]): f["properties"]["area"]
             for f in result["features"]}
    return pairs, wall, cpu, max(peak), result["summary"]


def row(name, program, wall, cpu, **more):
    print(json.dumps({"row": name, "program": program, "wall_s_min": round(min(wall), 3),
                      "wall_s_median": round(statistics.median(wall), 3),
                      "cpu_s_median": round(statistics.median(cpu), 3), **more}), flush=True)


def compare(name, pairs, other, vertices):
    missing = set(pairs) ^ set(other)
    # An area within rounding of the tolerance may fall on either side.
    missing = {p for p in missing if abs(pairs.get(p, other.get(p)) - 1) > 1e-5}
    worst = max((abs(pairs[p] - other[p]) / (1e-6 * max(4, vertices.get(p, 4))) for p in pairs if p in other),
                default=0)
    print(json.dumps({"check": name, "pairs": len(pairs), "differing_pairs": len(missing),
                      "worst_area_difference_in_mm2_per_vertex": round(worst, 4)}), flush=True)
    return not missing and worst <= 1


def main():
    parser = argparse.ArgumentParser()
    for name in ("twin", "store", "first", "first_field", "second", "second_field"):
        parser.add_argument(name)
    parser.add_argument("--separator")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    asked = parser.parse_args()
    layers = [(asked.first, asked.first_field), (asked.second, asked.second_field)]
    name = f"conflict {asked.first} x {asked.second}"
    pairs, wall, cpu, peak, summary = ours(asked.twin, asked.store, layers, asked.separator, False, asked.runs)
    row(name, "twin", wall, cpu, conflicts=len(pairs), area_m2=summary["area"], peak_mib=round(peak),
        pairs=summary["comparisons"][0]["pairs"])
    _, wall, cpu, peak, summary = ours(asked.twin, asked.store, layers, asked.separator, True, asked.runs)
    row(name + ", reconciled", "twin", wall, cpu, peak_mib=round(peak),
        residual_m2=summary["comparisons"][0]["residual"])
    if asked.no_peers:
        return
    try:
        frames = grid_layers(asked.store, layers)
    except ImportError as error:
        print(json.dumps({"row": name, "program": "GeoPandas, PostGIS", "left_out": str(error)}))
        return
    times = [geopandas_conflicts(*frames, asked.separator) for _ in range(asked.runs)]
    row(name, "GeoPandas", [t[2] for t in times], [t[3] for t in times], conflicts=len(times[0][0]))
    good = compare("GeoPandas", pairs, times[0][0], times[0][1])
    postgis = PostGIS(frames)
    try:
        theirs, wall, cpu, both = postgis.conflicts(asked.separator, asked.runs)
    finally:
        postgis.cluster.stop()
    row(name, "PostGIS", wall, [cpu], conflicts=len(theirs), wall_s_two_workers=round(min(both), 3))
    good = compare("PostGIS", pairs, theirs, times[0][1]) and good
    if not good:
        sys.exit("pairs or areas differ")


if __name__ == "__main__":
    main()
