#!/usr/bin/env bash
# Runs fuzz targets, each for some seconds: tools/fuzz.sh SECONDS [TARGET…]. Corpora are kept in target/fuzz/, and what breaks
# a promise in target/fuzz/artifacts/, with the command that shows it again.
set -euo pipefail
cd "$(dirname "$0")/.."

ALL=(analyze analyze_component text archive policy code_image maps recording kernel_record)
seconds=${1:?seconds for each target}
shift
targets=("${@:-${ALL[@]}}")

command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
# The stable compiler has no sanitizers; Rust without much `unsafe` has little for them to find.
fuzz() { cargo fuzz "$@"; }
fuzz build --sanitizer none

# libFuzzer's words: the first inputs to try, lengths, and dictionaries.
options() {
    case $1 in
    analyze | analyze_component) echo "-max_len=16384 -dict=fuzz/dictionaries/wasm.dict" ;;
    text) echo "-max_len=8192 -dict=fuzz/dictionaries/text.dict" ;;
    archive) echo "-max_len=16384 -dict=fuzz/dictionaries/archive.dict" ;;
    policy) echo "-max_len=8192 -dict=fuzz/dictionaries/policy.dict" ;;
    code_image) echo "-max_len=24576" ;;
    *) echo "-max_len=16384" ;;
    esac
}

failed=0
for target in "${targets[@]}"; do
    corpus=target/fuzz/corpus/$target artifacts=target/fuzz/artifacts/$target
    mkdir -p "$corpus" "$artifacts"
    echo "== $target: $seconds s"
    # shellcheck disable=SC2046
    fuzz run --sanitizer none "$target" "$corpus" -- $(options "$target") -max_total_time="$seconds" -timeout=20 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$artifacts/" 2>&1 |
        tee "target/fuzz/$target.log" | grep -E 'INITED|panicked|ERROR|SUMMARY|DONE|stat::|Test unit written' || true
    if grep -q 'Test unit written' "target/fuzz/$target.log"; then
        failed=1
        for artifact in "$artifacts"/*; do
            echo "again: cargo fuzz run --sanitizer none $target $artifact"
        done
    fi
done
exit $failed
