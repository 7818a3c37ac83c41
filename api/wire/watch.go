package wire

import "time"

// WatchPolicy says for what of what it does a job is ended: FAILED, with the
// reason policy_denied.
type WatchPolicy struct {
	Kill  string  `json:"kill,omitempty" enum:"low,medium,high,never" doc:"Findings of this severity and above"`
	Drift float64 `json:"drift,omitempty" minimum:"0" maximum:"1" doc:"Leaving the profile with this score and above; 0 is never"`
}

// Profile is what runs of a job did, as it is learned.
type Profile struct {
	Runs   int               `json:"runs" minimum:"1"`
	Execs  []string          `json:"execs,omitempty" nullable:"false" maxItems:"256" doc:"Paths of programs; # stands for digits below /tmp and its like"`
	Binds  []string          `json:"binds,omitempty" nullable:"false" maxItems:"64" doc:"PROTO/PORT that were listened at"`
	Kinds  []string          `json:"kinds,omitempty" nullable:"false" maxItems:"64" doc:"Of observations"`
	Tried  []string          `json:"tried,omitempty" nullable:"false" maxItems:"64" doc:"Names and ADDRESS:PORT that were asked for and refused, or not used"`
	Calls  []string          `json:"calls,omitempty" nullable:"false" maxItems:"512" doc:"System calls by name"`
	Missed map[string]uint64 `json:"missed,omitempty" doc:"By kind: what there was no room for"`
	Memory int64             `json:"memory,omitempty" minimum:"0" doc:"Bytes, at most"`
	CPU    int64             `json:"cpu,omitempty" minimum:"0" doc:"Nanoseconds, at most"`
	Disk   int64             `json:"disk,omitempty" minimum:"0" doc:"Bytes, at most"`
	Tasks  uint64            `json:"tasks,omitempty" doc:"Processes and threads at one time, at most"`
}

// Finding is something out of the ordinary that the job was seen to do.
type Finding struct {
	Rule     string    `json:"rule" example:"metadata_probe" doc:"Of docs/policy.md"`
	Severity string    `json:"severity" enum:"low,medium,high"`
	Score    float64   `json:"score" minimum:"0" maximum:"1"`
	Count    uint64    `json:"count" doc:"How often what it is about was seen"`
	First    time.Time `json:"first" doc:"By the node's clock"`
	Last     time.Time `json:"last"`
	Evidence []string  `json:"evidence,omitempty" nullable:"false" maxItems:"5" doc:"For people; the job has a hand in it"`
}
