#!/usr/bin/env bash
# The main job in under a minute: unmodified runtimes, seen from outside. `make demo` builds what it needs.
# It watches only what it starts. DEMO_KEEP=1 leaves a workload and the agent running until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

wasmscope=${CARGO_TARGET_DIR:-target}/release/wasmscope
wasmtime=$(echo target/runtimes/wasmtime/lib/python3*/site-packages/wasmtime_cli/wasmtime)
guests=target/guests
export RUST_BACKTRACE=0

if [ "$(id -u)" != 0 ]; then
    echo "The demo loads eBPF programs: run it as root (sudo make demo)." >&2
    exit 3
fi

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
    printf '$ %s\n' "$*"
    "$@"
}

say "1. What does this host let us see?"
run "$wasmscope" doctor || exit $?

# Everything the demo starts hangs below this shell, and only that is watched.
seconds=${DEMO_KEEP:+86400}
seconds=${seconds:-12}
scratch=$(mktemp -d)
log=$scratch/events
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$scratch"' EXIT
mkdir "$scratch/data"
echo "some data" >"$scratch/data/busy-input.txt"

say "2. The agent, before anything runs"
echo "\$ wasmscope watch --metrics 127.0.0.1:0 --scope tree:$$ &"
"$wasmscope" watch --metrics 127.0.0.1:0 --scope "tree:$$" >"$log" 2>"$scratch/said" &
agent=$!
for _ in $(seq 200); do
    grep -q 'cpu_sample' "$log" && break
    sleep 0.05
done
cat "$scratch/said"
address=$(sed -n 's|.*http://\([^/]*\)/metrics.*|\1|p' "$scratch/said")

say "3. Unmodified $("$wasmtime" --version) runs guests that compute, grow, work with files, talk to each other, trap"
port=$((20000 + $$ % 20000))
echo "\$ wasmtime run spin.wasm & … grow.wasm & … busy-files.wasm & … net.wasm listen & … net.wasm tcp & … traps.wasm oob"
"$wasmtime" run "$guests/spin.wasm" "$seconds" &
spin=$!
"$wasmtime" run "$guests/grow.wasm" &
"$wasmtime" run --dir="$scratch/data"::. "$guests/busy-files.wasm" 1 pause 1000 >/dev/null &
"$wasmtime" run -S inherit-network "$guests/net.component.wasm" pause 1000 listen 127.0.0.1 "$port" >/dev/null &
"$wasmtime" run -S inherit-network "$guests/net.component.wasm" pause 2000 tcp 127.0.0.1 "$port" >/dev/null &
"$wasmtime" run "$guests/traps.wasm" oob 2>/dev/null || true
sleep 3

say "4. The inventory"
run "$wasmscope" ps --scope "tree:$$"

say "5. One of them, looked into: evidence, module, memory, guest functions"
run "$wasmscope" inspect "$spin"

if [ -n "${DEMO_KEEP:-}" ]; then
    say "6. It goes on; Ctrl-C ends it. In another terminal: $wasmscope ps; curl http://$address/metrics"
    tail -n +1 -f "$log"
fi
wait "$spin" || true
sleep 0.5

say "6. What the agent saw meanwhile, with the guest functions that did it (of the growth, every sixteenth step)"
awk '!/ grown / || n++ % 16 == 0' "$log"

say "7. The same in numbers, as Prometheus gets them"
echo "\$ curl -s http://$address/metrics | grep …"
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'GET /metrics HTTP/1.0\r\nHost: demo\r\n\r\n' >&3
cat <&3 >"$scratch/metrics"
exec 3>&-
id() { sed -n "s/.*_info{workload=\"\([0-9a-f]*\)\".*module=\"$1\".*/\1/p" "$scratch/metrics" | head -n 1; }
grep -E "^wasmscope_workloads" "$scratch/metrics"
grep -E "_(cpu_seconds_total|guest_cpu_seconds_total).*\"$(id spin.wasm)\"" "$scratch/metrics"
grep -E "_(syscall_errors_total|io_bytes_total.*file).*|_syscalls_total.*\"(openat2|renameat|pwrite64)\"" "$scratch/metrics" |
    grep "$(id busy-files.wasm)"
grep -E "^wasmscope_workload_traps_total" "$scratch/metrics"
grep -E "^wasmscope_agent_(records_total\{family=\"call\"|cpu_seconds|resident)" "$scratch/metrics"

kill -TERM "$agent"
wait "$agent" || true

say "8. What modules can do at most, and what speaks against them, before they run (no root needed)"
miner=$(echo "$guests"/miner-like-table-*.wasm | cut -d ' ' -f 1)
echo "\$ wasmscope scan --severity high $guests/busy-files.wasm $miner"
"$wasmscope" scan --severity high "$guests/busy-files.wasm" "$miner" | tee "$scratch/scan" | cut -c 1-160
grep -q 'high *miner-constants' "$scratch/scan" || {
    echo "demo: scan did not find the module that is like a miner" >&2
    exit 1
}
for word in started grown exited opened created renamed linked removed connected accepted listening trapped open_outside; do
    grep -q "$word" "$log" || {
        echo "demo: the agent said nothing of a workload that has $word" >&2
        exit 1
    }
done
grep -q 'traps_total.*MemoryOutOfBounds.* 1$' "$scratch/metrics" || {
    echo "demo: the trap is not in the metrics" >&2
    exit 1
}
