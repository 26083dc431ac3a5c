package load

import (
	"fmt"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

// Classes of the objects that amavisd's words make.
const (
	classRE        = "Amavis::Lookup::RE"
	classLabel     = "Amavis::Lookup::Label"
	classOpaque    = "Amavis::Lookup::Opaque"
	classOpaqueRef = "Amavis::Lookup::OpaqueRef"
	classSQL       = "Amavis::Lookup::SQLfield"
	classLDAP      = "Amavis::Lookup::LDAPattr"
	classDNS       = "Amavis::Lookup::DNSxL"
)

func proto(s string) *string { return &s }

type native = func(*eval.Call) ([]eval.Value, error)

// defineWords gives the evaluator the constants and subs that a configuration file may use, with the prototypes of the
// original. Subs that other packages define are known there too, as in \&Amavis::Unpackers::do_gunzip.
func (l *loader) defineWords() {
	for name, n := range map[string]int64{"D_TEMPFAIL": -4, "D_REJECT": -3, "D_BOUNCE": -2, "D_DISCARD": 0, "D_PASS": 1,
		"CC_CATCHALL": 0, "CC_CLEAN": 1, "CC_MTA": 2, "CC_OVERSIZED": 3, "CC_BADH": 4, "CC_SPAMMY": 5, "CC_SPAM": 6,
		"CC_UNCHECKED": 7, "CC_BANNED": 8, "CC_VIRUS": 9, "ENOENT": 2, "EACCES": 13, "EBADF": 9} {
		l.in.DefineConst(Package, name, n)
	}
	for _, w := range []struct {
		name, proto string // proto "-" means none
		fn          native
	}{
		{"c", "$", l.accessor("c")},
		{"ca", "$", l.accessor("ca")},
		{"cr", "$", l.accessor("cr")},
		{"dkim_key", "$$$;@", l.dkimKey},
		{"include_config_files", "@", l.include(false)},
		{"include_optional_config_files", "@", l.include(true)},
		{"read_config_file", "$$", func(c *eval.Call) ([]eval.Value, error) {
			return one(int64(1)), l.passOver(l.readConfig(eval.ToString(c.Arg(0)), eval.ToBool(c.Arg(1)), c.Span))
		}},
		{"get_config_files_read", "", func(*eval.Call) ([]eval.Value, error) {
			var out []eval.Value
			for _, f := range l.files {
				out = append(out, f)
			}
			return out, nil
		}},
		{"new_RE", "-", func(c *eval.Call) ([]eval.Value, error) { return one(newRE(c.Values())), nil }},
		{"q_sql_s", "-", field(classSQL, "fieldname", "fieldtype", "S-")},
		{"q_sql_n", "-", field(classSQL, "fieldname", "fieldtype", "N-")},
		{"q_sql_b", "-", field(classSQL, "fieldname", "fieldtype", "B-")},
		{"q_ldap_s", "-", field(classLDAP, "attrname", "attrtype", "S-")},
		{"q_ldap_n", "-", field(classLDAP, "attrname", "attrtype", "N-")},
		{"q_ldap_b", "-", field(classLDAP, "attrname", "attrtype", "B-")},
		{"q_dns_a", "-", func(c *eval.Call) ([]eval.Value, error) { return newDNS(c, c.Values()) }},
		{"Opaque", "-", func(c *eval.Call) ([]eval.Value, error) { return one(blessedScalar(classOpaque, c.Arg(0))), nil }},
		{"OpaqueRef", "-", func(c *eval.Call) ([]eval.Value, error) { return one(blessedScalar(classOpaqueRef, c.Arg(0))), nil }},
		{"label_default_maps", "", nothing},
		{"supply_after_defaults", "", func(*eval.Call) ([]eval.Value, error) { return one(int64(1)), l.afterDefaults() }},
		{"deprecate_var", "$$$", nothing},
	} {
		l.define(Package, w.name, w.proto, w.fn)
	}
	l.defineImported()
	l.defineClasses()
}

// defineImported defines words that belong to other packages of the original and are known in Amavis::Conf by an alias.
func (l *loader) defineImported() {
	for _, w := range []struct {
		pkg, name, alias, proto string
		fn                      native
	}{
		{"Util", "read_hash", "read_hash", "@", l.table("read_hash", l.readHash)},
		{"Util", "read_array", "read_array", "@", l.table("read_array", l.readArray)},
		{"Util", "read_cidr", "read_cidr", "$;$", l.table("read_cidr", l.readCIDR)},
		{"Util", "read_text", "read_text", "$;$", l.readText},
		{"Util", "read_l10n_templates", "read_l10n_templates", "$;$", l.readTemplates},
		{"Util", "idn_to_ascii", "idn_to_ascii", "$", text(lookup.ToASCII)},
		{"Util", "idn_to_utf8", "idn_to_utf8", "$", text(toUnicode)},
		{"Util", "mail_addr_idn_to_ascii", "mail_idn_to_ascii", "$", text(addrToASCII)},
		{"Util", "dump_hash", "dump_hash", "$", nothing},
		{"Util", "dump_array", "dump_array", "$", nothing},
		{"Util", "do_log", "", "$$;@", nothing},
		{"Util", "ll", "", "$", func(*eval.Call) ([]eval.Value, error) { return one(eval.Bool(false)), nil }},
		{"Util", "snmp_count", "", "@", nothing},
		{"Util", "untaint", "", "$", func(c *eval.Call) ([]eval.Value, error) { return one(c.Arg(0)), nil }},
		{"rfc2821_2822_Tools", "iso8601_week", "iso8601_week", "$", l.isoWeek},
		{"rfc2821_2822_Tools", "iso8601_yearweek", "iso8601_yearweek", "$", l.isoYearWeek},
		{"rfc2821_2822_Tools", "iso8601_year_and_week", "iso8601_year_and_week", "$", l.isoYearAndWeek},
		{"rfc2821_2822_Tools", "iso8601_weekday", "iso8601_weekday", "$", l.isoWeekday},
		{"rfc2821_2822_Tools", "iso8601_timestamp", "iso8601_timestamp", "$;$$$", l.isoTimestamp},
		{"rfc2821_2822_Tools", "iso8601_utc_timestamp", "iso8601_utc_timestamp", "$;$$$$", l.isoUTCTimestamp},
	} {
		code := l.define("Amavis::"+w.pkg, w.name, w.proto, w.fn)
		if w.alias != "" {
			l.in.Alias(Package, "&"+w.alias, code)
		}
	}
	for _, w := range strings.Fields(engineSubs) {
		pkg, name, _ := strings.Cut(w, ".")
		l.in.Alias(Package, "&"+name, l.ensureSub("Amavis::"+pkg, name))
	}
}

// engineSubs are subs that a configuration only refers to; the engine knows them by name.
const engineSubs = `AV.ask_daemon AV.ask_clamav
	Unpackers.do_mime_decode Unpackers.do_ascii Unpackers.do_uncompress Unpackers.do_gunzip Unpackers.do_pax_cpio
	Unpackers.do_tar Unpackers.do_ar Unpackers.do_unzip Unpackers.do_unrar Unpackers.do_7zip Unpackers.do_unarj
	Unpackers.do_arc Unpackers.do_zoo Unpackers.do_lha Unpackers.do_ole Unpackers.do_cabextract Unpackers.do_tnef_ext
	Unpackers.do_tnef Unpackers.do_unstuff Unpackers.do_executable`

// ensureSub gives a sub that stands for a routine of the engine. To call it from a configuration is an error.
func (l *loader) ensureSub(pkg, name string) *eval.Code {
	if code := l.in.Sub(pkg, name); code != nil {
		return code
	}
	return l.define(pkg, name, "-", func(c *eval.Call) ([]eval.Value, error) {
		return nil, fmt.Errorf("%s works on a message; a configuration can only refer to it, as \\&%s", name, name)
	})
}

func (l *loader) define(pkg, name, prototype string, fn native) *eval.Code {
	var p *string
	if prototype != "-" {
		p = proto(prototype)
	}
	return l.in.Define(pkg, name, p, fn)
}

func one(v eval.Value) []eval.Value { return []eval.Value{v} }

func nothing(*eval.Call) ([]eval.Value, error) { return nil, nil }

// text wraps a function of texts; undef stays undef.
func text(f func(string) string) native {
	return func(c *eval.Call) ([]eval.Value, error) {
		if c.Arg(0) == nil {
			return one(nil), nil
		}
		return one(f(eval.ToString(c.Arg(0)))), nil
	}
}

func (l *loader) include(optional bool) native {
	return func(c *eval.Call) ([]eval.Value, error) {
		for _, f := range c.Values() {
			if err := l.passOver(l.readConfig(eval.ToString(f), optional, c.Span)); err != nil {
				return nil, err
			}
		}
		return one(int64(1)), nil
	}
}

// accessor makes c, ca and cr, which look into the policy bank in force.
func (l *loader) accessor(how string) native {
	return func(c *eval.Call) ([]eval.Value, error) {
		v, err := l.bankMember(how, eval.ToString(c.Arg(0)))
		return one(v), err
	}
}

func (l *loader) bankMember(how, name string) (eval.Value, error) {
	bank := l.in.Hash(Package, "current_policy_bank")
	e := bank.Lookup(name)
	if e == nil {
		return nil, &eval.Error{Diag: eval.Fail(CodeBank, noSpan, "", "policy banks have no member %q", name).Diag}
	}
	v := e.Get()
	switch how {
	case "c":
		if s, ok := v.(*eval.Scalar); ok && s.Class == "" {
			return s.Get(), nil
		}
		return v, nil
	case "cr":
		if v == nil || eval.IsRef(v) {
			return v, nil
		}
		return e, nil
	}
	switch {
	case v == nil:
		return &eval.Array{}, nil
	case eval.IsRef(v):
		return v, nil
	}
	return eval.NewArray(v), nil
}
