package flow

import (
	"strings"

	"mavis/engine/unpack"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// unpackOptions are the decoders, quotas and type tables of the policy in force.
func (f *Flow) unpackOptions(t *Task) (unpack.Options, error) {
	cfg := t.Policy.Config()
	opt := unpack.Options{
		Decoders: f.decoders(t.Policy), Classifier: f.opt.Types, Sandbox: f.opt.Sandbox,
		MaxLevels: cfg.Quota.Levels, MaxFiles: cfg.Quota.Files, MinQuota: cfg.Quota.MinBytes, MaxQuota: cfg.Quota.MaxBytes,
		MinFactor: cfg.Quota.MinFactor, MaxFactor: cfg.Quota.MaxFactor,
		Path: strings.Join(cfg.Paths.Search, ":"),
		Log:  func(level int, format string, args ...any) { f.logf(level, t.LogID, format, args...) },
	}
	if SpamCode(t.Policy) { // only SpamAssassin looks at the digests
		opt.Digest = t.Policy.Str("mail_part_digest_algorithm")
	}
	opt.ShortTypes = func(long string) ([]string, error) {
		r, ok, err := cfg.ShortTypes.First(long, t.Policy.Options())
		if err != nil || !ok {
			return nil, err
		}
		if a, isList := r.Value.(*eval.Array); isList {
			var out []string
			for _, v := range a.Values() {
				out = append(out, eval.ToString(v))
			}
			return out, nil
		}
		return []string{r.String()}, nil
	}
	opt.KeepOriginal = func(long string) (bool, error) {
		r, ok, err := cfg.KeepDecodedOriginal.First(long, t.Policy.Options())
		return ok && r.Bool(), err
	}
	return opt, nil
}

// decoders finds the programs of @decoders once for each policy.
func (f *Flow) decoders(p *rules.Policy) []unpack.Decoder {
	if d, ok := f.active.Load(p); ok {
		return d.([]unpack.Decoder)
	}
	active, found := unpack.Resolve(DecodersOf(p), strings.Join(p.Config().Paths.Search, ":"))
	if _, had := f.active.LoadOrStore(p, active); !had && p == p.Config().Base() {
		f.logDecoders(found)
	}
	return active
}

// DecodersOf gives the entries of @decoders in force.
func DecodersOf(p *rules.Policy) []unpack.Decoder {
	var out []unpack.Decoder
	for _, d := range p.Decoders() {
		out = append(out, unpack.Decoder{Types: d.Types, Do: d.Do, Programs: d.Programs})
	}
	return out
}

func (f *Flow) logDecoders(found []unpack.Found) {
	for _, d := range found {
		switch {
		case d.Unknown:
			f.logf(-1, "", "No decoder here for  .%-4s (%s)", d.Type, d.Decoder.Do)
		case d.Backup:
			f.logf(2, "", "Decoder for          .%-4s (backup, not used)", d.Type)
		case d.Internal:
			f.logf(1, "", "Internal decoder for .%-4s", d.Type)
		case len(d.Commands) > 0:
			f.logf(1, "", "Found decoder for    .%-4s at %s", d.Type, strings.Join(d.Commands, "; "))
		default:
			f.logf(0, "", "No ext program for   .%s, tried: %s", d.Type, strings.Join(d.Tried, "; "))
		}
	}
}
