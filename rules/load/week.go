package load

import (
	"fmt"
	"strings"
	"time"

	"mavis/perlconf/eval"
)

// The words iso8601_* give dates for quarantine folders and partition tags (ISO 8601). Their first argument counts
// seconds since 1970; the local time zone is that of the Host's clock.

func (l *loader) moment(c *eval.Call) time.Time {
	return time.Unix(eval.ToInt(c.Arg(0)), 0).In(l.host.Now().Location())
}

func (l *loader) isoWeek(c *eval.Call) ([]eval.Value, error) {
	_, week := l.moment(c).ISOWeek()
	return one(int64(week)), nil
}

func (l *loader) isoYearWeek(c *eval.Call) ([]eval.Value, error) {
	year, week := l.moment(c).ISOWeek()
	return one(int64(year*100 + week)), nil
}

func (l *loader) isoYearAndWeek(c *eval.Call) ([]eval.Value, error) {
	year, week := l.moment(c).ISOWeek()
	if c.Want != eval.ListContext {
		return one(int64(week)), nil
	}
	return []eval.Value{int64(year), int64(week)}, nil
}

func (l *loader) isoWeekday(c *eval.Call) ([]eval.Value, error) {
	return one(int64((l.moment(c).Weekday()+6)%7 + 1)), nil
}

// stamp formats a time; args are: no zone, what stands between date and time, with - and :.
func stamp(t time.Time, c *eval.Call, zone string) string {
	date, clock := "20060102", "150405"
	if eval.ToBool(c.Arg(3)) {
		date, clock = "2006-01-02", "15:04:05"
	}
	between := "T"
	if c.Arg(2) != nil {
		between = eval.ToString(c.Arg(2))
	}
	s := t.Format(date) + between + t.Format(clock)
	if c.Arg(4) != nil && eval.ToBool(c.Arg(4)) {
		f := eval.ToFloat(c.Arg(0))
		s += fmt.Sprintf(".%03d", int(1000*(f-float64(int64(f)))+0.5))
	}
	if !eval.ToBool(c.Arg(1)) {
		s += zone
	}
	return s
}

func (l *loader) isoTimestamp(c *eval.Call) ([]eval.Value, error) {
	t := l.moment(c)
	return one(stamp(t, c, strings.Replace(t.Format("-07:00"), ":", "", 1))), nil
}

func (l *loader) isoUTCTimestamp(c *eval.Call) ([]eval.Value, error) {
	return one(stamp(l.moment(c).UTC(), c, "Z")), nil
}
