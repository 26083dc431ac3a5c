package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr(s string) *string { return &s }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		line string
		want Args
	}{
		{"", Args{Command: "start"}},
		{"foreground", Args{Command: "foreground"}},
		{"-c a.conf -c b.conf START", Args{Command: "start", Config: []string{"a.conf", "b.conf"}}},
		{"-u amavis -g amavis -m +3 -d 5 debug", Args{Command: "debug", User: ptr("amavis"), Group: ptr("amavis"), MaxServers: ptr("+3"), LogLevel: ptr("5")}},
		{"-p 10024 -p /run/sock -P pid -L lock stop", Args{Command: "stop", Listen: []string{"10024", "/run/sock"}, ListenSet: true, PidFile: ptr("pid"), LockFile: ptr("lock")}},
		{"-R / -X no_conf_file_writable_check,other", Args{Command: "start", Chroot: ptr(""), Know: []string{"no_conf_file_writable_check", "other"}}},
		{"-- reload", Args{Command: "reload"}},
		{"showkeys example.com", Args{Command: "showkeys", Rest: []string{"example.com"}}},
	} {
		got, err := Parse(strings.Fields(c.line))
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		if c.want.Rest == nil && len(got.Rest) == 0 {
			got.Rest = nil
		}
		if d := cmp.Diff(c.want, *got); d != "" {
			t.Errorf("%q: %s", c.line, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{"-z", "-c", "dance", "start stop", "-m many", "-i a/b"} {
		if a, err := Parse(strings.Fields(line)); err == nil {
			t.Errorf("%q was taken as %+v", line, a)
		}
	}
	if _, err := Parse([]string{"-V"}); !errors.Is(err, ErrVersion) {
		t.Errorf("-V gave %v", err)
	}
	if _, err := Parse([]string{"-h"}); !errors.Is(err, ErrHelp) {
		t.Errorf("-h gave %v", err)
	}
}

func TestEmptyValuesThatMeanSomething(t *testing.T) {
	a, err := Parse([]string{"-P", "", "-D", "", "-Q", "", "-p", "", "-H", ""})
	if err != nil {
		t.Fatal(err)
	}
	if a.PidFile == nil || a.DBHome == nil || a.Quarantine == nil || !a.ListenSet || a.Home != nil {
		t.Errorf("%+v", a)
	}
}
