package main

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

	"mavis/perlconf/regex"
	"mavis/rules"
	"mavis/testdata/seed"
)

// standIn speaks clamd's CONTSCAN and knows the EICAR test virus only. It serves rehearsals on hosts without a scanner.
type standIn struct {
	listener net.Listener
	eicar    []byte
}

func startStandIn(socket string) (*standIn, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	s := &standIn{l, seed.EICAR()}
	go s.serve()
	return s, nil
}

func (s *standIn) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		go s.answer(c)
	}
}

func (s *standIn) answer(c net.Conn) {
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
		if bad {
			found++
			fmt.Fprintf(c, "%s: Eicar-Test-Signature FOUND\n", file)
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
func (s *standIn) infected(file string) (bool, error) {
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

// standInEntry is how the stand-in is asked when the configuration has no entry for clamd.
func standInEntry() rules.Scanner {
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
