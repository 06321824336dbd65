#!/usr/bin/env bash
# Installs what Cargo cannot: compilers, libraries and package clients of the system.
#
#   tools/setup.sh [build|python|node|kernels|containers|bench|prometheus|collector|report|book]...     (without arguments: build)
#
# It looks for what a package brings, not for the package, so that another origin of the
# same tool will do. A shell script because even `cargo xtask` needs a linker.
set -euo pipefail

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
missing=()

# need PACKAGES COMMAND...: the packages are missing when the command fails.
need() {
    local packages=$1
    shift
    if ! "$@" >/dev/null 2>&1; then
        # shellcheck disable=SC2206  # several packages in one word
        missing+=($packages)
    fi
}

links_programs() {
    echo 'int main(void) { return 0; }' | cc -x c - -o "$scratch/program"
}

links_wasm() {
    printf '#include <stdio.h>\nint main(void) { return puts(""); }\n' |
        clang --target=wasm32-wasi -x c - -o "$scratch/guest.wasm"
}

compiles_bpf() {
    echo 'int f(void) { return 0; }' | clang --target=bpf -x c -c - -o "$scratch/probe.o"
}

makes_venv() {
    python3 -c 'import ensurepip, venv'
}

runs_without_libraries() {
    test -x "$1" && ! ldd "$1"
}

has_font() {
    fc-list : family | grep --quiet --line-regexp "$1"
}

for group in "${@:-build}"; do
    case $group in
    build)
        need "gcc libc6-dev" links_programs
        need "make" make --version
        need "pkg-config" pkg-config --version
        need "libelf-dev zlib1g-dev" pkg-config --exists libelf zlib
        need "clang" compiles_bpf
        need "lld wasi-libc libclang-rt-dev-wasm32" links_wasm
        ;;
    python) need "python3 python3-venv" makes_venv ;;
    node) need "nodejs npm" npm --version ;;
    kernels)
        need "qemu-system-x86" qemu-system-x86_64 --version
        # Static: it comes to a machine that has nothing else.
        need "busybox-static" runs_without_libraries /bin/busybox
        need "cpio" cpio --version
        ;;
    containers)
        need "containerd" containerd --version
        need "runc" runc --version
        ;;
    bench) need "bpftrace" bpftrace --version ;; # what wasmscope is compared with
    report)
        need "pandoc" pandoc --version
        need "weasyprint" weasyprint --version
        need "fonts-dejavu-core fontconfig" has_font "DejaVu Sans"
        ;;
    prometheus) need "prometheus" test -x /usr/bin/prometheus -a -x /usr/bin/promtool ;;
    collector)
        # A collector for OpenTelemetry that comes without a compiler of another language.
        need "python3 python3-venv" makes_venv
        if ! target/tools/rotel/bin/rotel-agent --version >/dev/null 2>&1 && makes_venv; then
            echo "setup: installing rotel into target/tools/rotel"
            python3 -m venv target/tools/rotel
            target/tools/rotel/bin/pip install --quiet --disable-pip-version-check rotel==0.0.1a15
            (cd target/tools/rotel/bin && ln -sf ../lib/python3*/site-packages/rotel/rotel-agent .)
        fi
        ;;
    book)
        # Debian has no package of it; what it would serve and watch with is left out.
        if ! target/tools/bin/mdbook --version >/dev/null 2>&1; then
            echo "setup: building mdbook into target/tools (some minutes)"
            cargo install mdbook --locked --no-default-features --root target/tools
        fi
        ;;
    *)
        echo "setup: unknown group $group; there are build, python, node, kernels, containers, bench, prometheus, collector, report and book" >&2
        exit 2
        ;;
    esac
done

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

install=(apt-get install --yes --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null; then
    echo "setup: missing, and no apt-get here to install it: ${missing[*]} (names of Debian)" >&2
    exit 3
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing; run as root: apt-get update && ${install[*]}" >&2
    exit 3
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive

# Some packages bring a service and start it. Tests start what they need themselves, and a service would
# hold its port; so none is started now, nor by the next boot. The policy is Debian's own way to say so
# (invoke-rc.d(8)), unless the machine has one already, as containers do.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -rf "$scratch" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
apt-get update --quiet=2
"${install[@]}" --quiet=2 >"$scratch/log" || {
    cat "$scratch/log" >&2
    exit 3
}
for package in "${missing[@]}"; do
    case $package in
    prometheus) update-rc.d prometheus disable ;;
    esac
done
