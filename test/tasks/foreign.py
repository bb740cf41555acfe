"""A writer in another language: mkdir of <id>.json.lock, a temporary file, rename, rmdir. Nothing but the standard library.

foreign.py FOLDER KEY COUNT: adds one to metadata.count and metadata.KEY of task 1, COUNT times.
"""
import json
import os
import sys
import time

folder, key, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
path = os.path.join(folder, "1.json")
print('"ready"', flush=True)
sys.stdin.readline()
for _ in range(count):
    while True:
        try:
            os.mkdir(path + ".lock")
            break
        except FileExistsError:
            time.sleep(0.001)
    try:
        with open(path, encoding="utf-8") as file:
            task = json.load(file)
        metadata = task["metadata"]
        metadata["count"] += 1
        metadata[key] = metadata.get(key, 0) + 1
        with open(path + ".foreign", "w", encoding="utf-8") as file:
            json.dump(task, file, indent=2)
        os.rename(path + ".foreign", path)
    finally:
        os.rmdir(path + ".lock")
print(count)
