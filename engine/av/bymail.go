package av

import (
	"context"
	"errors"
	"fmt"

	"mavis/rules"
)

// byMail sends the whole message to a scanner that speaks SMTP or LMTP; its reply is what the patterns judge. The parts
// are not looked at.
func (s *Scanner) byMail(ctx context.Context, e *rules.Scanner) ([]reply, error) {
	if s.Mail == nil {
		return nil, errors.New("sending mail to a scanner is not possible here")
	}
	to := extra(e)
	if to == "" {
		to = "dummy@localhost"
	}
	var last error
	for _, method := range e.Sockets {
		answer, err := s.Mail(ctx, method, to)
		if err == nil {
			s.logf(2, "av_smtp_client %s: %s, %s", e.Name, method, answer)
			return []reply{{output: answer}}, nil
		}
		last = fmt.Errorf("%s: %w", method, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}
