package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mavis/compat/standin"
	"mavis/engine/av"
	"mavis/rules"
)

// chooseScanners keeps the configured scanners when one of them can look at a file of ours; else the built-in stand-in takes
// their place. words say which.
func chooseScanners(cfg *rules.Config, folder string) (choice func(*rules.Policy) (primary, backup []rules.Scanner), words string, err error) {
	base := cfg.Base()
	primary, backup := base.AVScanners(), base.AVScannersBackup()
	if len(primary)+len(backup) == 0 {
		return nil, "virus scanner: none is configured", nil
	}
	if name, ok := probe(primary, cfg, folder); ok {
		return nil, "virus scanner: " + name + ", as configured", nil
	}
	scanner, err := standin.Start(filepath.Join(folder, "stand-in.sock"))
	if err != nil {
		return nil, "", err
	}
	entry := scanner.Among(primary)
	words = "virus scanner: a built-in stand-in that knows the EICAR test virus only; no configured scanner can look at files here"
	return func(*rules.Policy) ([]rules.Scanner, []rules.Scanner) { return []rules.Scanner{entry}, nil }, words, nil
}

// probe asks the daemons among the scanners about a harmless file with the rights that parts will have.
func probe(list []rules.Scanner, cfg *rules.Config, folder string) (name string, ok bool) {
	dir := filepath.Join(folder, "probe")
	if os.Mkdir(dir, 0o750) != nil || os.WriteFile(filepath.Join(dir, "p001"), []byte("harmless\n"), 0o640) != nil {
		return "", false
	}
	for _, s := range list {
		if s.Call != "ask_daemon" {
			continue
		}
		one := av.Scanner{Primary: []rules.Scanner{s}, Path: cfg.Paths.Search, Pause: func(context.Context, time.Duration) {}}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		v, err := one.Scan(ctx, av.Job{Folder: dir, Files: []string{"p001"}})
		cancel()
		if err == nil && !v.Infected {
			return fmt.Sprintf("%s at %v", s.Name, s.Sockets), true
		}
	}
	return "", false
}
