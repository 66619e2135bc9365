# SPDX-License-Identifier: Apache-2.0
"""tipg and pygeoapi on PostGIS, for `Benchmarks/query.py`: installed from PyPI, on a database cluster of their own."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import postgres
from postgres import Absent

PORT = "5498"
TIPG, PYGEOAPI = 9368, 9369


def wait(url, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise Absent(f"{url} did not answer within {seconds} s")


class Database:
    def __init__(self, folder, pid):
        self.folder, self.pid = folder, pid
        self.url = f"postgresql://postgres@127.0.0.1:{PORT}/postgres"


@contextlib.contextmanager
def database(store, folder):
    """A cluster with the store's layer `buildings`, loaded once: GiST, clustered, warm."""
    if postgres.binaries() is None or not shutil.which("ogr2ogr"):
        raise Absent("needs postgresql with postgis, ogr2ogr, and root to start a cluster of its own")
    data = pathlib.Path(folder, "data")
    made = data / "loaded"
    if not made.exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        for parent in data.parents:
            if not os.stat(parent).st_mode & 0o001:
                raise Absent(f"the user postgres cannot enter {parent}")
    cluster = postgres.Cluster(PORT, data, listen_addresses="127.0.0.1", shared_buffers="2GB", max_wal_size="8GB")
    try:
        if not made.exists():
            cluster.sql("CREATE EXTENSION postgis")
            subprocess.run(
                ["ogr2ogr", "-f", "PostgreSQL", f"PG:host=127.0.0.1 port={PORT} dbname=postgres user=postgres",
                 f"{store}/city.sqlite", "buildings", "-nln", "buildings", "-lco", "GEOMETRY_NAME=geom",
                 "-lco", "FID=id", "-lco", "SPATIAL_INDEX=NONE", "-nlt", "PROMOTE_TO_MULTI", "-t_srs", "EPSG:4326",
                 "--config", "PG_USE_COPY", "YES"],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cluster.sql(
                "CREATE INDEX b_geom ON buildings USING gist (geom); CREATE INDEX b_class ON buildings (class); "
                "CLUSTER buildings USING b_geom; ANALYZE buildings")
            made.touch()
        cluster.sql("CREATE EXTENSION IF NOT EXISTS pg_prewarm; SELECT pg_prewarm('buildings'), pg_prewarm('b_geom')")
        yield Database(folder, cluster.process())
    finally:
        cluster.stop()


def environment(folder, name, *packages):
    """A virtual environment with packages from PyPI, made once. The system's Python, which loads SQLite extensions."""
    place = pathlib.Path(folder, name)
    if not (place / "ready").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", str(place)], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([place / "bin/pip", "install", "-q", *packages], capture_output=True, text=True)
        if done.returncode != 0:
            raise Absent(f"pip install {' '.join(packages)} failed: {done.stderr[-300:]}")
        (place / "ready").touch()
    return place / "bin"


@contextlib.contextmanager
def started(command, base, env):
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **env})
    try:
        wait(base)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def tipg(database, folder):
    """base URL, process ids, path of the items, the attribute condition."""
    binaries = environment(folder, "tipg", "tipg==1.6.1", "uvicorn")
    env = {"DATABASE_URL": database.url, "TIPG_DB_SCHEMAS": '["public"]', "TIPG_MAX_FEATURES_PER_QUERY": "10000"}
    command = [binaries / "uvicorn", "tipg.main:app", "--port", str(TIPG), "--log-level", "critical"]
    with started(command, f"http://127.0.0.1:{TIPG}/healthz", env) as pid:
        yield f"http://127.0.0.1:{TIPG}", [pid], "/collections/public.buildings/items", "class=house"


CONFIG = """
server:
  bind: {{host: 127.0.0.1, port: {http}}}
  url: http://127.0.0.1:{http}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 10, max_items: 10000, on_exceed: throttle}}
  map: {{url: "https://example.invalid", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: t, description: d, keywords: [k], keywords_type: theme, terms_of_service: t,
    url: "http://example.invalid"}}
  license: {{name: n, url: "http://example.invalid"}}
  provider: {{name: n, url: "http://example.invalid"}}
  contact: {{name: n}}
resources:
  buildings:
    type: collection
    title: b
    description: b
    keywords: [b]
    extents: {{spatial: {{bbox: [9, 47, 10, 48], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {{host: 127.0.0.1, port: {port}, dbname: postgres, user: postgres, password: "x", search_path: [public]}}
        id_field: id
        table: buildings
        geom_field: geom
"""


@contextlib.contextmanager
def pygeoapi(database, folder):
    """As tipg."""
    binaries = environment(folder, "pygeoapi", "pygeoapi==0.21.0", "gunicorn", "psycopg2-binary", "SQLAlchemy",
                           "GeoAlchemy2", "setuptools<81")
    config, document = pathlib.Path(folder, "pygeoapi.yml"), pathlib.Path(folder, "pygeoapi-openapi.yml")
    config.write_text(CONFIG.format(port=PORT, http=PYGEOAPI))
    env = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    with open(document, "w") as out:
        done = subprocess.run([binaries / "pygeoapi", "openapi", "generate", str(config)], stdout=out,
                              stderr=subprocess.PIPE, env={**os.environ, **env})
    if done.returncode != 0:
        raise Absent(f"pygeoapi openapi generate failed: {done.stderr.decode()[-300:]}")
    command = [binaries / "gunicorn", "-w", "2", "-b", f"127.0.0.1:{PYGEOAPI}", "pygeoapi.flask_app:APP"]
    with started(command, f"http://127.0.0.1:{PYGEOAPI}/", env) as pid:
        yield f"http://127.0.0.1:{PYGEOAPI}", [pid], "/collections/buildings/items", "class=house"
