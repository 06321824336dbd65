"""Writes a log in several files, reads and evaluates it with the standard library, and removes it.

Some seconds of CPU, and some hundred host calls for files: what a small report does.
"""

import collections
import hashlib
import json
import os
import re
import statistics
import tempfile

FILES, LINES = 120, 400
LINE = re.compile(r"(?P<time>\d+) (?P<client>[\d.]+) (?P<verb>[A-Z]+) (?P<path>/\S*) (?P<status>\d+) (?P<size>\d+)")


def write_logs(folder):
    state = 1
    for number in range(FILES):
        with open(os.path.join(folder, f"{number:03}.log"), "w") as log:
            for line in range(LINES):
                state = (state * 1103515245 + 12345) % 2**31
                client = f"10.0.{state % 7}.{state % 251}"
                verb = ("GET", "GET", "GET", "POST")[state >> 8 & 3]
                status = (200, 200, 304, 404)[state >> 12 & 3]
                log.write(f"{number * LINES + line} {client} {verb} /page/{state % 97} {status} {state % 9973}\n")


def read_logs(folder):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as log:
            for line in log:
                yield LINE.match(line).groupdict()


def evaluate(entries):
    sizes, clients, digest = collections.defaultdict(list), collections.Counter(), hashlib.sha256()
    for entry in entries:
        sizes[entry["path"]].append(int(entry["size"]))
        clients[entry["client"]] += 1
        digest.update(json.dumps(entry, sort_keys=True).encode())
    return {
        "median": {path: statistics.median(found) for path, found in sorted(sizes.items())},
        "clients": clients.most_common(5),
        "digest": digest.hexdigest(),
    }


with tempfile.TemporaryDirectory(dir=".") as folder:
    write_logs(folder)
    report = evaluate(read_logs(folder))
with open("report.json", "w") as out:
    json.dump(report, out, indent=1)
print(report["digest"])
