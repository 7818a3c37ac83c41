package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"glovebox"
	"glovebox/store/internal/record"
)

const (
	selectRecord  = "SELECT kind, key, version, expires, value FROM records WHERE kind = ? AND key = ?"
	selectRecords = `SELECT kind, key, version, expires, value FROM records INDEXED BY records_by_key
		WHERE kind = ? AND key > ? AND key < ? ORDER BY key LIMIT ?`
	selectRecordsFrom = `SELECT kind, key, version, expires, value FROM records INDEXED BY records_by_key
		WHERE kind = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?`
)

// Record implements glovebox.Records.
func (s *Store) Record(ctx context.Context, kind, key string) (glovebox.Record, error) {
	r, err := scanRecord(s.record.QueryRowContext(ctx, kind, key))
	if errors.Is(err, sql.ErrNoRows) {
		return glovebox.Record{}, record.NoDocument(kind, key)
	}
	if err != nil {
		return glovebox.Record{}, readFault(ctx, err, "reading a document")
	}
	return r, nil
}

// ListRecords implements glovebox.Records. No UTF-8 has the byte 0xff, so it
// comes after all that a prefix can be followed by.
func (s *Store) ListRecords(ctx context.Context, kind, prefix, after string, limit int) ([]glovebox.Record, error) {
	if err := record.CheckLimit(limit); err != nil {
		return nil, err
	}
	text, from := selectRecordsFrom, prefix
	if after >= prefix {
		text, from = selectRecords, after
	}
	rows, err := s.readers.QueryContext(ctx, text, kind, from, prefix+"\xff", limit)
	if err != nil {
		return nil, readFault(ctx, err, "listing documents")
	}
	found, err := scanAll(rows, func() (glovebox.Record, error) { return scanRecord(rows) })
	if err != nil {
		return nil, readFault(ctx, err, "listing documents")
	}
	return found, nil
}

// scanRecord reads a row of one of the statements above.
func scanRecord(row interface{ Scan(...any) error }) (glovebox.Record, error) {
	var r glovebox.Record
	var expires sql.NullInt64
	if err := row.Scan(&r.Kind, &r.Key, &r.Version, &expires, &r.Value); err != nil {
		return glovebox.Record{}, err
	}
	if expires.Valid {
		r.Expires = time.Unix(0, expires.Int64).UTC()
	}
	if r.Value == nil {
		r.Value = []byte{}
	}
	return r, nil
}
