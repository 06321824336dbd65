# Every target works from a fresh clone with Rust: what is missing is installed first.

# Runtimes for `make test-runtimes`: names as `cargo xtask runtimes --list` shows them.
RUNTIMES ?= --all

.PHONY: help demo test format lint bench bench-detect bench-exporters bench-hooks bench-instrument bench-scan miner-set report dashboards book evaluate \
	fuzz test-mutants test-spec test-runtimes test-kernels setup clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1@\2/p' $(MAKEFILE_LIST) | \
		while IFS=@ read -r name what; do printf 'make %-14s %s\n' "$$name" "$$what"; done

demo: setup ## Show wasmscope at work on this machine (as root)
	cargo xtask runtimes --quick
	cargo xtask guests
	cargo build --release -p wasmscope
	tools/demo.sh

# Built first, so that `xtask` is one of the programs that the tests have built: `cargo xtask` would compile its dependencies
# once more, with other features.
test: setup ## Run all tests with the runtimes that install within a minute
	tools/setup.sh prometheus collector
	cargo test --workspace --no-run
	$(or $(CARGO_TARGET_DIR),target)/debug/xtask runtimes
	cargo test --workspace

format: ## Check formatting
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	for host in testhosts/*/; do cargo fmt --check --manifest-path "$$host/Cargo.toml" || exit; done

lint: setup format ## Check formatting and lints
	cargo clippy --workspace --all-targets -- -D warnings

bench: setup ## Measure (as root; 40 minutes, QUICK=1 for a first impression)
	tools/setup.sh bench
	cargo xtask runtimes
	cargo xtask real-guests
	cargo xtask real-modules
	cargo bench -p wasmscope-bench

bench-detect: setup ## Measure rules and baselines: events a second, and their state (two minutes and a build)
	cargo bench -p wasmscope-bench --bench detect --bench baseline

bench-exporters: setup ## Measure scrapes of /metrics and what the exporters cost (two minutes and a build)
	cargo bench -p wasmscope-bench --bench exporters

bench-hooks: setup ## Measure what the hooks of sensor-wasmtime cost, alone and in `run` (as root; some minutes and the build)
	cargo xtask runtimes wasmtime48
	cargo xtask real-guests
	cargo bench -p wasmscope-bench --bench hooks --bench run

bench-instrument: setup ## Measure instrumented modules and the rewriting (some ten minutes and a build)
	cargo xtask real-guests
	cargo xtask real-modules
	cargo bench -p wasmscope-bench --bench instrument

bench-scan: setup ## Measure `scan` on public modules (two minutes and a build)
	cargo xtask real-modules
	cargo bench -p wasmscope-bench --bench scan

miner-set: setup ## Measure the findings about miners (some minutes): docs/miner.md
	cargo xtask real-modules
	cargo run --release -p xtask -- miner-set

# Runtimes that are there are used; `cargo xtask runtimes --all` gets them all. BENIGN=3600 REPEAT=5 for more certainty.
evaluate: setup ## Run all guests in all runtimes from every vantage point (as root; half an hour): docs/evaluation.md
	cargo xtask runtimes
	cargo xtask guests
	cargo build --release -p wasmscope
	tools/evaluate.sh

report: setup ## Render docs/report as HTML and PDF into target/report (installs pandoc and weasyprint)
	tools/setup.sh report
	cargo xtask report-charts
	tools/report/render.sh

dashboards: setup ## Write dashboards and rules to target/dashboards: docs/monitoring.md
	cargo run -p wasmscope -- dashboards target/dashboards

book: ## Make a book of the documentation: target/book/index.html
	tools/setup.sh book
	target/tools/bin/mdbook build docs

fuzz: setup ## Run every fuzz target for a minute (and a build); FUZZ_SECONDS=600 FUZZ_TARGETS="analyze policy"
	tools/fuzz.sh $(or $(FUZZ_SECONDS),60) $(FUZZ_TARGETS)

test-mutants: setup ## Scan 100,000 modules that nobody wrote, and check every promise (some minutes)
	cargo xtask mutants

test-spec: ## Instrument the WebAssembly test suite, and 20,000 modules that nobody wrote (some minutes)
	cargo test --release -p wasmscope-instrument --test spec --test generated -- --include-ignored --nocapture

test-runtimes: setup ## Test against every runtime (an hour); RUNTIMES="wasmi node" restricts it
	cargo xtask runtimes $(RUNTIMES)
	cargo test -p wasmscope --test runtimes -- --ignored --nocapture

test-kernels: setup ## Test on Debian's stock kernel in a virtual machine (some minutes)
	cargo xtask runtimes wasmtime
	tools/test-kernels.sh

setup: ## Install what Cargo cannot (as root; otherwise says what to run)
	tools/setup.sh

clean: ## Remove everything built or downloaded
	cargo clean
	rm -rf target
