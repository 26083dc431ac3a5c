package shadow

import "mavis/engine/ingress"

// answered takes the reply to a command in.
func (l *listener) answered(c command, text string) {
	good := text[0] == '2'
	switch c.kind {
	case hello:
		if good {
			l.client.Helo = l.helo
			l.end()
		}
	case forwarded:
		if good {
			l.xforward = append(l.xforward, c.args)
		}
	case from:
		l.begin(c.args, text)
	case to:
		l.recipient(c.args, text)
	case data:
		switch {
		case text[0] == '3':
			l.inData, l.undotter = true, ingress.Undotter{}
			if l.tx != nil {
				l.openCopy()
			}
		case l.tx != nil:
			l.tx.Replies = []string{text}
			l.end()
		}
	case endOfData:
		l.final(text)
	case reset:
		l.end()
	case auth:
		l.inAuth = text[0] == '3'
	case startTLS:
		if good {
			l.stop() // from here on it is encrypted
		}
	}
}

func (l *listener) begin(args, text string) {
	l.end()
	e, err := ingress.ParseMail(args)
	if err != nil {
		return // what the server took of it cannot be told
	}
	tx := &Overheard{Side: l.side, Client: l.client, Envelope: e, LMTP: l.lmtp, Started: l.now()}
	if err := ingress.ParseXForward(&tx.Client, l.xforward...); err != nil {
		return
	}
	l.xforward = nil
	l.tx = tx
	if text[0] != '2' {
		tx.Replies = []string{text}
		l.end()
	}
}

func (l *listener) recipient(args, text string) {
	if l.tx == nil {
		return
	}
	r, err := ingress.ParseRcpt(args)
	if err != nil {
		if text[0] == '2' {
			l.stop() // we would judge for another list of recipients than the server
		}
		return
	}
	e := &l.tx.Envelope
	if len(e.Rcpts) >= maxRecipients {
		l.stop()
		return
	}
	if text[0] != '2' {
		if l.tx.Refused == nil {
			l.tx.Refused = map[int]string{}
		}
		l.tx.Refused[len(e.Rcpts)] = text
	}
	e.Rcpts = append(e.Rcpts, r)
}

func (l *listener) openCopy() {
	if l.spool == nil {
		l.tx.Skipped = "no copies are kept"
		return
	}
	l.tx.Task = l.spool.Task()
}

// final takes one reply to the end of the data in, and tells of the transaction with the last.
func (l *listener) final(text string) {
	tx := l.tx
	if tx == nil {
		return
	}
	tx.Replies = append(tx.Replies, text)
	if tx.LMTP && len(tx.Replies) < len(tx.Taken()) {
		return
	}
	l.tx = nil
	tx.Answered = l.now()
	l.heard(tx)
}
