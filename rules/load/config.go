package load

import (
	"mavis/rules"
)

// Config loads files and binds what they say to the typed model. Variables that were set and that the model makes no
// use of are reported. The Config is nil when an error is returned; when Result.Diags holds an error the Config must not
// be used to handle mail.
func Config(opt Options, files ...string) (*rules.Config, *Result, error) {
	res, err := Files(opt, files...)
	if err != nil {
		return nil, res, err
	}
	cfg := rules.Bind(res.Vars, res.Diags)
	res.Vars.Leftovers(res.Diags)
	return cfg, res, nil
}
