.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# How long `make fuzz` spends on each target.
FUZZTIME ?= 30s

# How long `make soak` works.
SOAK ?= 30m

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/cpgate
	go build -o bin/ ./cmd/cpgate

.PHONY: test
test: ## Run every test
	go test -timeout 20m ./...

.PHONY: race
race: ## Run every test under the race detector (needs a C compiler)
	go test -race -timeout 30m ./...

.PHONY: lint
lint: ## Check formatting, Go code and .proto files
	go tool -modfile=tools/lint/go.mod golangci-lint run ./...
	cd bench && go tool -modfile=../tools/lint/go.mod golangci-lint run ./...
	cd proto && go tool -modfile=../tools/buf/go.mod buf lint

.PHONY: format
format: ## Format the Go code and the .proto files
	go tool -modfile=tools/lint/go.mod golangci-lint fmt ./...
	cd proto && go tool -modfile=../tools/buf/go.mod buf format --write --path cpgate

.PHONY: generate
generate: ## Make proto/gen anew from the .proto files
	go generate ./...

.PHONY: check-generated
check-generated: ## Fail if proto/gen is not what generate would make
	tools/check-generated

.PHONY: bench
bench: ## Compare cpgate with etcd, ZooKeeper and Redis, into docs/benchmarks.md; BENCH='-rounds 1 -write=false' for less
	go -C bench run . $(BENCH)

.PHONY: go-bench
go-bench: ## Run every Go benchmark
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: fuzz
fuzz: ## Fuzz every Fuzz function for FUZZTIME (30s) each
	tools/fuzz $(FUZZTIME)

.PHONY: soak
soak: ## Work on a cluster under random faults for SOAK (30m), and look what is left
	go test ./tests/linearizability -count=1 -v -run TestSoak -soak=$(SOAK) -timeout 0

.PHONY: teeth
teeth: ## Break the code in each way of tests/teeth, and have the test that is to notice run
	tests/teeth/run

.PHONY: cover
cover: ## Measure what the tests cover, into cover.html
	go test -coverpkg="$$(go list ./... | grep -v /proto | paste -sd, -)" -coverprofile=cover.out ./...
	go tool cover -html=cover.out -o cover.html
	go tool cover -func=cover.out | tail -n 1

.PHONY: ci
ci: ## Run all that has to pass before a change is taken in
	.ci/run

.PHONY: clean
clean: ## Remove what these targets built
	rm -rf bin cover.out cover.html
