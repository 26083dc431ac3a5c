package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/rules/load"
)

// read loads text as a configuration file of that name.
func read(t *testing.T, name, text string) []Setting {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text+"\n1;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := load.Files(load.Options{}, file)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := Defaults(load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Read(res.Vars, defaults)
}

func find(t *testing.T, list []Setting, name string) Setting {
	t.Helper()
	for _, s := range list {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("%s is missing", name)
	return Setting{}
}

func TestValuesAsPerl(t *testing.T) {
	for _, c := range []struct{ text, name, want string }{
		{`$log_level = 2;`, "$log_level", "2"},
		{`$log_level = '2';`, "$log_level", "'2'"},
		{`$virus_admin = "it's \\ here";`, "$virus_admin", `'it\'s \\ here'`},
		{`$virus_admin = "a\n\$b\e[1m";`, "$virus_admin", `"a\n\$b\x1b[1m"`},
		{`$final_spam_destiny = D_BOUNCE;`, "$final_spam_destiny", "D_BOUNCE"},
		{`@local_domains_maps = (['.a', '!b'], \%local_domains);`, "@local_domains_maps", `( ['.a', '!b'], \%local_domains )`},
		{`%virus_lovers = ('a@b' => 1, plain => undef);`, "%virus_lovers", `( 'a@b' => 1, plain => undef )`},
		{`$banned_filename_re = new_RE(qr'\.exe$'i, [qr/it's/ => 0]);`, "$banned_filename_re", `new_RE( qr'\.exe$'i, [ qr{it's} => 0 ] )`},
		{`$amavis_auth_pass = 'geheim';`, "$amavis_auth_pass", "'********'"},
		{`@storage_redis_dsn = ({server => 'a', password => 'geheim'});`, "@storage_redis_dsn", `( { server => 'a', password => '********' } )`},
		{`@lookup_sql_dsn = (['DBI:Pg:password=geheim;dbname=x', 'u', 'geheim', {a => 1}]);`, "@lookup_sql_dsn", `( ['DBI:Pg:password=********;dbname=x', 'u', '********', { a => 1 }] )`},
		{`$policy_bank{'X'} = { final_virus_destiny => D_PASS, amavis_auth_pass => 'geheim' };`, "$policy_bank{'X'}", `{ final_virus_destiny => D_PASS, amavis_auth_pass => '********' }`},
	} {
		s := find(t, read(t, "a.conf", c.text), c.name)
		if got := s.Value.Perl(s.Kind, s.Name[0]); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
		if text := fmt.Sprint(s.Value.JSON()); strings.Contains(text, "geheim") {
			t.Errorf("%s: %s", c.text, text)
		}
	}
}

func TestOriginsAndWhatTheyOverrode(t *testing.T) {
	list := read(t, "a.conf", "$log_level = 1;\n$log_level = 3;\n$log_level = 2;\npush @mynetworks, '192.0.2.0/24';\n$sa_tag_level_deflt = undef;")
	s := find(t, list, "$log_level")
	if s.Origin.Pos().Line != 3 || len(s.Overrode) != 2 || s.Overrode[0].Pos().Line != 2 || s.Overrode[1].Text() != "$log_level = 1" || !s.Differs {
		t.Errorf("%+v", s)
	}
	if s := find(t, list, "@mynetworks"); s.Origin.Pos().Line != 4 || !s.Differs {
		t.Errorf("%+v", s)
	}
	if s := find(t, list, "$virus_admin"); !s.Origin.IsZero() || s.Differs {
		t.Errorf("%+v", s)
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{`$log_level = 1;`, `$log_level = 1;`, ``},
		{`$log_level = '1';`, `$log_level = 1;`, ``},
		{`$log_level = 1;`, `$log_level = 2;`, `$log_level`},
		{`@mynetworks = qw(a b c);`, `@mynetworks = qw(a c d);`, `@mynetworks removed[1] added[2]`},
		{`@mynetworks = qw(a b c);`, `@mynetworks = qw(c a b);`, `@mynetworks moved[2] to [0]`},
		{`@local_domains_maps = (['.a', '.b']);`, `@local_domains_maps = (['.a', '.b', '.c']);`, `@local_domains_maps added[0][2]`},
		{`%virus_lovers = (a => 1, b => 1);`, `%virus_lovers = (b => 0, c => 1);`, `%virus_lovers removed{a} changed{b} added{c}`},
		{`%virus_lovers = (a => 1, b => 1);`, `%virus_lovers = (b => 1, a => 1);`, ``},
		{`$amavis_auth_pass = 'a';`, `$amavis_auth_pass = 'b';`, `$amavis_auth_pass`},
		{`$policy_bank{'X'} = { log_level => 1 };`, `$policy_bank{'X'} = { log_level => 2 };`, `$policy_bank{'X'} changed{log_level}`},
		{`$policy_bank{'X'} = { log_level => 1 };`, `$policy_bank{'Y'} = {};`, `$policy_bank{'X'} $policy_bank{'Y'}`},
		{`$banned_filename_re = new_RE(qr'a', qr'b'i);`, `$banned_filename_re = new_RE(qr'a', qr'b');`, `%banned_rules removed{DEFAULT}[1] added{DEFAULT}[1] $banned_filename_re removed[1] added[1]`},
	} {
		var got []string
		for _, x := range Compare(read(t, "a.conf", c.a), read(t, "b.conf", c.b)) {
			got = append(got, x.A.Name)
			for _, e := range x.Entries {
				got = append(got, e.What+e.Path)
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s, %s: %q, want %q", c.a, c.b, text, c.want)
		}
	}
}
