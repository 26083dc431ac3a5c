package mail

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/rules"
)

func TestCategoriesStaySorted(t *testing.T) {
	var c Categories
	c.Add(rules.Clean, 0)
	c.Add(rules.BadHeader, 2)
	c.Add(rules.Virus, 0)
	c.Add(rules.BadHeader, 2)
	c.Add(rules.Clean, 1)
	want := Categories{{Major: 9}, {Major: 4, Minor: 2}, {Major: 4}, {Major: 1, Minor: 1}, {Major: 1}}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if !c.Has(rules.BadHeader) || c.Has(rules.Spam) || !c.HasMinor(rules.Clean, 1) || c.HasMinor(rules.Virus, 1) {
		t.Error("membership is wrong")
	}
	if c.Main() != (rules.CCat{Major: rules.Virus}) {
		t.Errorf("main category is %v", c.Main())
	}
}
