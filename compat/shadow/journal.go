package shadow

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	_ "modernc.org/sqlite" // the driver

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
)

// Journal keeps the records of a shadow in a SQLite file, so that they outlive it. Mails that came out the same are kept without
// their traces. One goroutine writes; others may read the file meanwhile.
type Journal struct {
	db   *sql.DB
	keep time.Duration
	rows int64
	n    int
}

const schema = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS about (version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS mail (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, changed INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS mail_at ON mail (at);
CREATE TABLE IF NOT EXISTS lost (at INTEGER NOT NULL, mails INTEGER NOT NULL);
`

// OpenJournal opens or makes a journal. Records older than keep go, and the oldest when there are more than rows; 0 is 30 days, or
// a million.
func OpenJournal(name string, keep time.Duration, rows int64) (_ *Journal, err error) {
	if keep == 0 {
		keep = 30 * 24 * time.Hour
	}
	if rows == 0 {
		rows = 1e6
	}
	db, err := sql.Open("sqlite", "file:"+name+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("journal %s: %w", name, errors.Join(err, db.Close()))
		}
	}()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		return nil, err
	}
	var version int
	switch err := db.QueryRow("SELECT version FROM about").Scan(&version); {
	case errors.Is(err, sql.ErrNoRows):
		if _, err := db.Exec("INSERT INTO about VALUES (?)", rehearse.Version); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case version != rehearse.Version:
		return nil, fmt.Errorf("it has version %d, this program reads %d", version, rehearse.Version)
	}
	return &Journal{db: db, keep: keep, rows: rows}, nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.db.Close() }

// Add keeps a record.
func (j *Journal) Add(r *rehearse.Record, at time.Time) error {
	dull := len(r.Changes) == 0 && r.Finding == ""
	if dull {
		r = slim(r)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := j.db.Exec("INSERT INTO mail (at, changed, record) VALUES (?, ?, ?)", at.UnixMilli(), !dull, string(raw)); err != nil {
		return err
	}
	if j.n++; j.n%1000 == 1 {
		return j.prune(at)
	}
	return nil
}

// Lost notes mails that nobody could judge in time.
func (j *Journal) Lost(n int64, at time.Time) error {
	_, err := j.db.Exec("INSERT INTO lost VALUES (?, ?)", at.UnixMilli(), n)
	return err
}

func (j *Journal) prune(now time.Time) error {
	if _, err := j.db.Exec("DELETE FROM mail WHERE at < ? OR id <= (SELECT max(id) FROM mail) - ?", now.Add(-j.keep).UnixMilli(), j.rows); err != nil {
		return err
	}
	_, err := j.db.Exec("DELETE FROM lost WHERE at < ?", now.Add(-j.keep).UnixMilli())
	return err
}

// slim is a record with what the sums need.
func slim(r *rehearse.Record) *rehearse.Record {
	out := *r
	out.Then, out.Now = slimAnswer(r.Then), slimAnswer(r.Now)
	return &out
}

func slimAnswer(a *answer.Answer) *answer.Answer {
	if a == nil {
		return nil
	}
	out := *a
	out.Copies, out.Recipients = nil, nil
	for _, r := range a.Recipients {
		r.Trace, r.Tests = nil, nil
		out.Recipients = append(out.Recipients, r)
	}
	return &out
}

// Each gives the records since a time, oldest first, and tells how many mails were not judged.
func (j *Journal) Each(since time.Time, f func(*rehearse.Record) error) (lost int64, err error) {
	if err := j.db.QueryRow("SELECT coalesce(sum(mails), 0) FROM lost WHERE at >= ?", since.UnixMilli()).Scan(&lost); err != nil {
		return 0, err
	}
	rows, err := j.db.Query("SELECT record FROM mail WHERE at >= ? ORDER BY id", since.UnixMilli())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return 0, err
		}
		var r rehearse.Record
		if err := json.Unmarshal(raw, &r); err != nil {
			return 0, err
		}
		if err := f(&r); err != nil {
			return 0, err
		}
	}
	return lost, rows.Err()
}
