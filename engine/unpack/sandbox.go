package unpack

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// Sandbox says how helper programs are held. The zero value is usable in a program whose main calls ChildMain first.
type Sandbox struct {
	// Self is the program that is started as the sandbox; "" is the running one.
	Self string
	// Off starts helpers without the sandbox: no limits, no landlock.
	Off bool
	// Memory is the largest data segment in bytes (RLIMIT_DATA), 0 means 1 GiB; CPU the seconds of processor time, 0 means 120.
	Memory, CPU int64
	// Resident is how much memory a helper may really use, in bytes; 0 means 72 MiB: the dictionary of xz -9 and the program.
	// One that uses more is ended, and its part counts as undecipherable.
	Resident int64
	// ReadOnly are further folders that helpers may read and run programs from, besides the system's.
	ReadOnly []string
}

// childName is argument 0 of the re-executed program.
const childName = "mavis-sandbox"

// childFailed is the exit code of a sandbox that could not become the helper; no helper of amavisd's uses it.
const childFailed = 121

// spec is argument 1: what the child has to set before it becomes the helper.
type spec struct {
	ReadOnly  []string `json:"ro"`
	ReadWrite []string `json:"rw"`
	Memory    int64    `json:"memory"`
	CPU       int64    `json:"cpu"`
	FileSize  int64    `json:"fsize"`
	Strict    bool     `json:"strict,omitempty"`
}

// systemFolders are where programs, libraries and their data live.
var systemFolders = []string{"/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc", "/opt", "/nix"}

// ChildMain must be the first call in main. It returns at once, unless the program was started as the sandbox of a helper: then
// it limits itself and becomes the helper.
func ChildMain() {
	if len(os.Args) < 3 || os.Args[0] != childName {
		return
	}
	fmt.Fprintln(os.Stderr, childName+":", child(os.Args[1], os.Args[2:]))
	os.Exit(childFailed)
}

func readable(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// child limits the process and executes the command; it returns only on errors.
func child(text string, command []string) error {
	s, err := readSpec(text)
	if err != nil {
		return err
	}
	for _, l := range []struct {
		what  int
		limit int64
	}{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_NOFILE, 256}, {unix.RLIMIT_CPU, s.CPU}, {unix.RLIMIT_FSIZE, s.FileSize}, {unix.RLIMIT_DATA, s.Memory}} {
		if l.limit <= 0 && l.what != unix.RLIMIT_CORE {
			continue
		}
		r := unix.Rlimit{Cur: uint64(l.limit), Max: uint64(l.limit)}
		if err := unix.Setrlimit(l.what, &r); err != nil {
			return fmt.Errorf("limit %d: %w", l.what, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	rules := []landlock.Rule{
		landlock.RODirs(append(systemFolders, s.ReadOnly...)...).IgnoreIfMissing(),
		landlock.RWDirs(s.ReadWrite...).IgnoreIfMissing(),
		landlock.RWFiles("/dev/null", "/dev/zero").IgnoreIfMissing(),
		landlock.ROFiles("/dev/urandom", "/dev/random", "/proc/cpuinfo", "/proc/meminfo").IgnoreIfMissing(),
	}
	if err := landlock.V5.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return syscall.Exec(command[0], command, os.Environ())
}

func readSpec(text string) (*spec, error) {
	var s spec
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("sandbox specification: %w", err)
	}
	for _, n := range []int64{s.Memory, s.CPU, s.FileSize} {
		if n < 0 {
			return nil, fmt.Errorf("sandbox specification: negative limit")
		}
	}
	return &s, nil
}

// wrap gives the command line that runs command in the sandbox.
func (s *Sandbox) wrap(command, writable []string, fileSize int64) (path string, args []string, err error) {
	if s.Off {
		return command[0], command, nil
	}
	self := s.Self
	if self == "" {
		// The link works for a user who may not walk to the program, and after the program was replaced.
		if self = "/proc/self/exe"; !readable(self) {
			if self, err = os.Executable(); err != nil {
				return "", nil, err
			}
		}
	}
	sp := spec{ReadOnly: s.ReadOnly, ReadWrite: writable, Memory: s.Memory, CPU: s.CPU, FileSize: fileSize}
	if sp.Memory <= 0 {
		sp.Memory = 1 << 30
	}
	if sp.CPU <= 0 {
		sp.CPU = 120
	}
	text, err := json.Marshal(sp)
	if err != nil {
		return "", nil, err
	}
	return self, append([]string{childName, string(text)}, command...), nil
}
