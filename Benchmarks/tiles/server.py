# SPDX-License-Identifier: Apache-2.0
"""What the tile benchmarks share: servers of ours, their CPU time to the nanosecond, and tiles by name."""

import contextlib
import http.client
import math
import os
import pathlib
import re
import subprocess


def cpu(process):
    """CPU seconds of a process's threads that live, and of its children's, by the scheduler's own account."""
    total = 0
    for pid in [process, *children(process)]:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def children(process):
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{process}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return found


@contextlib.contextmanager
def twin(binary, store, *arguments):
    """Serves a store; gives (port, process id)."""
    process = subprocess.Popen([str(a) for a in (binary, "serve", "--store", store, "--port", "0", *arguments)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"http://[^\s:]+:(\d+)", line):
                yield int(found[1]), process.pid
                break
        else:
            raise SystemExit(f"twin serve ended before it listened: {said}")
    finally:
        process.terminate()
        process.wait()


class Client:
    """One kept connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get(self, path, **headers):
        """Status, entity tag and body."""
        self.connection.request("GET", path, headers={"Accept-Encoding": "gzip"} | {
            name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.connection.getresponse()
        return answer.status, answer.getheader("ETag"), answer.read()


def world(lon, lat):
    """Web Mercator in shares of the world, y from the north."""
    return lon / 360 + 0.5, 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)


def path(zxy):
    return "/tiles/buildings/%d/%d/%d.mvt" % zxy


def counted(archive, zoom):
    """{(z, x, y): features} of one zoom of a PMTiles archive of ours."""
    import compare

    found = {}
    for number, body in compare.addressed(archive):
        z, x, y = place(number)
        if z == zoom:
            found[z, x, y] = compare.tile(body)[0]
    return found


def place(number):
    """z, x and y of a PMTiles number (a Hilbert curve for each zoom)."""
    z = 0
    while (4 ** (z + 1) - 1) // 3 <= number:
        z += 1
    rest, x, y, side = number - (4 ** z - 1) // 3, 0, 0, 1
    while side < 1 << z:
        right, up = 1 & (rest // 2), 0
        up = 1 & (rest ^ right)
        if up == 0:
            if right == 1:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        x, y, rest, side = x + side * right, y + side * up, rest // 4, side * 2
    return z, x, y


def near(tiles, count, most):
    """The tiles whose number of features is nearest to a count."""
    return sorted(tiles, key=lambda zxy: (abs(tiles[zxy] - count), zxy))[:most]


def binary(name, *folders):
    for folder in [*os.environ["PATH"].split(":"), "/usr/sbin", *folders]:
        if os.access(f"{folder}/{name}", os.X_OK):
            return f"{folder}/{name}"
    return None
