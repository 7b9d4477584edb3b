# httpd-swift: build, try, test, install.  "make help" lists what there is.

# Where `make install` puts things; DESTDIR is put before all of them.
prefix ?= /usr
bindir = $(prefix)/bin
sbindir = $(prefix)/sbin
datadir = $(prefix)/share
mandir = $(datadir)/man
sysconfdir = /etc
DESTDIR ?=
export prefix bindir sbindir datadir mandir sysconfdir DESTDIR

# Where `make run` listens: 127.0.0.1:$(PORT).
PORT ?= 8080
export PORT

SWIFT ?= swift
# Debian's own, which is the one that sees Debian's Python packages.
PYTHON ?= /usr/bin/python3
export SWIFT PYTHON

build_packages = libbrotli-dev libssl-dev libsystemd-dev libzstd-dev pkg-config python3 \
    python3-pygments zlib1g-dev
test_packages = $(build_packages) aria2 brotli chromium curl dbus fonts-dejavu-core gcc libc6-dev \
    logrotate man-db nghttp2-client python3-brotli python3-pytest python3-venv python3-zstandard \
    rsync strace systemd systemd-container util-linux valgrind wget2 wrk zstd
release = $(SWIFT) build -c release --static-swift-stdlib \
    --explicit-target-dependency-import-check error
sources = Package.swift Sources Tests

.PHONY: help
help:
	@sed -n 's/^## //p' Makefile

## make run            install what is missing, build, serve a scratch copy on 127.0.0.1:8080
.PHONY: run
run: deps
	@$(MAKE) --no-print-directory build
	@exec packaging/run-from-checkout

## make build          the release binaries in .build/release, the pages in .build/www
.PHONY: build
build: binaries pages

.PHONY: binaries
binaries:
	$(release) --product httpd-swift
	$(release) --product httpctl

.PHONY: pages
pages:
	$(PYTHON) packaging/pages/make-pages.py .build/www

## make test           install what is missing, build, run all tests
.PHONY: test
test: deps-test
	@Tests/run

## make lint-test, unit-test, wire-test, bench-test, page-test, system-test: one part of them
.PHONY: lint-test unit-test wire-test bench-test page-test system-test
lint-test unit-test wire-test bench-test page-test system-test:
	@Tests/run $(@:-test=)

## make bench          the benchmarks (long; see Benchmarks/README.md)
.PHONY: bench
bench: deps
	@$(MAKE) --no-print-directory binaries
	@$(PYTHON) Benchmarks/run --install --check

## make format         format the Swift sources
.PHONY: format
format:
	$(SWIFT) format --in-place --recursive --parallel $(sources)

## make lint           check their format and style
.PHONY: lint
lint:
	$(SWIFT) format lint --strict --recursive --parallel $(sources)

## make install        into the system, or below DESTDIR; run "make build" first
.PHONY: install
install:
	@packaging/install install

## make uninstall      take it away; content, logs and an edited configuration stay
.PHONY: uninstall
uninstall:
	@packaging/install uninstall

## make deps, deps-test: install the packages that are missing to build, to test
.PHONY: deps deps-test
deps:
	@packaging/install-packages $(build_packages)
deps-test:
	@packaging/install-packages $(test_packages)
	@packaging/install-venv .build/venv Tests/requirements.txt

## make clean          remove all that was built
.PHONY: clean
clean:
	rm -rf .build
