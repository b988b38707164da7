# Each target does the set-up it needs; `make help` lists them.

APT := ca-certificates git pkg-config python3 libprotobuf-c-dev zlib1g-dev libminizip-dev libopenblas-dev libdnnl-dev
VENV := .venv/.installed
PEER_VENV := .venv-peer/.installed
CLI := .build/release/onnx-shrink
FIXTURES := fixtures
DEMO_OUT := .build/demo
PROTO := Sources/COnnxProto

.DEFAULT_GOAL := help
.PHONY: help deps build demo test lint bench conformance quality proto fixtures docs docs-check

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

deps: ## Install the Debian or Ubuntu packages that are missing (root or sudo).
	@Tests/setup.sh packages $(APT)

build: deps ## Build the release binary, .build/release/onnx-shrink.
	swift build -c release --product onnx-shrink

demo: build ## Shrink a small trained network with its calibration data and print the summary.
	@mkdir -p $(DEMO_OUT)
	$(CLI) $(FIXTURES)/models/demo.onnx $(DEMO_OUT)/demo-small.onnx --data $(FIXTURES)/data/demo_calib.bin

test: deps $(VENV) lint ## Build and run every test; ONNX Runtime is compared with in a project-local .venv.
	@Tests/setup.sh packages libonnx-testdata
	swift build --build-tests
	swift test --skip-build
	.venv/bin/python -m unittest discover -s Tests/python -p 'test_*.py'

lint: deps ## Check the format, sizes, imports, names and paths of the sources.
	swift format lint --strict -r Package.swift Sources Tests
	python3 Tests/lint/lint.py

bench: build $(VENV) ## Time the program against ONNX Runtime, print ratios and memory, compare instruction counts.
	@Tests/setup.sh packages valgrind
	.venv/bin/python Tests/python/bench.py --binary $(CLI)

conformance: build $(VENV) ## Run ONNX's conformance cases and the real networks through the engine; write docs/operators.md.
	@Tests/setup.sh packages libonnx-testdata
	.venv/bin/python Tests/python/conformance.py --binary $(CLI) --page docs/operators.md

quality: build $(VENV) $(PEER_VENV) ## Reduce the networks beside the package, compare with onnxsim, write docs/results.md; half an hour.
	ONNX_SHRINK_BINARY=$(CLI) .venv/bin/python Tests/python/quality.py --peer .venv-peer/bin/python --page docs/results.md
	ONNX_SHRINK_BINARY=$(CLI) .venv/bin/python Tests/python/curves.py --page docs/curves.md

docs: conformance ## Write the pages that are made from the program.

docs-check: build ## Check that the documentation names only files, targets and options that exist.
	python3 Tests/lint/docs.py --binary $(CLI)

proto: ## Generate the C reader and writer of ONNX files from onnx.proto again.
	@Tests/setup.sh packages protobuf-c-compiler
	protoc-c --proto_path=$(PROTO) --c_out=$(PROTO) $(PROTO)/onnx.proto
	mv $(PROTO)/onnx.pb-c.h $(PROTO)/include/onnx.pb-c.h

fixtures: deps $(VENV) ## Train and write the fixture networks and data again, from their seed.
	.venv/bin/python $(FIXTURES)/make.py

$(VENV): Tests/python/requirements.txt
	@Tests/setup.sh venv .venv $<
	@touch $@

$(PEER_VENV): Tests/python/requirements-peer.txt
	@Tests/setup.sh venv .venv-peer $<
	@touch $@
