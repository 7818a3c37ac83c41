package wire

import "glovebox"

// Spec is the body of POST /v1/jobs. Every field but the image may be left
// out, and that too with a template; no other field is taken.
type Spec struct {
	Image       string            `json:"containerImage,omitempty" minLength:"1" maxLength:"1024" example:"busybox:1.36" doc:"Reference, or name of an imported image"`
	Entrypoint  []string          `json:"entrypoint,omitempty" nullable:"false" maxItems:"1024" doc:"Replaces the image's entrypoint"`
	Cmd         []string          `json:"cmd,omitempty" nullable:"false" maxItems:"1024" example:"[\"echo\",\"hello\"]" doc:"Replaces the image's cmd"`
	Env         map[string]string `json:"env,omitempty" doc:"Added to the image's environment"`
	Workdir     string            `json:"workdir,omitempty" doc:"Absolute path inside; default the image's, or /"`
	User        string            `json:"user,omitempty" doc:"Name, uid or uid:gid; default the image's"`
	Stdin       []byte            `json:"stdin,omitempty" doc:"Base64, at most 1 MiB; for more use stdinStream"`
	StdinStream bool              `json:"stdinStream,omitempty" doc:"Stdin comes later, by PUT /v1/jobs/{id}/stdin"`
	Timeout     glovebox.Duration `json:"timeout,omitempty" doc:"Wall time from start, such as 90s; default 10m"`
	Limits      Limits            `json:"limits,omitzero"`
	Runtime     string            `json:"runtime,omitempty" enum:"gvisor,runc" doc:"Default gvisor"`
	PullPolicy  string            `json:"imagePullPolicy,omitempty" enum:"IfNotPresent,Always,Never" doc:"Default IfNotPresent"`
	Labels      map[string]string `json:"labels,omitempty" doc:"For finding the job again"`
	Policy      *Policy           `json:"policy,omitempty" doc:"What the job may touch; none means nothing. What is beyond the tenant's policy takes an approval"`
	Template    string            `json:"template,omitempty" maxLength:"63" doc:"Of the caller's tenant, with a snapshot: the saved program goes on, and is told the command; containerImage may then be left out"`
	Attempts    int               `json:"attempts,omitempty" minimum:"1" maximum:"10" doc:"How often it may be placed in all, if it is the service's fault that an attempt came to nothing; default 1"`
	Idempotent  bool              `json:"idempotent,omitempty" doc:"Running the command twice does no harm: it is also run again after it may have been started"`
	Retention   glovebox.Duration `json:"retention,omitempty" doc:"How long the job is kept once it is archived, with its output; at least 1s, default and most is what the tenant has"`
	Files       []InputFile       `json:"files,omitempty" nullable:"false" maxItems:"48" doc:"Put into the sandbox, in memory and read-only; at most 15 MiB together"`
}

// Limits bound what the job can use. Zero or absent means the default.
type Limits struct {
	Memory int64   `json:"memory,omitempty" doc:"Bytes"`
	CPUs   float64 `json:"cpus,omitempty" doc:"Cores"`
	Pids   int64   `json:"pids,omitempty" doc:"Processes and threads at one time"`
	Disk   int64   `json:"disk,omitempty" doc:"Bytes of scratch space"`
	Inodes int64   `json:"inodes,omitempty" doc:"Files made"`
	Files  int64   `json:"files,omitempty" doc:"Open files of one process"`
	Output int64   `json:"output,omitempty" doc:"Bytes of stdout and stderr together"`

	Artifacts int64 `json:"artifacts,omitempty" doc:"Bytes of what is kept of /out, with the list of it; what is beyond is left out"`
}

// InputFile is a file that a job finds in its sandbox, in memory and read-only.
type InputFile struct {
	Path   string `json:"path" maxLength:"255" example:"/data/input.csv" doc:"Absolute; what the image has there is out of sight"`
	Digest string `json:"digest" example:"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" doc:"Of a file of the caller's tenant that POST /v1/files has answered with"`
	Size   int64  `json:"size,omitempty" minimum:"0" doc:"Bytes; filled in by the service"`
	Mode   uint32 `json:"mode,omitempty" maximum:"511" doc:"Permissions as a number; default 292, which is 0444"`
}

// SpecView is a spec as it is shown: the same, with stdin's size instead of
// its bytes.
type SpecView struct {
	Image       string            `json:"containerImage"`
	Entrypoint  []string          `json:"entrypoint,omitempty" nullable:"false"`
	Cmd         []string          `json:"cmd,omitempty" nullable:"false"`
	Env         map[string]string `json:"env,omitempty"`
	Workdir     string            `json:"workdir,omitempty"`
	User        string            `json:"user,omitempty"`
	StdinBytes  int               `json:"stdinBytes,omitempty" doc:"Size of the stdin given with the request"`
	StdinStream bool              `json:"stdinStream,omitempty"`
	Timeout     glovebox.Duration `json:"timeout"`
	Limits      Limits            `json:"limits"`
	Runtime     string            `json:"runtime"`
	PullPolicy  string            `json:"imagePullPolicy"`
	Policy      *Policy           `json:"policy,omitempty" doc:"That was asked for; see the job's for the one that holds"`
	Labels      map[string]string `json:"labels,omitempty"`
	Template    string            `json:"template,omitempty" doc:"That it goes on from"`
	Attempts    int               `json:"attempts,omitempty" doc:"How often it may be placed in all"`
	Idempotent  bool              `json:"idempotent,omitempty"`
	Retention   glovebox.Duration `json:"retention,omitempty" doc:"That was asked for"`
	Files       []InputFile       `json:"files,omitempty" nullable:"false"`
}
