# SPDX-License-Identifier: Apache-2.0
"""Counts what an archive of vector tiles holds: features, vertices and area for each zoom.

Area is that of all rings in the tiles themselves, buffers included, in square kilometres at the archive's middle
latitude, so that archives of the same data compare; a feature in two tiles counts twice.
"""

import gzip
import math
import sqlite3
import struct
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data, at, end):
    """(number, value or (start, end)) of a message."""
    while at < end:
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
        elif kind == 2:
            length, at = varint(data, at)
            yield tag >> 3, (at, at + length)
            at += length
        elif kind == 1:
            yield tag >> 3, None
            at += 8
        else:
            yield tag >> 3, None
            at += 4


def geometry(data, at, end):
    """Vertices, and doubled signed area of the closed rings, in tile units."""
    x = y = vertices = 0
    total = 0
    ring = []
    while at < end:
        command, at = varint(data, at)
        kind, count = command & 7, command >> 3
        if kind == 7:
            total += sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1]))
            continue
        if kind == 1:
            ring = []
        for _ in range(count):
            dx, at = varint(data, at)
            dy, at = varint(data, at)
            x += (dx >> 1) ^ -(dx & 1)
            y += (dy >> 1) ^ -(dy & 1)
            ring.append((x, y))
            vertices += 1
    return vertices, total


def tile(data):
    """Features, vertices and area in shares of the tile."""
    features = vertices = 0
    area = 0.0
    for number, span in fields(data, 0, len(data)):
        if number != 3:
            continue
        extent, doubled = 4096, 0
        for inner, value in fields(data, *span):
            if inner == 5:
                extent = value
            elif inner == 2:
                features += 1
                for part, place in fields(data, *value):
                    if part == 4:
                        count, ring = geometry(data, *place)
                        vertices += count
                        doubled += ring
        area += doubled / 2 / extent / extent
    return features, vertices, area


def addressed(path):
    """(number, plain bytes) of every tile of a PMTiles archive."""
    for number, body, _ in numbered(path):
        yield number, body


def pmtiles(path):
    """(z, plain bytes, stored bytes) of every tile."""
    for number, body, size in numbered(path):
        z = 0
        while (4 ** (z + 1) - 1) // 3 <= number:
            z += 1
        yield z, body, size


def numbered(path):
    """(number, plain bytes, stored bytes) of every tile. PMTiles version 3, sections 3 (header) and 4 (directories)."""
    with open(path, "rb") as file:
        data = file.read()
    root, root_length, _, _, leaves, _, content = struct.unpack_from("<7Q", data, 8)
    inner, packed = data[97], data[98]
    unpack = {1: lambda b: b, 2: gzip.decompress}

    def directory(start, length):
        raw = unpack[inner](data[start:start + length])
        count, at = varint(raw, 0)
        columns = []
        for _ in range(4):
            column = []
            for _ in range(count):
                value, at = varint(raw, at)
                column.append(value)
            columns.append(column)
        number = offset = 0
        for index in range(count):
            number += columns[0][index]
            run, size = columns[1][index], columns[2][index]
            given = columns[3][index]
            offset = offset + columns[2][index - 1] if given == 0 and index else given - 1
            if run == 0:
                yield from directory(leaves + offset, size)
            else:
                for step in range(run):
                    yield number + step, content + offset, size

    for number, start, size in directory(root, root_length):
        yield number, unpack[packed](data[start:start + size]), size


def mbtiles(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        for z, data in database.execute("SELECT zoom_level, tile_data FROM tiles"):
            yield z, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data, len(data)


def summary(path, latitude):
    """{zoom: [tiles, bytes, largest, features, vertices, km2]}"""
    zooms = {}
    for z, data, size in (pmtiles if str(path).endswith(".pmtiles") else mbtiles)(path):
        features, vertices, area = tile(data)
        row = zooms.setdefault(z, [0, 0, 0, 0, 0, 0.0])
        side = 40_075.016_686 * math.cos(math.radians(latitude)) / (1 << z)
        for index, value in enumerate((1, size)):
            row[index] += value
        row[2] = max(row[2], size)
        row[3] += features
        row[4] += vertices
        row[5] += area * side * side
    return zooms


if __name__ == "__main__":
    for z, row in sorted(summary(sys.argv[1], float(sys.argv[2])).items()):
        print(z, *row[:5], f"{row[5]:.2f}", sep="\t")
