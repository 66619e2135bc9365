#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the benchmark's buildings: those of an OSM extract, replicated on an N x N grid of small offsets.

    Benchmarks/tiles/data.py EXTRACT.osm.pbf N FOLDER

Writes FOLDER/buildings_N.gpkg, .geojsonl and .parquet (GeoParquet, EPSG:4326, Hilbert order) and two city.yaml that
import the GeoPackage, with the default tile rules and without losses. Geometry is real, placement synthetic: a copy
lies 0.0134 degrees east and 0.021 degrees north of the one before, so that 11 x 11 copies of Liechtenstein have the
density of New York City. Files that are there stay.
"""

import pathlib
import sys

STEP_EAST, STEP_NORTH = 0.0134, 0.021

CITY = """twin: 1
id: bench{n}
name: {{zh: 基准测试, en: Benchmark}}
crs: EPSG:32632
vertical: {{datum: unknown}}
extent: [{west}, {south}, {east}, {north}]
themes: [{{id: base, title: Base}}]
sources:
  - {{id: buildings, path: buildings_{n}.gpkg, invalid: keep}}
layers:
  - id: buildings
    theme: base
    department: benchmark
    geometry: polygon
    source: buildings
    base: true
    zoom: [0, 22]
    fields:
      - {{name: building, type: string}}
      - {{name: name, type: string}}{tiles}
"""
# Every vertex of every building at its zoom: what the run at zoom 14 alone is about.
LOSSLESS = "\n    tiles: {tiny: keep, simplify: false, max_bytes: 0}"


def make(extract, n, folder):
    import geopandas
    import numpy
    import pandas
    import pyogrio
    import shapely

    folder.mkdir(parents=True, exist_ok=True)
    names = [folder / f"buildings_{n}.{suffix}" for suffix in ("gpkg", "geojsonl", "parquet")]
    cities = {folder / f"city_{n}.yaml": "", folder / f"city_{n}_lossless.yaml": LOSSLESS}
    if all(name.exists() for name in [*names, *cities]):
        return
    one = pyogrio.read_dataframe(extract, layer="multipolygons", columns=["building", "name"],
                                 where="building IS NOT NULL")
    one = one[one.geometry.is_valid & ~one.geometry.is_empty]
    # GDAL reads every area as a multipolygon; single ones are polygons, as in most building data.
    parts = shapely.get_num_geometries(one.geometry.values)
    geometry = numpy.where(parts == 1, shapely.get_geometry(one.geometry.values, 0), one.geometry.values)
    one = geopandas.GeoDataFrame(one[["building", "name"]], geometry=geometry, crs=4326)
    copies = []
    for row in range(n):
        for column in range(n):
            copy = one.copy()
            copy["geometry"] = shapely.transform(
                one.geometry.values, lambda xy, r=row, c=column: xy + [c * STEP_EAST, r * STEP_NORTH])
            copies.append(copy)
    all_copies = geopandas.GeoDataFrame(pandas.concat(copies, ignore_index=True), crs=4326)
    all_copies = all_copies.iloc[all_copies.geometry.hilbert_distance().argsort()].reset_index(drop=True)
    west, south, east, north = all_copies.total_bounds
    all_copies.to_parquet(names[2], write_covering_bbox=True)
    pyogrio.write_dataframe(all_copies, names[0], layer="buildings", driver="GPKG")
    pyogrio.write_dataframe(all_copies, names[1], driver="GeoJSONSeq")
    for city, tiles in cities.items():
        city.write_text(CITY.format(n=n, west=round(west - 0.001, 4), south=round(south - 0.001, 4), tiles=tiles,
                                    east=round(east + 0.001, 4), north=round(north + 0.001, 4)), encoding="utf-8")
    print(f"{len(all_copies)} buildings -> {folder}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    make(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3]))
