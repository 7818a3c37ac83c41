package dynamodb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"glovebox"
	"glovebox/store/dynamodb"
	"glovebox/store/storetest"
)

// openNew returns a store in a table of its own.
func openNew(t *testing.T) glovebox.Store {
	t.Helper()
	db := local(t)
	return dynamodb.Open(db, newTable(t, db))
}

func newTable(t *testing.T, db *sdk.Client) string {
	t.Helper()
	table := strings.ToLower(glovebox.NewID("t-"))
	if err := dynamodb.EnsureTable(t.Context(), db, table, time.Minute); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.DeleteTable(context.Background(), &sdk.DeleteTableInput{TableName: aws.String(table)}); err != nil {
			t.Error(err)
		}
	})
	return table
}

func TestStore(t *testing.T) { storetest.Run(t, openNew) }

// TestEnsureTable: making it again is fine, and what is in it stays.
func TestEnsureTable(t *testing.T) {
	db := local(t)
	table := newTable(t, db)
	s := dynamodb.Open(db, table)
	if err := s.Commit(t.Context(), []glovebox.Write{{Kind: "k", Key: "a", Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	if err := dynamodb.EnsureTable(t.Context(), db, table, time.Minute); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Record(t.Context(), "k", "a"); err != nil || string(r.Value) != "v" {
		t.Errorf("%+v, %v", r, err)
	}
}
