# SPDX-License-Identifier: Apache-2.0
"""A snapshot file in Python, as docs/snapshot-format.md describes it. Only the standard library.

    python3 Tests/EndToEnd/snapshot_reader.py STORE/snapshots/LAYER.VERSION.snapshot

prints the layer as GeoJSON Text Sequences in the city's coordinate system (metres).
"""

import json
import struct
import sys
import zlib
from array import array

METADATA, IDS, ID_ORDER, BOXES, VERTEX_STARTS, RING_STARTS, RING_ENDS, GRID = range(1, 9)
HEIGHTS, VERTEX_ZOOM = 10, 11
VALUES, VALIDITY, DICTIONARY_OFFSETS, BYTES, ZONES = range(20, 25)
WHOLE_LAYER = 0xFFFF_FFFF
STARTS_PART = 0x8000_0000


class Snapshot:
    """Reads and checks one file; raises ValueError with what is wrong."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        if data[:8] != b"TWINSNAP":
            raise ValueError("not a snapshot")
        (version, count, size, rows, self.version, self.origin_x, self.origin_y, self.kind,
         checksum) = struct.unpack_from("<IIQQqddII", data, 8)
        if version != 2 or size != len(data):
            raise ValueError("of another version, or truncated")
        if zlib.crc32(data[64:64 + 32 * count], zlib.crc32(data[:60])) != checksum:
            raise ValueError("the checksum of header and table is wrong")
        self.sections = {}
        for index in range(count):
            section, column, offset, length, crc, _ = struct.unpack_from("<IIQQII", data, 64 + 32 * index)
            body = data[offset:offset + length]
            if len(body) != length or zlib.crc32(body) != crc:
                raise ValueError(f"the checksum of section {section} is wrong")
            self.sections[section, column] = body
        self.count = rows
        self.metadata = json.loads(self.sections[METADATA, WHOLE_LAYER])
        self.ids = self.numbers("I" if len(self.sections[IDS, WHOLE_LAYER]) == 4 * rows else "q", IDS)
        every_row = array("I", range(rows + 1))
        self.is_point_layer = self.kind == 1 and (VERTEX_STARTS, WHOLE_LAYER) not in self.sections
        self.id_order = self.numbers("I", ID_ORDER) or every_row[:-1]  # ids ascend with rows
        self.vertex_starts = self.numbers("I", VERTEX_STARTS) or every_row  # a point to a row
        self.ring_starts = self.numbers("I", RING_STARTS) or every_row  # a ring to a row
        self.ring_ends = self.numbers("I", RING_ENDS) or array("I", [1 | STARTS_PART]) * rows
        self.grid = self.numbers("i", GRID)
        self.columns = {c["name"]: self.column(i, c["type"]) for i, c in enumerate(self.metadata["columns"])}

    def numbers(self, code, section, column=WHOLE_LAYER):
        return array(code, self.sections.get((section, column), b""))  # little-endian, as on all machines we know

    def column(self, index, kind):
        """The values of a column, None where there is none."""
        raw = self.sections.get((BYTES, index), b"")
        if kind == "text":
            offsets = self.numbers("I", DICTIONARY_OFFSETS, index)
            texts = [None] + [raw[a:b].decode() for a, b in zip(offsets, offsets[1:])]
            return [texts[code] for code in self.numbers("I", VALUES, index)]
        if kind == "binary":
            offsets = self.numbers("Q", VALUES, index)
            return [raw[a:b] if b > a else None for a, b in zip(offsets, offsets[1:])]
        values = self.numbers({"integer": "q", "real": "d", "boolean": "B"}[kind], VALUES, index)
        valid = self.sections.get((VALIDITY, index))
        present = (lambda row: valid[row >> 3] >> (row & 7) & 1) if valid else (lambda row: True)
        return [(bool(v) if kind == "boolean" else v) if present(row) else None for row, v in enumerate(values)]

    def parts(self, row):
        """Parts of rings of (x, y) in metres; a polygon's rings are closed."""
        first, parts, start = self.vertex_starts[row], [], 0
        for mark in self.ring_ends[self.ring_starts[row]:self.ring_starts[row + 1]]:
            end = mark & ~STARTS_PART
            ring = [(self.origin_x + self.grid[2 * v] / 1000, self.origin_y + self.grid[2 * v + 1] / 1000)
                    for v in range(first + start, first + end)]
            if self.kind == 3:
                ring.append(ring[0])
            if mark & STARTS_PART:
                parts.append([])
            parts[-1].append(ring)
            start = end
        return parts

    def geometry(self, row):
        """GeoJSON, always of the Multi kind."""
        parts = self.parts(row)
        if self.kind == 1:
            return {"type": "MultiPoint", "coordinates": [p for part in parts for ring in part for p in ring]}
        if self.kind == 2:
            return {"type": "MultiLineString", "coordinates": [ring for part in parts for ring in part]}
        return {"type": "MultiPolygon", "coordinates": parts}

    def properties(self, row):
        return {n: v[row] for n, v in self.columns.items() if n != "solid" and v[row] is not None}


if __name__ == "__main__":
    snapshot = Snapshot(sys.argv[1])
    for row in range(snapshot.count):
        print(json.dumps({"type": "Feature", "id": snapshot.ids[row], "geometry": snapshot.geometry(row),
                          "properties": snapshot.properties(row)}, ensure_ascii=False))
