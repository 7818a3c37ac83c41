// Package engine decides what becomes of a job. It is pure: a job, an event and
// the time go in, the next job comes out. No I/O, no clock, no goroutine.
//
// Two functions hold all the decisions. Step moves a job when something has
// happened; Todo says what a job in its present state needs next. Whoever
// drives jobs carries out Todo, turns the outcome into events, and may stop and
// go on anywhere, because Todo asks for the same again until Step has been told
// that it is done.
//
//	           Resolved        Placed          Started        Exited
//	PENDING ────────▶ PENDING ───────▶ PROVISIONING ──────▶ RUNNING ──────▶ COMPLETED
//	   │ Failed          │ Failed           │ Failed, Exited     │ Expired      FAILED
//	   ▼                 ▼                  ▼                    ▼              CANCELLED
//	 FAILED            FAILED             FAILED               FAILED           │ Sealed + all Gone + Receipted
//	                                                                            ▼
//	                                                                         ARCHIVED
//
// A job that may be run again goes from PROVISIONING or RUNNING back to PENDING;
// see retry.go for when. One that is archived is forgotten when its time is over.
//
// What happens to every event in every status stands in the table in table.go
// and, written out, in testdata/matrix.golden.
package engine
