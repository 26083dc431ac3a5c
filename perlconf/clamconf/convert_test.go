package clamconf

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

func TestConvert(t *testing.T) {
	for _, c := range []struct{ name, in, want, codes string }{
		{"kept to the byte", "# a\n\nLogTime yes\n  LogFile   /var/log/x y\n", "# a\n\nLogTime yes\n  LogFile   /var/log/x y\n", ""},
		{"a switch of 0.8x", "ScanMail\n", "# mavis: the argument of ScanMail is written in today's form\nScanMail yes\n", "K032"},
		{"a new name", "AlgorithmicDetection no\n", "# mavis: \"AlgorithmicDetection\" is called HeuristicAlerts now\nHeuristicAlerts no\n", "K031"},
		{"ignored, with a successor", "ArchiveMaxRecursion 5\n", "# mavis: \"ArchiveMaxRecursion\" is called MaxRecursion now\nMaxRecursion 5\n", "K031"},
		{"the successor is there", "ArchiveMaxRecursion 5\nMaxRecursion 6\n",
			"# mavis: ArchiveMaxRecursion is called MaxRecursion now, which this file sets as well\n#ArchiveMaxRecursion 5\nMaxRecursion 6\n", "K030"},
		{"gone", "DisableDefaultScanOptions\n", "# mavis: clamd no longer has the option DisableDefaultScanOptions\n#DisableDefaultScanOptions\n", "K030"},
		{"example", "Example\n", "# mavis: the line Example keeps clamd from starting\n#Example\n", "K030"},
		{"another program's", "HTTPProxyPassword secret\n", "# mavis: \"HTTPProxyPassword\" belongs into freshclam.conf\n#HTTPProxyPassword secret\n", "K030"},
		{"case", "logtime yes\n", "# mavis: \"logtime\" is called LogTime now\nLogTime yes\n", "K031"},
		{"comment behind", "MaxThreads 20 # many\n", "# mavis: the argument of MaxThreads is written in today's form\nMaxThreads 20\n", "K032"},
		{"carriage returns", "LogTime yes\r\nMaxFileSize 10M\r\n", "LogTime yes\nMaxFileSize 10M\n", ""},
		{"a second one", "MaxThreads 2\nMaxThreads 3\n", "MaxThreads 2\n# mavis: MaxThreads is set above; clamd takes the first\n#MaxThreads 3\n", "K030"},
		{"not to be saved", "MaxThreads many\n", "# mavis: the argument of MaxThreads is not what MaxThreads takes (number)\n#MaxThreads many\n", "K030"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bag := &diag.Bag{}
			got := string(Convert(source.New("clamd.conf", []byte(c.in)), bag))
			if got != c.want {
				t.Errorf("got\n%s", got)
			}
			var codes []string
			for _, d := range bag.All {
				codes = append(codes, d.Code)
				if strings.Contains(d.Message, "secret") {
					t.Errorf("an argument is shown: %s", d.Message)
				}
			}
			if s := strings.Join(codes, " "); s != c.codes {
				t.Errorf("told %s, want %s", s, c.codes)
			}
		})
	}
}

// TestConvertCorpus asks clamconf 1.4 about every file of the corpus after conversion.
func TestConvertCorpus(t *testing.T) {
	program := peer.Need(t, "clamconf")
	files, err := filepath.Glob(filepath.Join(peer.Shared(t, "corpus", "clamd"), "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out := Convert(source.New(f, text), &diag.Bag{})
		if complaint := asked(t, program, out); complaint != "" {
			t.Errorf("%s: %s", filepath.Base(f), complaint)
		}
		again := Convert(source.New(f, out), &diag.Bag{})
		if string(again) != string(out) {
			t.Errorf("%s: converting again changes it", filepath.Base(f))
		}
	}
}

// asked gives what clamconf complains of in a file, "" for nothing.
func asked(t *testing.T, program string, text []byte) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "clamd.conf"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command(program, "-c", dir).CombinedOutput() // its status tells nothing of clamd.conf
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "ERROR") && strings.Contains(line, "clamd.conf") || strings.Contains(line, "clamd.conf not found") {
			return line
		}
	}
	if !strings.Contains(string(out), "Config file: clamd.conf") {
		return "clamconf did not read it"
	}
	return ""
}
