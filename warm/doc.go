// Package warm decides how many sandboxes a node keeps parked, and who gets
// one. It is decisions alone: no clock, no goroutine, no I/O. Time is an
// argument, and whoever calls carries out what is answered.
//
//	Demand   how often a template is asked for → how many would be good to have
//	Share    who may take one of the last
//	Pace     whether refilling may use more CPU now
//	Limits   how much all of it may take → Decide: what to park and to destroy
//	Fits     whether an interpreter that runs already can become a command
//
// How many would be good to have is the largest burst of late, plus what comes
// in on average until the node finds time to refill. It rises with the first
// burst and falls when that is forgotten, ten minutes later; a pool that is
// somewhat too large by then is left alone, so that nothing swings.
package warm
