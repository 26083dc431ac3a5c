package emit

import (
	"io/fs"
	"time"

	"mavis/perlconf/eval"
	"mavis/rules/load"
)

// overlay is a machine on which one more file exists: what was just written, and is not anywhere yet.
type overlay struct {
	eval.Host
	name string
	text []byte
}

func hostOf(opt load.Options) eval.Host {
	if opt.Host == nil {
		return load.LintHost{}
	}
	return opt.Host
}

// ReadFile gives the file.
func (o overlay) ReadFile(name string) ([]byte, error) {
	if name == o.name {
		return o.text, nil
	}
	return o.Host.ReadFile(name)
}

// Stat knows the file.
func (o overlay) Stat(name string) (fs.FileInfo, error) {
	if name == o.name {
		return info(o), nil
	}
	return o.Host.Stat(name)
}

// info describes the file.
type info overlay

func (i info) Name() string     { return i.name }
func (i info) Size() int64      { return int64(len(i.text)) }
func (info) Mode() fs.FileMode  { return 0o600 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }
