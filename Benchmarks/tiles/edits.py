# SPDX-License-Identifier: Apache-2.0
"""Edits of a served city by SQL from another process: work for each zoom, and the lag until tiles show them.

The lag is from the commit until a request for a tile with the building has another entity tag; looked for every 10 ms.
The server looks for edits of other processes every 100 ms.
"""

import json
import random
import shutil
import sqlite3
import statistics
import time

import server

SEED = 5


def sampled(store, count):
    """Ids and places (lon, lat) of random buildings."""
    with sqlite3.connect(f"{store}/city.sqlite") as database:
        numbers = [row[0] for row in database.execute("SELECT id FROM buildings")]
    return random.Random(SEED).sample(numbers, count)


def places(client, numbers):
    found = {}
    for number in numbers:
        _, _, body = client.get(f"/collections/buildings/items/{number}", Accept_Encoding="identity")
        ring = json.loads(body)["geometry"]["coordinates"]
        while isinstance(ring[0][0], list):
            ring = ring[0]
        found[number] = ring[0]
    return found


def tile_of(place, z):
    x, y = server.world(*place)
    return z, int(x * (1 << z)), int(y * (1 << z))


def measured(binary, original, work, count=5000, batch=20):
    """(CPU seconds of one edit's tiles by zoom, lags of all edits in seconds)."""
    store = work / "store_edited"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(original, store)
    numbers = sampled(store, count)
    with server.twin(binary, store) as (port, process), sqlite3.connect(store / "city.sqlite") as database:
        database.execute("PRAGMA busy_timeout = 10000")
        database.execute("PRAGMA synchronous = NORMAL")
        client = server.Client(port)
        at = places(client, numbers)
        by_zoom = work_by_zoom(client, database, process, [(number, at[number]) for number in numbers[:12]])
        lags = lags_of(client, database, [(number, at[number]) for number in numbers], batch)
    shutil.rmtree(store)
    return by_zoom, lags


def edit(database, number, text):
    database.execute("UPDATE buildings SET name = ? WHERE id = ?", (text, number))
    database.commit()


def work_by_zoom(client, database, process, chosen):
    """CPU seconds that the server needs for the tile of an edited building, by zoom, taking in the edit included."""
    for _, place in chosen:
        for z in range(15):
            client.get(server.path(tile_of(place, z)))
    sums = {z: [] for z in range(15)}
    for number, place in chosen:
        edit(database, number, f"edit {number}")
        time.sleep(0.11)
        for z in reversed(range(15)):
            before = server.cpu(process)
            client.get(server.path(tile_of(place, z)))
            sums[z].append(server.cpu(process) - before)
    return {z: statistics.median(values) for z, values in sums.items()}


def lags_of(client, database, chosen, batch):
    lags = []
    for start in range(0, len(chosen), batch):
        part = chosen[start:start + batch]
        paths = {number: server.path(tile_of(place, 16)) for number, place in part}
        waiting = {}
        for number, _ in part:
            _, tag, _ = client.get(paths[number])
            waiting[number] = (tag, None)
        for number, _ in part:
            edit(database, number, f"lag {number}")
            waiting[number] = (waiting[number][0], time.perf_counter())
        while waiting:
            for number, (tag, committed) in list(waiting.items()):
                status, _, _ = client.get(paths[number], If_None_Match=tag)
                if status == 200:
                    lags.append(time.perf_counter() - committed)
                    del waiting[number]
            time.sleep(0.01)
            if waiting and time.perf_counter() - max(c for _, c in waiting.values()) > 60:
                raise SystemExit(f"{len(waiting)} edits were not shown within a minute")
    return sorted(lags)
