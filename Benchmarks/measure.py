# SPDX-License-Identifier: Apache-2.0
"""Times whole processes by the kernel's own account: CPU seconds over all cores, wall seconds, peak memory."""

import os
import statistics
import subprocess
import time


class Run:
    def __init__(self, cpu, wall, peak, status, output):
        self.cpu, self.wall, self.peak, self.status, self.output = cpu, wall, peak, status, output


def run(command, env=None):
    """One run of a command; its output is kept for errors."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss * 1024,
               process.returncode, output.decode(errors="replace"))


def paired(ours, theirs, prepare, count=3):
    """Runs two commands in turn, so that a drift of the machine hits both; medians of CPU, wall and peak."""
    results = ([], [])
    for _ in range(count):
        for side, command in enumerate((ours, theirs)):
            prepare()
            result = run(command)
            if result.status != 0:
                raise SystemExit(f"{' '.join(command)} failed with {result.status}:\n{result.output[-2000:]}")
            results[side].append(result)
    return tuple(median(side) for side in results)


def median(runs):
    pick = lambda name: statistics.median(getattr(r, name) for r in runs)
    return Run(pick("cpu"), pick("wall"), pick("peak"), 0, "")


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return f"{os.cpu_count()} cores {model}, {memory / 1e6:.0f} GB; load {os.getloadavg()[0]:.1f} at the start"


def table(headers, rows):
    lines = ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
