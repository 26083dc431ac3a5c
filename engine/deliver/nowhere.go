package deliver

import (
	"context"
	"errors"
	"fmt"
)

// Nowhere is a next hop that takes everything and keeps nothing, for rehearsals. It judges what a Client judges by
// itself: methods, and mail that has gone around too often.
type Nowhere struct{}

// Deliver says 250 for each recipient.
func (Nowhere) Deliver(_ context.Context, methods []string, m *Outgoing) (*Result, error) {
	targets, err := ParseMethods(methods)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, errors.New("no delivery method")
	}
	o := Outcome{Code: 250, Enhanced: "2.0.0", Text: "Ok: queued as NOWHERE", Stage: DataDot, Target: targets[0].String()}
	res := &Result{Transactions: 1}
	switch targets[0].Protocol {
	case "smtp", "lmtp":
		res.DSN = true
	case "pipe", "bsmtp", "discard":
		o.Own, o.Text = true, "Ok"
	default:
		return nil, fmt.Errorf("delivery method %q is none that sends", methods[0])
	}
	if hops := receivedFields(m.Header); hops > maxHops {
		o.Code, o.Enhanced, o.Text, o.Own, o.Stage, o.Target = 554, "5.4.6", tooManyHops(hops), true, Connect, ""
	}
	o.Answer = fmt.Sprintf("%d %s %s", o.Code, o.Enhanced, o.Text)
	for _, r := range m.Rcpts {
		one := o
		one.Addr = r.Addr
		res.Outcomes = append(res.Outcomes, one)
	}
	return res, nil
}
