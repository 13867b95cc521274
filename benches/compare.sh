#!/usr/bin/env bash
# Measures flowray beside capinfos, tcpdump, tcptrace, tcpflow, argus and tshark, those that are installed, on captures of its own.
#
#   benches/compare.sh [FOLDER [MEGABYTES [ROUNDS]]]
#
# FOLDER (default target/compare) keeps the captures; the short-connection one has MEGABYTES (default 1000), the others follow from it.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-target/compare} megabytes=${2:-1000} rounds=${3:-5}
mkdir -p "$folder"

cargo build --release --locked
make() { [ -s "$folder/$1.pcap" ] || cargo bench --quiet --locked --bench generate -- "$1" "$folder/$1.pcap" "$2"; }
make short "$megabytes"
make headers "$megabytes"
make bulk "$megabytes"
make open "${CONNECTIONS:-1000000}"
make flood 3000000

grep -m1 'model name' /proc/cpuinfo || true
exec python3 benches/compare.py "${CARGO_TARGET_DIR:-target}/release/flowray" "$folder" "$rounds"
