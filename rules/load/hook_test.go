package load

import (
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

func TestHookedPackagesAreRefused(t *testing.T) {
	for text, refused := range map[string]bool{
		"package Amavis::Custom; sub new { 1 } 1;":                    true,
		"package Mail::SpamAssassin; sub check { 1 } 1;":              true,
		"package My::Site; sub dom { 'x' } package Amavis::Conf; 1;":  false,
		"package main; sub dom { 'x' } 1;":                            false,
		"package AmavisSite; sub dom { 'x' } package Amavis::Conf; 1": false,
	} {
		bag := &diag.Bag{}
		l := newLoader(Options{Bag: bag})
		_, err := l.in.RunSource(source.New("t", []byte(text)))
		if (err != nil) != refused {
			t.Errorf("%s: %v", text, err)
		}
	}
}
