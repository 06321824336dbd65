#!/usr/bin/env bash
# The main job in under a minute: an unmodified runtime, seen from outside. `make demo` builds what it needs.
# It watches only what it starts. DEMO_KEEP=1 leaves the workloads and the agent running until Ctrl-C.
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
seconds=${seconds:-18}
log=$(mktemp)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -f "$log"' EXIT

say "2. The agent, before anything runs"
echo "\$ wasmscope watch --scope tree:$$ &"
"$wasmscope" watch --scope "tree:$$" >"$log" &
agent=$!
for _ in $(seq 100); do
    grep -q 'calls' "$log" && break
    sleep 0.05
done

say "3. Unmodified $("$wasmtime" --version) starts two guests, a third traps; nobody tells the agent"
echo "\$ wasmtime run spin.wasm $seconds & wasmtime run grow.wasm & wasmtime run trap.wasm"
"$wasmtime" run "$guests/spin.wasm" "$seconds" &
spin=$!
"$wasmtime" run "$guests/grow.wasm" &
"$wasmtime" run "$guests/trap.wasm" 2>/dev/null || true
sleep 3

say "4. The inventory"
run "$wasmscope" ps --scope "tree:$$"

say "5. One of them, looked into: evidence, module, memory, guest functions"
run "$wasmscope" inspect "$spin"

if [ -n "${DEMO_KEEP:-}" ]; then
    say "6. It goes on; Ctrl-C ends it. In another terminal: $wasmscope ps"
    tail -n +1 -f "$log"
fi
wait "$spin" || true
sleep 0.3
kill -TERM "$agent"
wait "$agent" || true

say "6. What the agent said meanwhile (of the growth, every eighth step)"
awk '!/ grown / || n++ % 8 == 0' "$log"
for word in started grown exited; do
    grep -q " $word" "$log" || {
        echo "demo: the agent said nothing of a workload that has $word" >&2
        exit 1
    }
done
