#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two made-up plans of N parcels each over the same ground, for Benchmarks/plan_conflict.py.

    plan_data.py FOLDER [N]

Each plan is a lattice of quadrilaterals whose corners are moved at random, a tenth of them with a fifth corner so that
they are not convex; the second has other cells and is turned by 5 degrees. Every parcel has one of eight uses. Writes
a.gpkg, b.gpkg and city.yaml for `twin import FOLDER/city.yaml --store STORE`. Needs geopandas.
"""

import math
import sys

import geopandas
import numpy
import shapely

ORIGIN = (500_000, 4_010_000)
USES = ["0701", "0801", "0804", "0901", "1001", "1101", "1401", "1402"]


def plan(count, cell, angle, seed):
    random = numpy.random.default_rng(seed)
    side = round(math.sqrt(count))
    x, y = numpy.meshgrid(numpy.arange(side + 1) * cell, numpy.arange(side + 1) * cell * 0.8)
    x = x + random.uniform(-0.25, 0.25, x.shape) * cell
    y = y + random.uniform(-0.25, 0.25, y.shape) * cell * 0.8
    turn = math.radians(angle)
    x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    points = numpy.stack([ORIGIN[0] + x, ORIGIN[1] + y], axis=-1).round(3)
    polygons = []
    for row in range(side):
        for column in range(side):
            ring = [points[row, column], points[row, column + 1], points[row + 1, column + 1], points[row + 1, column]]
            if random.random() < 0.1:
                # On the millimetre grid, too: programs need not agree on which way half a millimetre is rounded.
                ring.insert(1, (numpy.mean(ring, axis=0) * 0.3 + ring[0] * 0.35 + ring[1] * 0.35).round(3))
            polygons.append(shapely.Polygon(ring))
    frame = geopandas.GeoDataFrame({"use": random.choice(USES, len(polygons)),
                                    "code": [f"{seed}-{i}" for i in range(len(polygons))]}, geometry=polygons, crs=4549)
    return frame[frame.geometry.is_valid]


def main():
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    plan(count, 60, 0, 1).to_file(f"{folder}/a.gpkg")
    plan(count, 60, 5, 2).to_file(f"{folder}/b.gpkg")
    layers = "".join(
        f"""  - id: plan_{name}
    theme: base
    department: bench
    geometry: polygon
    source: {name}
    code: code
    fields: [{{name: use, type: string}}]
""" for name in "ab")
    with open(f"{folder}/city.yaml", "w") as out:
        out.write(f"""twin: 1
id: plans
crs: EPSG:4549
vertical: {{datum: unknown}}
extent: [119.9, 36.15, 120.35, 36.45]
themes: [{{id: base, title: Base}}]
sources: [{{id: a, path: a.gpkg}}, {{id: b, path: b.gpkg}}]
layers:
{layers}""")


main()
