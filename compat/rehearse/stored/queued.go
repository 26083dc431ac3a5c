package stored

import (
	"io"
	"os"
	"strings"

	"mavis/compat/rehearse/queuefile"
	"mavis/engine/mail"
)

// queued is a mail in a Postfix queue, with the envelope that stands in its file.
func queued(path string, f *os.File, size int64) *Mail {
	q, err := queuefile.Read(f, size)
	if err != nil {
		return broken(path, err)
	}
	client := func(name string) string { // what XFORWARD told the queue, else its own client: as the queue would forward it
		if v := q.Attrs["log_"+name]; v != "" {
			return known(v)
		}
		return known(q.Attrs[name])
	}
	e := Envelope{From: mail.Quote(q.Sender), HasFrom: true, HasClient: true, Helo: client("helo_name"), Proto: client("protocol_name"),
		ClientIP: client("client_address"), ClientName: client("client_name"), ClientPort: client("client_port")}
	for _, r := range q.Recipients {
		e.To = append(e.To, mail.Quote(r.Addr))
		var params []string
		if len(r.Notify) > 0 {
			params = append(params, "NOTIFY="+strings.Join(r.Notify, ","))
		}
		if r.ORcpt != "" {
			params = append(params, "ORCPT="+r.ORcpt)
		}
		e.RcptParams = append(e.RcptParams, strings.Join(params, " "))
	}
	var params []string
	if q.Ret != "" {
		params = append(params, "RET="+q.Ret)
	}
	if q.EnvID != "" {
		params = append(params, "ENVID="+q.EnvID)
	}
	if b := strings.ToUpper(q.Attrs["encoding"]); b == "7BIT" || b == "8BITMIME" {
		params = append(params, "BODY="+b)
	} else if b == "8BIT" {
		params = append(params, "BODY=8BITMIME")
	}
	e.MailParams = strings.Join(params, " ")
	return &Mail{Name: path, Size: size, Known: e, Open: func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		q, err := queuefile.Read(f, size)
		if err != nil {
			f.Close()
			return nil, err
		}
		return part{q.Content(), f}, nil
	}}
}

// known is a value that Postfix knows.
func known(s string) string {
	if s == "unknown" || s == "[UNAVAILABLE]" {
		return ""
	}
	return s
}
