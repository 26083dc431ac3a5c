# Everything is built static: no C compiler is needed, and one file is all that a host gets.
export CGO_ENABLED = 0
GO ?= go
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build try test check bench install clean

build:
	$(GO) build -o bin/ ./cmd/...

# The main job on sample mails, with the seed's configuration. Nothing outside a temporary folder is touched.
try: build
	@bin/mavis try

# All tests. As root on Debian the peers are installed first; else what is missing is named and its tests are skipped.
test:
	@.ci/peers
	$(GO) test $(TESTFLAGS) ./...

check:
	@bad=$$(gofmt -l cmd perlconf rules engine compat testdata); test -z "$$bad" || { echo "not gofmt-ed: $$bad"; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...

# Single packages; two whole filters are compared by testdata/bench, see docs/performance.md.
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

install: build
	install -D -m 755 bin/amavisd $(DESTDIR)/usr/local/sbin/amavisd
	install -D -m 755 bin/mavis $(DESTDIR)/usr/local/bin/mavis
	install -d $(DESTDIR)/usr/local/share/man/man1 $(DESTDIR)/usr/local/share/bash-completion/completions
	bin/mavis man > $(DESTDIR)/usr/local/share/man/man1/mavis.1
	bin/mavis completion bash > $(DESTDIR)/usr/local/share/bash-completion/completions/mavis

clean:
	rm -rf bin
