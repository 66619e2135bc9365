# SPDX-License-Identifier: Apache-2.0
"""Rows of the core's table: what each program printed, brought to one form, beside the goal of the row."""

import measure

OURS = "TwinEngine"
TIMES = ("ns", "us", "ms", "s")
SMALLER = TIMES + ("x", "KB")

#: row -> what it must reach, in the row's unit.
GOALS = {
    "build, 1M": 18,
    "build on two threads (wall), 1M": 10,
    "radius 500 m, 1M": 900e3,
    "radius 100 m, 1M": 2e6,
    "nearest 10, 1M": 500e3,
    "radius 500 m, 1M clustered": 300e3,
    "moves applied at full speed, reader beside": 8e6,
    "publish lag p99 at full speed (wall)": 250,
    "publish lag p99 at 1 M moves/s (wall)": 250,
    "radius 500 m beside the writer at full speed": 400e3,
    "polygons: radius 500 m ids and distances": 1.5,
    "polygons: radius 5000 m count": 5,
    "polygons: radius 5000 m area by class": 5,
    "polygons: radius 5000 m number by class": 5,
    "polygons: column filter, two conditions, count": 3,
    "snapshot: open, first of the process": 20,
    "snapshot: geometry, index and ids over 8 B a vertex": 2,
}


class Collected:
    def __init__(self):
        #: row -> side -> the best line of all rounds.
        self.rows = {}
        self.skipped = []

    def skip(self, part, why):
        self.skipped.append((part, why))

    def add(self, line):
        sides = self.rows.setdefault(line["row"], {})
        known = sides.get(line["side"])
        pick = min if line["unit"] in SMALLER else max
        if known is None or pick(line["value"], known["value"]) != known["value"]:
            sides[line["side"]] = line

    def put(self, row, side, value, unit, check=None):
        self.add({"row": row, "side": side, "value": value, "unit": unit} | ({} if check is None else {"check": check}))

    def add_live(self, line):
        """A line of live-ours or of its peers."""
        side = line["peer"].split(",")[0]
        if "skipped" in line:
            return self.skip(f"live, {side}", line["skipped"])
        row = line["row"]
        if side != OURS:
            self.put("moves applied at full speed, reader beside", side, line["moves_per_cpu_s"], "moves/s")
            return self.put("radius 500 m of moving points, nobody writes", side, line["reads_per_cpu_s"], "queries/s",
                            line["hits"])
        if "observations_per_cpu_s_median" in line:
            return self.put(row, side, line["observations_per_cpu_s_median"], "lines/s")
        if "reads_per_cpu_s_median" in line:
            name = {"radius 500 m, nobody writes": "radius 500 m of moving points, nobody writes",
                    "radius 100 m, nobody writes": "radius 100 m of moving points, nobody writes"}.get(row, row)
            return self.put(name, side, line["reads_per_cpu_s_median"], "queries/s", line["hits"])
        if row.startswith("local moves at full speed"):
            self.put("moves applied at full speed, reader beside", side, line["moves_per_cpu_s"], "moves/s")
            self.put("publish lag p99 at full speed (wall)", side, line["lag_ms_p99"], "ms")
            return self.put("radius 500 m beside the writer at full speed", side, line["reads_per_cpu_s"], "queries/s")
        if row.startswith("local moves at "):
            pace = row.removeprefix("local moves at ").split("/")[0]
            self.put(f"publish lag p50 at {pace} moves/s (wall)", side, line["lag_ms_p50"], "ms")
            return self.put(f"publish lag p99 at {pace} moves/s (wall)", side, line["lag_ms_p99"], "ms")
        return self.put(f"{row}: moves applied", side, line["moves_per_cpu_s"], "moves/s")

    def add_query(self, line):
        """A line of query-ours or postgis.py. PostGIS is charged the CPU of its session."""
        row = f"polygons: {line['row']}"
        if line["program"] == OURS:
            return self.put(row, OURS, line["cpu_ms_median"], "ms", line["count"] if "count" in line["row"] else None)
        check = float(line["answer"].split("|")[0]) if "count" in line["row"] else None
        return self.put(row, line["program"], line["cpu_ms"], "ms", check)

    def add_snapshot(self, line):
        bench = line["bench"]
        if bench == "snapshot-open":
            self.put("snapshot: open, first of the process", OURS, line["first_cpu_ms"], "ms")
            self.put("snapshot: open, median of 21", OURS, line["median_cpu_ms"], "ms")
            self.put("snapshot: resident after opening", OURS, line["resident_kb"], "KB")
        elif bench == "snapshot-resident":
            self.put("snapshot: resident after a box of 1 km", OURS, line["resident_kb"], "KB")
        elif bench == "snapshot-verify":
            self.put("snapshot: verify all sections", OURS, line["cpu_ms"], "ms")
        elif bench == "snapshot-memory":
            self.put("snapshot: geometry, index and ids over 8 B a vertex", OURS, line["ratio"], "x")
        elif bench == "city-open":
            self.put("snapshot: open the whole city, median of 5", OURS, line["median_cpu_ms"], "ms")


def show(value, unit):
    if unit in SMALLER:
        return f"{value:,.3g} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    return f"{value / 1e6:.2f} M/s" if value >= 1e6 else f"{value / 1e3:.0f} k/s"


def ratio(sides):
    """How many times faster we are than the fastest peer."""
    ours = sides.get(OURS)
    peers = [line["value"] for side, line in sides.items() if side != OURS]
    if ours is None or not peers:
        return ""
    times = min(peers) / max(ours["value"], 1e-9) if ours["unit"] in SMALLER else ours["value"] / max(peers)
    return f"{times:.2f}" if times < 10 else f"{times:.0f}"


def verdict(row, sides):
    """The goal as text, and whether ours reached it."""
    goal, ours = GOALS.get(row), sides.get(OURS)
    if goal is None or ours is None:
        return "", ""
    is_small = ours["unit"] in SMALLER
    met = ours["value"] <= goal if is_small else ours["value"] >= goal
    return ("≤ " if is_small else "≥ ") + show(goal, ours["unit"]), "yes" if met else "NO"


def table(collected):
    rows = []
    for row, sides in collected.rows.items():
        ours = sides.get(OURS)
        check = next((line["check"] for line in sides.values() if "check" in line), None)
        peers = "; ".join(f"{side} {show(line['value'], line['unit'])}" for side, line in sides.items() if side != OURS)
        goal, met = verdict(row, sides)
        rows.append([row, "" if check is None else f"{check:,.1f}".removesuffix(".0"),
                     show(ours["value"], ours["unit"]) if ours else "", peers, ratio(sides), goal, met])
    return measure.table(["row", "check", "ours", "peers", "ratio", "goal", "met?"], rows)


def differing(collected):
    """Rows whose sides do not agree on the check: they did not do the same work. Peers may ask fewer queries."""
    for row, sides in collected.rows.items():
        checks = [line["check"] for line in sides.values() if "check" in line]
        if checks and max(checks) - min(checks) > 0.02 * max(map(abs, checks)):
            yield f"{row}: {checks}"
