package daemon_test

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
)

// normaliser takes out what differs from run to run, by the rules of testdata/golden/normalise.tsv.
type normaliser struct {
	ids  []*regexp.Regexp
	subs []substitution
}

type substitution struct {
	pattern *regexp.Regexp
	text    string
}

func readNormaliser(t *testing.T, file string) *normaliser {
	n := &normaliser{}
	for _, f := range readTable(t, file) {
		p, err := regexp.Compile("(?m)" + f[1])
		switch {
		case err != nil:
			t.Fatal(err)
		case f[0] == "id":
			n.ids = append(n.ids, p)
		default:
			n.subs = append(n.subs, substitution{p, f[2]})
		}
	}
	return n
}

// with is the normaliser of one case: places maps what the site filled in to the names of the placeholders, and the ids are
// looked for in all texts of the case.
func (n *normaliser) with(base string, ports map[string]string, texts []string) func(string) string {
	ids := map[string]bool{}
	for _, text := range texts {
		for _, p := range n.ids {
			for _, m := range p.FindAllStringSubmatch(text, -1) {
				ids[m[1]] = true
			}
		}
	}
	plain := []string{base, "<BASE>"}
	for id := range ids {
		plain = append(plain, id, "<MAIL_ID>")
	}
	replacer := strings.NewReplacer(plain...)
	var levels []*regexp.Regexp // sub-folders of the quarantine, named by the first character of the id
	for id := range ids {
		levels = append(levels, regexp.MustCompile(`(?m)(^|[ /])`+regexp.QuoteMeta(id[:1])+`/([^ /,]*(?:<MAIL_ID>|\.mbox))`))
	}
	var subs []substitution
	for _, name := range []string{"PORT", "PORT2", "SINK"} {
		subs = append(subs, substitution{regexp.MustCompile(`\b` + ports[name] + `\b`), "<" + name + ">"})
	}
	subs = append(subs, n.subs...)
	return func(s string) string {
		s = replacer.Replace(s)
		for _, r := range subs {
			s = r.pattern.ReplaceAllLiteralString(s, r.text)
		}
		for _, p := range levels {
			s = p.ReplaceAllString(s, "$1<LEVEL>/$2")
		}
		return s
	}
}

// bytesOf and runesOf change between bytes and text in which every rune is a byte.
func bytesOf(s string) []byte {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		out = append(out, byte(r))
	}
	return out
}

func runesOf(b []byte) string {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}

// bodyAsSent stands for a body that is the one of the mail that was sent.
const bodyAsSent = "<AS SENT>"

// split takes a message, as runes, apart. The fields keep their folding, with LF.
func split(data, sent string) (header []string, body string) {
	end := "\n"
	if strings.Contains(data, "\r\n") {
		end = "\r\n"
	}
	head, body, found := strings.Cut(data, end+end)
	for i, line := range strings.Split(head, end) {
		line = strings.ReplaceAll(line, "\r\n", "\n")
		if i > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			header[len(header)-1] += "\n" + line
		} else {
			header = append(header, line)
		}
	}
	body = strings.ReplaceAll(body, "\r\n", "\n")
	if found && body == sent {
		body = bodyAsSent
	}
	return header, body
}

// seen is what was observed of a case, raw.
type seen struct {
	replies, log []string
	mails        []hopMail
	files        []heldFile
}

type heldFile struct {
	name, mode, data string
}

// outcome brings what was seen into the form of the recordings; record.py does the same.
func (s seen) outcome(c goldenCase, n *normaliser, base string, ports map[string]string) outcome {
	_, sent, _ := strings.Cut(c.Mail, "\n\n")
	texts := append(append([]string{}, s.replies...), s.log...)
	for _, m := range s.mails {
		texts = append(texts, m.data)
	}
	for _, f := range s.files {
		texts = append(texts, "quarantine/"+f.name, f.data)
	}
	norm := n.with(base, ports, texts)
	all := func(in []string) []string {
		out := make([]string, len(in))
		for i, x := range in {
			out[i] = norm(x)
		}
		return out
	}
	o := outcome{Replies: all(s.replies), Log: all(s.log), Delivered: []delivered{}, Held: []held{}}
	for _, m := range s.mails {
		header, body := split(m.data, sent)
		if slices.ContainsFunc(header, noticeID.MatchString) {
			sort.Strings(header) // the original builds its notices in no fixed order
			if strings.Contains(body, "quoted-printable") {
				body = strings.ReplaceAll(strings.ReplaceAll(body, "=\n", ""), "=3D", "=")
			}
		}
		var envelope []string
		for _, e := range m.envelope {
			envelope = append(envelope, norm(paramsInOrder(e)))
		}
		o.Delivered = append(o.Delivered, delivered{envelope, all(header), norm(body)})
	}
	for _, f := range s.files {
		header, body := split(f.data, sent)
		o.Held = append(o.Held, held{strings.TrimPrefix(norm("quarantine/"+f.name), "quarantine/"), f.mode, all(header), norm(body)})
	}
	inOrder(o.Delivered)
	inOrder(o.Held)
	return o
}

func inOrder[T any](list []T) {
	sort.SliceStable(list, func(i, j int) bool { return fmt.Sprintf("%+v", list[i]) < fmt.Sprintf("%+v", list[j]) })
}

var noticeID = regexp.MustCompile(`^Message-ID: <(VA|VR|DSN)`)

var commandHead = regexp.MustCompile(`^(?:XFORWARD|\S+ (?:FROM|TO):<.*?>( |$))`)

// paramsInOrder sorts the parameters of a command: their order means nothing.
func paramsInOrder(command string) string {
	head := strings.TrimSuffix(commandHead.FindString(command), " ")
	params := strings.Fields(command[len(head):])
	sort.Strings(params)
	return strings.Join(append([]string{head}, params...), " ")
}
