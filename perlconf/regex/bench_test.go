package regex

import "testing"

// bannedNames is the kind of table that Debian's configuration has.
var bannedNames = []struct{ pattern, flags string }{
	{`\.[^./]*[A-Za-z][^./]*\.\s*(exe|vbs|pif|scr|bat|cmd|com|cpl|dll)[.\s]*$`, "i"},
	{`\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?`, "i"},
	{`^application/x-msdownload$`, "i"},
	{`^application/x-msdos-program$`, "i"},
	{`^application/hta$`, "i"},
	{`.\.(exe|vbs|pif|scr|bat|cmd|com|cpl)$`, "i"},
	{`^\.(exe-ms|dll)$`, ""},
	{`^(?!cid:).*\.(wmf|emf)$`, "i"},
}

// BenchmarkBannedTable asks the whole table about one name.
func BenchmarkBannedTable(b *testing.B) {
	var table []*Regexp
	for _, p := range bannedNames {
		r, err := Compile(p.pattern, p.flags)
		if err != nil {
			b.Fatal(err)
		}
		table = append(table, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range table {
			if ok, err := r.Match("quarterly-report.pdf"); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(table)), "ns/pattern")
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(bannedNames[0].pattern, "i"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatchAt(b *testing.B) {
	r, err := Compile(`^([^@]+)@(?!local)(.*)$`, "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if m, err := r.MatchAt("somebody@example.com", 0); m == nil || err != nil {
			b.Fatal(m, err)
		}
	}
}
