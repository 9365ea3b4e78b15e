# Every target that is for people carries a ## comment: `make` prints them.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# What set-up fetches and builds lies here, models included, whatever the
# environment says: an installed flipmeter's folder is not ours to fill.
export FLIPMETER_HOME := $(CURDIR)/.flipmeter
# Which ONNX Runtime set-up fetches.
export ORT ?= cpu
# Which one `make ort` fetches.
ACCEL ?= cpu

# The parts of OpenCV that flipmeter links. `go build` without these tags
# gives a program that scores tables but opens no video.
TAGS    := gocv_specific_modules,gocv_videoio
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOBUILD := go build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)'

# The one place that pins the linter.
GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT := $(FLIPMETER_HOME)/bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

GOVULNCHECK_VERSION := v1.9.0

WEIGHTS := $(FLIPMETER_HOME)/weights/efficientnet-lite0-57934424.pth
MODEL   := $(FLIPMETER_HOME)/models/efficientnet-lite0.onnx
CLIP    := $(FLIPMETER_HOME)/footage/bigbuckbunny.mp4
OUT     ?= out/demo

FUZZTIME ?= 20s
DURATION ?= 10m
BENCH_ROWS ?= 100000000

.PHONY: help
help: ## print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup-demo build model ## from nothing to a report on a film clip
	bin/flipmeter analyze --out '$(OUT)' '$(CLIP)'
	@echo
	@echo 'The report lies in $(OUT)/report.html: open it in a browser.'

.PHONY: build
build: setup-build ## build bin/flipmeter
	$(GOBUILD) -tags $(TAGS) -o bin/flipmeter ./cmd/flipmeter

.PHONY: build-pure
build-pure: ## build bin/flipmeter-pure: no OpenCV, no ONNX Runtime, any platform
	CGO_ENABLED=0 $(GOBUILD) -o bin/flipmeter-pure ./cmd/flipmeter

.PHONY: model
# Made anew each time: it takes a second, and the builder may have changed.
model: build setup-demo
	bin/flipmeter models build efficientnet-lite0 --weights '$(WEIGHTS)'

.PHONY: setup setup-build setup-demo setup-lint
setup: ## install or name what is missing, fetch the library, weights and footage
	@scripts/setup test
setup-build setup-demo setup-lint:
	@scripts/setup $(@:setup-%=%)

.PHONY: ort
ort: ## fetch the ONNX Runtime for ACCEL=cpu, openvino or cuda
	@ORT='$(ACCEL)' scripts/setup runtime

.PHONY: test
test: setup model ## vet and all tests, with the race detector, then without cgo
	go vet -tags $(TAGS) ./...
	go test -race -shuffle=on -timeout 40m -tags $(TAGS) ./...
	# What the race detector would distort or slow down: memory and footage.
	go test -tags $(TAGS),matprofile -run '^TestNoMatIsLost$$' ./ingest/gocv
	unraced="$$(scripts/unraced ./app ./cmd/flipmeter)" && \
		go test -shuffle=on -timeout 40m -tags $(TAGS) -run "$$unraced" ./app ./cmd/flipmeter
	$(MAKE) --no-print-directory test-pure

.PHONY: test-pure
test-pure: ## the tests of a build without cgo
	CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=0 go test -timeout 40m ./...

.PHONY: lint
lint: setup-lint $(GOLANGCI_LINT) ## linters, go.mod, shell scripts
	'$(GOLANGCI_LINT)' run --build-tags $(TAGS) ./...
	go mod tidy -diff
	shellcheck .ci/run $$(grep -rlE '^#!.*bash' scripts)

# Its requirements are its own: they stay out of go.mod.
$(GOLANGCI_LINT):
	GOBIN='$(@D)/building' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv '$(@D)/building/golangci-lint' '$@'
	rmdir '$(@D)/building'

.PHONY: fuzz
fuzz: setup-build ## every fuzz target for FUZZTIME each (default 20s)
	scripts/fuzz '$(FUZZTIME)' -tags $(TAGS)

.PHONY: vuln
vuln: ## known vulnerabilities in what flipmeter calls (asks the Go vulnerability database)
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) -tags $(TAGS) ./...

.PHONY: bench
bench: setup model ## speed of every stage beside its ceiling, and a hand-written loop
	scripts/bench-venv
	go run -tags $(TAGS) ./bench

.PHONY: bench-score
bench-score: build-pure ## speed and memory of score on BENCH_ROWS labels (default 100 million)
	go run ./bench/score -bin bin/flipmeter-pure -rows $(BENCH_ROWS)

.PHONY: bench-models
bench-models: setup build ## speed of every network with every provider, beside OpenVINO's own benchmark
	@ORT=openvino scripts/setup runtime
	scripts/bench-venv openvino
	go run -tags $(TAGS) ./bench/providers $(BENCHFLAGS)

.PHONY: bench-probe
bench-probe: setup model ## speed of a sweep beside the bare session, by background
	go run -tags $(TAGS) ./bench/probe

.PHONY: bench-costs
bench-costs: setup model ## processor time of a frame: decoding by size, pictures, classifying
	go run -tags $(TAGS) ./bench/costs

.PHONY: bench-page
bench-page: ## a page of 200 cameras in a browser for a minute: long tasks and memory
	go test ./web/pages -run TestTwoHundredCameras -count=1 -v -measure 1m

.PHONY: soak
soak: setup model ## watch under load, DURATION (default 10m) for each of three loads, and a verdict
	go run -tags $(TAGS) ./bench/soak -duration $(DURATION) $(SOAKFLAGS)

.PHONY: docker-check
docker-check: ## run the Dockerfile's steps in a Debian root, without a container engine
	scripts/dockerfile-check

.PHONY: ci
ci: ## what the automatic check of a change runs
	.ci/run

.PHONY: clean
clean: ## remove what was built; what was fetched stays
	rm -rf bin out
	rm -f '$(MODEL)' '$(MODEL:.onnx=.json)'
