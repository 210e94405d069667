"""Times two ways of doing the same work in turn (A B A B ...), so that a drifting machine slows both alike.

A way is a callable that does the work once and returns the seconds that it took.
"""

import json
import statistics
import subprocess
import time


def timed(work):
    """Makes a way out of a callable: wall seconds of one call."""

    def way():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return way


def process(command, **options):
    """A way that runs a command as a whole process."""
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options))


def reported(command, **options):
    """A way that runs a command which prints {"seconds": [s]} as its last line, and takes that figure."""

    def way():
        out = subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout
        return statistics.median(json.loads(out.strip().splitlines()[-1])["seconds"])

    return way


def compare(title, ours, peers, runs=5):
    """Runs ours and every peer in turn, prints medians and peer/ours ratios; over 1 means that ours is faster."""
    ways = {"fabrica": ours, **peers}
    for way in ways.values():
        way()  # warm-up: file cache, lazy set-up
    seconds = {name: [] for name in ways}
    for _ in range(runs):
        for name, way in ways.items():
            seconds[name].append(way())
    print(f"\n## {title} ({runs} runs in turn, median [min..max] seconds)")
    base = statistics.median(seconds["fabrica"])
    for name, figures in seconds.items():
        median = statistics.median(figures)
        ratio = "" if name == "fabrica" else f"  {median / base:.2f}x the time of fabrica"
        print(f"{name:28} {median:9.3f} [{min(figures):.3f}..{max(figures):.3f}]{ratio}", flush=True)
    return {name: statistics.median(figures) / base for name, figures in seconds.items()}


class Steps:
    """Runs an example that prints a line of JSON for each of its steps: {"name": ..., "seconds": [s], ...}.

    Called with a step's name, it runs the example and returns the seconds of that step; `found` keeps what the
    steps of the last run said beside their seconds.
    """

    def __init__(self, command):
        self.command = command
        self.found = {}

    def __call__(self, name):
        out = subprocess.run(self.command, check=True, capture_output=True, text=True).stdout
        steps = {step["name"]: step for step in map(json.loads, (l for l in out.splitlines() if l.startswith("{")))}
        self.found = {step: said.get("found") for step, said in steps.items()}
        return steps[name]["seconds"][0]
