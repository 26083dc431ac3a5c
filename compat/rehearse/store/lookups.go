package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/stored"
)

// Tables of one run only: an old log, envelopes, expectations. They are temporary, so that the file keeps none of it.
var tables = []string{
	`CREATE TEMP TABLE past (key TEXT NOT NULL, mail_id TEXT NOT NULL, answer BLOB NOT NULL)`,
	`CREATE TEMP TABLE envelopes (mail TEXT PRIMARY KEY, envelope BLOB NOT NULL) WITHOUT ROWID`,
	`CREATE TEMP TABLE expected (mail TEXT PRIMARY KEY, record BLOB NOT NULL, seen INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID`,
}

// Past is an answer of an earlier day with what it is found by.
type Past struct {
	Key    string // see oldlog.Past.Key
	Answer *answer.Answer
}

// AddPast keeps answers of a log.
func (s *Store) AddPast(list []Past) error {
	var bad error
	err := s.many(`INSERT INTO past VALUES (?, ?, ?)`, len(list), func(i int) []any {
		raw, err := json.Marshal(list[i].Answer)
		bad = errors.Join(bad, err)
		return []any{list[i].Key, list[i].Answer.MailID, raw}
	})
	return errors.Join(bad, err)
}

// IndexPast is called once all is there.
func (s *Store) IndexPast() error {
	for _, q := range []string{`CREATE INDEX temp.past_key ON past (key)`, `CREATE INDEX temp.past_mail ON past (mail_id)`} {
		if _, err := s.db.Exec(q); err != nil {
			return err
		}
	}
	return nil
}

// FindPast gives the answers of a mail by its id, else by its key; no more than 100.
func (s *Store) FindPast(mailID, key string) ([]*answer.Answer, error) {
	for _, q := range []struct{ query, key string }{{`SELECT answer FROM past WHERE mail_id = ? LIMIT 100`, mailID},
		{`SELECT answer FROM past WHERE key = ? LIMIT 100`, key}} {
		if q.key == "" {
			continue
		}
		var out []*answer.Answer
		rows, err := s.db.Query(q.query, q.key)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var raw []byte
			a := &answer.Answer{}
			if err := rows.Scan(&raw); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			if err := json.Unmarshal(raw, a); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			out = append(out, a)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(out) > 0 {
			return out, err
		}
	}
	return nil, nil
}

// NamedEnvelope is the envelope of a mail by its name.
type NamedEnvelope struct {
	Mail     string
	Envelope stored.Envelope
}

// AddEnvelopes keeps envelopes.
func (s *Store) AddEnvelopes(list []NamedEnvelope) error {
	var bad error
	err := s.many(`INSERT OR REPLACE INTO envelopes VALUES (?, ?)`, len(list), func(i int) []any {
		raw, err := json.Marshal(list[i].Envelope)
		bad = errors.Join(bad, err)
		return []any{list[i].Mail, raw}
	})
	return errors.Join(bad, err)
}

// Envelope gives the envelope of a mail: by its whole name, else by its last part.
func (s *Store) Envelope(mail string) (e stored.Envelope, ok bool, err error) {
	for _, name := range []string{mail, filepath.Base(mail)} {
		var raw []byte
		err := s.db.QueryRow(`SELECT envelope FROM envelopes WHERE mail = ?`, name).Scan(&raw)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return e, false, err
		default:
			return e, true, json.Unmarshal(raw, &e)
		}
	}
	return e, false, nil
}

// AddExpected keeps records to be met again.
func (s *Store) AddExpected(list []*rehearse.Record) error {
	var bad error
	err := s.many(`INSERT OR REPLACE INTO expected (mail, record) VALUES (?, ?)`, len(list), func(i int) []any {
		raw, err := json.Marshal(list[i])
		bad = errors.Join(bad, err)
		return []any{list[i].Mail, raw}
	})
	return errors.Join(bad, err)
}

// Expected gives what is expected of a mail, nil when nothing is, and notes that it came.
func (s *Store) Expected(mail string) (*rehearse.Record, error) {
	var raw []byte
	err := s.db.QueryRow(`UPDATE expected SET seen = 1 WHERE mail = ? RETURNING record`, mail).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &rehearse.Record{}
	return r, json.Unmarshal(raw, r)
}

// Missing counts the mails that were expected and did not come, and names some.
func (s *Store) Missing() (n int64, some []string, err error) {
	if err = s.db.QueryRow(`SELECT count(*) FROM expected WHERE seen = 0`).Scan(&n); err != nil || n == 0 {
		return n, nil, err
	}
	rows, err := s.db.Query(`SELECT mail FROM expected WHERE seen = 0 ORDER BY mail LIMIT 20`)
	if err != nil {
		return n, nil, err
	}
	for rows.Next() {
		var mail string
		if err := rows.Scan(&mail); err != nil {
			return n, some, errors.Join(err, rows.Close())
		}
		some = append(some, mail)
	}
	return n, some, errors.Join(rows.Err(), rows.Close())
}
