# The verbs of the project. Each works from nothing, says what it does, and may be repeated.
#
#   make demo     install, build, ask the sample data sheet a question       make format   clang-format
#   make test     build and run the whole test suite                         make lint     clang-tidy, include check
#   make serve    start the server on 127.0.0.1:8000                         make bench    benchmarks
#   make build    the release program, build/release/jackdaw                 make soak     the long tests
#   make setup    only install what is missing                               make fuzz     libFuzzer targets

PYTHON := /usr/bin/python3
JOBS ?= $(shell nproc)
DEMO_DATA := build/demo/data
QUESTION ?= What is the list price of the Magpie-7?
JACKDAW := build/release/jackdaw

.PHONY: help setup build demo serve run test soak format lint bench fuzz install clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@tools/setup.sh build models

build: setup
	@tools/build.sh release

demo: build
	@echo "-- reading samples/magpie-7.pdf"
	@$(JACKDAW) ingest samples/magpie-7.pdf --data $(DEMO_DATA)
	@echo
	@echo "> $(QUESTION)"
	@$(JACKDAW) ask "$(QUESTION)" --data $(DEMO_DATA)
	@echo
	@echo "-- next: 'make serve DATA=$(DEMO_DATA)' starts the server; then open http://127.0.0.1:8000"
	@echo "-- your own files: $(JACKDAW) ingest FILE.pdf, then $(JACKDAW) ask \"...\""

serve run: build
	@$(JACKDAW) serve $(if $(DATA),--data $(DATA))

test:
	@tools/setup.sh build models test
	@tools/build.sh tsan jackdaw_http_tests jackdaw_providers_tests jackdaw_answer_tests jackdaw_index_tests
	@tools/build.sh dev
	@build/dev/jackdaw models pull
	@tools/run_tests.sh

soak:
	@tools/setup.sh build models test
	@tools/build.sh dev
	@cd tests/server && JACKDAW_SOAK=1 JACKDAW_BINARY=$(CURDIR)/build/dev/jackdaw TBB_ENABLE_SANITIZERS=1 \
	  LSAN_OPTIONS=suppressions=$(CURDIR)/cmake/lsan.supp:print_suppressions=0 \
	  $(PYTHON) -B -m pytest -q -p no:cacheprovider test_life.py test_corpus.py test_crash.py test_provider_cancel.py test_streams.py
	@JACKDAW_SOAK=1 tools/run_tests.sh -R "Corpus|PowerLoss"

format:
	@tools/setup.sh fuzz
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 -i

lint: setup
	@tools/setup.sh fuzz
	@tools/build.sh release
	@$(PYTHON) tools/check_includes.py
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 --dry-run --Werror
	@git ls-files 'src/*.cpp' | grep -v _test.cpp | xargs -P $(JOBS) -n 4 clang-tidy-19 --quiet -p build/release

bench:
	@tools/setup.sh build models bench
	@tools/build.sh bench
	@for program in build/bench/bench/*_bench; do echo "-- $$program"; $$program --benchmark_min_time=2 || exit 1; done

fuzz:
	@tools/setup.sh build models fuzz
	@tools/build.sh fuzz
	@tools/run_fuzzers.sh

install: build
	@cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

clean:
	rm -rf build
