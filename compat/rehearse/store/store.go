// Package store keeps what a rehearsal must not hold in memory in a SQLite file: verdicts of scanners, records of mails,
// lines of an old log, envelopes. Mail itself is never kept.
package store

import (
	"bytes"
	"compress/flate"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // the driver

	"mavis/compat/rehearse"
)

// Store is an open file. Its methods may be called from several goroutines, but for those about records.
type Store struct {
	db      *sql.DB
	verdict *sql.Stmt
	has     *sql.Stmt
	run     string
	pending []row
	deflate *flate.Writer // made once: it is large
}

type row struct {
	mail string
	blob []byte
}

// batch is how many records are written at a time; an interrupted run loses no more, and does them again.
const batch = 200

var schema = []string{
	`CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, scanner TEXT NOT NULL, value BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, title TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, run TEXT NOT NULL, mail TEXT NOT NULL, record BLOB NOT NULL, UNIQUE (run, mail))`,
}

// Open opens a file, or makes it.
func Open(file string) (*Store, error) {
	dsn := (&url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=cache_size(-4000)"}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &Store{db: db}
	for _, q := range append(append([]string{}, schema...), tables...) {
		if _, err = db.Exec(q); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", file, err), db.Close())
		}
	}
	if s.verdict, err = db.Prepare(`SELECT value FROM verdicts WHERE key = ?`); err == nil {
		s.has, err = db.Prepare(`SELECT 1 FROM records WHERE run = ? AND mail = ?`)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close writes what is left and closes the file.
func (s *Store) Close() error { return errors.Join(s.Flush(), s.db.Close()) }

// Verdict gives what Keep kept under a key.
func (s *Store) Verdict(key string) (value []byte, ok bool, err error) {
	err = s.verdict.QueryRow(key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// Keep keeps a verdict.
func (s *Store) Keep(key, scanner string, value []byte) error {
	_, err := s.db.Exec(`INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?)`, key, scanner, value, time.Now().Unix())
	return err
}

// Begin says which run records belong to: those of an earlier one with the same key are there already.
func (s *Store) Begin(run, title string) error {
	s.run = run
	_, err := s.db.Exec(`INSERT OR IGNORE INTO runs VALUES (?, ?, ?)`, run, title, time.Now().Unix())
	return err
}

// Has says whether a mail has its record.
func (s *Store) Has(mail string) (bool, error) {
	var one int
	err := s.has.QueryRow(s.run, mail).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Add keeps a record.
func (s *Store) Add(r *rehearse.Record) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if s.deflate == nil {
		if s.deflate, err = flate.NewWriter(nil, flate.BestSpeed); err != nil {
			return err
		}
	}
	s.deflate.Reset(&b)
	_, err = s.deflate.Write(raw)
	if err = errors.Join(err, s.deflate.Close()); err != nil {
		return err
	}
	if s.pending = append(s.pending, row{r.Mail, b.Bytes()}); len(s.pending) < batch {
		return nil
	}
	return s.Flush()
}

// Flush writes the records that wait.
func (s *Store) Flush() error {
	if len(s.pending) == 0 {
		return nil
	}
	err := s.many(`INSERT OR REPLACE INTO records (run, mail, record) VALUES (?, ?, ?)`, len(s.pending), func(i int) []any {
		return []any{s.run, s.pending[i].mail, s.pending[i].blob}
	})
	s.pending = s.pending[:0]
	return err
}

// many runs a statement for n rows in one transaction.
func (s *Store) many(query string, n int, values func(i int) []any) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	st, err := tx.Prepare(query)
	for i := 0; i < n && err == nil; i++ {
		_, err = st.Exec(values(i)...)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Each gives the records of the run, in the order they were added.
func (s *Store) Each(f func(*rehearse.Record) error) error {
	last := int64(0)
	for {
		type found struct {
			id   int64
			blob []byte
		}
		var some []found
		rows, err := s.db.Query(`SELECT id, record FROM records WHERE run = ? AND id > ? ORDER BY id LIMIT 500`, s.run, last)
		if err != nil {
			return err
		}
		for rows.Next() {
			var x found
			if err := rows.Scan(&x.id, &x.blob); err != nil {
				return errors.Join(err, rows.Close())
			}
			some = append(some, x)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(some) == 0 {
			return err
		}
		for _, x := range some {
			last = x.id
			raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(x.blob)))
			if err != nil {
				return err
			}
			r := &rehearse.Record{}
			if err := json.Unmarshal(raw, r); err != nil {
				return err
			}
			if err := f(r); err != nil {
				return err
			}
		}
	}
}
