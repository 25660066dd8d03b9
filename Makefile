# Short names for the scripts in .ci; each does its own set-up. PG chooses the major version of PostgreSQL.
PG ?= 15
export PG

.PHONY: help setup build test acceptance demo psql stop bench clean

help:
	@echo 'make test           all tests'
	@echo 'make acceptance     what docacl is to do, id by id, each with what came of its tests'
	@echo 'make demo           a private server with real documents, and what each user sees of them'
	@echo 'make psql AS=USER   psql in the demo as one of its users'
	@echo 'make stop           stops the demo and removes it'
	@echo 'make build          builds docacl and installs it into the private copy of PostgreSQL'
	@echo 'make bench          the benchmark'
	@echo 'make setup          installs what the above need and do not find'
	@echo 'make clean          removes all that was built'
	@echo 'PG=18 chooses another major version of PostgreSQL than 15: 16, 17 or 18.'

setup:
	@.ci/setup

build: setup
	@.ci/install

test:
	@.ci/test

acceptance: build
	@.ci/acceptance

# The server stays, for `make psql`.
demo: build
	@examples/demo/run

psql:
	@examples/demo/psql '$(AS)'

stop:
	@.ci/cluster stop demo

bench: build
	@DOCACL_PGOPTIONS="$${DOCACL_PGOPTIONS:--c shared_buffers=1GB -c max_wal_size=8GB}" .ci/cluster bench/run $(ARGS)

clean:
	@.ci/clean
