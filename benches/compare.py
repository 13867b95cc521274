#!/usr/bin/env python3
"""Runs programs on the same capture in turn and prints medians, ratios, rates and peak memory as a table.

usage: compare.py FLOWRAY FOLDER [ROUNDS]      captures as compare.sh makes them: short, headers, bulk, open, flood
"""
import os, shutil, statistics, struct, subprocess, sys, tempfile, time

FLOWRAY, FOLDER = sys.argv[1], sys.argv[2]
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 5

ANALYSIS = ("flows, ten rows", [FLOWRAY, "flows", "--top", "10", "--sort", "-client_wire_bytes", "{}"])
FULL = ("flows, all rows", [FLOWRAY, "flows", "-o", "jsonl", "{}"])
SUMMARY = ("summary", [FLOWRAY, "summary", "{}"])
HTTP = ("http", [FLOWRAY, "http", "-o", "jsonl", "{}"])
HTTP_FOUR = ("http, four columns", [FLOWRAY, "http", "-o", "tsv", "--fields", "method,host,target,status", "{}"])
STREAMS = ("stream --all --out", [FLOWRAY, "stream", "--all", "--out", "{out}", "{}"])
MISS = ("flows -f, no match", [FLOWRAY, "flows", "-f", "tcp port 81", "{}"])
CAPINFOS = ("capinfos -c", ["capinfos", "-c", "{}"])
DD = ("dd bs=1M", ["dd", "if={}", "of=/dev/null", "bs=1M"])
TCPDUMP = ("tcpdump -r, no match", ["tcpdump", "-nr", "{}", "tcp port 81"])
TCPTRACE = ("tcptrace -nlrW", ["tcptrace", "-n", "-l", "-r", "-W", "{}"])
TCPTRACE_CSV = ("tcptrace --csv", ["tcptrace", "-n", "-l", "-r", "-W", "--csv", "{}"])
ARGUS = ("argus -w", ["argus", "-r", "{}", "-w", "/dev/null"])
TSHARK = ("tshark -z conv,tcp", ["tshark", "-n", "-q", "-z", "conv,tcp", "-r", "{}"])
TSHARK_HTTP = ("tshark -Y http", ["tshark", "-n", "-r", "{}", "-Y", "http", "-T", "fields", "-e", "http.request.method",
                                  "-e", "http.host", "-e", "http.request.uri", "-e", "http.response.code"])
TCPFLOW = ("tcpflow -o", ["tcpflow", "-r", "{}", "-o", "{out}"])

# What is written stays until the end: file systems make new files many times more slowly in place of deleted ones.
WRITTEN = tempfile.TemporaryDirectory(dir=FOLDER)

# capture, ours, the others
TABLE = [
    ("short", ANALYSIS, [CAPINFOS, TCPTRACE, ARGUS, TSHARK]),
    ("short", FULL, [CAPINFOS, TCPTRACE_CSV]),
    ("short", SUMMARY, [ANALYSIS]),
    ("short", HTTP, [FULL]),
    ("short", HTTP_FOUR, [TSHARK_HTTP]),
    ("short", STREAMS, [TCPFLOW]),
    ("short", MISS, [TCPDUMP]),
    ("headers", ANALYSIS, [CAPINFOS, TCPTRACE]),
    ("bulk", ANALYSIS, [DD, CAPINFOS, TCPTRACE]),
    ("bulk", STREAMS, [TCPFLOW]),
    ("open", ANALYSIS, [TCPTRACE, ARGUS]),
    ("flood", ANALYSIS, [CAPINFOS, ARGUS]),
]


def measure(command, path):
    """Seconds, peak memory in bytes, exit status."""
    out = tempfile.mkdtemp(dir=WRITTEN.name)
    with open(os.devnull, "w") as nowhere:
        command = [word.replace("{}", path).replace("{out}", out) for word in command]
        begun = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_maxrss * 1024, child.returncode


def packets(path):
    """The number of records of a little-endian pcap file."""
    count = 0
    with open(path, "rb", buffering=1 << 20) as file:
        file.seek(24)
        while len(head := file.read(16)) == 16:
            file.seek(struct.unpack("<I", head[8:12])[0], 1)
            count += 1
    return count


def main():
    print(f"{os.cpu_count()} cores, {ROUNDS} rounds, medians; ratio: the other's time over ours, by round\n")
    print(f"{'capture':8} {'ours':19} {'s':>8} {'Mpkt/s':>7} {'GB/s':>6} {'MiB':>6}   {'other':21} {'s':>9} {'MiB':>6} {'ratio':>8}")
    for name, ours, others in TABLE:
        path = os.path.join(FOLDER, name + ".pcap")
        if not os.path.exists(path):
            continue
        size, count = os.path.getsize(path), packets(path)
        measure(["cat", "{}"], path)  # into the page cache
        for other in others:
            if not shutil.which(other[1][0]):
                print(f"{name:8} {ours[0]:19} left out: {other[1][0]} is not installed")
                continue
            rounds, wrong = [], 0
            for place in range(ROUNDS):
                one, two = measure(ours[1], path), measure(other[1], path)
                wrong = wrong or one[2] or two[2]
                rounds.append((one, two))
                if place and one[0] + two[0] > 120:
                    break
            pick = lambda side, what: statistics.median(pair[side][what] for pair in rounds)
            seconds = pick(0, 0)
            ratio = statistics.median(two[0] / one[0] for one, two in rounds)
            note = f"   exit status {wrong}" if wrong else ""
            print(f"{name:8} {ours[0]:19} {seconds:8.3f} {count / seconds / 1e6:7.2f} {size / seconds / 1e9:6.2f} "
                  f"{pick(0, 1) / 2**20:6.0f}   {other[0]:21} {pick(1, 0):9.3f} {pick(1, 1) / 2**20:6.0f} {ratio:8.2f}{note}", flush=True)


main()
