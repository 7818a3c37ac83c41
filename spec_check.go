package glovebox

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Complete checks a spec that comes from outside and returns it with every
// default filled in. The first fault found is returned, with the field to
// blame; nothing of s is changed.
func (s Spec) Complete() (Spec, error) {
	checks := []func(*Spec) error{
		(*Spec).checkImage, (*Spec).checkCommand, (*Spec).checkEnv, (*Spec).checkPlace,
		(*Spec).checkStdin, (*Spec).checkTimeout, (*Spec).checkLimits, (*Spec).checkLabels, (*Spec).checkTemplate,
		(*Spec).checkPolicy, (*Spec).checkAttempts, (*Spec).checkRetention, (*Spec).checkFiles,
	}
	for _, check := range checks {
		if err := check(&s); err != nil {
			return Spec{}, err
		}
	}
	return s, nil
}

func (s *Spec) checkImage() error {
	switch {
	case s.Image == "":
		return Errorf(KindInvalid, "an image is needed").On("containerImage").Try("name an image, such as busybox:1.36")
	case len(s.Image) > MaxImageName || !printable(s.Image):
		return Errorf(KindInvalid, "not an image name").On("containerImage").Try("use at most %d printable characters", MaxImageName)
	}
	switch s.PullPolicy {
	case "":
		s.PullPolicy = PullIfNotPresent
	case PullIfNotPresent, PullAlways, PullNever:
	default:
		return Errorf(KindInvalid, "unknown policy %q", s.PullPolicy).On("imagePullPolicy").Try("use IfNotPresent, Always or Never")
	}
	return nil
}

func (s *Spec) checkCommand() error {
	for _, part := range []struct {
		field string
		args  []string
	}{{"entrypoint", s.Entrypoint}, {"cmd", s.Cmd}} {
		field, total := part.field, 0
		for _, a := range part.args {
			if strings.ContainsRune(a, 0) {
				return Errorf(KindInvalid, "an argument contains a NUL byte").On(field).Try("remove it; pass binary data on stdin")
			}
			total += len(a) + 1
		}
		if len(part.args) > MaxArgs || total > MaxArgBytes {
			return Errorf(KindTooLarge, "too many or too long arguments").On(field).Try("pass data on stdin; at most %d arguments of %d bytes together", MaxArgs, MaxArgBytes)
		}
	}
	if len(s.Cmd) > 0 && s.Cmd[0] == "" && len(s.Entrypoint) == 0 {
		return Errorf(KindInvalid, "the command is empty").On("cmd").Try("give the program to run as the first element")
	}
	return nil
}

func (s *Spec) checkEnv() error {
	total := 0
	for _, k := range slices.Sorted(maps.Keys(s.Env)) {
		v := s.Env[k]
		if k == "" || strings.ContainsAny(k, "=\x00") || !utf8.ValidString(k) {
			return Errorf(KindInvalid, "%q cannot be a variable's name", k).On("env").Try("names are not empty and have neither '=' nor NUL")
		}
		if strings.ContainsRune(v, 0) {
			return Errorf(KindInvalid, "the value contains a NUL byte").On("env." + k).Try("remove it")
		}
		total += len(k) + len(v) + 2
	}
	if total > MaxEnvBytes {
		return Errorf(KindTooLarge, "the environment has %d bytes", total).On("env").Try("at most %d bytes together", MaxEnvBytes)
	}
	return nil
}

func (s *Spec) checkPlace() error {
	if s.Workdir != "" {
		if !path.IsAbs(s.Workdir) || strings.ContainsRune(s.Workdir, 0) || len(s.Workdir) > 4096 {
			return Errorf(KindInvalid, "%q is not an absolute path", s.Workdir).On("workdir").Try("give a path that begins with /")
		}
		s.Workdir = path.Clean(s.Workdir)
		if s.Workdir == "/proc" || strings.HasPrefix(s.Workdir, "/proc/") {
			return Errorf(KindInvalid, "a command cannot start under /proc").On("workdir").Try("use another folder")
		}
	}
	if len(s.User) > 256 || !printable(s.User) {
		return Errorf(KindInvalid, "not a user").On("user").Try("give a name, a uid or uid:gid")
	}
	switch s.Runtime {
	case "":
		s.Runtime = RuntimeGVisor
	case RuntimeGVisor, RuntimeRunc:
	default:
		return Errorf(KindInvalid, "unknown runtime %q", s.Runtime).On("runtime").Try("use %s or %s", RuntimeGVisor, RuntimeRunc)
	}
	return nil
}

func (s *Spec) checkStdin() error {
	if len(s.Stdin) > MaxInlineStdin {
		return Errorf(KindTooLarge, "%d bytes of input", len(s.Stdin)).On("stdin").Try("at most %d bytes go into the request; set stdinStream and append the rest", MaxInlineStdin)
	}
	if s.StdinStream && len(s.Stdin) > 0 {
		return Errorf(KindInvalid, "both given and to be streamed").On("stdin").Try("use either stdin or stdinStream")
	}
	return nil
}

func (s *Spec) checkTimeout() error {
	switch t := time.Duration(s.Timeout); {
	case t == 0:
		s.Timeout = Duration(DefaultTimeout)
	case t < time.Millisecond || t > MaxTimeout:
		return Errorf(KindInvalid, "%s is out of range", t).On("timeout").Try("between 1ms and %s", MaxTimeout)
	}
	return nil
}

func (s *Spec) checkLimits() error {
	d, lo, hi := DefaultLimits(), MinLimits(), MaxLimits()
	ints := []struct {
		name          string
		v             *int64
		def, min, max int64
	}{
		{"memory", &s.Limits.Memory, d.Memory, lo.Memory, hi.Memory},
		{"pids", &s.Limits.Pids, d.Pids, lo.Pids, hi.Pids},
		{"disk", &s.Limits.Disk, d.Disk, lo.Disk, hi.Disk},
		{"inodes", &s.Limits.Inodes, d.Inodes, lo.Inodes, hi.Inodes},
		{"files", &s.Limits.Files, d.Files, lo.Files, hi.Files},
		{"output", &s.Limits.Output, d.Output, lo.Output, hi.Output},
		{"artifacts", &s.Limits.Artifacts, d.Artifacts, lo.Artifacts, hi.Artifacts},
	}
	for _, l := range ints {
		if *l.v == 0 {
			*l.v = l.def
		}
		if *l.v < l.min || *l.v > l.max {
			return Errorf(KindInvalid, "%d is out of range", *l.v).On("limits."+l.name).Try("between %d and %d; 0 means %d", l.min, l.max, l.def)
		}
	}
	if s.Limits.CPUs == 0 {
		s.Limits.CPUs = d.CPUs
	}
	if !(s.Limits.CPUs >= lo.CPUs && s.Limits.CPUs <= hi.CPUs) { // also refuses NaN
		return Errorf(KindInvalid, "%v is out of range", s.Limits.CPUs).On("limits.cpus").Try("between %v and %v; 0 means %v", lo.CPUs, hi.CPUs, d.CPUs)
	}
	return nil
}

func (s *Spec) checkLabels() error {
	if len(s.Labels) > MaxLabels {
		return Errorf(KindTooLarge, "%d labels", len(s.Labels)).On("labels").Try("at most %d", MaxLabels)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Labels)) {
		if k == "" || len(k) > MaxLabelBytes || len(s.Labels[k]) > MaxLabelBytes || !printable(k) || !printable(s.Labels[k]) || strings.Contains(k, "=") {
			return Errorf(KindInvalid, "label %q cannot be kept", k).On("labels").Try("keys without '=', keys and values of at most %d printable bytes", MaxLabelBytes)
		}
	}
	return nil
}

func (s *Spec) checkPolicy() (err error) {
	s.Policy, err = s.Policy.CompleteJob()
	return err
}

// printable says whether s is UTF-8 without control characters.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func (s *Spec) checkTemplate() error {
	switch {
	case s.Template == "":
		return nil
	case !isLabel(s.Template):
		return Errorf(KindInvalid, "%.80q cannot be a template's name", s.Template).On("template").Try("see `glovebox template list`")
	case s.Runtime != RuntimeGVisor:
		return Errorf(KindInvalid, "jobs of %s go on from no template", s.Runtime).On("runtime").Try("leave the runtime or the template out")
	}
	return nil
}

func (s *Spec) checkAttempts() error {
	switch {
	case s.Attempts == 0:
		s.Attempts = 1
	case s.Attempts < 0 || s.Attempts > MaxAttempts:
		return Errorf(KindInvalid, "%d is out of range", s.Attempts).On("attempts").Try("between 1 and %d", MaxAttempts)
	}
	return nil
}

func (s *Spec) checkRetention() error {
	if t := time.Duration(s.Retention); t != 0 && (t < MinRetention || t > MaxRetention) {
		return Errorf(KindInvalid, "%s is out of range", t).On("retention").
			Try("between %s and what the tenant has; leave it out for that", MinRetention)
	}
	return nil
}
