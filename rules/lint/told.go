package lint

import "mavis/perlconf/diag"

// The codes below are reported while a configuration is read; here stand their pages only.

func told(code, name string, sev diag.Severity, summary string, page Page) Rule {
	return Rule{Code: code, Name: name, Severity: sev, Summary: summary, Page: page}
}

func toldByParser() []Rule {
	return []Rule{
		told("P007", "unclosed-bracket", diag.Error, "an opening bracket is not closed", Page{
			What:  "A bracket, brace or parenthesis is opened and the file, or the block around it, ends before it is closed.",
			Why:   "Perl refuses the file; amavisd does not start.",
			Wrong: "@local_domains_maps = ( ['.example.com'];\n",
			Right: "@local_domains_maps = ( ['.example.com'] );\n",
			Fix:   "Close the bracket. The place given is that of the opening one; the place to mend may be some lines below it.",
		}),
	}
}
func toldByEvaluator() []Rule { return nil }
func toldByLoading() []Rule   { return nil }
func toldByBinding() []Rule   { return nil }
func toldByDaemon() []Rule    { return nil }

func toldByClamd() []Rule { return nil }
