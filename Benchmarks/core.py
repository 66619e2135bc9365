# SPDX-License-Identifier: Apache-2.0
"""The spatial core's rows beside its peers': builds every program, runs them in turn, prints one table.

    python3 Benchmarks/core.py [--rounds 5] [--quick] [--only NAME ...] [--json FILE]

A program prints a JSON object a line: {"row": …, "side": …, "value": …, "unit": …, "check": …}. `side` names who did the
work, `check` is a figure that all sides of a row must agree on (hits to a query, mean distance). To add rows, add a program
to PROGRAMS; rows of the same name meet in one line of the table. Times are CPU seconds of one thread unless the row says
otherwise; the best of all rounds is shown, since other work on the machine only ever slows a run down.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys

import measure

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE / ".build"
OURS = "TwinEngine"


def swift(product):
    subprocess.run(["swift", "build", "-c", "release", "--package-path", str(HERE), "--product", product], check=True)
    return str(BUILD / "release" / product)


def cpp(source, *flags):
    """-march=native is a courtesy to the peers: ours is built for the baseline of the architecture."""
    target = BUILD / "peers" / pathlib.Path(source).stem
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["g++", "-std=c++17", "-O3", "-march=native", "-o", str(target), str(HERE / source), *flags],
                   check=True)
    return str(target)


SIZES = ["10000", "100000", "1000000", "10000000"]

# name, how to build it, its arguments, and those of a quick run. Run in this order, round by round.
PROGRAMS = [
    ("index-ours", lambda: swift("index-ours"), ["3", *SIZES], ["3", "1000000"]),
    ("index-packed", lambda: cpp("core/peers/index-packed.cpp"), ["3", *SIZES], ["3", "1000000"]),
    ("index-boost", lambda: cpp("core/peers/index-boost.cpp"), ["2", *SIZES], ["2", "1000000"]),
    # Ten million GEOS points take several gigabytes.
    ("index-geos", lambda: cpp("core/peers/index-geos.cpp", "-lgeos_c"), ["2", *SIZES[:3]], ["2", "1000000"]),
]


def rows_of(name, command):
    run = measure.run(command)
    if run.status != 0:
        raise SystemExit(f"{name} failed with {run.status}:\n{run.output[-2000:]}")
    return [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]


def is_time(unit):
    return unit in ("ns", "us", "ms", "s")


def collect(rounds, commands):
    """row -> side -> the best line of all rounds."""
    best = {}
    for number in range(rounds):
        for name, command in commands:
            print(f"round {number + 1}/{rounds}: {name}", file=sys.stderr)
            for line in rows_of(name, command):
                sides = best.setdefault(line["row"], {})
                known = sides.get(line["side"])
                pick = min if is_time(line["unit"]) else max
                if known is None or pick(line["value"], known["value"]) != known["value"]:
                    sides[line["side"]] = line
    return best


def show(line):
    value, unit = line["value"], line["unit"]
    if is_time(unit):
        return f"{value:,.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"


def ratio(sides):
    """How many times faster we are than the fastest peer."""
    ours = sides.get(OURS)
    peers = [line["value"] for side, line in sides.items() if side != OURS]
    if ours is None or not peers:
        return ""
    if is_time(ours["unit"]):
        return f"{min(peers) / ours['value']:.2f}"
    return f"{ours['value'] / max(peers):.2f}"


def differing(best):
    """Rows whose sides do not agree on the check: they did not do the same work. Peers may ask fewer queries."""
    for row, sides in best.items():
        checks = [line["check"] for line in sides.values() if "check" in line]
        if checks and max(checks) - min(checks) > 0.02 * max(map(abs, checks)):
            yield f"{row}: {checks}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--quick", action="store_true", help="one million points only")
    arguments.add_argument("--only", nargs="*", help="names of programs")
    arguments.add_argument("--json", type=pathlib.Path, help="where to write the figures too")
    options = arguments.parse_args()
    chosen = [p for p in PROGRAMS if not options.only or p[0] in options.only]
    machine = measure.machine()
    commands = [(name, [build(), *(quick if options.quick else full)]) for name, build, full, quick in chosen]
    best = collect(options.rounds, commands)
    sides = sorted({side for row in best.values() for side in row}, key=lambda side: (side != OURS, side))
    print(f"\n### Spatial core, {datetime.date.today()}, {machine}\n")
    rows = [[row, f"{next(iter(found.values())).get('check', 0):,.1f}"]
            + [show(found[side]) if side in found else "" for side in sides] + [ratio(found)]
            for row, found in best.items()]
    print(measure.table(["row", "check", *sides, "ours to the best peer"], rows))
    print(f"\nPer CPU second of one thread unless the row says wall; best of {options.rounds} rounds in turn. "
          "The check is hits to a query, or the distance of the tenth neighbour in millimetres.")
    if options.json:
        options.json.write_text(json.dumps(best, indent=1) + "\n")
    wrong = list(differing(best))
    if wrong:
        raise SystemExit("the sides of these rows disagree:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
