"""Prints the middle one of some runs of `loadtest throughput --json`, read from standard input."""

import json
import sys

runs = sorted((json.loads(line) for line in sys.stdin), key=lambda run: run["per_second"])
middle = runs[len(runs) // 2]
errors = sum(sum(run["errors"].values()) for run in runs)
print(
    f"{sys.argv[1]:<48} {middle['per_second']:>8.0f}/s ({runs[0]['per_second']:.0f}-{runs[-1]['per_second']:.0f})"
    f"  p50 {middle['p50_ms']:.2f} ms  p99 {middle['p99_ms']:.2f} ms  errors {errors}")
