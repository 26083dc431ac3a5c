package unpack

import "mavis/rules"

// FromRules takes the entries of @decoders over; Resolve then finds their programs. An entry with code of the
// configuration's own has no decoder here and shows up as Unknown.
func FromRules(list []rules.Decoder) []Decoder {
	out := make([]Decoder, 0, len(list))
	for _, d := range list {
		out = append(out, Decoder{Types: d.Types, Do: d.Do, Programs: d.Programs})
	}
	return out
}
