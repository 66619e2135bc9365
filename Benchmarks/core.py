# SPDX-License-Identifier: Apache-2.0
"""The spatial core's rows beside its peers': builds every program, runs them in turn, prints one table with the goals.

    python3 Benchmarks/core.py TWIN [--rounds 3] [--quick] [--only index sizes live query snapshot] [--json FILE]

TWIN is the built program; scripts/bench core names it. Parts whose data or tools are absent are left out and named.
Times are CPU time of one thread unless the row says wall; the best of all rounds is shown, since other work on the
machine only ever slows a run down. Sides of a row agree on its check (hits, answers), or the run fails.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys

import measure
import postgres

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE / ".build"
sys.path[:0] = [str(HERE / "query"), str(HERE / "core")]
import polygons  # noqa: E402
import report  # noqa: E402

DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", HERE.parent.parent / "shared/data"))
EXTRACT = DATA / "osm/liechtenstein.osm.pbf"
#: Where the query and snapshot rows ask: in the middle of the data.
PLACE = ["buildings", "9.55", "47.16", "class", "floors", "residential"]


def note(text):
    print(text, file=sys.stderr, flush=True)


def swift(product):
    subprocess.run(["swift", "build", "-c", "release", "--package-path", str(HERE), "--product", product], check=True,
                   stdout=sys.stderr)
    return str(BUILD / "release" / product)


def cpp(source, *flags):
    """-march=native is a courtesy to the peers: ours is built for the baseline of the architecture."""
    target = BUILD / "peers" / pathlib.Path(source).stem
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["g++", "-std=c++17", "-O3", "-march=native", "-w", "-o", str(target), str(HERE / source), *flags],
                   check=True)
    return str(target)


def lines_of(command):
    """The JSON objects that a program prints, one a line."""
    run = measure.run(command)
    if run.status != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed with {run.status}:\n{run.output[-2000:]}")
    return [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]


def index(collected, rounds, quick):
    """One million points, all sides in turn."""
    programs = [swift("index-ours"), cpp("core/peers/index-packed.cpp"), cpp("core/peers/index-boost.cpp"),
                cpp("core/peers/index-geos.cpp", "-lgeos_c")]
    for number in range(rounds):
        for program in programs:
            note(f"index {number + 1}/{rounds}: {pathlib.Path(program).name}")
            for line in lines_of([program, "2", "1000000"]):
                collected.add(line)


def sizes(collected, rounds, quick):
    """How cost grows with the number of points, once: ours and the fastest peer."""
    for program in (swift("index-ours"), cpp("core/peers/index-packed.cpp")):
        note(f"sizes: {pathlib.Path(program).name}")
        for line in lines_of([program, "2", "10000", "100000"] + ([] if quick else ["10000000"])):
            collected.add(line)


def live(collected, rounds, quick):
    """A million moving points: ours at full speed and at a pace, with a reader beside; then the peers."""
    ours = swift("live-ours")
    for part in ["moves"] if quick else ["moves", "lines", "building"]:
        note(f"live: {part}")
        for line in lines_of([ours, "1000000", "2", part]):
            collected.add_live(line)
    note("live: Redis, Boost")
    for line in lines_of([sys.executable, str(HERE / "live/peers.py")]):
        collected.add_live(line)


def store_of(twin, collected, part):
    if not EXTRACT.exists():
        collected.skip(part, f"{EXTRACT} is absent; set TWIN_SHARED_DATA")
        return None
    if not shutil.which("ogr2ogr"):
        collected.skip(part, "ogr2ogr is not installed (apt install gdal-bin)")
        return None
    note("polygons: 1.25 million, made once")
    return polygons.make(twin, EXTRACT, BUILD / "polygons")


def query(collected, rounds, quick, twin):
    """Questions to 1.25 million polygons, then the same ones to PostGIS."""
    store = store_of(twin, collected, "query")
    if store is None:
        return
    note("query: TwinEngine")
    for line in lines_of([swift("query-ours"), str(store), *PLACE]):
        collected.add_query(line)
    if postgres.binaries() is None:
        collected.skip("query, PostGIS", "needs postgresql with postgis, and root to start a cluster of its own")
        return
    note("query: PostGIS loads and answers")
    for line in lines_of([sys.executable, str(HERE / "query/postgis.py"), str(store), *PLACE]):
        collected.add_query(line)


def snapshot(collected, rounds, quick, twin):
    """Opening that city's snapshot, and what of it is in memory."""
    store = store_of(twin, collected, "snapshot")
    if store is None:
        return
    files = sorted((store / "snapshots").glob("buildings.*.snapshot"))
    if not files:
        raise SystemExit(f"{store} has no snapshot of its buildings; delete {store.parent} and run again")
    for line in lines_of([swift("snapshot-ours"), str(files[-1]), str(store)]):
        collected.add_snapshot(line)


PARTS = {"index": index, "sizes": sizes, "live": live, "query": query, "snapshot": snapshot}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("twin", help="the built twin, which imports the polygons")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--quick", action="store_true", help="without 10 M points, NDJSON and the crowded building")
    arguments.add_argument("--only", nargs="*", choices=list(PARTS))
    arguments.add_argument("--json", type=pathlib.Path, help="where to write the figures too")
    options = arguments.parse_args()
    machine = measure.machine()
    collected = report.Collected()
    for name, part in PARTS.items():
        if options.only and name not in options.only:
            continue
        extra = {"twin": options.twin} if name in ("query", "snapshot") else {}
        part(collected, options.rounds, options.quick, **extra)
    print(f"\n### Spatial core, {datetime.date.today()}, {machine}, {os.getloadavg()[0]:.1f} at the end\n")
    print(report.table(collected))
    print(f"\nCPU time of one thread unless the row says wall. Best of {options.rounds} rounds in turn for the index of a "
          "million points, best of three runs of 2 s for live points at full speed, medians for polygons, else one run. "
          "Ratio: ours to the best peer, above 1 is faster. The check is hits to a query, features that answer, or the "
          "distance of the tenth neighbour in millimetres. Ours is built for baseline x86-64, the C++ peers with "
          "-march=native; PostGIS and Redis are charged the CPU of their server process alone.")
    for part, why in collected.skipped:
        print(f"\nLeft out: {part} ({why}).")
    if options.json:
        options.json.write_text(json.dumps(collected.rows, indent=1) + "\n")
    wrong = list(report.differing(collected))
    if wrong:
        raise SystemExit("the sides of these rows disagree:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
