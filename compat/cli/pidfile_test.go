package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// A process that has ended counts as ended even when its parent does not ask for its status.
func TestRunningPassesOverZombies(t *testing.T) {
	t.Setenv("MAINPID", "")
	p, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "read x"}, &os.ProcAttr{})
	if err != nil {
		t.Skip(err)
	}
	defer p.Wait()
	name := filepath.Join(t.TempDir(), "pid")
	if err := os.WriteFile(name, []byte(strconv.Itoa(p.Pid)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		pid, err := Running(name)
		if errors.Is(err, ErrNotRunning) && zombie(p.Pid) {
			break
		}
		if err != nil && !errors.Is(err, ErrNotRunning) || err == nil && pid != p.Pid || time.Now().After(end) {
			t.Fatalf("%d, %v", pid, err)
		}
	}
	begin := time.Now()
	said := ""
	if err := Stop(p.Pid, time.Minute, func(s string) { said += s }); err != nil || time.Since(begin) > 5*time.Second {
		t.Errorf("Stop took %v: %v %s", time.Since(begin), err, said)
	}
	if zombie(os.Getpid()) {
		t.Error("we are no zombie")
	}
}
