#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same questions as query-ours to PostGIS, warm, on the same polygons; prints a JSON line a row.

    postgis.py STORE LAYER LON LAT CLASS NUMBER VALUE

A private cluster is made in a temporary folder as the user postgres (needs postgresql, postgis and ogr2ogr), the layer
is loaded from the store's city.sqlite, clustered along its GiST index, and asked by one session without parallel
workers and JIT. CPU is that of the session's process over all runs; wall is the median that psql sees.
"""

import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import postgres  # noqa: E402

PORT = "5499"


def main():
    store, layer, lon, lat, klass, number, value = sys.argv[1:8]
    cluster = postgres.Cluster(PORT, shared_buffers="2GB", max_wal_size="8GB", autovacuum="off")
    psql = cluster.sql
    try:
        psql("CREATE EXTENSION postgis")
        srid = load(store, layer, cluster.folder)
        psql(f"CREATE INDEX layer_geom_idx ON layer USING gist (geom); CREATE INDEX layer_class ON layer ({klass}); "
             "CLUSTER layer USING layer_geom_idx; ANALYZE layer; "
             "CREATE EXTENSION IF NOT EXISTS pg_prewarm; SELECT pg_prewarm('layer'), pg_prewarm('layer_geom_idx')")
        here = f"ST_Transform(ST_SetSRID(ST_MakePoint({lon},{lat}),4326),{srid})"
        point = psql(f"SELECT ST_AsEWKT({here}, 15)").strip()
        here = f"'{point}'::geometry"
        rows = []
        for metres in (500, 5000):
            where = f"ST_DWithin(geom, {here}, {metres})"
            rows += [
                (f"radius {metres} m ids and distances",
                 f"SELECT count(*), sum(d) FROM (SELECT ogc_fid, ST_Distance(geom, {here}) d FROM layer WHERE {where} "
                 "ORDER BY 2, 1 LIMIT 10000) x", 30 if metres == 500 else 5),
                (f"radius {metres} m count", f"SELECT count(*) FROM layer WHERE {where}", 30 if metres == 500 else 8),
                (f"radius {metres} m area by class",
                 f"SELECT count(*), sum(n), sum(a) FROM (SELECT {klass}, count(*) n, sum(ST_Area(geom)) a FROM layer "
                 f"WHERE {where} GROUP BY 1) x", 30 if metres == 500 else 5),
                (f"radius {metres} m number by class",
                 f"SELECT count(*), sum(n), sum(a) FROM (SELECT {klass}, count(*) n, sum({number}) a FROM layer "
                 f"WHERE {where} GROUP BY 1) x", 30 if metres == 500 else 5),
                (f"radius {metres} m two conditions, count",
                 f"SELECT count(*) FROM layer WHERE {where} AND {klass} = '{value}' AND {number} >= 6",
                 30 if metres == 500 else 8),
            ]
        # The street of query-ours.
        street = ",".join(
            f"{float(lon) + 0.12 * (step / 299 - 0.5)} {float(lat) + 0.01 * math.sin(step / 299 * 12 * math.pi)}"
            for step in range(300))
        line = psql(f"SELECT ST_AsEWKT(ST_Transform(ST_SetSRID('LINESTRING({street})'::geometry,4326),{srid}), 15)")
        for metres in (100, 500):
            where = f"ST_DWithin(geom, '{line.strip()}'::geometry, {metres})"
            rows += [
                (f"corridor {metres} m count", f"SELECT count(*) FROM layer WHERE {where}", 2),
                (f"corridor {metres} m area by class",
                 f"SELECT count(*), sum(n), sum(a) FROM (SELECT {klass}, count(*) n, sum(ST_Area(geom)) a FROM layer "
                 f"WHERE {where} GROUP BY 1) x", 2),
            ]
        rows += [
            ("column filter, two conditions, count",
             f"SELECT count(*) FROM layer WHERE {klass} = '{value}' AND {number} >= 6", 8),
            ("column filter, beginning of a text, count", "SELECT count(*) FROM layer WHERE code LIKE 'B070%'", 5),
            ("column filter, part of a text, count", "SELECT count(*) FROM layer WHERE code LIKE '%07000%'", 5),
            ("nearest 10", f"SELECT count(*), max(d) FROM (SELECT geom <-> {here} d FROM layer ORDER BY geom <-> {here} "
             "LIMIT 10) x", 200),
        ]
        for name, sql, count in rows:
            measure(psql, name, sql, count)
    finally:
        cluster.stop()


def load(store, layer, folder):
    """Copies the layer's table into PostGIS; gives its SRID there."""
    # A plain copy: the record may be open in a server.
    subprocess.run(
        ["ogr2ogr", "-f", "PostgreSQL", f"PG:host={folder} port={PORT} dbname=postgres user=postgres",
         f"{store}/city.sqlite", layer, "-nln", "layer", "-lco", "GEOMETRY_NAME=geom", "-lco", "FID=ogc_fid",
         "-lco", "SPATIAL_INDEX=NONE", "-nlt", "PROMOTE_TO_MULTI", "--config", "PG_USE_COPY", "YES"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = subprocess.run(["psql", "-h", folder, "-p", PORT, "-U", "postgres", "-d", "postgres", "-qAtX", "-c",
                           "SELECT ST_SRID(geom) FROM layer LIMIT 1"], capture_output=True, text=True, check=True)
    return int(done.stdout)


def measure(psql, name, sql, count):
    """One session: twice to warm, then timed."""
    stat = "SELECT pg_read_file('/proc/' || pg_backend_pid() || '/stat')"
    script = f"{sql};{sql};{stat};\n\\timing on\n" + f"{sql};\n" * count + f"\\timing off\n{stat};\n"
    out = psql(script)
    ticks = [int(line.split()[13]) + int(line.split()[14]) for line in out.splitlines() if re.match(r"\d+ \(", line)]
    times = [float(t) for t in re.findall(r"Time: ([\d.]+) ms", out)]
    cpu = (ticks[1] - ticks[0]) * 1000 / os.sysconf("SC_CLK_TCK") / count
    print(json.dumps({"row": name, "program": "PostGIS", "cpu_ms": round(cpu, 3),
                      "wall_ms_median": round(statistics.median(times), 3), "wall_ms_min": min(times),
                      "runs": count, "answer": out.splitlines()[0]}), flush=True)


main()
