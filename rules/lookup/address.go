package lookup

import "strings"

// SplitAddress splits a raw (unquoted) address into local part and domain; the domain keeps its @ and is "" when there
// is none. The local part ends at the first @ from which the rest reads as a domain: [literals] and anything without
// @ or [.
func SplitAddress(addr string) (local, domain string) {
	for i := 0; i < len(addr); i++ {
		if addr[i] == '@' && isDomain(addr[i+1:]) {
			return addr[:i], addr[i:]
		}
	}
	return addr, ""
}

const maxLiteral = 999 // characters or escapes between brackets

func isDomain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '@':
			return false
		case '[':
			n := 0
			for i++; i < len(s) && s[i] != ']'; i++ {
				if s[i] == '\\' {
					if i++; i == len(s) {
						return false
					}
				}
				if n++; n > maxLiteral {
					return false
				}
			}
		}
	}
	return true
}

// SplitExtension splits user+ext into user and +ext. An owner-list or list-request is left whole when - is a delimiter,
// and so are three names that never have extensions.
func SplitExtension(local, delim string) (user, ext string) {
	switch lower(local) {
	case "postmaster", "mailer-daemon", "double-bounce":
		return local, ""
	}
	if strings.Contains(delim, "-") {
		l := lower(local)
		if strings.HasPrefix(l, "owner-") && len(l) > 6 || strings.HasSuffix(l, "-request") && len(l) > 8 {
			return local, ""
		}
	}
	for i := 1; i < len(local); i++ { // the user part is never empty
		if strings.IndexByte(delim, local[i]) >= 0 {
			return local[:i], local[i:]
		}
	}
	return local, ""
}

// lower is Perl's lc on bytes: ASCII only.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// normalDomain drops the leading @ and trailing dots and makes the rest lower case ASCII.
func normalDomain(domain string) string {
	domain = strings.TrimRight(strings.TrimPrefix(domain, "@"), ".")
	if domain == "" {
		return ""
	}
	return ToASCII(domain)
}

// maxDomainKeys is how many keys the walk up a domain gives at most; those nearest to the root are kept.
const maxDomainKeys = 20

// Query is a key made ready for tables. It may be used for any number of lookups, by one goroutine.
type Query struct {
	key  string
	list []string
	opt  *Options

	split         bool
	local, domain string // as lists compare them
	keys          []string
	rhs           [5]string
	appended      string
}

// NewQuery prepares a lookup for a raw address, or another key such as a virus name. Nil options mean zero ones.
func NewQuery(key string, opt *Options) *Query {
	if opt == nil {
		opt = &Options{}
	}
	return &Query{key: key, opt: opt}
}

// NewListQuery prepares a lookup for something with several names: a table of regular expressions tries all names
// against an expression before it goes on to the next. Other tables see no address at all, as in amavisd: only their
// catchall can match.
func NewListQuery(names []string, opt *Options) *Query {
	q := NewQuery("ARRAY(0x0)", opt)
	q.list = names
	if q.list == nil {
		q.list = []string{}
	}
	return q
}

// Key is the key as given.
func (q *Query) Key() string { return q.key }

func (q *Query) parts() (local, domain string) {
	if !q.split {
		q.split = true
		l, d := SplitAddress(q.key)
		q.rhs[1] = l
		if !q.opt.LocalpartCaseSensitive {
			l = lower(l)
		}
		q.local, q.domain = l, normalDomain(d)
	}
	return q.local, q.domain
}

// text is the key with Append behind it.
func (q *Query) text() string {
	if q.opt.Append == "" {
		return q.key
	}
	if q.appended == "" {
		q.appended = q.key + q.opt.Append
	}
	return q.appended
}

// Keys gives the keys under which a hash is searched, the most specific first: for User+Foo@Sub.Example.com with + as
// delimiter the address as it is, user+foo@sub.example.com, user@sub.example.com, user+foo@, user@, sub.example.com,
// .sub.example.com, .example.com, .com and the dot alone. The slice must not be changed.
func (q *Query) Keys() []string {
	if q.keys != nil {
		return q.keys
	}
	local, domain := q.parts()
	user, ext := local, ""
	if q.opt.Delimiter != "" {
		user, ext = SplitExtension(local, q.opt.Delimiter)
	}
	q.rhs = [5]string{q.key, q.rhs[1], user, ext, domain}

	keys := make([]string, 0, 8+min(maxDomainKeys, strings.Count(domain, ".")))
	add := func(k string) {
		for _, have := range keys {
			if have == k {
				return
			}
		}
		keys = append(keys, k)
	}
	add(q.key)
	plain := user + "@" + domain
	full := ""
	if ext != "" {
		full = user + ext + "@" + domain
		add(full)
	}
	add(plain)
	if ext != "" {
		add(full[:len(user)+len(ext)+1])
	}
	add(plain[:len(user)+1])
	dotted := "." + domain
	add(dotted[1:])
	if strings.Contains(domain, "[") {
		add(".")
	} else {
		skip := 1 - maxDomainKeys
		if domain != "" {
			skip += strings.Count(dotted, ".")
		}
		for rest := dotted; ; skip-- {
			if skip <= 0 {
				add(rest)
			}
			if rest == "." {
				break
			}
			rest = rest[1:]
			if i := strings.IndexByte(rest, '.'); i >= 0 {
				rest = rest[i:]
			} else {
				rest = "."
			}
		}
	}
	if q.opt.Append != "" {
		for i := range keys {
			keys[i] += q.opt.Append
		}
	}
	q.keys = keys
	return keys
}
