# SPDX-License-Identifier: Apache-2.0
"""Tiles made on request, none cached: ours over HTTP with gzip, PostGIS's ST_AsMVT in one session without.

The same tiles of the same buildings: those nearest to 6,760 buildings at zoom 14 and to 521 at zoom 16. CPU is that
of the server's process and of PostgreSQL's session; the wall time of ours is what a client on a kept connection sees.
"""

import statistics
import subprocess
import time

import postgres
import server

PORT = "5498"
QUESTION = """SELECT length(ST_AsMVT(t, 'buildings', 4096, 'geom', 'fid')) FROM (
 SELECT fid, building, name, ST_AsMVTGeom(geom, ST_TileEnvelope({0},{1},{2}), 4096, 64, true) AS geom FROM buildings
 WHERE geom && ST_TileEnvelope({0},{1},{2}, margin => 64.0/4096)) t;"""


def ours(binary, store, tiles, runs):
    """Seconds of CPU and of wall time for a tile: (mean of the best run, medians)."""
    results = []
    for _ in range(runs):
        with server.twin(binary, store) as (port, process):
            client = server.Client(port)
            client.get("/tiles/buildings/3/0/0.mvt")
            before, walls = server.cpu(process), []
            for zxy in tiles:
                start = time.perf_counter()
                status, _, _ = client.get(server.path(zxy))
                walls.append(time.perf_counter() - start)
                assert status == 200, status
            results.append(((server.cpu(process) - before) / len(tiles), statistics.median(walls)))
    seconds, walls = zip(*results)
    return min(seconds), statistics.median(seconds), statistics.median(walls)


class PostGIS:
    """A private cluster in a temporary folder, of the user postgres, with the buildings clustered along their index."""

    def __init__(self, geopackage):
        self.cluster = postgres.Cluster(PORT, shared_buffers="1GB", max_wal_size="4GB", autovacuum="off")
        self.cluster.sql("CREATE EXTENSION postgis; CREATE EXTENSION pg_prewarm")
        load = subprocess.run(["ogr2ogr", "-f", "PGDUMP", "/vsistdout/", geopackage, "-nln", "buildings", "-t_srs",
                               "EPSG:3857", "-lco", "GEOMETRY_NAME=geom", "-lco", "FID=fid", "-lco",
                               "SPATIAL_INDEX=NONE", "-lco", "CREATE_SCHEMA=OFF", "-nlt", "GEOMETRY", "--config",
                               "PG_USE_COPY", "YES"],
                              capture_output=True, check=True).stdout
        self.cluster.sql(load.decode())
        self.cluster.sql(
            "CREATE INDEX place ON buildings USING gist (geom); CLUSTER buildings USING place; ANALYZE buildings; "
            "SELECT pg_prewarm('buildings'), pg_prewarm('place')")

    def time(self, tiles, runs):
        """Seconds of the session's CPU for a tile: the best run and the median."""
        session = subprocess.Popen(
            ["runuser", "-u", "postgres", "--", f"{self.cluster.binaries}/psql", *self.cluster.session()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

        def ask(text):
            session.stdin.write(text + "\n")
            session.stdin.flush()
            return session.stdout.readline().strip()

        process = int(ask("SELECT pg_backend_pid();"))
        results = []
        for _ in range(runs + 1):
            before = server.cpu(process)
            for zxy in tiles:
                assert int(ask(QUESTION.format(*zxy).replace("\n", " "))) > 0
            results.append((server.cpu(process) - before) / len(tiles))
        session.stdin.close()
        session.wait()
        return min(results[1:]), statistics.median(results[1:])


def rows(binary, store, archives, geopackage, runs):
    """Rows of the table; `archives` names for each zoom one that holds all of its tiles."""
    sets = []
    for zoom, count, most in ((14, 6760, 4), (16, 521, 60)):
        tiles = server.counted(archives[zoom], zoom)
        chosen = server.near(tiles, count, most)
        sets.append((zoom, chosen, sum(tiles[zxy] for zxy in chosen) / len(chosen)))
    table = []
    for zoom, chosen, mean in sets:
        low, middle, wall = ours(binary, store, chosen, runs)
        table.append(["twin, HTTP and gzip", zoom, len(chosen), f"{mean:.0f}", f"{low * 1e3:.2f}",
                      f"{middle * 1e3:.2f}", f"{wall * 1e3:.2f}"])
    try:
        postgis = PostGIS(geopackage)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"left out: PostGIS ({error})")
        return table
    try:
        for zoom, chosen, mean in sets:
            low, middle = postgis.time(chosen, runs)
            table.append(["PostGIS ST_AsMVT, no gzip", zoom, len(chosen), f"{mean:.0f}", f"{low * 1e3:.2f}",
                          f"{middle * 1e3:.2f}", ""])
    finally:
        postgis.cluster.stop()
    return table
