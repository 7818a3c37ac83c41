package glovebox

import (
	"strings"
	"testing"
)

func TestArtifactPaths(t *testing.T) {
	good := []string{"a", "a/b", "a b", "ä/ö.txt", "...", "..a", "a/..b", "-rf", "a:b", strings.Repeat("x", MaxArtifactPath),
		strings.Repeat("d/", MaxArtifactDepth-1) + "f", "\u2028", `"quoted"`, "<script>"}
	bad := []string{"", ".", "..", "/a", "a/", "a//b", "./a", "a/./b", "a/../b", "../a", "a\x00b", "a\nb", "a\x1bb", "a\x7f", "a\u009bb", `a\b`, "\xff",
		strings.Repeat("x", MaxArtifactPath+1), strings.Repeat("d/", MaxArtifactDepth) + "f"}
	for _, p := range good {
		if err := CheckArtifactPath(p); err != nil {
			t.Errorf("%.40q: %v", p, err)
		}
	}
	for _, p := range bad {
		if err := CheckArtifactPath(p); KindOf(err) != KindInvalid || AsError(err).Field != "path" {
			t.Errorf("%.40q: %v", p, err)
		}
	}
}

// TestArtifactSet: what can be kept together, in the order of the index.
func TestArtifactSet(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	file := func(p string, size, offset int64) Artifact {
		return Artifact{Path: p, Size: size, Mode: 0o644, Digest: digest, Offset: offset}
	}
	folder := func(p string, offset int64) Artifact {
		return Artifact{Path: p, Folder: true, Mode: 0o755, Offset: offset}
	}
	change := func(a Artifact, f func(*Artifact)) Artifact { f(&a); return a }
	tests := []struct {
		name  string
		all   []Artifact
		field string // of the last one; "" = it can be kept
	}{
		{"files", []Artifact{file("a", 3, 0), file("b", 0, 3), file("c", 1, 3)}, ""},
		{"folder first", []Artifact{folder("d", 0), file("d/a", 3, 0)}, ""},
		{"folder not named", []Artifact{file("d/e/a", 3, 0)}, ""},
		{"folder named later", []Artifact{file("d/a", 3, 0), folder("d", 3)}, ""},
		{"twice", []Artifact{file("a", 3, 0), file("a", 3, 3)}, "path"},
		{"folder twice", []Artifact{folder("a", 0), folder("a", 0)}, "path"},
		{"folder named twice later", []Artifact{file("d/a", 3, 0), folder("d", 3), folder("d", 3)}, "path"},
		{"file and folder", []Artifact{file("a", 3, 0), folder("a", 3)}, "path"},
		{"folder and file", []Artifact{folder("a", 0), file("a", 3, 0)}, "path"},
		{"in a file", []Artifact{file("a", 3, 0), file("a/b", 3, 3)}, "path"},
		{"deep in a file", []Artifact{file("a/b", 3, 0), file("a/b/c/d", 3, 3)}, "path"},
		{"file over a folder", []Artifact{file("a/b", 3, 0), file("a", 3, 3)}, "path"},
		{"file over a deep folder", []Artifact{file("a/b/c", 3, 0), file("a/b", 3, 3)}, "path"},
		{"name", []Artifact{file("../a", 3, 0)}, "path"},
		{"gap", []Artifact{file("a", 3, 0), file("b", 3, 4)}, "offset"},
		{"overlap", []Artifact{file("a", 3, 0), file("b", 3, 2)}, "offset"},
		{"negative offset", []Artifact{file("a", 3, -1)}, "offset"},
		{"negative size", []Artifact{file("a", -1, 0)}, "size"},
		{"sum beyond numbers", []Artifact{file("a", 1<<62, 0), file("b", 1<<62, 1<<62)}, "size"},
		{"folder with bytes", []Artifact{change(folder("a", 0), func(a *Artifact) { a.Size = 1 })}, "size"},
		{"folder with a digest", []Artifact{change(folder("a", 0), func(a *Artifact) { a.Digest = digest })}, "digest"},
		{"no digest", []Artifact{change(file("a", 3, 0), func(a *Artifact) { a.Digest = "" })}, "digest"},
		{"other digest", []Artifact{change(file("a", 3, 0), func(a *Artifact) { a.Digest = strings.ToUpper(digest) })}, "digest"},
		{"setuid", []Artifact{change(file("a", 3, 0), func(a *Artifact) { a.Mode = 0o4755 })}, "mode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var set ArtifactSet
			for i, a := range tt.all {
				err := set.Add(a)
				switch last := i == len(tt.all)-1; {
				case !last && err != nil, last && tt.field == "" && err != nil:
					t.Errorf("%v: %v", a, err)
				case last && tt.field != "" && (KindOf(err) != KindInvalid || AsError(err).Field != tt.field):
					t.Errorf("%v: %v; want one on %s", a, err, tt.field)
				}
			}
		})
	}
	var set ArtifactSet
	for i := range MaxArtifacts {
		if err := set.Claim("f"+itoa(i), false); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := set.Claim("more", false); KindOf(err) != KindTooLarge {
		t.Errorf("one too many: %v", err)
	}
}

func TestInputFiles(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	file := func(path string) InputFile { return InputFile{Path: path, Digest: digest} }
	many := make([]InputFile, MaxInputFiles+1)
	for i := range many {
		many[i] = file("/f" + itoa(i))
	}
	for name, tt := range map[string]struct {
		files []InputFile
		field string
		kind  Kind
	}{
		"fine":           {[]InputFile{file("/data/a"), {Path: "/b", Digest: digest, Mode: 0o755, Size: 3}}, "", ""},
		"most":           {many[:MaxInputFiles], "", ""},
		"too many":       {many, "files", KindTooLarge},
		"relative":       {[]InputFile{file("/a"), file("b")}, "files[1].path", KindInvalid},
		"not clean":      {[]InputFile{file("/a/../b")}, "files[0].path", KindInvalid},
		"in proc":        {[]InputFile{file("/proc/self/mem")}, "files[0].path", KindInvalid},
		"in out":         {[]InputFile{file("/out/a")}, "files[0].path", KindInvalid},
		"out":            {[]InputFile{file("/out")}, "files[0].path", KindInvalid},
		"among secrets":  {[]InputFile{file(SecretsDir + "/a")}, "files[0].path", KindInvalid},
		"control":        {[]InputFile{file("/a\x1b[2J")}, "files[0].path", KindInvalid},
		"no digest":      {[]InputFile{{Path: "/a"}}, "files[0].digest", KindInvalid},
		"other digest":   {[]InputFile{{Path: "/a", Digest: "md5:" + digest}}, "files[0].digest", KindInvalid},
		"path as digest": {[]InputFile{{Path: "/a", Digest: "sha256:../../../../../../../../etc/passwd000000000000000000000000000000000000"}}, "files[0].digest", KindInvalid},
		"mode":           {[]InputFile{{Path: "/a", Digest: digest, Mode: 0o4755}}, "files[0].mode", KindInvalid},
		"size":           {[]InputFile{{Path: "/a", Digest: digest, Size: -1}}, "files[0].size", KindInvalid},
		"large":          {[]InputFile{{Path: "/a", Digest: digest, Size: MaxInputFileBytes}, {Path: "/b", Digest: digest, Size: 1}}, "files[1].size", KindTooLarge},
		"twice":          {[]InputFile{file("/a"), file("/a")}, "files", KindInvalid},
		"file in file":   {[]InputFile{file("/a"), file("/a/b")}, "files", KindInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Spec{Image: "x", Files: tt.files}.Complete()
			if KindOf(err) != tt.kind || err != nil && (AsError(err).Field != tt.field || AsError(err).Hint == "") {
				t.Fatalf("%v, %+v", err, AsError(err))
			}
			if err == nil && s.Files[0].Mode != DefaultFileMode {
				t.Errorf("mode %o", s.Files[0].Mode)
			}
			if tt.files[0].Mode == DefaultFileMode {
				t.Error("the caller's files were changed")
			}
		})
	}
	s, err := Spec{Image: "x", Files: []InputFile{file("/a"), file("/b")}}.Complete()
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.WithFileSizes([]int64{5, 7}); err != nil || s.Files[1].Size != 7 {
		t.Errorf("%+v, %v", s.Files, err)
	}
	if _, err = s.WithFileSizes([]int64{1, MaxInputFileBytes}); KindOf(err) != KindTooLarge {
		t.Error(err)
	}
}
