package eval

import (
	"errors"
	"io/fs"
	"time"
)

// ErrRefused is what a Host answers for what it does not do at all, such as running commands while a file is only
// looked at. The evaluator then warns and goes on with undef; every other error of a command stops the file.
var ErrRefused = errors.New("not done here")

// Streams for Host.Print.
const (
	Stdout = 1
	Stderr = 2
)

// Host is the machine as a configuration file may see it. All calls come from the goroutine that runs the file.
type Host interface {
	// Now is the time of day; its location is the local time zone.
	Now() time.Time
	// Env is the environment at start, as NAME=value.
	Env() []string
	// ReadFile gives a whole file. Errors should be (or wrap) syscall.Errno or fs errors, so that $! can tell them.
	ReadFile(name string) ([]byte, error)
	// Stat and Lstat serve file tests and stat.
	Stat(name string) (fs.FileInfo, error)
	Lstat(name string) (fs.FileInfo, error)
	// Access answers -r -w -x: op is one of these letters.
	Access(name string, op byte) error
	// ReadDir gives the names in a folder without . and .. .
	ReadDir(name string) ([]string, error)
	// Command runs a command line and gives what it wrote to its standard output, and its exit status.
	Command(line string) (output []byte, status int, err error)
	// Hostname is what gethostname gives.
	Hostname() (string, error)
	// Pid is the number of the process.
	Pid() int
	// Module says whether `use NAME` and `require NAME` of a module that the evaluator does not know may be passed over.
	Module(name string) bool
	// Print writes to standard output or standard error.
	Print(stream int, text string)
}

// NoHost is a machine without files, commands and environment; its clock stands at the epoch.
type NoHost struct{}

func (NoHost) Now() time.Time                      { return time.Unix(0, 0).UTC() }
func (NoHost) Env() []string                       { return nil }
func (NoHost) ReadFile(string) ([]byte, error)     { return nil, fs.ErrNotExist }
func (NoHost) Stat(string) (fs.FileInfo, error)    { return nil, fs.ErrNotExist }
func (NoHost) Lstat(string) (fs.FileInfo, error)   { return nil, fs.ErrNotExist }
func (NoHost) Access(string, byte) error           { return fs.ErrNotExist }
func (NoHost) ReadDir(string) ([]string, error)    { return nil, fs.ErrNotExist }
func (NoHost) Command(string) ([]byte, int, error) { return nil, -1, ErrRefused }
func (NoHost) Hostname() (string, error)           { return "localhost", nil }
func (NoHost) Pid() int                            { return 1 }
func (NoHost) Module(string) bool                  { return false }
func (NoHost) Print(int, string)                   {}
