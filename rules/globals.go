package rules

import (
	"maps"
	"slices"
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// Global is read access to a global variable, such as "max_servers", or a setting of SpamAssassin: those that have no
// field in Config. The sigil says which of $x, @x and %x is meant. It is undef for names amavisd does not have.
func (c *Config) Global(sigil byte, name string) eval.Value {
	switch sigil {
	case '$':
		return c.src.Scalar(name).Get()
	case '@':
		if a := c.src.Array(name); a != nil {
			return a
		}
	case '%':
		if h := c.src.Hash(name); h != nil {
			return h
		}
	}
	return nil
}

// GlobalMap is Global for a hash.
func (c *Config) GlobalMap(name string) Map { return Map{c.src.Hash(name)} }

// use claims a scalar.
func (b *binder) use(name string) *eval.Scalar {
	s := b.src.Scalar(name)
	if s != nil {
		b.claim(s, 0)
	}
	return s
}

func (b *binder) scalar(name string) eval.Value {
	s := b.use(name)
	if v, ok := vars.Find("$" + name); ok && s != nil && !b.seen["checked "+name] {
		b.seen["checked "+name] = true
		b.checkScalar("$"+name, v, s.Get(), b.origin(name))
	}
	return s.Get()
}

func (b *binder) str(name string) string { return eval.ToString(b.scalar(name)) }
func (b *binder) bool(name string) bool  { return eval.ToBool(b.scalar(name)) }

// count is a number that cannot be negative.
func (b *binder) count(name string) int64 {
	n := eval.ToInt(b.scalar(name))
	if n < 0 {
		b.bag.Errorf(CodeRange, b.origin(name), "$%s cannot be negative", name)
		return 0
	}
	return n
}

func (b *binder) origin(name string) source.Span {
	if s := b.src.Scalar(name); s != nil && s.Origin != nil {
		return s.Origin.Span
	}
	return source.Span{}
}

func elementSpan(a *eval.Array, e *eval.Scalar) source.Span {
	if e != nil && e.Origin != nil {
		return e.Origin.Span
	}
	if at := lookup.Place(e.Get()); !at.IsZero() {
		return at
	}
	return lookup.Place(a)
}

func (b *binder) array(name string) *eval.Array {
	a := b.src.Array(name)
	if a == nil {
		return eval.NewArray()
	}
	b.claim(a, 0)
	return a
}

func (b *binder) bindGlobals() {
	c := b.cfg
	c.Servers = Servers{MaxServers: max(1, int(b.count("max_servers"))), MinServers: int(b.count("min_servers")),
		MinSpare: int(b.count("min_spare_servers")), MaxSpare: int(b.count("max_spare_servers")),
		MaxRequests: int(b.count("max_requests")), ListenQueue: int(b.count("listen_queue_size")),
		MaxRecipients: int(b.count("smtpd_recipient_limit")), Daemonize: b.bool("daemonize")}
	c.Paths = Paths{Home: b.str("MYHOME"), Temp: b.str("TEMPBASE"), DB: b.str("db_home"), Quarantine: b.str("QUARANTINEDIR"),
		Chroot: b.str("daemon_chroot_dir"), HelpersHome: b.str("helpers_home"), PidFile: b.str("pid_file"),
		LockFile: b.str("lock_file"), QuarantineLevels: int(b.count("quarantine_subdir_levels")),
		File: texts(b.scalar("file")), Altermime: texts(b.scalar("altermime"))}
	if path := b.str("path"); path != "" {
		c.Paths.Search = strings.Split(path, ":")
	}
	b.use("daemon_group") // amavisd puts it in front of @daemon_groups
	c.Identity = Identity{User: b.str("daemon_user"), Groups: texts(b.array("daemon_groups")), Domain: b.str("mydomain"),
		Hostname: eval.ToString(c.base.c("myhostname")), Instance: b.str("instance_name")}
	c.Log = Log{Syslog: b.bool("do_syslog"), File: b.str("logfile"), Debug: b.bool("DEBUG"), MaxLine: int(b.count("logline_maxlen"))}
	c.Quota = Quota{Levels: int(b.count("MAXLEVELS")), Files: int(b.count("MAXFILES")), MinBytes: b.count("MIN_EXPANSION_QUOTA"),
		MaxBytes:  b.count("MAX_EXPANSION_QUOTA"),
		MinFactor: eval.ToFloat(b.scalar("MIN_EXPANSION_FACTOR")), MaxFactor: eval.ToFloat(b.scalar("MAX_EXPANSION_FACTOR"))}
	c.LookupSQL = b.sources("lookup_sql_dsn")
	c.StorageSQL = b.sources("storage_sql_dsn")
	c.StorageRedis = b.sources("storage_redis_dsn")
	b.bindDKIM()
	c.KeepDecodedOriginal = b.globalTables("keep_decoded_original_maps")
	c.ShortTypes = b.globalTables("map_full_type_to_short_type_maps")
	c.BannedRules = map[string]*lookup.Tables{}
	if h := b.src.Hash("banned_rules"); h != nil {
		b.claim(h, 0)
		for _, k := range h.Keys() {
			t := c.compiler.Tables(h.Get(k), b.bag)
			t.SetLabel(k)
			c.BannedRules[k] = t
		}
	}
	for _, name := range slices.Sorted(maps.Keys(readElsewhere)) {
		b.claim(b.container(name), 0)
	}
}

func (b *binder) container(name string) eval.Value {
	switch name[0] {
	case '$':
		if s := b.src.Scalar(name[1:]); s != nil {
			return s
		}
	case '@':
		if a := b.src.Array(name[1:]); a != nil {
			return a
		}
	case '%':
		if h := b.src.Hash(name[1:]); h != nil {
			return h
		}
	}
	return nil
}

// readElsewhere are the globals that are read through Config.Global, and what others were derived from.
var readElsewhere = map[string]bool{"%i_know_what_i_am_doing": true, "$allow_preserving_evidence": true,
	"$log_short_templ": true, "$log_verbose_templ": true, "$macro_tests_sanity_limit": true, "$mail_id_size_bits": true,
	"$enforce_smtpd_message_size_limit_64kb_min": true, "%smtp_tls_client_options": true, "%smtpd_tls_server_options": true,
	"%smtp_tls_client_verifycn_name_maps": true, "$smtpd_tls_cert_file": true, "$smtpd_tls_key_file": true,
	"$sql_quarantine_chunksize_max": true, "$sql_allow_8bit_address": true, "$timestamp_fmt_mysql": true,
	"$sql_lookups_no_at_means_domain": true, "$ldap_lookups_no_at_means_domain": true, "$default_ldap": true,
	"$sql_store_info_for_all_msgs": true, "$lookup_maps_imply_sql_and_ldap": true, "$storage_redis_ttl": true,
	"$redis_logging_queue_size_limit": true, "$trim_trailing_space_in_lookup_result_fields": true,
	"$penpals_threshold_low": true, "$penpals_threshold_high": true, "$sa_local_tests_only": true,
	"$sa_configpath": true, "$sa_siteconfigpath": true, "$sa_userprefs_file": true, "$sa_debug": true,
	"$enable_anomy_sanitizer": true, "$smtp_connection_cache_enable": true, "$smtp_connection_cache_on_demand": true, "$myproduct_name": true, "$myversion_id": true, "$myversion": true,
	"$myversion_date": true, "$myversion_id_numeric": true,
	// read by the defaults after the files
	"$banned_filename_re": true, "$gzip": true, "$bzip2": true, "$lzop": true}

func (b *binder) globalTables(name string) *lookup.Tables {
	t := b.cfg.compiler.Tables(b.array(name), b.bag)
	t.SetLabel(strings.TrimSuffix(name, "_maps"))
	return t
}

func (b *binder) sources(name string) []DataSource {
	var out []DataSource
	a := b.array(name)
	for _, e := range a.Elems {
		d := DataSource{Origin: elementSpan(a, e)}
		switch x := e.Get().(type) {
		case *eval.Array:
			d.DSN, d.User, d.Password = eval.ToString(x.Get(0)), eval.ToString(x.Get(1)), eval.ToString(x.Get(2))
			if h, ok := x.Get(3).(*eval.Hash); ok {
				d.Options = Map{h}
			}
		case *eval.Hash:
			d.Options = Map{x}
			d.DSN = d.Options.Str("server")
		case nil:
			continue
		default:
			b.bag.Errorf(CodeDataSource, d.Origin, "an entry of @%s is %s; a reference to a list or hash is wanted", name, describe(x))
			continue
		}
		out = append(out, d)
	}
	return out
}

func (b *binder) bindDKIM() {
	storage := b.array("dkim_signing_keys_storage")
	list := b.array("dkim_signing_keys_list")
	if h := b.src.Hash("dkim_signing_keys_by_domain"); h != nil {
		b.claim(h, 0)
	}
	for _, e := range list.Elems {
		at := elementSpan(list, e)
		h, ok := e.Get().(*eval.Hash)
		if !ok {
			b.bag.Errorf(CodeDKIMKey, at, "an entry of @dkim_signing_keys_list is %s", describe(e.Get()))
			continue
		}
		k := DKIMKey{Selector: eval.ToString(h.Get("selector")), Tags: Map{h}, Origin: at}
		if re, ok := h.Get("domain").(*eval.Regexp); ok {
			k.DomainRE = re
		} else {
			k.Domain = eval.ToString(h.Get("domain"))
		}
		i := eval.ToInt(h.Get("key_storage_ind"))
		if i >= 0 && i < int64(storage.Len()) {
			if s, ok := storage.Get(int(i)).(*eval.Array); ok {
				if pem := s.Get(0); !eval.IsRef(pem) {
					k.PEM = eval.ToString(pem)
				}
				k.File = eval.ToString(s.Get(3))
			}
		}
		b.cfg.DKIMKeys = append(b.cfg.DKIMKeys, k)
	}
}
