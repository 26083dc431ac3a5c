package judge

import (
	"context"
	"fmt"
	"strings"

	"mavis/engine/deliver"
)

type refusedKey struct{}

// What the next hop said of a recipient it did not take.
const (
	Never = "never" // 5xx
	Later = "later" // 4xx
)

// hop is the next hop of a rehearsal: it takes everything, but for those whom the real one did not take that day.
type hop struct{ deliver.Nowhere }

// Deliver answers for each recipient.
func (h hop) Deliver(ctx context.Context, methods []string, m *deliver.Outgoing) (*deliver.Result, error) {
	res, err := h.Nowhere.Deliver(ctx, methods, m)
	said, _ := ctx.Value(refusedKey{}).(map[string]string)
	if err != nil || len(said) == 0 {
		return res, err
	}
	for i := range res.Outcomes {
		o := &res.Outcomes[i]
		text := said[strings.ToLower(o.Addr)]
		if text == "" || !o.Accepted() {
			continue
		}
		o.Code, o.Enhanced, o.Text, o.Stage = 550, "5.0.0", "refused that day", deliver.RcptTo
		if text == Later {
			o.Code, o.Enhanced, o.Text = 451, "4.0.0", "refused for a time that day"
		}
		o.Answer = fmt.Sprintf("%d %s %s", o.Code, o.Enhanced, o.Text)
	}
	return res, nil
}
