package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNotRunning means that the pid file names no living process.
var ErrNotRunning = errors.New("the daemon is not running")

// Running gives the process that the pid file names. MAINPID, as systemd sets it, comes first. A file that is older
// than the machine's last start is ignored: its number may belong to anybody by now. ErrNotRunning when there is none.
func Running(pidFile string) (int, error) {
	if pid, err := strconv.Atoi(strings.TrimSpace(os.Getenv("MAINPID"))); err == nil && pid > 0 {
		return pid, alive(pid)
	}
	if pidFile == "" {
		return 0, fmt.Errorf("%w: no pid file is configured", ErrNotRunning)
	}
	st, err := os.Lstat(pidFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w: there is no pid file %s", ErrNotRunning, pidFile)
	} else if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, fmt.Errorf("pid file %s is not a regular file", pidFile)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 1 {
		return 0, fmt.Errorf("%w: pid file %s holds no process number", ErrNotRunning, pidFile)
	}
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil && time.Since(st.ModTime()) > time.Duration(info.Uptime+70)*time.Second {
		return 0, fmt.Errorf("%w: pid file %s is older than the machine's last start", ErrNotRunning, pidFile)
	}
	return pid, alive(pid)
}

func alive(pid int) error {
	switch err := syscall.Kill(pid, 0); {
	case errors.Is(err, syscall.ESRCH):
		return fmt.Errorf("%w: no process %d", ErrNotRunning, pid)
	case err != nil:
		return fmt.Errorf("process %d: %w", pid, err)
	case zombie(pid):
		return fmt.Errorf("%w: process %d has ended", ErrNotRunning, pid)
	}
	return nil
}

// zombie says that a process has ended and only its parent has not noticed yet. In a container that may be for ever.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, ok := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	return ok && strings.HasPrefix(state, "Z")
}

// WritePid writes our number; remove takes the file away if it is still ours.
func WritePid(pidFile string) (remove func(), err error) {
	if pidFile == "" {
		return func() {}, nil
	}
	me := strconv.Itoa(os.Getpid()) + "\n"
	if err := os.WriteFile(pidFile, []byte(me), 0o644); err != nil {
		return nil, err
	}
	return func() {
		if text, err := os.ReadFile(pidFile); err == nil && string(text) == me {
			os.Remove(pidFile)
		}
	}, nil
}

// Stop ends a process: SIGTERM, and SIGKILL after patience. It tells its progress to say.
func Stop(pid int, patience time.Duration, say func(string)) error {
	sig := syscall.SIGTERM
	begin := time.Now()
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("can't signal process %d: %w", pid, err)
	}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		time.Sleep(pause)
		if errors.Is(alive(pid), ErrNotRunning) {
			name := "SIGTERM"
			if sig == syscall.SIGKILL {
				name = "SIGKILL"
			}
			say(fmt.Sprintf("Daemon [%d] terminated by %s", pid, name))
			return nil
		}
		if time.Since(begin) > patience && sig == syscall.SIGTERM {
			sig = syscall.SIGKILL
			say(fmt.Sprintf("Sending SIGKILL to [%d]", pid))
			syscall.Kill(pid, sig)
		} else if pause >= time.Second {
			say(fmt.Sprintf("Waiting for the process [%d] to terminate", pid))
		}
	}
}
