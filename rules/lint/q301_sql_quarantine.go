package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

func sqlQuarantine() Rule {
	return Rule{
		Code: "Q301", Name: "sql-quarantine-without-database", Severity: diag.Warning,
		Summary: "mail is to be quarantined in SQL, and no database is set",
		Page: Page{
			What: "A quarantine method is sql:, and @storage_sql_dsn is empty.",
			Why: "Each mail that is to be held fails: amavisd answers 451 \"SQL quarantine code not enabled\", the MTA keeps the mail and tries " +
				"again, until it gives up and bounces it.",
			Wrong: wholeConfig + "$virus_quarantine_method = 'sql:';\n",
			Right: wholeConfig + "$virus_quarantine_method = 'sql:';\n@storage_sql_dsn = ( ['DBI:SQLite:dbname=/var/lib/amavis/mail.sqlite', '', ''] );\n",
			Fix:   "Set @storage_sql_dsn, or quarantine to files: local:virus-%m.",
		},
		Check: func(p *Pass) {
			if len(p.Config.StorageSQL) > 0 || !p.whole() {
				return
			}
			told := map[source.Span]bool{}
			for _, l := range p.layers() {
				for _, c := range heldCategories {
					h := quarantined(l.policy, c.category)
					if !h.active() || h.protocol() != "sql" || told[h.methodAt] {
						continue
					}
					told[h.methodAt] = true
					p.Report(h.methodAt, "sql: quarantine without a database%s: such mail fails with 451 and stays in the queue", l.in()).
						Help = "set @storage_sql_dsn, or use local:"
				}
			}
		},
	}
}
