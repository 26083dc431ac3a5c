package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"mavis/compat/explain"
	"mavis/engine/mail"
)

// explainCommand tells what would become of a mail, and by which rules. The engine decides as in the daemon; nothing is
// delivered, and no scanner is asked.
type explainCommand struct {
	configFiles
	From      string   `default:"alice@sender.example" help:"Envelope sender; <> is the empty one."`
	To        []string `required:"" sep:"none" help:"Envelope recipient; may be repeated."`
	ClientIP  string   `name:"client-ip" default:"192.0.2.25" placeholder:"ADDRESS" help:"The client that brought the mail; the MTA tells by XFORWARD."`
	Port      string   `help:"Where the mail comes in: a port, ADDRESS:PORT or a socket; by default the first of the configuration."`
	Mail      string   `placeholder:"FILE" help:"The mail; without it a small one is made."`
	Virus     string   `placeholder:"NAME" help:"The virus scanner finds this virus."`
	SpamScore float64  `placeholder:"N" help:"Spam scanners give this score."`
	Banned    []string `sep:"none" placeholder:"NAME" help:"The mail that is made has an attachment of this name, or of this MIME type; may be repeated."`
	Expect    string   `placeholder:"KEY=VALUE,..." help:"What must come out, such as destiny=D_DISCARD,quarantine=virus-quarantine; status 1 when it does not."`
	JSON      bool     `name:"json" help:"Print one JSON document."`
	Config    []string `short:"c" hidden:"" help:"The same as FILE, as amavisd takes it."`
	Files     []string `arg:"" optional:"" name:"file" help:"Configuration files or folders, in order; without any, those of this host."`
}

// Run prints the answer. The status is 0, 1 when an expectation was not met, 2 when the question could not be asked.
func (c *explainCommand) Run(s streams) error {
	if _, err := explain.ParseExpect(c.Expect); err != nil {
		return usage(s, err)
	}
	question, err := c.question()
	if err != nil {
		return usage(s, err)
	}
	cfg, err := c.model(s, append(c.Config, c.Files...))
	if err != nil {
		return err
	}
	bench, err := explain.New(cfg)
	if err != nil {
		return usage(s, err)
	}
	defer bench.Close()
	a, err := bench.Run(context.Background(), question)
	if err != nil {
		return usage(s, err)
	}
	differs, err := a.Check(c.Expect)
	if err != nil {
		return usage(s, err)
	}
	if c.JSON {
		err = writeAnswer(s.out, a, differs)
	} else {
		printAnswer(s.out, a)
		for _, d := range differs {
			fmt.Fprintln(s.out, "differs:", d)
		}
	}
	if err == nil && len(differs) > 0 {
		return exitStatus(1)
	}
	return err
}

func (c *explainCommand) question() (explain.Case, error) {
	q := explain.Case{From: strings.Trim(c.From, "<>"), To: c.To, ClientIP: c.ClientIP, Port: c.Port, Virus: c.Virus, Score: c.SpamScore, Banned: c.Banned}
	if c.Mail == "" {
		return q, nil
	}
	text, err := os.ReadFile(c.Mail)
	q.Mail = text
	return q, err
}

// printAnswer writes the outcome first, then every step.
func printAnswer(w io.Writer, a *explain.Answer) {
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-11s %s\n", key, value)
		}
	}
	for _, r := range a.Rcpts {
		fmt.Fprintf(w, "<%s>\n", r.Addr)
		line("category", r.Category)
		line("destiny", r.Destiny)
		line("quarantine", r.HeldFor)
		if r.SendTo != "" {
			line("goes on to", "<"+r.SendTo+"> by "+strings.Join(r.NextHop, " or "))
		}
		for _, h := range r.Header {
			line("header", h)
		}
	}
	if len(a.Rcpts) == 0 {
		fmt.Fprintln(w, "the mail does not come in")
	} else {
		fmt.Fprintln(w, "the mail")
	}
	line("banks", a.Banks)
	for _, h := range a.Held {
		line("held at", h)
	}
	for _, n := range a.Sent {
		if n.What != "mail" {
			line(n.What, "to <"+strings.Join(n.To, ">, <")+"> from <"+n.From+"> by "+strings.Join(n.Methods, " or "))
		}
	}
	line("reply", a.Reply)
	if len(a.Unasked) > 0 {
		line("not asked", strings.Join(a.Unasked, ", "))
	}
	fmt.Fprintln(w, "why")
	printSteps(w, a.Steps)
}

// answerJSON is the JSON form of an answer.
type answerJSON struct {
	Banks       string           `json:"banks"`
	Originating bool             `json:"originating"`
	Reply       string           `json:"reply"`
	Recipients  []recipientJSON  `json:"recipients"`
	Held        []string         `json:"held"`
	Sent        []sentJSON       `json:"sent"`
	NotAsked    []string         `json:"not_asked,omitempty"`
	Differs     []differenceJSON `json:"differs,omitempty"`
	Steps       []stepJSON       `json:"steps"`
}

type recipientJSON struct {
	Address    string   `json:"address"`
	Local      bool     `json:"local"`
	Category   string   `json:"category"`
	Destiny    string   `json:"destiny"`
	Score      float64  `json:"score"`
	Quarantine string   `json:"quarantine"`
	SendTo     string   `json:"sendto"`
	NextHop    []string `json:"nexthop"`
	Header     []string `json:"header"`
	Reply      string   `json:"reply"`
}

type sentJSON struct {
	What    string   `json:"what"`
	From    string   `json:"from"`
	To      []string `json:"to"`
	Methods []string `json:"methods"`
}

type differenceJSON struct {
	Recipient string `json:"recipient,omitempty"`
	Key       string `json:"key"`
	Want      string `json:"want"`
	Got       string `json:"got"`
}

type stepJSON struct {
	Stage     mail.Stage `json:"stage"`
	Recipient string     `json:"recipient,omitempty"`
	What      string     `json:"what"`
	Setting   string     `json:"setting,omitempty"`
	Value     string     `json:"value,omitempty"`
	Entry     string     `json:"entry,omitempty"`
	File      string     `json:"file,omitempty"`
	Line      int        `json:"line,omitempty"`
}

func writeAnswer(w io.Writer, a *explain.Answer, differs []explain.Difference) error {
	out := answerJSON{Banks: a.Banks, Originating: a.Originating, Reply: a.Reply, Recipients: []recipientJSON{}, Held: append([]string{}, a.Held...),
		Sent: []sentJSON{}, NotAsked: a.Unasked, Steps: []stepJSON{}}
	for _, r := range a.Rcpts {
		out.Recipients = append(out.Recipients, recipientJSON{Address: r.Addr, Local: r.Local, Category: r.Category, Destiny: r.Destiny, Score: r.Score,
			Quarantine: r.HeldFor, SendTo: r.SendTo, NextHop: append([]string{}, r.NextHop...), Header: append([]string{}, r.Header...), Reply: r.Reply})
	}
	for _, x := range a.Sent {
		out.Sent = append(out.Sent, sentJSON(x))
	}
	for _, d := range differs {
		out.Differs = append(out.Differs, differenceJSON{d.Rcpt, d.Key, d.Want, d.Got})
	}
	for _, x := range a.Steps {
		j := stepJSON{Stage: x.Stage, Recipient: x.Rcpt, What: x.What, Setting: x.Setting, Value: x.Value, Entry: x.Rule}
		if !x.Origin.IsZero() {
			j.File, j.Line = x.Origin.File.Name, x.Origin.Pos().Line
		}
		out.Steps = append(out.Steps, j)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
