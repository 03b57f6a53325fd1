# The front door. `make` alone lists the targets; the build itself is meson.build.

BUILD := build
TEST_BUILD := build-test
ASAN_BUILD := build-asan
TSAN_BUILD := build-tsan
FUZZ_SECONDS ?= 60
DEMO := demo/study
FACES := demo/faces

help:
	@echo 'make demo      install what is needed, build, go through the study, label drawn faces: try this first'
	@echo 'make build     build build/assent'
	@echo 'make test      install what tests need, build with all warnings, run the tests'
	@echo 'make test-asan the unit tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make fuzz      fuzz everything that reads a file, a minute each (FUZZ_SECONDS=60)'
	@echo 'make test-all  test, test-asan and fuzz, and what takes longer'
	@echo 'make test-servers the HTTP client against transformers serve and llama.cpp, installed in ~/.cache/assent-servers (6 GB)'
	@echo 'make oracle    make the fixtures anew with transformers, Pillow, tokenizers and jinja2 (6 GB), say what moved'
	@echo 'make bench     time the engine at the shapes of two models, the HTTP client, and the program at the full size of CelebA'
	@echo 'make install   install the program, man page, completion and library (DESTDIR, as meson has it)'
	@echo 'make clean     remove what was built'

build: packages-build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) -Dbuildtype=release -Dtests=false > $(BUILD).log || \
		{ cat $(BUILD).log; rm -rf $(BUILD); exit 1; }
	@rm -f $(BUILD).log
	@ninja -C $(BUILD) --quiet

demo: build
	@examples/study/demo.sh $(BUILD)/assent $(DEMO)
	@examples/faces/demo.sh $(BUILD)/assent $(FACES)

$(TEST_BUILD)/build.ninja:
	@meson setup $(TEST_BUILD) -Dwerror=true > /dev/null

$(ASAN_BUILD)/build.ninja:
	@meson setup $(ASAN_BUILD) -Dwerror=true -Db_sanitize=address,undefined > /dev/null

$(TSAN_BUILD)/build.ninja:
	@meson setup $(TSAN_BUILD) -Dwerror=true -Db_sanitize=thread > /dev/null

test: packages-test $(TEST_BUILD)/build.ninja
	@ninja -C $(TEST_BUILD) --quiet
	@tests/run $(TEST_BUILD)

test-asan: packages-test $(ASAN_BUILD)/build.ninja
	@ninja -C $(ASAN_BUILD) --quiet
	@tests/run $(ASAN_BUILD) --suite unit

fuzz: packages-fuzz
	@tests/fuzz/run build-fuzz $(FUZZ_SECONDS)

test-all: test test-asan fuzz test-servers $(TSAN_BUILD)/build.ninja
	@ninja -C $(TSAN_BUILD) --quiet assent
	@ASSENT_TEST_ALL=1 tests/run $(TEST_BUILD) round_trip soak faults refused review_safety review_stop review_crowd page page_looks page_network page_program stats_accept_promise
	@ASSENT_TEST_ALL=1 ASSENT=$(ASAN_BUILD)/assent tests/cli/test_review_safety.py Mutated
	@ASSENT_TEST_ALL=1 ASSENT=$(ASAN_BUILD)/assent tests/cli/test_damage.py
	@ASSENT_TEST_ALL=1 ASSENT=$(ASAN_BUILD)/assent tests/cli/test_faults.py
	@ASSENT_TEST_ALL=1 ASSENT=$(ASAN_BUILD)/assent tests/cli/test_refused.py
	@ASSENT_TEST_ALL=1 ASSENT=$(ASAN_BUILD)/assent tests/cli/test_serve.py
	@for build in $(ASAN_BUILD) $(TSAN_BUILD); do \
		ASSENT_TEST_ALL=1 ASSENT=$$build/assent tests/cli/test_review_stop.py || exit 1; done

test-servers: packages-servers $(TEST_BUILD)/build.ninja
	@ninja -C $(TEST_BUILD) --quiet
	@tools/servers/run
	@tests/run $(TEST_BUILD) real_servers

oracle: packages-oracle
	@tools/oracle/run

bench: build
	@ninja -C $(BUILD) --quiet bench_vlm bench_client
	@$(BUILD)/bench_vlm
	@$(BUILD)/bench_client
	@python3 bench/celeba.py --assent $(BUILD)/assent

install: build
	@meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(TEST_BUILD) $(ASAN_BUILD) $(TSAN_BUILD) build-fuzz demo

packages-%:
	@tools/packages $*

.PHONY: help build demo test test-asan fuzz test-all test-servers oracle bench install clean
