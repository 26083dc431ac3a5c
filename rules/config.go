package rules

import (
	"sync"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
)

// Config is a whole configuration. It does not change after Bind, apart from External and Misuse, which are set before
// the first message; then it is safe for use by several goroutines.
type Config struct {
	// External answers lookups in databases and DNS; nil makes them fail, and mail is deferred.
	External External
	// Misuse is for tests: it hears of accessors used with a wrong name or kind.
	Misuse func(message string)

	Listeners []Listener
	Servers   Servers
	Paths     Paths
	Identity  Identity
	Log       Log
	Quota     Quota

	// LookupSQL, StorageSQL and StorageRedis are the data sources in the order they are tried.
	LookupSQL, StorageSQL, StorageRedis []DataSource
	// DKIMKeys are the signing keys in the order of dkim_key calls.
	DKIMKeys []DKIMKey
	// BannedRules are the named tables of %banned_rules; a name whose table is undef has an empty list.
	BannedRules map[string]*lookup.Tables
	// KeepDecodedOriginal and ShortTypes are @keep_decoded_original_maps and @map_full_type_to_short_type_maps.
	KeepDecodedOriginal, ShortTypes *lookup.Tables
	// InterfacePolicy is %interface_policy; see SocketBanks and PortBanks.
	InterfacePolicy Map

	src      Source
	mu       sync.Mutex // held while the evaluator runs
	compiler lookup.Compiler
	base     *Policy
	banks    map[string]*eval.Hash
	members  []string // of policy banks, in order
	lates    sync.Map // *eval.Code to late, for those that are
}

// Servers says how many messages are handled at a time. MaxServers is at least 1.
type Servers struct {
	MaxServers, MinServers, MinSpare, MaxSpare int
	MaxRequests                                int // messages until amavisd retires a child; 0 is never
	ListenQueue                                int // 0 is the system's own
	MaxRecipients                              int // of one message on input
	Daemonize                                  bool
}

// Paths are files and folders. "" means not set.
type Paths struct {
	Home, Temp, DB, Quarantine, Chroot, HelpersHome string
	PidFile, LockFile                               string
	QuarantineLevels                                int      // $quarantine_subdir_levels
	Search                                          []string // $path, taken apart
	File, Altermime                                 []string // alternatives of these programs
}

// Identity is who the daemon runs as, and what it calls itself.
type Identity struct {
	User     string
	Groups   []string // the first is the main one; empty means those of the user
	Hostname string   // $myhostname
	Domain   string   // $mydomain
	Instance string
}

// Log says where the log goes; levels and templates belong to policies.
type Log struct {
	Syslog  bool // $do_syslog
	File    string
	Debug   bool
	MaxLine int // bytes of a line before it is broken; 0 is the default
}

// Quota bounds unpacking. Zero means not bounded; sizes are bytes, factors multiply the size of the mail.
type Quota struct {
	Levels, Files        int
	MinBytes, MaxBytes   int64
	MinFactor, MaxFactor float64
}

// DataSource is one database: a DBI data source name, and options for Redis.
type DataSource struct {
	DSN, User, Password string
	Options             Map
	Origin              source.Span
}

// DKIMKey is a signing key.
type DKIMKey struct {
	Domain   string       // lower case ASCII; "" when DomainRE is set
	DomainRE *eval.Regexp // for keys that serve all domains a pattern matches
	Selector string
	PEM      string // the key itself; "" when it was given as an object
	File     string // where PEM was read from
	Tags     Map    // further tags of the signature or public key: h, g, v, k, s, t, n, ttl, i …
	Origin   source.Span
}

// Base is the built-in policy: the variables themselves.
func (c *Config) Base() *Policy { return c.base }

// Banks gives the names of the policy banks that the configuration defines, in order.
func (c *Config) Banks() []string {
	var out []string
	if h := c.src.Hash("policy_bank"); h != nil {
		for _, k := range h.Keys() {
			if k != "" && c.banks[k] != nil {
				out = append(out, k)
			}
		}
	}
	return out
}

// BankOrigin is the place where a policy bank is defined.
func (c *Config) BankOrigin(name string) source.Span {
	if b := c.banks[name]; b != nil {
		return lookup.Place(b)
	}
	return source.Span{}
}

type lateCode struct {
	l  lookup.Late
	ok bool
}

// late remembers what lookup.ParseLate says of code that belongs to the configuration.
func (c *Config) late(code *eval.Code) (lookup.Late, bool) {
	if l, ok := c.lates.Load(code); ok {
		return l.(lateCode).l, l.(lateCode).ok
	}
	l, ok := lookup.ParseLate(code)
	c.lates.Store(code, lateCode{l, ok})
	return l, ok
}

// tablesOf is Policy.TablesOf.
func (c *Config) tablesOf(v eval.Value) *lookup.Tables { return c.compiler.Tables(v, nil) }
