package av

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"mavis/perlconf/regex"
	"mavis/rules"
)

// BenchmarkPlain scans a mail of three parts with the stock entry for clamd against a daemon in this process; the
// daemon's own work is part of it.
func BenchmarkPlain(b *testing.B) {
	dir := b.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		buf := make([]byte, 4096)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(buf)
			c.Write([]byte("/parts: OK\n"))
			c.Close()
		}
	}()
	compile := func(p string) *regex.Regexp {
		r, err := regex.Compile(p, "m")
		if err != nil {
			b.Fatal(err)
		}
		return r
	}
	e := rules.Scanner{Name: "ClamAV-clamd", Call: "ask_daemon", Query: []string{"CONTSCAN {}\n"}, Sockets: []string{l.Addr().String()},
		Clean: rules.Outcome{Pattern: compile(`\bOK$`)}, Infected: rules.Outcome{Pattern: compile(`\bFOUND$`)},
		NameRE: compile(`^.*?: (?!Infected Archive)(.*) FOUND$`)}
	j := Job{Folder: filepath.Join(dir, "parts")}
	os.Mkdir(j.Folder, 0o755)
	for i := range 3 {
		j.Files = append(j.Files, fmt.Sprintf("p%03d", i+1))
	}
	var keep Daemons
	s := &Scanner{Primary: []rules.Scanner{e}, Daemons: &keep}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := s.Scan(context.Background(), j); err != nil || v.Infected {
			b.Fatal(v, err)
		}
	}
}
