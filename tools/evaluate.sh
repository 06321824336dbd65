#!/usr/bin/env bash
# Evaluates the corpus in every runtime that is there: target/evaluate/evaluation.json and table.md.
set -euo pipefail
cd "$(dirname "$0")/.."

out=target/evaluate
mkdir -p "$out"
runtimes=()
# NAME PATTERN, as `cargo xtask runtimes` installs them; a variable WASMSCOPE_NAME goes before.
while read -r name variable pattern; do
    path="${!variable:-}"
    [ -n "$path" ] || path="$(compgen -G "$pattern" | head -n 1 || true)"
    [ -z "$path" ] || runtimes+=(--runtime "$name=$path")
done <<'END'
wasmtime WASMSCOPE_WASMTIME target/runtimes/wasmtime/lib/python3*/site-packages/wasmtime_cli/wasmtime
wasmer WASMSCOPE_WASMER target/runtimes/wasmer/bin/wasmer
wasmi WASMSCOPE_WASMI target/runtimes/wasmi/bin/wasmi
END
node="${WASMSCOPE_NODE:-$(command -v node || true)}"
[ -z "$node" ] || runtimes+=(--runtime "node=$node")

# The library with which the host program of the corpus runs a guest.
library="$(compgen -G 'target/runtimes/python-wasmtime/lib/python3*/site-packages/wasmtime/*/_libwasmtime.so' | head -n 1 || true)"

"${CARGO_TARGET_DIR:-target}/release/wasmscope" evaluate workloads "${runtimes[@]}" --set "libwasmtime=$library" \
    --repeat "${REPEAT:-3}" --benign-seconds "${BENIGN:-300}" \
    --json "$out/evaluation.json" --markdown "$out/table.md" "$@"
