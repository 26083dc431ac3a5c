// Package unpack takes a message apart into parts on disk: MIME first, then archives within archives, under quotas.
//
// Parts, their numbers, names, types and attributes are those that amavisd-new gives them, because rules and log lines
// speak of them. What an archive calls its members never names a file: parts are p001, p002 … in Dir/parts.
//
// It differs from the original on purpose in this:
//   - Members are numbered in the order of the archive, not in that of a folder on disk, where they are read in process.
//   - Where one member hides another (the same name twice, or names that pax maps to one), both become parts.
//   - What programs extract counts with its bytes against the quota; the original counts files there, not bytes.
//   - Of data that breaks off everything readable is kept for the scanners.
//   - Reasons for a hold carry the words that log readers know, and name no source lines.
//
// A program that uses this package must call ChildMain first in its main, or switch the sandbox off.
package unpack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// Classifier says what files hold, in the words of file(1).
type Classifier interface {
	Classify(ctx context.Context, paths []string) ([]string, error)
}

// Options come from the configuration. Dir of the message must exist; Dir/parts is made when absent.
type Options struct {
	Decoders   []Decoder // active ones, see Resolve
	Classifier Classifier
	// ShortTypes maps the words of file(1) to short types (@map_full_type_to_short_type_maps); nil gives none.
	ShortTypes func(long string) ([]string, error)
	// KeepOriginal asks @keep_decoded_original_maps whether a file of this long type stays beside what came out of it.
	KeepOriginal func(long string) (bool, error)
	// MaxLevels is $MAXLEVELS, MaxFiles $MAXFILES (counted anew on each level); 0 is no limit.
	MaxLevels, MaxFiles int
	// Quotas as $MIN_EXPANSION_QUOTA and so on, in bytes and in multiples of the mail's size; 0 is undefined.
	MinQuota, MaxQuota   int64
	MinFactor, MaxFactor float64
	// Digest names the algorithm of Part.Digest ("sha1", "md5", "sha256", …); "" makes none.
	Digest string
	// Path is $path, for programs that decoders start; TempDir is their TMPDIR ("" takes Dir/parts).
	Path string
	// Sandbox runs the programs.
	Sandbox Sandbox
	// Log receives what amavisd logs at these levels; nil drops it.
	Log func(level int, format string, args ...any)
}

// Report is what is known of the message as a whole.
type Report struct {
	// Hold says why the message must not go to virus scanners nor be decoded further, "" when it may. It becomes
	// X-Amavis-Hold.
	Hold string
	// OverLimit is set when a quota, the number of files or of levels was exceeded: Unchecked,2.
	OverLimit bool
	// Undecipherable, Encrypted (Unchecked,1) and Ambiguous (Unchecked,3) count parts with the attributes U, C and B.
	Undecipherable, Encrypted, Ambiguous int
	// MIMEError is what the original shows after "MIME error: "; the message then has a bad header, BadHeader,1.
	MIMEError string
	MIME      *mime.Message
	// Parts are all parts by number, without the root.
	Parts []*mail.Part
	// Failures are decoders that gave up on a part; the part stays as it is.
	Failures []Failure
	// Bytes is what was written.
	Bytes int64
}

// Unchecked says whether the message holds what could not be looked into: category Unchecked.
func (r *Report) Unchecked() bool {
	return r.Undecipherable > 0 || r.Encrypted > 0 || r.OverLimit || r.Ambiguous > 0
}

// Failure is a decoder that gave up.
type Failure struct {
	Part    *mail.Part
	Decoder string
	Err     error
}

// HostError is trouble of the machine, such as a full disk, and no fault of the message: the mail must be deferred.
type HostError struct{ Err error }

func (e *HostError) Error() string { return e.Err.Error() }
func (e *HostError) Unwrap() error { return e.Err }

// task is one message being unpacked.
type task struct {
	ctx    context.Context
	o      *Options
	msg    *mail.Message
	dir    string // Dir/parts
	quota  quota
	report *Report
	last   int          // number of the newest part
	tier   []*mail.Part // parts found and not yet looked at
	pseudo map[*mail.Part]bool
}

// Run takes the message apart. It sets msg.Root; the root itself is a placeholder with number 0. Errors are trouble of the
// machine and a context that ended; whatever the message does to decoders is in the report.
func Run(ctx context.Context, msg *mail.Message, o Options) (*Report, error) {
	t := &task{ctx: ctx, o: &o, msg: msg, dir: filepath.Join(msg.Dir, "parts"), report: &Report{}, pseudo: map[*mail.Part]bool{}}
	t.quota = newQuota(msg.Body.Size(), &o)
	if err := os.MkdirAll(t.dir, 0o750); err != nil {
		return nil, err
	}
	msg.Root = &mail.Part{}
	m, err := t.mime(msg.Body, msg.Body.Size(), msg.Root, false)
	if err != nil {
		return nil, err
	}
	t.report.MIME, t.report.MIMEError = m, m.Error
	if err := t.decompose(); err != nil {
		return nil, err
	}
	t.report.Bytes = t.quota.used
	return t.report, nil
}

// AddMail links the whole message into the parts as another part, the way scanners get to see it when the
// configuration asks for it ('MAIL', 'MAIL-UNDECIPHERABLE') or when MIME was broken. source is a file on the same file
// system, such as Dir/email.txt.
func AddMail(msg *mail.Message, r *Report, source string, global bool) error {
	p := &mail.Part{Number: len(r.Parts) + 1, Parent: msg.Root, TypeShort: []string{"MAIL"}}
	p.TypeDeclared, p.NameDeclared = []string{"message/rfc822"}, []string{"message.msg"}
	if global {
		p.TypeDeclared, p.NameDeclared = []string{"message/global"}, []string{"message.u8msg"}
	}
	p.Path = filepath.Join(msg.Dir, "parts", fmt.Sprintf("p%03d", p.Number))
	if err := os.Link(source, p.Path); err != nil {
		return err
	}
	if st, err := os.Stat(p.Path); err == nil {
		p.Size = st.Size()
	}
	msg.Root.Children = append(msg.Root.Children, p)
	r.Parts = append(r.Parts, p)
	return nil
}

func (t *task) log(level int, format string, args ...any) {
	if t.o.Log != nil {
		t.o.Log(level, format, args...)
	}
}

// errTooMany is more files than MaxFiles.
type errTooMany struct{ limit int }

func (e errTooMany) Error() string {
	return fmt.Sprintf("Maximum number of files (%d) exceeded", e.limit)
}

// add makes a part under parent. limited parts count against MaxFiles. A part without a file of its own is pseudo.
func (t *task) add(parent *mail.Part, limited, pseudo bool) (*mail.Part, error) {
	if limited && t.o.MaxFiles > 0 && len(t.tier) >= t.o.MaxFiles {
		return nil, errTooMany{t.o.MaxFiles}
	}
	t.last++
	p := &mail.Part{Number: t.last, Parent: parent}
	parent.Children = append(parent.Children, p)
	t.tier = append(t.tier, p)
	t.report.Parts = append(t.report.Parts, p)
	if pseudo {
		t.pseudo[p] = true
	}
	return p, nil
}

// name is the base name of the part's file.
func name(p *mail.Part) string { return fmt.Sprintf("p%03d", p.Number) }

func (t *task) path(p *mail.Part) string { return filepath.Join(t.dir, name(p)) }

// decompose goes through the parts level by level until nothing new is found.
func (t *task) decompose() error {
	for depth := 1; len(t.tier) > 0; depth++ {
		if t.o.MaxLevels > 0 && depth > t.o.MaxLevels {
			t.report.OverLimit = true
			t.report.Hold = fmt.Sprintf("Maximum decoding depth (%d) exceeded", t.o.MaxLevels)
			return nil
		}
		parts := t.tier
		t.tier = nil
		if err := t.classify(parts); err != nil {
			return err
		}
		for _, p := range parts {
			if p.Path != "" && t.report.Hold == "" {
				if err := t.decodePart(p); err != nil {
					return err
				}
			}
			t.count(p)
		}
		if t.report.Hold != "" {
			return nil
		}
	}
	return nil
}

func (t *task) count(p *mail.Part) {
	for _, a := range p.Attributes {
		switch a {
		case 'U':
			t.report.Undecipherable++
		case 'C':
			t.report.Encrypted++
		case 'B':
			t.report.Ambiguous++
		}
	}
}

// classify removes empty files and asks for the types of the others.
func (t *task) classify(parts []*mail.Part) error {
	var files []*mail.Part
	var paths []string
	for _, p := range parts {
		if p.Path == "" {
			continue
		}
		st, err := os.Lstat(p.Path)
		if err != nil {
			return &HostError{err}
		}
		if st.Size() == 0 {
			if err := os.Remove(p.Path); err != nil {
				return &HostError{err}
			}
			p.Path = ""
			p.TypeShort, p.TypeLong = []string{"empty"}, "empty"
			continue
		}
		files, paths = append(files, p), append(paths, p.Path)
	}
	if len(files) == 0 || t.o.Classifier == nil {
		return nil
	}
	longs, err := t.o.Classifier.Classify(t.ctx, paths)
	if err != nil {
		return &HostError{err}
	}
	for i, p := range files {
		p.TypeLong = longs[i]
		if t.o.ShortTypes != nil {
			if p.TypeShort, err = t.o.ShortTypes(longs[i]); err != nil {
				return fmt.Errorf("short type of %s: %w", name(p), err)
			}
		}
		t.log(4, "File-type of %s: %s; (%s)", name(p), p.TypeLong, p.TypeShort)
		if has(p.TypeShort, "pgp.enc") {
			p.Attribute("C")
		}
	}
	return nil
}

// outcome is what a decoder has to say of the part it was given.
type outcome int

const (
	atomic   outcome = iota // nothing came out
	replaced                // what came out stands for the part
	kept                    // the part stays beside what came out
)

// decodePart runs the first decoder that knows one of the part's short types.
func (t *task) decodePart(p *mail.Part) error {
	d := t.decoderFor(p.TypeShort)
	if d == nil {
		return nil
	}
	res, err := t.run(d, p)
	if err != nil {
		var host *HostError
		if errors.As(err, &host) || t.ctx.Err() != nil {
			return err
		}
		var over errQuota
		var many errTooMany
		if errors.As(err, &over) || errors.As(err, &many) {
			t.report.Hold = err.Error()
			t.report.OverLimit = true
		}
		var memory errMemory
		if errors.As(err, &memory) {
			p.Attribute("U")
		}
		t.log(1, "Decoding of %s (%s) failed, leaving it unpacked: %s", name(p), p.TypeLong, err)
		t.report.Failures = append(t.report.Failures, Failure{p, d.Do, err})
		res = kept
	}
	if res == replaced && t.o.KeepOriginal != nil {
		keep, err := t.o.KeepOriginal(p.TypeLong)
		if err != nil {
			return fmt.Errorf("whether to keep %s: %w", name(p), err)
		}
		if keep {
			res = kept
		}
	}
	if res == replaced {
		if err := os.Remove(p.Path); err != nil {
			return &HostError{err}
		}
		p.Path = ""
	}
	t.log(4, "decomposed %s: %s", name(p), [...]string{"atomic", "replaced by its content", "kept"}[res])
	return nil
}

// run calls a decoder; a panic in one is a failure to decode.
func (t *task) run(d *Decoder, p *mail.Part) (res outcome, err error) {
	defer func() {
		if x := recover(); x != nil {
			res, err = kept, fmt.Errorf("%s: broken by the data: %v", d.Do, x)
		}
	}()
	if res, err = d.call(t, p, d); err != nil {
		err = attributed(strings.TrimPrefix(d.Do, "Amavis::Unpackers::"), err)
	}
	return res, err
}

// silent are the decoders that do not put their name before an exceeded limit, which is read in X-Amavis-Hold.
var silent = map[string]bool{"do_gunzip": true, "do_unzip": true, "do_tar": true, "do_ar": true, "do_deb": true, "do_cabextract": true,
	"do_ole": true, "do_tnef": true}

func attributed(decoder string, err error) error {
	var over errQuota
	var many errTooMany
	if silent[decoder] && (errors.As(err, &over) || errors.As(err, &many)) {
		return err
	}
	return fmt.Errorf("%s: %w", decoder, err)
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// create opens the part's file for writing; what is written counts against the quota.
func (t *task) create(p *mail.Part, by string) (*output, error) {
	f, err := os.OpenFile(t.path(p), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, &HostError{err}
	}
	p.Path = f.Name()
	return &output{t: t, f: f, part: p, by: by}, nil
}

// output is a part's file being written.
type output struct {
	t    *task
	f    *os.File
	part *mail.Part
	by   string
	free bool // does not count
	hash io.Writer
}

func (w *output) Write(b []byte) (int, error) {
	if err := w.t.ctx.Err(); err != nil {
		return 0, err
	}
	if !w.free {
		if err := w.t.quota.charge(int64(len(b)), w.by); err != nil {
			return 0, err
		}
	}
	n, err := w.f.Write(b)
	w.part.Size += int64(n)
	if err != nil {
		return n, &HostError{err}
	}
	if w.hash != nil {
		w.hash.Write(b)
	}
	return n, nil
}

func (w *output) Close() error {
	if err := w.f.Close(); err != nil {
		return &HostError{err}
	}
	return nil
}

// open opens a part's file for a decoder.
func (t *task) open(p *mail.Part) (*os.File, error) {
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, &HostError{err}
	}
	return f, nil
}
