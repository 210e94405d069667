# Fabrica. `make demo` shows it, `make test` tests it; both install what is missing first.

# Build output lives outside the clone, so that fresh clones build incrementally.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/fabrica/target
export CARGO_INCREMENTAL ?= 0

FABRICA = $(CARGO_TARGET_DIR)/debug/fabrica

.PHONY: help setup build demo headset-demo session test lint ci bench gallery fuzz clean

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: ## Installs the system packages that are missing, or says which.
	@sh scripts/setup.sh

build: setup ## Builds the app.
	cargo build --locked --workspace --bins

demo: build ## Scan to print on the sample case: a window where there is a display, pictures and STL under out/ where not.
	$(FABRICA) demo --out out

headset-demo: setup ## A rehearsal in the simulated headset, without a headset; pictures of both eyes under out/headset.
	cargo build --locked --workspace --lib --bins
	@sh scripts/headset-demo.sh

session: build ## A whole session on the head CT of ../shared/data in the window, from a script, with pictures, under out/session.
	FABRICA=$(FABRICA) sh scripts/session/session.sh ../shared/data/ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz out/session

test: setup ## Builds and runs all tests.
	cargo test --locked --workspace --quiet

lint: setup ## Formatting and lints, warnings as errors.
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --quiet -- -D warnings

bench: setup ## Benchmarks against peers, side by side; installs the peers (Python packages) in a folder outside the clone.
	@sh scripts/bench.sh

gallery: build ## Contact sheets of every preset on the real scans of ../shared/data, under out/gallery.
	@sh scripts/gallery.sh $(FABRICA) out/gallery

fuzz: setup ## Fuzzes the import for ten minutes (needs cargo-fuzz, installed when missing).
	@sh scripts/fuzz.sh

clean: ## Removes build output and out/.
	cargo clean
	rm -rf out
