package load

import (
	"bytes"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

// maxTable bounds the size of a file read by a configuration's words.
const maxTable = 64 << 20

// tableFile reads the file of a word. With StubMissing a file that cannot be read gives ok false and no error.
func (l *loader) tableFile(c *eval.Call, word string, name eval.Value) (text string, ok bool, err error) {
	file := eval.ToString(name)
	if l.opt.StubMissing && name != nil && l.host.Access(file, 'r') != nil {
		l.stub(word, file, c.Span)
		return "", false, nil
	}
	raw, err := l.host.ReadFile(file)
	if err != nil {
		return "", false, eval.Fail(CodeFile, c.Span, "", "%s cannot read the file %s: %v", word, file, cause(err))
	}
	if len(raw) > maxTable {
		return "", false, eval.Fail(CodeFile, c.Span, "", "%s: the file %s is larger than %d MiB", word, file, maxTable>>20)
	}
	return string(raw), true, nil
}

// maxTables bounds how many calls are remembered.
const maxTables = 10_000

// table remembers what a word has read, so that the configuration can be written again with the name of the file.
func (l *loader) table(word string, read native) native {
	return func(c *eval.Call) ([]eval.Value, error) {
		out, err := read(c)
		if err != nil || len(out) == 0 || len(l.vars.tables) >= maxTables {
			return out, err
		}
		file := c.Arg(0)
		if word != "read_cidr" {
			_, file = target(c)
		}
		t := Table{Word: word, File: eval.ToString(file), Into: out[0], Span: c.Span}
		switch x := out[0].(type) {
		case *eval.Hash:
			t.Len = x.Len()
		case *eval.Array:
			t.Len = x.Len()
		}
		l.vars.tables = append(l.vars.tables, t)
		return out, nil
	}
}

// target splits the arguments of read_hash and read_array: an optional reference, then the name of the file.
func target(c *eval.Call) (into, file eval.Value) {
	if eval.IsRef(c.Arg(0)) {
		return c.Arg(0), c.Arg(1)
	}
	return nil, c.Arg(0)
}

// readHash reads lines of "address value" (README.lookups): anything after # is a comment except within quotes, the
// value is 1 when there is none, addresses are taken in RFC 5321 quoting, non-ASCII domains are encoded.
func (l *loader) readHash(c *eval.Call) ([]eval.Value, error) {
	into, file := target(c)
	h, ok := into.(*eval.Hash)
	if !ok {
		if into != nil {
			return nil, eval.Fail(CodeFile, c.Span, "", "read_hash fills a hash, but got a reference to something else")
		}
		h = eval.NewHash()
	}
	text, ok, err := l.tableFile(c, "read_hash", file)
	if err != nil {
		return nil, err
	}
	if !ok {
		h.Put("__stub__", file)
		return one(h), nil
	}
	caseMatters, err := l.bankMember("c", "localpart_is_case_sensitive")
	if err != nil {
		return nil, err
	}
	trim := eval.ToBool(l.in.Scalar(Package, "trim_trailing_space_in_lookup_result_fields").Get())
	for line := range lines(text) {
		var key, value strings.Builder
		side, comment := &key, false
		for tok := range tokens(line) {
			if tok == "#" {
				comment = true
				break
			}
			if side == &key && (tok[0] == ' ' || tok[0] == '\t') {
				side = &value
				continue
			}
			side.WriteString(tok)
		}
		v := value.String()
		if comment || trim {
			v = strings.TrimRight(v, " \t")
		}
		if key.Len() == 0 && v == "" {
			continue
		}
		local, domain := splitAddress(key.String())
		if !eval.ToBool(caseMatters) {
			local = asciiLower(local)
		}
		e := h.At(local + lookup.ToASCII(domain))
		if v == "" {
			e.V = int64(1)
		} else {
			e.V = v
		}
		e.Mark(c.Span)
	}
	return one(h), nil
}

// readArray reads one address for each line, in the format of readHash without values.
func (l *loader) readArray(c *eval.Call) ([]eval.Value, error) {
	into, file := target(c)
	a, ok := into.(*eval.Array)
	if !ok {
		if into != nil {
			return nil, eval.Fail(CodeFile, c.Span, "", "read_array fills an array, but got a reference to something else")
		}
		a = &eval.Array{}
	}
	text, ok, err := l.tableFile(c, "read_array", file)
	if err != nil {
		return nil, err
	}
	if !ok {
		a.Push("__STUB__ " + eval.ToString(file))
		return one(a), nil
	}
	for line := range lines(text) {
		var b strings.Builder
		for tok := range tokens(line) {
			if tok == "#" {
				break
			}
			b.WriteString(tok)
		}
		if entry := strings.TrimRight(b.String(), " \t"); entry != "" {
			l.push(a, c, internalAddress(entry))
		}
	}
	return one(a), nil
}

func (l *loader) push(a *eval.Array, c *eval.Call, v eval.Value) {
	a.Push(v)
	a.Elems[len(a.Elems)-1].Mark(c.Span)
}

// readCIDR reads a Postfix cidr_table: networks with a result each, into a hash, or without, into an array. A line that
// starts with blanks goes on with the one before.
func (l *loader) readCIDR(c *eval.Call) ([]eval.Value, error) {
	file, into := c.Arg(0), c.Arg(1)
	if into == nil {
		into = &eval.Array{}
	}
	text, ok, err := l.tableFile(c, "read_cidr", file)
	if err != nil {
		return nil, err
	}
	array, isArray := into.(*eval.Array)
	hash, isHash := into.(*eval.Hash)
	if !isArray && !isHash {
		return nil, eval.Fail(CodeFile, c.Span, "", "read_cidr fills an array or a hash, but got something else")
	}
	if !ok {
		if isHash {
			hash.Put("__stub__", file)
		} else {
			array.Push("__STUB__ " + eval.ToString(file))
		}
		return one(into), nil
	}
	entry, have := "", false
	finish := func() {
		if !have {
			return
		}
		key, value := cutSpace(entry)
		if isArray {
			l.push(array, c, key)
			return
		}
		e := hash.At(asciiLower(key))
		e.V = value
		if value == "" {
			e.V = int64(1)
		}
		e.Mark(c.Span)
	}
	for line := range lines(text) {
		t := strings.TrimLeft(line, " \t")
		switch {
		case t == "" || t[0] == '#':
		case len(t) < len(line):
			entry, have = entry+line, true
		default:
			finish()
			entry, have = line, true
		}
	}
	finish()
	return one(into), nil
}

// cutSpace splits at the first blank space, as split ' ' does.
func cutSpace(s string) (string, string) {
	s = strings.TrimLeft(s, " \t\n\r\f\v")
	i := strings.IndexAny(s, " \t\n\r\f\v")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t\n\r\f\v")
}

// lines gives the lines of a file without their newlines.
func lines(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for text != "" {
			line, rest, _ := strings.Cut(text, "\n")
			if !yield(line) {
				return
			}
			text = rest
		}
	}
}

// tokens splits a line into quoted texts, runs of blanks, runs of other signs, and single signs such as #.
func tokens(line string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for line != "" {
			n := 1
			switch line[0] {
			case '"':
				if end := quoteEnd(line); end > 0 {
					n = end
				}
			case ' ', '\t':
				n = blanks(line, 0)
			case '#':
			default:
				if n = strings.IndexAny(line, "#\" \t"); n < 0 {
					n = len(line)
				}
			}
			if !yield(line[:n]) {
				return
			}
			line = line[n:]
		}
	}
}

// quoteEnd is the length of the quoted text that s begins with; 0 when it does not end.
func quoteEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// readText gives a whole file; with an encoding its text is turned into UTF-8.
func (l *loader) readText(c *eval.Call) ([]eval.Value, error) {
	text, ok, err := l.tableFile(c, "read_text", c.Arg(0))
	if err != nil {
		return nil, err
	}
	if !ok {
		return one("__STUB__ " + eval.ToString(c.Arg(0))), nil
	}
	if enc := eval.ToString(c.Arg(1)); enc != "" {
		if text, err = decode(text, enc); err != nil {
			return nil, eval.Fail(CodeFile, c.Span, "", "read_text does not know the encoding %q", enc)
		}
	}
	return one(text), nil
}

// readTemplates fills the notification templates from a folder with a file charset and template-*.txt. With two
// arguments these are the language and the folder above.
func (l *loader) readTemplates(c *eval.Call) ([]eval.Value, error) {
	dir := eval.ToString(c.Arg(0))
	if len(c.Args) > 1 {
		dir = eval.ToString(c.Arg(1)) + "/" + dir
	}
	if l.opt.StubMissing && l.host.Access(dir+"/charset", 'r') != nil {
		l.stub("read_l10n_templates", dir, c.Span)
		return one(int64(1)), nil
	}
	raw, err := l.host.ReadFile(dir + "/charset")
	if err != nil {
		return nil, eval.Fail(CodeFile, c.Span, "", "read_l10n_templates cannot read the file %s/charset: %v", dir, cause(err))
	}
	charset, ok := charsetName(raw)
	if !ok {
		return nil, eval.Fail(CodeFile, c.Span, "", "the file %s/charset names no character set", dir)
	}
	var last eval.Value
	for _, t := range [...][2]string{{"notify_sender_templ", "dsn"}, {"notify_virus_sender_templ", "virus-sender"},
		{"notify_virus_admin_templ", "virus-admin"}, {"notify_virus_recips_templ", "virus-recipient"},
		{"notify_spam_sender_templ", "spam-sender"}, {"notify_spam_admin_templ", "spam-admin"}} {
		file := dir + "/template-" + t[1] + ".txt"
		text, ok, err := l.tableFile(c, "read_text", file)
		if err != nil {
			return nil, err
		}
		if !ok {
			text = "__STUB__ " + file
		} else if text, err = decode(text, charset); err != nil {
			return nil, eval.Fail(CodeFile, c.Span, "", "%s/charset names an unknown character set, %q", dir, charset)
		}
		s := l.in.Scalar(Package, t[0])
		if err := s.Set(text); err != nil {
			return nil, err
		}
		s.Mark(c.Span)
		last = text
	}
	return one(last), nil
}

// charsetName takes the name out of a charset file: comment lines, then the name, then anything after a blank or #.
func charsetName(raw []byte) (string, bool) {
	for bytes.HasPrefix(raw, []byte("#")) {
		i := bytes.IndexByte(raw, '\n')
		if i < 0 {
			return "", false
		}
		raw = raw[i+1:]
	}
	end := bytes.IndexAny(raw, "./ \t\r\n\f\v")
	name := raw
	if end >= 0 {
		name = raw[:end]
		rest := bytes.TrimLeft(raw[end:], " \t\r\f\v\n")
		if raw[end] == '.' || raw[end] == '/' ||
			len(rest) > 0 && rest[0] != '#' && !bytes.ContainsRune(raw[end:len(raw)-len(rest)], '\n') {
			return "", false
		}
	}
	if i := bytes.IndexByte(name, '#'); i > 0 {
		name = name[:i]
	}
	return string(name), len(name) > 0
}
