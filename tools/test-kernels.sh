#!/usr/bin/env bash
# Tests wasmscope on the stock kernel of this Debian, in a virtual machine: `make test-kernels`.
#
# The kernel's package is downloaded and unpacked, not installed. On bookworm that is Linux 6.1, which is older than
# one of our tracepoints and has what the machine below may not have: LSM, fentry and kprobe programs.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh build kernels
if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "test-kernels: only for amd64 so far, like the probes" >&2
    exit 3
fi

# The package that the metapackage stands for now.
newest() {
    apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
}
package=$(newest)
if [ -z "$package" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "test-kernels: no package lists; run as root: apt-get update" >&2
        exit 3
    fi
    echo "test-kernels: updating the package lists"
    apt-get update --quiet=2
    package=$(newest)
fi
if [ -z "$package" ]; then
    echo "test-kernels: no package linux-image-amd64 here: not Debian?" >&2
    exit 3
fi

kernel=$PWD/target/kernels/$package/boot/vmlinuz-${package#linux-image-}
if [ ! -f "$kernel" ]; then
    echo "test-kernels: downloading $package"
    mkdir -p target/kernels
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    chmod 755 "$scratch" # apt fetches as a user of its own, which has to write here when we are root
    if [ "$(id -u)" -eq 0 ]; then chown _apt "$scratch"; fi
    (cd "$scratch" && apt-get download --quiet=2 "$package")
    mkdir "$scratch/unpacked"
    dpkg-deb --fsys-tarfile "$scratch/$package"_*.deb |
        tar --extract --no-same-owner --directory "$scratch/unpacked" --wildcards './boot/vmlinuz-*'
    rm -rf "target/kernels/$package"
    mv "$scratch/unpacked" "target/kernels/$package"
fi

WASMSCOPE_KERNEL=$kernel cargo test -p wasmscope --test kernels -- --ignored --nocapture
