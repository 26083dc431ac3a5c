package lint_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lint"
	"mavis/rules/load"
)

// TestHost looks at a machine on which some things are missing.
func TestHost(t *testing.T) {
	const conf = `$daemon_user = 'amavis'; $daemon_group = 'nobody'; $mydomain = 'example.com'; $inet_socket_port = 10024;
$MYHOME = '/home/amavis';
$QUARANTINEDIR = '/home/amavis/held';
$path = '/usr/bin:/bin';
@decoders = ( [['cpio','tar'], \&do_pax_cpio, ['pax', 'gcpio', 'cpio']] );
@av_scanners = ( ['clamd', \&ask_daemon, ["CONTSCAN {}\n", '/run/clamd.ctl'], qr/\bOK$/m, qr/\bFOUND$/m, qr/^.*?: (.*) FOUND$/m],
  ['remote', \&ask_daemon, ["CONTSCAN {}\n", '192.0.2.1:3310'], qr/\bOK$/m, qr/\bFOUND$/m, qr/^.*?: (.*) FOUND$/m] );
1;
`
	file := &fstest.MapFile{Data: []byte("x")}
	dir := &fstest.MapFile{Mode: fs.ModeDir | 0o755}
	full := fstest.MapFS{"etc/passwd": {Data: []byte("root:x:0:0:::\namavis:x:1:1::/home/amavis:\n")},
		"etc/group":   {Data: []byte("amavis:x:1:clamav,list\nnobody:x:9:\n")},
		"home/amavis": dir, "home/amavis/held": dir, "run/clamd.ctl": file, "usr/bin/pax": file, "bin/cpio": file}
	without := func(names ...string) fstest.MapFS {
		out := fstest.MapFS{}
		for n, f := range full {
			out[n] = f
		}
		for _, n := range names {
			delete(out, n)
		}
		return out
	}
	for _, c := range []struct {
		name    string
		machine fstest.MapFS
		want    string // codes with the lines of their places
	}{
		{"all there", full, ""},
		{"no socket", without("run/clamd.ctl"), "S305:6"},
		{"no quarantine", without("home/amavis/held"), "D308:3"},
		{"no home", without("home/amavis", "home/amavis/held"), "D308:2 D308:3"},
		{"no pax", without("usr/bin/pax"), "C302:5"},
		{"neither pax nor cpio", without("usr/bin/pax", "bin/cpio"), ""},
		{"no passwd", without("etc/passwd"), ""},
		{"no such user", replace(full, "etc/passwd", "root:x:0:0:::\n"), "D309:1"},
		{"users from elsewhere", replace(full, "etc/passwd", "root:x:0:0:::\n+::::::\n"), ""},
		{"no such group", replace(full, "etc/group", "amavis:x:1:clamav\n"), "D309:1"},
		{"clamd in no group", replace(full, "etc/group", "amavis:x:1:\nnobody:x:9:\n"), "X402:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bag := &diag.Bag{}
			var in lint.Input
			in.Loaded, _ = load.Files(load.Options{Host: memory{files: fstest.MapFS{"amavisd.conf": {Data: []byte(conf)}}}, Bag: bag,
				KeepGoing: true}, "amavisd.conf")
			in.Config = rules.Bind(in.Loaded.Vars, bag)
			in.Machine = memory{files: c.machine}
			clamd := source.New("clamd.conf", []byte("User clamav\nLocalSocket /run/clamd.ctl\n"))
			in.Clamd = []lint.Clamd{{File: clamd, Config: clamconf.Parse(clamd, bag)}}
			lint.Run(in, bag)
			bag.Sort()
			var got []string
			for _, d := range bag.All {
				if strings.Contains("S305 D308 D309 C302 X402", d.Code) {
					line := d.Span.String()
					line = line[strings.Index(line, ":")+1:]
					got = append(got, d.Code+":"+line[:strings.Index(line, ":")])
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}

func replace(all fstest.MapFS, name, text string) fstest.MapFS {
	out := fstest.MapFS{}
	for n, f := range all {
		out[n] = f
	}
	out[name] = &fstest.MapFile{Data: []byte(text)}
	return out
}
