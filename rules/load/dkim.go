package load

import (
	"syscall"

	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

// dkimKey is the word dkim_key(DOMAIN, SELECTOR, KEY, option => value ...). KEY is the name of a PEM file, whose content
// goes into @dkim_signing_keys_storage once for each file, or an object. The record of the key, with the options of its
// DNS record (RFC 6376, section 3.6.1), goes into @dkim_signing_keys_list.
func (l *loader) dkimKey(c *eval.Call) ([]eval.Value, error) {
	refuse := func(format string, args ...any) ([]eval.Value, error) {
		return nil, eval.Fail(CodeDKIM, c.Span, "", format, args...)
	}
	domain, selector, key := c.Arg(0), c.Arg(1), c.Arg(2)
	var opts []eval.Value
	if len(c.Args) > 3 {
		opts = c.Values()[3:]
	}
	switch {
	case len(opts)%2 != 0:
		return refuse("dkim_key takes domain, selector and key, then pairs of options; a value is missing")
	case eval.ToString(domain) == "":
		return refuse("dkim_key: the domain is empty")
	case eval.ToString(selector) == "":
		return refuse("dkim_key: the selector for domain %s is empty", eval.ToString(domain))
	}
	record := eval.NewHash()
	for i := 0; i < len(opts); i += 2 {
		record.Put(eval.ToString(opts[i]), opts[i+1])
	}
	storage := l.in.Array(Package, "dkim_signing_keys_storage")
	if l.opt.StubMissing && key != nil && !eval.IsRef(key) && l.host.Access(eval.ToString(key), 'r') != nil {
		l.stub("dkim_key", eval.ToString(key), c.Span)
		placeholder := eval.NewHash()
		placeholder.Class = "Stub::Key"
		placeholder.Put("file", key)
		key = placeholder
	}
	var index int
	if eval.IsRef(key) {
		index = storage.Len()
		l.push(storage, c, eval.NewArray(key))
	} else {
		var err error
		if index, err = l.storeKey(c, storage, eval.ToString(key)); err != nil {
			return nil, err
		}
		if record.Get("k") != nil {
			record.Put("k", "rsa")
		}
	}
	if !eval.IsRef(domain) {
		domain = lookup.ToASCII(eval.ToString(domain))
	}
	selector = lookup.ToASCII(eval.ToString(selector))
	record.Put("domain", domain)
	record.Put("selector", selector)
	record.Put("key_storage_ind", int64(index))
	list := l.in.Array(Package, "dkim_signing_keys_list")
	if list.Len() <= 101 {
		for _, v := range list.Values() {
			if old, ok := v.(*eval.Hash); ok && eval.ToString(old.Get("domain")) == eval.ToString(domain) &&
				eval.ToString(old.Get("selector")) == eval.ToString(selector) {
				return refuse("dkim_key: selector %s of domain %s has a key already", eval.ToString(selector), eval.ToString(domain))
			}
		}
	}
	record.Put("key_ind", int64(list.Len()))
	record.Mark(c.Span)
	l.push(list, c, record)
	return one(int64(list.Len())), nil
}

// storeKey reads a key file, unless one with the same device and inode was read before, and gives its place.
func (l *loader) storeKey(c *eval.Call, storage *eval.Array, file string) (int, error) {
	unreadable := func(err error) (int, error) {
		return 0, eval.Fail(CodeDKIM, c.Span, "", "dkim_key cannot read the key file %s: %v", file, cause(err))
	}
	info, err := l.host.Stat(file)
	if err != nil {
		return unreadable(err)
	}
	var dev, ino eval.Value
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		dev, ino = int64(st.Dev), int64(st.Ino)
		for i, v := range storage.Values() {
			if e, ok := v.(*eval.Array); ok && e.Len() > 2 && eval.ToFloat(e.Get(1)) == eval.ToFloat(dev) &&
				eval.ToString(e.Get(2)) == eval.ToString(ino) {
				return i, nil
			}
		}
	}
	text, err := l.host.ReadFile(file)
	if err != nil {
		return unreadable(err)
	}
	l.push(storage, c, eval.NewArray(string(text), dev, ino, file))
	return storage.Len() - 1, nil
}
