#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tile archives, judged by the reference implementation of PMTiles: what it writes is served, what is built it reads."""

import gzip
import json
import pathlib
import sqlite3
import subprocess
import tempfile

import requests
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from harness import SHARED_DATA, TWIN, check, main, required, run, server, skip, twin

STORE = pathlib.Path(required("E2E_STORE"))


def write_reference(path, compression, tiles):
    """An archive by the reference writer."""
    with open(path, "wb") as file:
        writer = Writer(file)
        for number, body in sorted((zxy_to_tileid(*zxy), body) for zxy, body in tiles.items()):
            writer.write_tile(number, gzip.compress(body) if compression == Compression.GZIP else body)
        writer.finalize(
            {"tile_type": TileType.MVT, "tile_compression": compression, "min_zoom": 0, "max_zoom": 9,
             "min_lon_e7": 1190000000, "min_lat_e7": 350000000, "max_lon_e7": 1210000000, "max_lat_e7": 370000000,
             "center_zoom": 5, "center_lon_e7": 1200000000, "center_lat_e7": 360000000},
            {"name": "reference", "vector_layers": [{"id": "a", "fields": {"b": "String"}}]})


def serves_reference_archives():
    tiles = {(z, x, y): b"tile %d %d %d" % (z, x, y) if (x + y) % 3 else b"same"
             for z in range(7) for x in range(2**z) for y in range(2**z)}
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, compression in (("packed", Compression.GZIP), ("plain", Compression.NONE)):
            paths.append(pathlib.Path(folder, f"{name}.pmtiles"))
            write_reference(paths[-1], compression, tiles)
        arguments = [word for path in paths for word in ("--archive", path)]
        with server(STORE, *arguments) as (base, _):
            for path in paths:
                wrong = [zxy for zxy in list(tiles)[::37]
                         if requests.get(f"{base}/tiles/{path.stem}/{zxy[0]}/{zxy[1]}/{zxy[2]}", timeout=30).content
                         != tiles[zxy]]
                check(f"{path.name}: the tiles of the reference writer", not wrong, wrong)
                outside = requests.get(f"{base}/tiles/{path.stem}/9/0/0", timeout=30)
                check(f"{path.name}: 204 where it has no tile", outside.status_code == 204, outside.status_code)
                document = requests.get(f"{base}/tiles/{path.stem}.json", timeout=30).json()
                check(f"{path.name}: TileJSON", document["vector_layers"][0]["id"] == "a" and document["maxzoom"] == 6
                      and document["bounds"] == [119, 35, 121, 37], document)
                ranges = []

                def get_bytes(offset, length):
                    answer = requests.get(f"{base}/archives/{path.name}", timeout=30,
                                          headers={"Range": f"bytes={offset}-{offset + length - 1}"})
                    ranges.append(answer.status_code)
                    return answer.content

                reader = Reader(get_bytes)
                body = reader.get(5, 9, 9)
                body = gzip.decompress(body) if path.stem == "packed" else body
                check(f"{path.name}: the reference reader over HTTP ranges",
                      body == tiles[(5, 9, 9)] and set(ranges) == {206}, (body, ranges))


def built_archive():
    """What `twin tiles build` writes is read by the reference reader, and is what the server makes on demand."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "city.pmtiles")
        result = twin("tiles", "build", "--store", STORE, "--zoom", "10-14", "-o", path)
        if "Unexpected argument" in result.stderr or "unknown" in result.stderr.lower():
            skip("twin tiles build", "this twin has no such command")
            return
        if not check("twin tiles build", result.returncode == 0, result.stderr[-800:]):
            return
        with open(path, "rb") as file:
            source = MmapSource(file)
            header = Reader(source).header()
            tiles = dict(all_tiles(source))
            metadata = Reader(source).metadata()
        check("the header counts its tiles", header["addressed_tiles_count"] == len(tiles) > 0, header)
        check("metadata names the layers", len(metadata["vector_layers"]) > 0, metadata)
        check("tiles are gzip", all(body[:2] == b"\x1f\x8b" for body in tiles.values()))
        left = [name.name for name in pathlib.Path(folder).iterdir()]
        check("nothing else is left in the folder", left == ["city.pmtiles"], left)


def full_disk():
    """A disk that fills during a build: an error that says so, nothing under the final name."""
    with tempfile.TemporaryDirectory() as folder:
        if run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).returncode != 0:
            skip("a full disk", "no small file system can be mounted here")
            return
        try:
            result = twin("tiles", "build", "--store", STORE, "--zoom", "10-15", "-o", f"{folder}/city.pmtiles")
            left = [name.name for name in pathlib.Path(folder).iterdir()]
            if "Unexpected argument" in result.stderr:
                skip("a full disk", "this twin has no `tiles build`")
                return
            check("a full disk: an error that says so", result.returncode != 0 and "full" in result.stderr,
                  (result.returncode, result.stderr[-400:]))
            # The build's own journal may stay: the next build goes on from it.
            check("a full disk: no archive is left", not [name for name in left if not name.endswith(".build")], left)
        finally:
            run(["umount", folder])


def foreign_archives():
    fixtures = SHARED_DATA / "fixtures"
    if not fixtures.is_dir():
        skip("foreign archives", "no shared data")
        return
    good = [fixtures / "pmtiles/protomaps_firenze.pmtiles", fixtures / "mbtiles/bostonbuildings.mbtiles"]
    with server(STORE, *[word for path in good for word in ("--archive", path)]) as (base, _):
        with open(good[0], "rb") as file:
            tiles = list(all_tiles(MmapSource(file)))
        wrong = [zxy for zxy, body in tiles[::25] if requests.get(
            f"{base}/tiles/protomaps_firenze/{zxy[0]}/{zxy[1]}/{zxy[2]}", timeout=30).content != gzip.decompress(body)]
        check("protomaps_firenze: every 25th tile", not wrong, wrong[:5])
        rows = sqlite3.connect(f"file:{good[1]}?mode=ro&immutable=1", uri=True).execute(
            "SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").fetchall()
        wrong = [row[:3] for row in rows if requests.get(
            f"{base}/tiles/bostonbuildings/{row[0]}/{row[1]}/{2**row[0] - 1 - row[2]}.pbf",
            timeout=30).content != gzip.decompress(row[3])]
        check("bostonbuildings.mbtiles: all tiles, rows turned round", not wrong, wrong[:5])
    for name in ("empty", "invalid", "invalid_v4"):
        result = subprocess.run([TWIN, "serve", "--store", STORE, "--port", "0", "--archive",
                                 fixtures / f"pmtiles/{name}.pmtiles"], capture_output=True, encoding="utf-8", timeout=60)
        check(f"{name}.pmtiles is refused by name", result.returncode != 0 and f"{name}.pmtiles" in result.stderr,
              result.stderr[-300:])


def ogc_api_tiles():
    with server(STORE) as (base, _):
        conformance = requests.get(f"{base}/conformance", timeout=30).json()["conformsTo"]
        check("OGC API Tiles is declared", any("ogcapi-tiles-1" in name for name in conformance))
        native = requests.get(f"{base}/city.json", timeout=30).json()
        west, south, east, north = native["extent"]
        for tileset in requests.get(f"{base}/tiles", timeout=30).json()["tilesets"]:
            link = next(link["href"] for link in tileset["links"] if link["rel"] == "self")
            description = requests.get(link, timeout=30).json()
            template = next(link["href"] for link in description["links"] if link["rel"] == "item")
            limits = next(l for l in description["tileMatrixSetLimits"] if l["maxTileRow"] - l["minTileRow"] >= 2)
            tile = requests.get(
                template.replace("{tileMatrix}", limits["tileMatrix"])
                .replace("{tileRow}", str((limits["minTileRow"] + limits["maxTileRow"]) // 2))
                .replace("{tileCol}", str((limits["minTileCol"] + limits["maxTileCol"]) // 2)), timeout=30)
            check(f"a tile of {tileset['crs']}", tile.status_code == 200 and len(tile.content) > 100,
                  (tile.status_code, len(tile.content)))
        check("the extent is in degrees", -180 <= west < east <= 180 and -90 <= south < north <= 90,
              json.dumps(native["extent"]))


if __name__ == "__main__":
    main(serves_reference_archives, built_archive, full_disk, foreign_archives, ogc_api_tiles)
