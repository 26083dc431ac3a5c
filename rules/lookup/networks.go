package lookup

import (
	"errors"
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Networks is a list of tables for IP addresses, such as @mynetworks_maps or @inet_acl: lists of networks where the
// first match decides and ! means no, hashes of addresses, constants and DNS lists. A nil *Networks is empty.
type Networks struct {
	list []*netTable
}

type netTable struct {
	kind   Kind
	origin source.Span
	key    string
	value  eval.Value
	nets   []netEntry
	hash   map[string]hashEntry
	field  *Field
	err    error
}

type netEntry struct {
	text   string
	net    address
	bits   int
	permit bool
	origin *eval.Origin
	err    error
}

// Find looks up an address. Text that is no address matches only ::/0, as in amavisd; see CheckIP. The resolver is
// asked for DNS lists and may be nil when there are none. An error means undecided.
func (n *Networks) Find(ip string, res Resolver) (Result, bool, error) {
	if n == nil {
		return Result{}, false, nil
	}
	addr, _, err := parseNet(ip, false)
	valid := err == nil
	label := ""
	for _, tb := range n.list {
		var r Result
		var ok bool
		var err error
		switch tb.kind {
		case Label:
			label = tb.key
			continue
		case Constant:
			r, ok = Result{Value: tb.value, Key: tb.key, Kind: Constant, Origin: tb.origin}, true
		case NetList:
			r, ok, err = tb.findNet(addr, valid)
		case Hash:
			r, ok = tb.findHash(addr, valid)
		case DNS:
			r, ok, err = tb.findDNS(ip, res)
		}
		if tb.err != nil {
			err = tb.err
		}
		if err != nil {
			return Result{}, false, labelled(label, err)
		}
		if ok {
			r.Label = label
			return r, true, nil
		}
	}
	return Result{}, false, nil
}

// Len is the number of tables, labels not counted.
func (n *Networks) Len() int {
	c := 0
	if n != nil {
		for _, tb := range n.list {
			if tb.kind != Label {
				c++
			}
		}
	}
	return c
}

func (tb *netTable) findNet(addr address, valid bool) (Result, bool, error) {
	for i := range tb.nets {
		e := &tb.nets[i]
		if e.err != nil {
			return Result{}, false, e.err
		}
		if e.bits != 0 && (!valid || !addr.within(e.net, e.bits)) {
			continue
		}
		r := Result{Value: int64(0), Key: e.text, Kind: NetList, Origin: tb.origin}
		if e.permit {
			r.Value = int64(1)
		}
		if e.origin != nil {
			r.Origin = e.origin.Span
		}
		return r, true, nil
	}
	return Result{}, false, nil
}

func (tb *netTable) findHash(addr address, valid bool) (Result, bool) {
	if !valid {
		e, ok := tb.hash[""]
		return Result{Value: e.value, Kind: Hash, Origin: tb.origin}, ok && e.value != nil
	}
	try := func(key string) (Result, bool) {
		e, ok := tb.hash[key]
		if !ok || e.value == nil {
			return Result{}, false
		}
		r := Result{Value: e.value, Key: key, Kind: Hash, Origin: tb.origin}
		if e.origin != nil {
			r.Origin = e.origin.Span
		}
		return r, true
	}
	if addr.is4() {
		for key := addr.dotted(); key != ""; {
			if r, ok := try(key); ok {
				return r, true
			}
			key = key[:max(0, strings.LastIndexByte(key, '.'))]
		}
	}
	return try(addr.String())
}

func (tb *netTable) findDNS(ip string, res Resolver) (Result, bool, error) {
	if res == nil {
		return Result{}, false, fmt.Errorf("DNS list %s: %w", tb.field.Name, ErrUnavailable)
	}
	all, err := res.Field(tb.field, ip, false)
	if err != nil || len(all) == 0 || !all[0].Bool() {
		return Result{}, false, err
	}
	r := all[0]
	r.Kind, r.Origin = DNS, tb.origin
	return r, true, nil
}

// Networks makes a list of tables for IP addresses, as Tables does for others. With single an array is one table, a
// list of networks as @inet_acl is, and not a list of tables.
func (c *Compiler) Networks(v eval.Value, single bool, bag *diag.Bag) *Networks {
	a, ok := v.(*eval.Array)
	if !ok || single || a.Class != "" {
		n := &Networks{}
		if v != nil {
			n.list = append(n.list, c.netTable(v, Place(v), bag))
		}
		return n
	}
	c.mu.RLock()
	n := c.nets[a]
	c.mu.RUnlock()
	if n != nil {
		return n
	}
	n = &Networks{}
	for _, e := range a.Elems {
		if e.Get() == nil {
			continue
		}
		n.list = append(n.list, c.netTable(e.Get(), elemOrigin(e, a.Origin), bag))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		if c.nets == nil {
			c.nets = map[*eval.Array]*Networks{}
		}
		c.nets[a] = n
	}
	return n
}

// netTable makes one table, which may stand behind one reference more; each container once.
func (c *Compiler) netTable(v eval.Value, at source.Span, bag *diag.Bag) *netTable {
	if s, ok := v.(*eval.Scalar); ok && s.Class == "" {
		if s.Origin != nil {
			at = s.Origin.Span
		}
		v = s.Get()
		if inner, ok := v.(*eval.Scalar); ok && inner.Class == "" {
			v = inner.Get()
		}
	}
	var key any
	switch v.(type) {
	case *eval.Array, *eval.Hash:
		key = v
		c.mu.RLock()
		tb := c.netTables[key]
		c.mu.RUnlock()
		if tb != nil {
			return tb
		}
	}
	tb := newNetTable(v, at, bag)
	c.mu.Lock()
	defer c.mu.Unlock()
	if key != nil && !c.frozen {
		if c.netTables == nil {
			c.netTables = map[any]*netTable{}
		}
		c.netTables[key] = tb
	}
	return tb
}

func newNetTable(v eval.Value, at source.Span, bag *diag.Bag) *netTable {
	tb := &netTable{origin: at}
	switch x := v.(type) {
	case *eval.Array:
		if x.Origin != nil {
			tb.origin = x.Origin.Span
		}
		if x.Class == "" || x.Class == "Amavis::Lookup::IP" {
			tb.kind = NetList
			tb.compile(x, bag)
			return tb
		}
	case *eval.Hash:
		if x.Origin != nil {
			tb.origin = x.Origin.Span
		}
		switch x.Class {
		case "":
			h := compileHash(x, tb.origin)
			tb.kind, tb.hash = Hash, h.hash
			return tb
		case "Amavis::Lookup::DNSxL":
			tb.kind = DNS
			tb.field = &Field{Kind: DNS, Name: eval.ToString(x.Get("zone")), Expect: x.Get("expected"), Origin: tb.origin}
			return tb
		}
	case *eval.Scalar:
		if x.Class == "Amavis::Lookup::Label" {
			tb.kind, tb.key = Label, eval.ToString(x.Get())
			return tb
		}
	default:
		if !eval.IsRef(v) {
			if v == nil {
				tb.kind = NetList // an empty list: never matches
				return tb
			}
			tb.kind, tb.value, tb.key = Constant, v, "(constant:"+eval.ToString(v)+")"
			return tb
		}
	}
	tb.kind = Constant
	report(bag, diag.Error, CodeNotTable, at, "", "a value of type %s is no table of networks", eval.Ref(v))
	tb.err = fmt.Errorf("%s: a value of type %s: %w", at, eval.Ref(v), errNoTable)
	return tb
}

var errNoNetwork = errors.New("not a network")

func (tb *netTable) compile(a *eval.Array, bag *diag.Bag) {
	tb.nets = make([]netEntry, 0, len(a.Elems))
	for _, s := range a.Elems {
		v := s.Get()
		if pre, ok := v.(*eval.Array); ok { // an object made of networks holds what was parsed beside the text
			v = pre.Get(0)
		}
		text := eval.ToString(v)
		key := strings.TrimLeft(text, "!")
		e := netEntry{text: text, permit: (len(text)-len(key))%2 == 0}
		if s != nil {
			e.origin = s.Origin
		}
		var err error
		if eval.IsRef(v) {
			err = fmt.Errorf("a value of type %s: %w", eval.Ref(v), errNoNetwork)
		} else {
			e.net, e.bits, err = parseNet(key, true)
		}
		if err != nil {
			at := elemOrigin(s, a.Origin)
			report(bag, diag.Error, CodeNetwork, at, "", "no IP network: %v", err)
			e.err = fmt.Errorf("%s: no IP network: %w", at, err)
		}
		tb.nets = append(tb.nets, e)
	}
}
