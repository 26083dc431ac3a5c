package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

const readyEnv = "AMAVISD_READY_FD"

// InBackground says that this process is the one that Background started.
func InBackground() bool { return os.Getenv(readyEnv) != "" }

// Background starts the program again with the same arguments, detached from the terminal, and waits until it is ready
// or has failed, so that the caller's exit status tells the truth. What the child reports on failure is the error.
func Background() (pid int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), readyEnv+"=3")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, null
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return 0, err
	}
	w.Close()
	said, err := io.ReadAll(io.LimitReader(r, 64<<10))
	if err != nil {
		return 0, err
	}
	if text := strings.TrimSpace(string(said)); text != "ready" {
		if text == "" {
			text = "it ended without a word"
		}
		cmd.Wait()
		return 0, fmt.Errorf("the daemon did not start: %s", text)
	}
	return cmd.Process.Pid, nil
}

// Ready tells the process that started us how it went: nil for ready. It does nothing in the foreground.
func Ready(failure error) error {
	if !InBackground() {
		return nil
	}
	f := os.NewFile(3, "ready")
	if f == nil {
		return errors.New("the starting process has gone")
	}
	text := "ready"
	if failure != nil {
		text = failure.Error()
	}
	_, err := io.WriteString(f, text)
	os.Unsetenv(readyEnv)
	return errors.Join(err, f.Close())
}
