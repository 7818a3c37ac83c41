// Package orchestrator has the effects that the engine's decisions call for. It
// drives every job from its acceptance to the archive: it asks the engine what
// a job needs, has it done by the image library, the fleet, the provider and
// the output logs, and tells the engine what came of it, until nothing is left
// to do.
//
//	Submit ─▶ store ─▶ queue ─▶ worker: Todo ─▶ act ─▶ events ─▶ Step ─▶ store
//	                     ▲                                              │
//	   reports, sweep ───┴──────────────────────────────────────────────┘
//
// A worker holds nothing between two looks at a job, so any process can go on
// where another stopped. Wake-ups are hints; the sweep of due jobs is the truth.
// Time comes from one function and is passed on to the engine.
package orchestrator
