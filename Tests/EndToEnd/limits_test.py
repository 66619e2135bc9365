# SPDX-License-Identifier: Apache-2.0
"""Bad input to the query interface: each is refused by name or served in bounded memory while others go on."""

import contextlib
import json
import socket
import threading
import time

import requests

from harness import CHIEF, check, edited_copy, main, required, server

STORE = required("E2E_STORE")
LAYER = "buildings"


class Memory:
    """The greatest memory of a process, besides what belongs to files, while something goes on."""

    def __init__(self, pid):
        self.pid, self.before = pid, self.now(pid)
        self.most, self.stop = self.before, threading.Event()

    @staticmethod
    def now(pid):
        return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("RssAnon")) / 1024

    def __enter__(self):
        def watch():
            while not self.stop.wait(0.02):
                self.most = max(self.most, self.now(self.pid))
        self.thread = threading.Thread(target=watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    @property
    def growth(self):
        return self.most - self.before


class Others:
    """Somebody else who asks for a page all the time; how long they waited at most."""

    def __init__(self, base):
        self.url, self.stop, self.worst, self.count, self.failures = f"{base}/collections/schools/items", threading.Event(), 0, 0, []

    def __enter__(self):
        def ask():
            while not self.stop.is_set():
                start = time.monotonic()
                try:
                    answer = requests.get(self.url, timeout=30)
                    if answer.status_code != 200:
                        self.failures.append(answer.status_code)
                except requests.RequestException as error:
                    self.failures.append(str(error))
                self.worst = max(self.worst, time.monotonic() - start)
                self.count += 1
                time.sleep(0.01)
        self.thread = threading.Thread(target=ask)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


@contextlib.contextmanager
def serving():
    with edited_copy(STORE) as (base, process, _):
        requests.get(f"{base}/collections/{LAYER}/items?limit=1000", timeout=30)
        yield base, process.pid


def tried(name, base, pid, megabytes, action, expected):
    """Runs something bad; the answer, the memory and the others are checked."""
    with Others(base) as others, Memory(pid) as memory:
        start = time.monotonic()
        answer = action()
        took = time.monotonic() - start
        time.sleep(0.1)
    print(f"     {name}: {took:.2f} s, memory +{memory.growth:.0f} MB, {others.count} other requests, "
          f"slowest {others.worst:.2f} s", flush=True)
    check(f"{name}: {expected}", answer, answer)
    check(f"{name}: memory stays within {megabytes} MB", memory.growth < megabytes, f"{memory.growth:.0f} MB")
    check(f"{name}: others go on", others.count > 0 and not others.failures and others.worst < 10,
          f"{others.count} {others.failures[:3]} {others.worst}")


def large(base, pid):
    def body():
        for _ in range(200):
            yield b" " * (1 << 20)

    for method, path in (("POST", f"/collections/{LAYER}/items"), ("PUT", f"/collections/{LAYER}/items/1"),
                         ("PATCH", f"/collections/{LAYER}/items/1"), ("POST", f"/collections/{LAYER}/transactions"),
                         ("POST", "/query"), ("POST", "/processes/parcel-report/execution")):
        def send():
            try:
                return requests.request(method, base + path, data=body(), timeout=60, headers={
                    **CHIEF, "Content-Type": "application/json"}).status_code == 413
            except requests.ConnectionError:
                return True  # closed before the client had sent it all
        tried(f"{method} {path} of 200 MB", base, pid, 120, send, "413, or closed")


def filters(base, pid):
    def ask(text, status, word=""):
        def send():
            answer = requests.post(f"{base}/query", json={"layers": [LAYER], "filter": text, "output": "counts"}, timeout=60)
            good = answer.status_code == status and word in answer.text
            return good and (status == 200 or answer.headers["Content-Type"] == "application/problem+json")
        return send

    tried("a filter of 9,900 terms", base, pid, 200, ask(" OR ".join(f"id = {i}" for i in range(9_900)), 200), "answered")
    tried("a filter of 20,000 terms", base, pid, 200, ask(" OR ".join(f"id = {i}" for i in range(20_000)), 400, "terms"),
          "400 that says so")
    tried("a filter with 9,000 sums", base, pid, 200, ask(
        " OR ".join(f"floors + {i} = 7" for i in range(2_400)), 200), "answered")
    for name, deep in (("50,000 brackets", "(" * 50_000), ("50,000 times NOT", "NOT " * 50_000 + "id = 1"),
                       ("30,000 levels of arithmetic", "id = " + "(1 + " * 30_000 + "1" + ")" * 30_000),
                       ("5,000 levels of JSON", '{"op":"not","args":[' * 5_000)):
        tried(name, base, pid, 100, ask(deep, 400), "400")
    tried("LIKE with 2,000 wild cards", base, pid, 100, ask("name LIKE '" + "%a" * 2_000 + "'", 200), "answered")


def polygons(base, pid):
    ring = [[120 + i % 7 / 10, 36 + i % 3] for i in range(1_000_000)]
    ring.append(ring[0])
    wkt = "S_INTERSECTS(geometry, POLYGON((" + ",".join(f"{x:g} {y:g}" for x, y in ring) + ")))"
    literal = {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Polygon", "coordinates": [ring]}]}
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}
    for name, path, body in (
            ("as a region", "/query", {"layers": [LAYER], "region": {"polygon": [ring]}}),
            ("in CQL2 text", "/query", {"layers": [LAYER], "filter": wkt}),
            ("in CQL2 JSON", "/query", {"layers": [LAYER], "filter": literal}),
            ("to be stored", f"/collections/{LAYER}/items", feature)):
        text = json.dumps(body, separators=(",", ":"))

        def send():
            answer = requests.post(base + path, data=text, timeout=60, headers={**CHIEF, "Content-Type": "application/json"})
            print(f"     {len(text) >> 20} MB: {answer.status_code} {answer.json().get('detail', '')[:100]}")
            return answer.status_code in (400, 413, 422)
        tried(f"a polygon of a million vertices {name}", base, pid, 600, send, "refused")


def slow(base, pid):
    host, port = base.removeprefix("http://").split(":")

    def trickle():
        clients = []
        for _ in range(40):
            client = socket.create_connection((host, int(port)))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(f"GET /collections/{LAYER}/items?limit=1000000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            clients.append(client)
        for _ in range(4):
            for client in clients:
                client.recv(1)
            time.sleep(0.5)
        answers = [requests.get(f"{base}/healthz", timeout=10).status_code for _ in range(5)]
        for client in clients:
            client.close()
        return answers == [200] * 5

    tried("40 clients that read a byte now and then", base, pid, 300, trickle, "others are answered")

    def header():
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"GET /collections/buildings/items HTTP/1.1\r\nX-Long: ")
            try:
                client.settimeout(3)
                for _ in range(400):
                    client.sendall(b"a" * 65_536)
                return client.recv(20).split()[1] in (b"400", b"431")
            except OSError:
                return True  # closed, or not read any further

    tried("a header of 25 MB", base, pid, 120, header, "not taken in")


def refused(base, pid):
    """Every malformed parameter is a problem that names it and shows how it is written."""
    items = f"/collections/{LAYER}/items"
    cases = [
        ("filter", "filter=floors >"), ("filter", "filter=nosuch = 1"), ("filter", "filter=floors = 'a'"),
        ("filter", "filter=S_INTERSECTS(geometry, POINT(1))"), ("filter", "filter={\"op\":\"=\"}"),
        ("filter-lang", "filter=id>0&filter-lang=sql"), ("filter-crs", "filter=id>0&filter-crs=EPSG:4326"),
        ("bbox", "bbox=1,2,3"), ("bbox", "bbox=a,b,c,d"), ("bbox", "bbox=120,37,121,36"), ("bbox", "bbox=120,36,121,96"),
        ("bbox-crs", "bbox=120,36,121,37&bbox-crs=nothing"), ("bbox-crs", "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326"),
        ("crs", "crs=http://www.opengis.net/def/crs/EPSG/0/27700"), ("crs", "crs=x"),
        ("limit", "limit=0"), ("limit", "limit=-1"), ("limit", "limit=1.5"), ("limit", "limit=many"),
        ("limit", "limit=99999999999999999999"), ("offset", "offset=-1"), ("cursor", "cursor=zz"),
        ("datetime", "datetime=yesterday"), ("datetime", "datetime=2026-01-02/2026-01-01"), ("datetime", "datetime=../.."),
        ("version", "version=soon"), ("version", "version=99999999"),
        ("sortby", "sortby=nosuch"), ("sortby", "sortby=--id"), ("properties", "properties=nosuch"),
        ("skipGeometry", "skipGeometry=perhaps"), ("f", "f=dwg"), ("encoding", "encoding=GBK"), ("nosuch", "nosuch=1"),
        ("floors", "floors=many"), ("limit", "limit=1&limit=2"),
    ]
    wrong = []
    for name, query in cases:
        answer = requests.get(f"{base}{items}?{query}", timeout=20)
        problem = answer.json() if "problem+json" in answer.headers.get("Content-Type", "") else {}
        detail = problem.get("detail", "")
        if answer.status_code != 400 or problem.get("parameter") != name or len(detail) < 20:
            wrong.append((query, answer.status_code, answer.text[:200]))
    check(f"{len(cases)} malformed parameters are named", not wrong, wrong)
    bodies = [
        ("POST", items, b"{", 400), ("POST", items, b"[]", 400), ("POST", items, b"\xff\xfe", 400),
        ("POST", items, b'{"type":"Feature"}', 422), ("PUT", f"{items}/1", b"", 400), ("PATCH", f"{items}/1", b"[1]", 400),
        ("PUT", f"{items}/999999999", b'{"type":"Feature","geometry":null,"properties":{}}', 422),
        ("PATCH", f"{items}/1", b'{"properties":{"nosuch":1}}', 422), ("POST", f"/collections/{LAYER}/transactions", b"{}", 400),
        ("DELETE", f"{items}/x", None, 404)]
    wrong = []
    for method, path, body, status in bodies:
        answer = requests.request(method, base + path, data=body, timeout=20, headers={
            **CHIEF, "Content-Type": "application/geo+json"})
        if answer.status_code != status or "problem+json" not in answer.headers.get("Content-Type", ""):
            wrong.append((method, path, body, answer.status_code, answer.text[:200]))
    check("malformed bodies are problems", not wrong, wrong)
    for value in ('"0"', "W/\"0\"", "nonsense", '"a", "b"', ""):
        answer = requests.patch(base + items + "/1", json={"properties": {}}, headers={**CHIEF, "If-Match": value}, timeout=20)
        check(f"If-Match: {value} is refused", answer.status_code in (400, 412), f"{answer.status_code} {answer.text[:200]}")


def everything():
    with serving() as (base, pid):
        for part in (refused, large, filters, polygons, slow):
            part(base, pid)
        check("the server lives", requests.get(f"{base}/healthz", timeout=10).status_code == 200)


if __name__ == "__main__":
    main(everything)
