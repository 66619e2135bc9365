#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plan conflicts beside GeoPandas and PostGIS: two plans of Washington DC, and with --large 100,000 x 100,000 parcels,
those of a demo city and lattices. Every row of peers has the same pairs and areas, or the program fails.

    python3 Benchmarks/plan.py TWIN [--large] [--runs N] [--work FOLDER]

GeoPandas comes from PyPI (a virtual environment in the work folder). Prints a Markdown table; plan_conflict.py says how
each is measured.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import venv

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = pathlib.Path(os.environ.get("TWIN_SHARED_DATA", ROOT.parent / "shared/data"))


def environment(work):
    """A Python with GeoPandas."""
    python = work / "venv/bin/python"
    if not python.exists():
        venv.create(work / "venv", with_pip=True)
    subprocess.run([python, "-m", "pip", "-q", "install", "geopandas==1.2.0"], check=True)
    return python


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed: {(done.stderr + done.stdout)[-2000:]}")
    return done.stdout


def conflict(python, twin, store, layers, runs, *more):
    """The rows of one pair of layers."""
    out = run(python, ROOT / "Benchmarks/plan_conflict.py", twin, store, *layers, "--runs", runs, *more)
    return [json.loads(line) for line in out.splitlines()]


def demo(twin, work, buildings):
    """A store with the plans of a demo city of that many buildings."""
    project, store = work / f"demo_{buildings}", work / f"demo_{buildings}.store"
    if not store.exists():
        run(twin, "generate", "--out", project, "--buildings", buildings)
        run(twin, "import", project / "city.yaml", "--store", store, "--layers", "landuse_plan", "--layers", "control_plan")
    return store


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("twin")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/twin-bench-plan"))
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    python = environment(asked.work)
    rows = []
    if (DATA / "planning/dc-future-land-use.geojson").exists():
        store = asked.work / "dc.store"
        if not store.exists():
            run(asked.twin, "import", ROOT / "cities/washington.yaml", "--store", store,
                env={**os.environ, "TWIN_DATA": str(DATA)})
        rows += conflict(python, asked.twin, store,
                         ("planned_land_use", "land_use", "future_land_use", "land_use"), asked.runs, "--separator", ",")
    else:
        print(f"left out: Washington DC, no data in {DATA}", file=sys.stderr)
    if asked.large:
        rows += conflict(python, asked.twin, demo(asked.twin, asked.work, 600_000),
                         ("landuse_plan", "land_use", "control_plan", "land_use"), 2)
        lattice = asked.work / "lattice"
        if not (asked.work / "lattice.store").exists():
            lattice.mkdir(exist_ok=True)
            run(python, ROOT / "Benchmarks/plan_data.py", lattice, 100_489)
            run(asked.twin, "import", lattice / "city.yaml", "--store", asked.work / "lattice.store")
        rows += conflict(python, asked.twin, asked.work / "lattice.store", ("plan_a", "use", "plan_b", "use"), 2)
    print(measure.machine())
    print(measure.table(
        ["work", "program", "wall s, least", "wall s, median", "CPU s", "conflicts", "peak MiB"],
        [[r["row"], r["program"], r["wall_s_min"], r["wall_s_median"], r["cpu_s_median"], r.get("conflicts", ""),
          r.get("peak_mib", "")] for r in rows if "row" in r]))
    print()
    print(measure.table(
        ["compared with", "pairs", "differing pairs", "worst area difference, mm2 a vertex"],
        [[r["check"], r["pairs"], r["differing_pairs"], r["worst_area_difference_in_mm2_per_vertex"]]
         for r in rows if "check" in r]))


main()
