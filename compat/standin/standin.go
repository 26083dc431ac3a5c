// Package standin is a virus scanner for rehearsals on hosts without one. It speaks clamd's CONTSCAN over a Unix socket.
package standin

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"mavis/perlconf/regex"
	"mavis/rules"
	"mavis/testdata/seed"
)

// Scanner knows the EICAR test virus, and finds what it is told to find. It ends with Close.
type Scanner struct {
	listener net.Listener
	socket   string
	eicar    []byte
	finds    atomic.Pointer[string]
}

// Start listens on a socket that must not be there yet.
func Start(socket string) (*Scanner, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	s := &Scanner{listener: l, socket: socket, eicar: seed.EICAR()}
	go s.serve()
	return s, nil
}

// Close ends the scanner.
func (s *Scanner) Close() error { return s.listener.Close() }

// Find makes every first file infected by a virus of that name from now on; "" ends that.
func (s *Scanner) Find(virus string) { s.finds.Store(&virus) }

// Among gives an entry of @av_scanners that asks this scanner. It is the first of the list that can be asked so, with a
// socket of its own; else the first one keeps its name and place only.
func (s *Scanner) Among(list []rules.Scanner) rules.Scanner {
	entry := own()
	for i, e := range list {
		if e.Call == "ask_daemon" && len(e.Query) == 1 && e.Query[0] == "CONTSCAN {}\n" {
			entry = e
			break
		}
		if i == 0 {
			entry.Name, entry.Origin = e.Name, e.Origin
		}
	}
	entry.Sockets = []string{s.socket}
	return entry
}

func (s *Scanner) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.answer(c)
	}
}

func (s *Scanner) answer(c net.Conn) {
	defer c.Close()
	line, err := bufio.NewReader(io.LimitReader(c, 64<<10)).ReadString('\n')
	if err != nil && line == "" {
		return
	}
	verb, path, _ := strings.Cut(strings.TrimSpace(line), " ")
	if verb = strings.TrimLeft(verb, "nz"); verb != "CONTSCAN" && verb != "SCAN" && verb != "MULTISCAN" {
		fmt.Fprintln(c, "UNKNOWN COMMAND")
		return
	}
	found := 0
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		bad, err := s.infected(file)
		name := "Eicar-Test-Signature"
		if told := s.finds.Load(); told != nil && *told != "" {
			fmt.Fprintf(c, "%s: %s FOUND\n", file, *told)
			found++
			return fs.SkipAll
		}
		if bad {
			found++
			fmt.Fprintf(c, "%s: %s FOUND\n", file, name)
		}
		return err
	})
	switch {
	case err != nil:
		fmt.Fprintf(c, "%s: %v ERROR\n", path, err)
	case found == 0:
		fmt.Fprintf(c, "%s: OK\n", path)
	}
}

// infected looks for the signature with a window that overlaps, so that no place in a large file hides it.
func (s *Scanner) infected(file string) (bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := f.Read(buf[kept:])
		n += kept
		if bytes.Contains(buf[:n], s.eicar) {
			return true, nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err
		}
		kept = min(n, len(s.eicar)-1)
		copy(buf, buf[n-kept:n])
	}
}

// own is how the stand-in is asked when the configuration has no entry for clamd.
func own() rules.Scanner {
	compile := func(pattern string) *regex.Regexp {
		re, err := regex.Compile(pattern, "m")
		if err != nil {
			panic(err) // a constant pattern
		}
		return re
	}
	return rules.Scanner{Name: "stand-in", Call: "ask_daemon", Query: []string{"CONTSCAN {}\n"}, Clean: rules.Outcome{Pattern: compile(`\bOK$`)},
		Infected: rules.Outcome{Pattern: compile(`\bFOUND$`)}, NameRE: compile(`^.*?: (.*) FOUND$`)}
}
