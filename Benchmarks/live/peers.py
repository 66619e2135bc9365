# SPDX-License-Identifier: Apache-2.0
"""The live index beside its peers, one after the other, in one run: prints one JSON object a line.

    python3 Benchmarks/live/peers.py [--terminals 1000000] [--ours PATH]

PATH is the built Swift program, if it is to run first (`swift build -c release --package-path Benchmarks --product
live-ours`). Redis runs here over a unix socket without persistence and is charged its own processor time only, not the
client's. A peer that is not installed is named and left out.
"""
import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def show(row):
    print(json.dumps(row, ensure_ascii=False), flush=True)


def missing(peer, why):
    show({"peer": peer, "skipped": why})


def processor_time(pid):
    """Seconds of user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def command(*parts):
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        part = part if isinstance(part, bytes) else str(part).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(part), part))
    return b"".join(out)


class Redis:
    def __init__(self, folder):
        self.path = f"{folder}/redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)
        for attempt in range(100):
            try:
                self.socket.connect(self.path)
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("redis-server does not listen")

    def run(self, batches, pipeline):
        """Sends batches of `pipeline` commands; returns the server's seconds and the wall's."""
        cpu, wall = processor_time(self.process.pid), time.monotonic()
        for batch in batches:
            self.socket.sendall(batch)
            self.replies(pipeline)
        return processor_time(self.process.pid) - cpu, time.monotonic() - wall

    def replies(self, count):
        """Reads `count` integers or flat arrays; returns the number of array members."""
        members, data = 0, b""
        while count:
            end = data.find(b"\r\n")
            if end < 0:
                data += self.more()
                continue
            kind, head, data = data[:1], data[1:end], data[end + 2:]
            if kind == b"-":
                raise RuntimeError(head.decode())
            if kind == b":":
                count -= 1
            elif kind == b"*":
                left = int(head)
                members += left
                while left:
                    end = data.find(b"\r\n")
                    while end < 0:
                        data += self.more()
                        end = data.find(b"\r\n")
                    size = int(data[1:end])
                    while len(data) < end + 4 + size:
                        data += self.more()
                    data = data[end + 4 + size:]
                    left -= 1
                count -= 1
        return members

    def more(self):
        part = self.socket.recv(1 << 20)
        if not part:
            raise RuntimeError("redis-server closed the connection")
        return part

    def stop(self):
        self.process.terminate()
        self.process.wait()


def redis(terminals):
    if not shutil.which("redis-server"):
        return missing("Redis GEO", "redis-server is not installed (apt install redis-server)")
    version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True).stdout.split()[2]
    version = version.removeprefix("v=")
    source = random.Random(42)
    with tempfile.TemporaryDirectory() as folder:
        server = Redis(folder)
        try:
            places = [(119.6 + 0.8 * source.random(), 36.0 + 0.6 * source.random()) for _ in range(terminals)]

            def add(number):
                lon, lat = places[number]
                return command("GEOADD", "live", f"{lon:.7f}", f"{lat:.7f}", f"T-{number}")

            load = [b"".join(add(n) for n in range(first, min(first + 200, terminals)))
                    for first in range(0, terminals, 200)]
            server.run(load[:terminals // 200], 200)
            batches = []
            for _ in range(1000):
                parts = []
                for _ in range(200):
                    number = source.randrange(terminals)
                    lon, lat = places[number]
                    places[number] = (lon + (source.random() - 0.5) * 0.0011, lat + (source.random() - 0.5) * 0.0009)
                    parts.append(add(number))
                batches.append(b"".join(parts))
            cpu, wall = server.run(batches, 200)
            row = {"row": "local moves", "peer": f"Redis {version} GEOADD, pipelines of 200",
                   "moves_per_cpu_s": round(200_000 / cpu), "moves_per_s": round(200_000 / wall)}
            asks = [b"".join(command("GEOSEARCH", "live", "FROMLONLAT", f"{119.6 + 0.8 * source.random():.6f}",
                                     f"{36.0 + 0.6 * source.random():.6f}", "BYRADIUS", "500", "m")
                             for _ in range(20)) for _ in range(200)]
            cpu, wall = processor_time(server.process.pid), time.monotonic()
            hits = 0
            for ask in asks:
                server.socket.sendall(ask)
                hits += server.replies(20)
            cpu = processor_time(server.process.pid) - cpu
            show(row | {"reads_per_cpu_s": round(4000 / cpu), "hits": round(hits / 4000, 1)})
        finally:
            server.stop()


def boost(terminals):
    if not shutil.which("g++") or not Path("/usr/include/boost/geometry/index/rtree.hpp").exists():
        return missing("Boost.Geometry", "g++ or libboost-dev is not installed")
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/boost_live"
        subprocess.run(["g++", "-O3", "-march=native", "-std=c++17", "-o", program,
                        str(HERE / "peers/boost_live.cpp")], check=True)
        subprocess.run([program, str(terminals)], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terminals", type=int, default=1_000_000)
    parser.add_argument("--ours", help="the built Swift program")
    arguments = parser.parse_args()
    if arguments.ours:
        subprocess.run([arguments.ours, str(arguments.terminals), "2", "moves"], check=True)
        subprocess.run([arguments.ours, str(arguments.terminals), "2", "lines"], check=True)
    redis(arguments.terminals)
    boost(arguments.terminals)


if __name__ == "__main__":
    sys.exit(main())
