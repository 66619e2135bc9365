# SPDX-License-Identifier: Apache-2.0
"""Both 3D models read by trimesh and pygltflib, and compared with what the collections say of the same ids."""

import collections
import gzip
import io
import math

import meshoptimizer
import numpy
import pygltflib
import pyproj
import requests
import shapely
import trimesh
from harness import check, main, required

BASE = required("E2E_BASE").rstrip("/")
SESSION = requests.Session()


def get(path):
    answer = SESSION.get(BASE + path, timeout=60)
    answer.raise_for_status()
    return answer


CITY = get("/city.json").json()
TO_GRID = pyproj.Transformer.from_crs("EPSG:4326", CITY["crs"], always_xy=True).transform


def tiles(model):
    """Every tile with content, as (tile, its transform, its bytes); nested tilesets are followed."""
    def walk(tile, transform, folder):
        if "transform" in tile:
            transform = transform @ numpy.array(tile["transform"]).reshape(4, 4).T
        content = tile.get("content")
        if content and content["uri"].endswith(".json"):
            nested = get(f"/3dtiles/{model}/{folder}{content['uri']}").json()
            yield from walk(nested["root"], transform, folder + content["uri"].rpartition("/")[0] + "/")
        elif content:
            yield tile, transform, get(f"/3dtiles/{model}/{folder}{content['uri']}").content
        for child in tile.get("children", []):
            yield from walk(child, transform, folder)
    document = get(f"/3dtiles/{model}/tileset.json").json()
    check(f"{model}: 3D Tiles 1.1", document["asset"]["version"] == "1.1" and document["geometricError"] > 0)
    errors = [t["geometricError"] for t in flatten(document["root"])]
    check(f"{model}: geometric errors fall towards the leaves", all(
        c["geometricError"] <= t["geometricError"] for t in flatten(document["root"]) for c in t.get("children", [])), errors)
    yield from walk(document["root"], numpy.identity(4), "")


def flatten(tile):
    yield tile
    for child in tile.get("children", []):
        yield from flatten(child)


class Content:
    """A GLB: triangles per feature in the tile's frame (z up), and the property table."""

    def __init__(self, data):
        self.gltf = pygltflib.GLTF2().load_from_bytes(data)
        self.blob = self.gltf.binary_blob()
        self.properties = self.table()
        self.vertices, self.triangles, self.features = [], [], []
        first = 0
        for node in self.gltf.nodes:
            if node.mesh is None:
                continue
            offset = numpy.array(node.translation or [0, 0, 0], dtype=float)
            scale = numpy.array(node.scale or [1, 1, 1], dtype=float)
            for primitive in self.gltf.meshes[node.mesh].primitives:
                points = self.accessor(primitive.attributes.POSITION).astype(float) * scale + offset
                # glTF is y up; 3D Tiles turns it: x, -z, y.
                self.vertices.append(numpy.column_stack([points[:, 0], -points[:, 2], points[:, 1]]))
                self.triangles.append(self.accessor(primitive.indices).reshape(-1, 3) + first)
                attribute = primitive.extensions["EXT_mesh_features"]["featureIds"][0]["attribute"]
                ids = getattr(primitive.attributes, f"_FEATURE_ID_{attribute}")
                self.features.append(self.accessor(ids).astype(int).ravel())
                first += len(points)
        self.vertices = numpy.concatenate(self.vertices)
        self.triangles = numpy.concatenate(self.triangles)
        self.features = numpy.concatenate(self.features)

    def view(self, index):
        view = self.gltf.bufferViews[index]
        compression = (view.extensions or {}).get("EXT_meshopt_compression")
        if compression:
            return self.decoded(compression)
        return self.blob[view.byteOffset or 0:(view.byteOffset or 0) + view.byteLength]

    def decoded(self, compression):
        """A compressed view, by PyPI's meshoptimizer."""
        start = compression["byteOffset"]
        data = numpy.frombuffer(self.blob[start:start + compression["byteLength"]], dtype="u1")
        count, stride = compression["count"], compression["byteStride"]
        if compression["mode"] == "TRIANGLES":
            indices = meshoptimizer.decode_index_buffer(count, 4, data)
            return numpy.ascontiguousarray(indices).astype({2: "<u2", 4: "<u4"}[stride]).tobytes()
        raw = numpy.ascontiguousarray(meshoptimizer.decode_vertex_buffer(count, stride, data)).tobytes()
        if compression.get("filter", "NONE") == "EXPONENTIAL":  # its clause: 24 bits times 2 to the top 8 bits
            words = numpy.frombuffer(raw, dtype="<i4")
            return numpy.ldexp(((words << 8) >> 8).astype("<f4"), words >> 24).astype("<f4").tobytes()
        return raw

    def plain(self):
        """The same GLB without compression, for readers that do not know it."""
        gltf, blob = pygltflib.GLTF2.from_json(self.gltf.to_json()), b""
        for index, view in enumerate(gltf.bufferViews):
            data = self.view(index)
            blob += bytes(-len(blob) % 8)
            view.buffer, view.byteOffset, view.byteLength, view.extensions = 0, len(blob), len(data), {}
            blob += data
        gltf.buffers = [pygltflib.Buffer(byteLength=len(blob))]
        gltf.extensionsRequired = [e for e in gltf.extensionsRequired if e != "EXT_meshopt_compression"]
        gltf.extensionsUsed = [e for e in gltf.extensionsUsed if e != "EXT_meshopt_compression"]
        gltf.set_binary_blob(blob)
        return b"".join(gltf.save_to_bytes())

    def accessor(self, index):
        accessor = self.gltf.accessors[index]
        kind = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}[accessor.componentType]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor.type]
        view = self.gltf.bufferViews[accessor.bufferView]
        data = self.view(accessor.bufferView)[accessor.byteOffset or 0:]
        size = numpy.dtype(kind).itemsize * width
        stride = view.byteStride or size
        rows = numpy.frombuffer(data, dtype="u1", count=(accessor.count - 1) * stride + size) if accessor.count else data
        strided = numpy.lib.stride_tricks.as_strided(rows, (accessor.count, size), (stride, 1))
        return numpy.ascontiguousarray(strided).view(kind).reshape(accessor.count, width)

    def table(self):
        extension = self.gltf.extensions["EXT_structural_metadata"]
        table = extension["propertyTables"][0]
        definitions = extension["schema"]["classes"][table["class"]]["properties"]
        result = {}
        for name, entry in table["properties"].items():
            kind = definitions[name]
            data = self.view(entry["values"])
            if kind["type"] == "STRING":
                size = {"UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4"}[entry.get("stringOffsetType", "UINT32")]
                offsets = numpy.frombuffer(self.view(entry["stringOffsets"]), dtype=size, count=table["count"] + 1)
                result[name] = [data[a:b].decode() for a, b in zip(offsets, offsets[1:])]
            else:
                code = {"INT64": "<i8", "UINT64": "<u8", "FLOAT32": "<f4", "FLOAT64": "<f8", "INT32": "<i4",
                        "UINT32": "<u4"}[kind["componentType"]]
                result[name] = numpy.frombuffer(data, dtype=code, count=table["count"])
        return result


def inside(tile, vertices):
    """How far the vertices leave the tile's box, metres."""
    box = numpy.array(tile["boundingVolume"]["box"])
    relative = vertices - box[:3]
    worst = 0.0
    for axis in (box[3:6], box[6:9], box[9:12]):
        half = numpy.linalg.norm(axis)
        worst = max(worst, float(numpy.max(numpy.abs(relative @ (axis / half)) - half)) if half > 0 else 0.0)
    return worst


def walk(model):
    """Reads all content of a model; gives id -> (properties, triangles in the tileset's frame)."""
    features, contents, leave, readable, empty = {}, 0, 0.0, True, 0
    repeated, transform, stored, packed = 0, None, 0, 0
    for tile, transform, data in tiles(model):
        contents += 1
        content = Content(data)
        scene = trimesh.load(io.BytesIO(content.plain()), file_type="glb")
        stored, packed = stored + len(data), packed + len(gzip.compress(data, 6))
        faces = sum(len(g.faces) for g in scene.geometry.values())
        readable &= faces == len(content.triangles)
        leave = max(leave, inside(tile, content.vertices))
        empty += sum(len(set(content.features)) != len(v) for v in [content.properties["id"]])
        ids = content.properties["id"]
        order = numpy.argsort(content.features[content.triangles[:, 0]], kind="stable")
        owners = content.features[content.triangles[:, 0]][order]
        bounds = numpy.searchsorted(owners, numpy.arange(len(ids) + 1))
        for number, identity in enumerate(ids):
            key = (content.properties["layer"][number], int(identity))
            repeated += key in features
            corners = content.vertices[content.triangles[order[bounds[number]:bounds[number + 1]]]]
            features[key] = ({n: v[number] for n, v in content.properties.items()}, corners)
    check(f"{model}: trimesh and pygltflib read all {contents} GLBs alike", readable and contents > 1)
    check(f"{model}: every vertex is inside its tile's box (1 cm)", leave < 0.01, f"{leave} m outside")
    check(f"{model}: every feature of every property table has triangles", empty == 0, empty)
    check(f"{model}: no feature is in two tiles", repeated == 0, repeated)
    print(f"{model}: {stored / len(features):.1f} bytes per feature, {packed / len(features):.1f} with gzip")
    return features, transform


def round_trip(model, features, layers):
    """Ids of the metadata are ids of the collections, and nothing is missing."""
    counts = collections.Counter(layer for layer, _ in features)
    for layer in layers:
        told = get(f"/collections/{layer}/items?limit=1").json()["numberMatched"]
        check(f"{model}: all {told} features of {layer}", counts[layer] == told, counts[layer])
    bad = []
    for layer, identity in list(features)[::max(1, len(features) // 40)]:
        answer = SESSION.get(f"{BASE}/collections/{layer}/items/{identity}", timeout=30)
        record = answer.json().get("properties", {}) if answer.ok else {}
        told = features[layer, identity][0]
        if not answer.ok or any(record.get(n, told.get(n)) != told.get(n) for n in ("code", "name")):
            bad.append((layer, identity, answer.status_code, record, told))
    check(f"{model}: feature ids round-trip to /collections", not bad, bad[:3])


def collection(layer):
    result, url = {}, f"/collections/{layer}/items?limit=10000"
    while url:
        page = get(url).json()
        result |= {f["id"]: f for f in page["features"]}
        url = next((l["href"].removeprefix(BASE) for l in page["links"] if l["rel"] == "next"), None)
    return result


def footprint(feature):
    """Area in square metres in the city's system."""
    shape = shapely.geometry.shape(feature["geometry"])
    return shapely.transform(shape, lambda c: numpy.column_stack(TO_GRID(c[:, 0], c[:, 1])))


def buildings():
    model = next(m for m in CITY["models"] if m["kind"] == "buildings")
    features, transform = walk(model["id"])
    layers = sorted({layer for layer, _ in features})
    check("buildings: as many as city.json says", len(features) == model["count"], f"{len(features)} {model['count']}")
    round_trip(model["id"], features, layers)
    truth = {layer: collection(layer) for layer in layers}
    up = numpy.linalg.norm(transform[:3, 2])
    check("the tileset's frame is a rotation", abs(up - 1) < 1e-9 and abs(numpy.linalg.det(transform[:3, :3]) - 1) < 1e-9)
    center = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True).transform(*transform[:3, 3])
    west, south, east, north = CITY["extent"]
    check("and stands in the city", west < center[0] < east and south < center[1] < north, center)
    to_lonlat = pyproj.Transformer.from_crs("EPSG:4978", "EPSG:4979", always_xy=True).transform
    open_ones, wrong, astray = [], [], []
    for number, ((layer, identity), (properties, corners)) in enumerate(features.items()):
        mesh = trimesh.Trimesh(*weld(corners), process=False)
        feature = truth[layer][identity]
        if not mesh.is_watertight:
            open_ones.append(identity)
            continue
        area, height = footprint(feature).area, float(properties["height"])
        # A hundredth, or what rounding to 1/32 m does to the surface.
        if abs(mesh.volume - area * height) > max(0.01 * area * height, mesh.area / 64):
            wrong.append((identity, round(mesh.volume, 1), round(area * height, 1)))
        if number % 25 == 0:
            world = numpy.column_stack([corners.reshape(-1, 3), numpy.ones(corners.shape[0] * 3)]) @ transform.T
            lon, lat, _ = to_lonlat(world[:, 0], world[:, 1], world[:, 2])
            metres = shapely.MultiPoint(numpy.column_stack(TO_GRID(lon, lat)))
            if shapely.hausdorff_distance(metres, shapely.MultiPoint(shapely.get_coordinates(footprint(feature)))) > 0.05:
                astray.append(identity)
    check(f"buildings: all {len(features)} are closed solids (trimesh)", not open_ones, open_ones[:10])
    check("buildings: volume = footprint area × height within 1 % or the tile's grid", not wrong, f"{len(wrong)}: {wrong[:5]}")
    check("buildings: walls stand on the footprint within 5 cm (pyproj)", not astray, astray[:10])


def weld(corners):
    """Vertices at the same millimetre become one."""
    points, index = numpy.unique(numpy.round(corners.reshape(-1, 3), 3), axis=0, return_inverse=True)
    return points, index.reshape(-1, 3)


def pipes():
    model = next(m for m in CITY["models"] if m["kind"] == "pipes")
    features, _ = walk(model["id"])
    layers = sorted({layer for layer, _ in features})
    readable = {layer["id"] for layer in CITY["layers"]}
    check("pipes: nothing that its reader may not see", set(layers) <= readable, layers)
    check("pipes: as many as city.json says", len(features) == model["count"], f"{len(features)} {model['count']}")
    round_trip(model["id"], features, layers)
    truth = {layer: collection(layer) for layer in layers}
    wrong, thick = [], []
    for (layer, identity), (properties, corners) in features.items():
        mesh = trimesh.Trimesh(*weld(corners), process=False)
        record = truth[layer][identity]["properties"]
        diameter = float(record.get("diameter") or 0) / 1000
        line = footprint(truth[layer][identity])
        if diameter and line.length > 1 and abs(float(properties["diameter_mm"]) - diameter * 1000) > 1:
            thick.append((identity, float(properties["diameter_mm"]), diameter * 1000))
        (x0, y0, _), (x1, y1, _) = mesh.bounds
        reach = math.hypot(x1 - x0, y1 - y0) - math.hypot(*(line.bounds[2] - line.bounds[0], line.bounds[3] - line.bounds[1]))
        if not -0.5 < reach < 2 * max(diameter, 0.5) + 1:
            wrong.append((identity, round(reach, 2), diameter))
    check("pipes: diameters of the metadata are the record's", not thick, thick[:5])
    check("pipes: each tube is as long as its line", not wrong, f"{len(wrong)}: {wrong[:5]}")


main(buildings, pipes)
