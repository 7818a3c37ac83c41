package wire

import "glovebox"

// SpecOf is the body that asks for s.
func SpecOf(s glovebox.Spec) Spec {
	return Spec{
		Image: s.Image, Entrypoint: s.Entrypoint, Cmd: s.Cmd, Env: s.Env, Workdir: s.Workdir, User: s.User,
		Stdin: s.Stdin, StdinStream: s.StdinStream, Timeout: s.Timeout, Limits: Limits(s.Limits), Policy: PolicyOf(s.Policy),
		Runtime: s.Runtime, PullPolicy: s.PullPolicy, Labels: s.Labels, Template: s.Template,
		Attempts: s.Attempts, Idempotent: s.Idempotent, Retention: s.Retention,
		Files: filesOf(s.Files),
	}
}

// Spec is what the body asks for, not checked.
func (s Spec) Spec() glovebox.Spec {
	return glovebox.Spec{
		Image: s.Image, Entrypoint: s.Entrypoint, Cmd: s.Cmd, Env: s.Env, Workdir: s.Workdir, User: s.User,
		Stdin: s.Stdin, StdinStream: s.StdinStream, Timeout: s.Timeout, Limits: glovebox.Limits(s.Limits), Policy: s.Policy.Policy(),
		Runtime: s.Runtime, PullPolicy: s.PullPolicy, Labels: s.Labels, Template: s.Template,
		Attempts: s.Attempts, Idempotent: s.Idempotent, Retention: s.Retention,
		Files: s.files(),
	}
}

func filesOf(files []glovebox.InputFile) []InputFile {
	var all []InputFile
	for _, f := range files {
		all = append(all, InputFile(f))
	}
	return all
}

func (s Spec) files() []glovebox.InputFile {
	var all []glovebox.InputFile
	for _, f := range s.Files {
		all = append(all, glovebox.InputFile(f))
	}
	return all
}
