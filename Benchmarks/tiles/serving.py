# SPDX-License-Identifier: Apache-2.0
"""A warm tile over HTTP against nginx that serves the same gzip bytes as a file: wrk, 32 kept connections."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import server

PORT = 8968
CONNECTIONS, SECONDS = 32, 5
CONFIGURATION = """daemon off; master_process on; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
{user}
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=100;
 client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
 scgi_temp_path {folder}/e; default_type application/vnd.mapbox-vector-tile;
 server {{ listen 127.0.0.1:{port}; root {folder}/www; location / {{
 add_header Content-Encoding gzip; add_header Vary "Accept-Encoding, Authorization"; add_header Cache-Control no-cache;
 add_header Access-Control-Allow-Origin "*"; }} }} }}
"""


def wrk(url, process):
    """Requests a second, requests a CPU second of the server, and what went wrong."""
    before = server.cpu(process)
    done = subprocess.run([server.binary("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H",
                           "Accept-Encoding: gzip", url], capture_output=True, text=True, check=True).stdout
    used = server.cpu(process) - before
    requests = int(re.search(r"(\d+) requests in", done)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1])
    wrong = re.search(r"Non-2xx.*|Socket errors.*", done)
    return rate, requests / used, wrong[0] if wrong else ""


def nginx(folder):
    user = "user root;" if os.geteuid() == 0 else ""
    pathlib.Path(folder, "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=PORT, user=user))
    process = subprocess.Popen([server.binary("nginx"), "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"])
    time.sleep(1)
    return process


def rows(binary, store, archive, tiles, runs):
    """Rows of the table: dynamic tiles, the same from an archive, and nginx; in turn, so that a drift hits all."""
    if not server.binary("nginx") or not server.binary("wrk"):
        print("left out: serving (nginx-light and wrk are not installed)")
        return []
    folder = tempfile.mkdtemp(prefix="twin-nginx-")
    table = []
    with server.twin(binary, store, "--archive", archive) as (port, process):
        client = server.Client(port)
        (pathlib.Path(folder) / "www").mkdir()
        for name, zxy in tiles.items():
            _, _, body = client.get(server.path(zxy))
            (pathlib.Path(folder) / "www" / f"{name}.mvt").write_bytes(body)
        peer = nginx(folder)
        try:
            for name, zxy in tiles.items():
                size = os.path.getsize(f"{folder}/www/{name}.mvt")
                held = server.path(zxy).replace("/buildings/", f"/{pathlib.Path(archive).stem}/").removesuffix(".mvt")
                asked = {"twin, dynamic": (port, server.path(zxy), process), "twin, archive": (port, held, process),
                         "nginx, file": (PORT, f"/{name}.mvt", peer.pid)}
                results = {who: [] for who in asked}
                for _ in range(runs):
                    for who, (at, path, pid) in asked.items():
                        results[who].append(wrk(f"http://127.0.0.1:{at}{path}", pid))
                best = {who: (max(r[0] for r in runs_), max(r[1] for r in runs_)) for who, runs_ in results.items()}
                for who, (rate, efficiency) in best.items():
                    wrong = next((r[2] for r in results[who] if r[2]), "")
                    table.append([who, name, size, f"{rate:.0f}", f"{efficiency:.0f}",
                                  f"{efficiency / best['nginx, file'][1]:.2f}",
                                  f"{rate / best['nginx, file'][0]:.2f}", wrong])
        finally:
            peer.terminate()
            peer.wait()
            shutil.rmtree(folder)
    return table
