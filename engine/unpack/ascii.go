package unpack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// textItem is a file found in a text: where its lines are and how they are coded.
type textItem struct {
	name  string
	code  string // "uu", "xx", "yenc", "hqx", "base64"
	lines [][]byte
	whole bool // its end was seen
	empty bool // a line without data was seen, which stands before the end
}

var (
	asciiBegin    = regexp.MustCompile(`^begin [0-7]{3,4} +(\S.*?)\s*$`)
	asciiBegin64  = regexp.MustCompile(`^begin-base64 [0-7]{3,4} +(\S.*?)\s*$`)
	yencBegin     = regexp.MustCompile(`^=ybegin .*?name=(.*?)\s*$`)
	nameParameter = regexp.MustCompile(`(?i)\bname="?([^";]+)`)
)

// maxText is the largest text that is searched.
const maxText = 16 << 20

// maxLines bounds the lines kept of one file.
const maxLines = 400_000

// doASCII finds files in text: uuencode, xxencode, yEnc, BinHex and base64, as UUlib does for the original.
func doASCII(t *task, p *mail.Part, _ *Decoder) (outcome, error) {
	if p.Size > maxText {
		return kept, errors.New("text too large")
	}
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxText))
	if err != nil {
		return kept, &HostError{err}
	}
	items := findInText(data)
	res, n := atomic, 0
	for i := len(items) - 1; i >= 0; i-- { // the original lists the last one first
		it := items[i]
		if !it.whole {
			res = kept
			continue
		}
		part, err := t.add(p, true, false)
		if err != nil {
			return kept, err
		}
		n++
		part.Placement = fmt.Sprintf("%s/%d", p.Placement, n)
		err = t.fill(part, "do_ascii", func(w io.Writer) error { return it.decode(w) })
		if it.name == "" {
			it.name = fmt.Sprintf("UNKNOWN.%03d", i+1)
		}
		part.NameDeclared = []string{mime.Latin1(it.name)}
		if err != nil {
			if fatal(t, err) {
				return kept, err
			}
			res = kept
		} else if res == atomic {
			res = replaced
		}
	}
	return res, nil
}

// findInText runs over the lines once.
func findInText(data []byte) []*textItem {
	var items []*textItem
	var open *textItem
	name := "" // from a header in front
	begin := func(n, code string) {
		open = &textItem{name: n, code: code}
		items = append(items, open)
	}
	for len(data) > 0 && len(items) < 10000 {
		ln, rest, _ := bytes.Cut(data, []byte("\n"))
		if open == nil {
			if code, ok := rawBase64(data); ok {
				begin(name, code)
				name = ""
			}
		}
		data = rest
		ln = bytes.TrimSuffix(ln, []byte("\r"))
		if open != nil {
			open.take(ln)
			if len(open.lines) >= maxLines {
				open.whole, open = false, nil
				continue
			}
			if open.whole || open.code == "base64" && !base64Line(ln) {
				open.whole = true
				open = nil
			}
			continue
		}
		switch {
		case bytes.HasPrefix(ln, []byte("begin")):
			if m := asciiBegin.FindSubmatch(ln); m != nil {
				if code := uuOrXX(data); code != "" {
					begin(string(m[1]), code)
				}
			} else if m := asciiBegin64.FindSubmatch(ln); m != nil {
				begin(string(m[1]), "base64")
			}
		case bytes.HasPrefix(ln, []byte("=ybegin ")):
			if m := yencBegin.FindSubmatch(ln); m != nil {
				begin(string(m[1]), "yenc")
			}
		case len(ln) > 0 && ln[0] == ':' && len(ln) > 20 && hqxLine(ln[1:]):
			begin("", "hqx")
			open.take(ln[1:])
			if open.whole {
				open = nil
			}
		default:
			if m := nameParameter.FindSubmatch(ln); m != nil && len(ln) < 1000 {
				name = strings.TrimSpace(string(m[1]))
			}
		}
	}
	if open != nil {
		open.whole = open.code == "base64" || open.empty
	}
	return items
}

// take adds a line and looks for the end.
func (it *textItem) take(ln []byte) {
	switch it.code {
	case "uu", "xx":
		s := string(bytes.TrimRight(ln, " \t"))
		it.whole = s == "end"
		it.empty = it.empty || s == "`" || s == "" || s == "+" && it.code == "xx"
	case "yenc":
		it.whole = bytes.HasPrefix(ln, []byte("=yend"))
	case "hqx":
		it.whole = bytes.HasSuffix(ln, []byte(":"))
	}
	if it.whole && it.code != "hqx" || it.code == "yenc" && bytes.HasPrefix(ln, []byte("=ypart ")) {
		return
	}
	if len(it.lines) >= maxLines || len(ln) == 0 {
		return
	}
	it.lines = append(it.lines, ln)
}

func base64Line(ln []byte) bool {
	ln = bytes.TrimRight(ln, "=")
	for _, c := range ln {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/') {
			return false
		}
	}
	return len(ln) > 0
}

// rawBase64 says whether four lines of the same length, all of base64, come next.
func rawBase64(data []byte) (string, bool) {
	n := bytes.IndexByte(data, '\n')
	if n < 40 || n > 100 || len(data) < 3*(n+1) {
		return "", false
	}
	first := bytes.TrimSuffix(data[:n], []byte("\r"))
	if len(first)%4 != 0 {
		return "", false
	}
	for i := range 3 {
		ln := data[i*(n+1) : (i+1)*(n+1)]
		if ln[n] != '\n' || !base64Line(bytes.TrimSuffix(ln[:n], []byte("\r"))) {
			return "", false
		}
	}
	return "base64", true
}

func hqxLine(ln []byte) bool {
	for _, c := range bytes.TrimSuffix(ln, []byte(":")) {
		if strings.IndexByte("!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr", c) < 0 {
			return false
		}
	}
	return true
}

const xxAlphabet = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// uuOrXX looks at the line behind begin.
func uuOrXX(data []byte) string {
	ln, _, _ := bytes.Cut(data, []byte("\n"))
	ln = bytes.TrimRight(ln, "\r")
	if len(ln) == 0 {
		return ""
	}
	if n := (int(ln[0]) - 32) & 63; ln[0] >= ' ' && ln[0] <= '`' && (len(ln)-1 >= (n+2)/3*4 && len(ln)-1 <= (n+2)/3*4+2 || n == 0) {
		return "uu"
	}
	if n := strings.IndexByte(xxAlphabet, ln[0]); n >= 0 && len(ln)-1 >= (n+2)/3*4 && len(ln)-1 <= (n+2)/3*4+2 {
		return "xx"
	}
	return ""
}

func (it *textItem) decode(w io.Writer) error {
	out := bufio.NewWriterSize(w, 32<<10)
	var err error
	switch it.code {
	case "base64":
		err = mime.DecodeBody("base64", out, bytes.NewReader(bytes.Join(it.lines, nil)))
	case "hqx":
		var s string
		if s, err = mime.DecodeBinHex(out, bytes.NewReader(bytes.Join(it.lines, []byte("\n")))); s != "" {
			it.name = s
		}
	case "yenc":
		for _, ln := range it.lines {
			if err = yencLine(out, ln); err != nil {
				break
			}
		}
	default:
		for _, ln := range it.lines {
			if err = groupsOfSix(out, ln, it.code == "xx"); err != nil {
				break
			}
		}
	}
	return errors.Join(err, out.Flush())
}

func yencLine(w *bufio.Writer, ln []byte) error {
	for i := 0; i < len(ln); i++ {
		c := ln[i]
		if c == '=' && i+1 < len(ln) {
			i++
			c = ln[i] - 64
		}
		if err := w.WriteByte(c - 42); err != nil {
			return err
		}
	}
	return nil
}

// groupsOfSix decodes one line of uuencode or xxencode.
func groupsOfSix(w *bufio.Writer, ln []byte, xx bool) error {
	value := func(i int) int {
		switch {
		case i >= len(ln):
			return 0
		case xx:
			return max(0, strings.IndexByte(xxAlphabet, ln[i]))
		}
		return (int(ln[i]) - 32) & 63
	}
	if len(ln) == 0 {
		return nil
	}
	n := value(0)
	for i := 1; n > 0; i, n = i+4, n-3 {
		v := value(i)<<18 | value(i+1)<<12 | value(i+2)<<6 | value(i+3)
		three := [3]byte{byte(v >> 16), byte(v >> 8), byte(v)}
		if _, err := w.Write(three[:min(n, 3)]); err != nil {
			return err
		}
	}
	return nil
}
