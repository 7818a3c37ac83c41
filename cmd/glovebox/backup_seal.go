package main

import (
	"bufio"
	"bytes"
	"os"
	"strings"

	"filippo.io/age"
	"github.com/spf13/pflag"

	"glovebox"
)

// sealFlags say who can read a backup.
type sealFlags struct {
	to         []string
	passphrase string // file
	plaintext  bool
}

func (f *sealFlags) define(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.to, "recipient", nil, "public key of age (age1…) whose owner can read the backup")
	fs.StringVar(&f.passphrase, "passphrase-file", "", "file whose first line is the passphrase that the backup is encrypted with")
	fs.BoolVar(&f.plaintext, "plaintext", false, "do not encrypt")
}

// recipients returns none for a backup that is not encrypted.
func (f *sealFlags) recipients() ([]age.Recipient, error) {
	ways := 0
	for _, given := range []bool{len(f.to) > 0, f.passphrase != "", f.plaintext} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return nil, glovebox.Errorf(glovebox.KindUsage, "the backup would have every secret in plain text").
			Try("give --recipient age1… (age-keygen makes a pair of keys), --passphrase-file FILE, or --plaintext if that is meant")
	case ways > 1:
		return nil, glovebox.Errorf(glovebox.KindUsage, "more than one of --recipient, --passphrase-file and --plaintext").Try("use one of them")
	case f.plaintext:
		return nil, nil
	case f.passphrase != "":
		text, err := readPassphrase(f.passphrase)
		if err != nil {
			return nil, err
		}
		to, err := age.NewScryptRecipient(text)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--passphrase-file")
		}
		return []age.Recipient{to}, nil
	}
	var all []age.Recipient
	for _, text := range f.to {
		one, err := age.ParseX25519Recipient(text)
		if err != nil {
			e := glovebox.Errorf(glovebox.KindInvalid, "%q is not a public key of age", cut(text, 20)).On("--recipient")
			if strings.HasPrefix(text, "AGE-SECRET-KEY-") {
				e = glovebox.Errorf(glovebox.KindInvalid, "that is a private key").On("--recipient")
			}
			return nil, e.Try("give the public half, which begins with age1")
		}
		all = append(all, one)
	}
	return all, nil
}

// openFlags say with what a backup is read.
type openFlags struct {
	identities []string // files
	passphrase string   // file
}

func (f *openFlags) define(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.identities, "identity", nil, "file with private keys of age, as age-keygen writes it")
	fs.StringVar(&f.passphrase, "passphrase-file", "", "file whose first line is the passphrase")
}

func (f *openFlags) keys() ([]age.Identity, error) {
	var all []age.Identity
	for _, path := range f.identities {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "read the key: %w", err).On("--identity")
		}
		keys, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil { // not the error itself, which may quote the line
			return nil, glovebox.Errorf(glovebox.KindInvalid, "%s has no private keys of age", path).On("--identity").
				Try("a line of it begins with AGE-SECRET-KEY-1")
		}
		all = append(all, keys...)
	}
	if f.passphrase == "" {
		return all, nil
	}
	text, err := readPassphrase(f.passphrase)
	if err != nil {
		return nil, err
	}
	one, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--passphrase-file")
	}
	return append(all, one), nil
}

// minPassphrase is the least that a passphrase must have; what is shorter would
// be guessed by whoever finds the file.
const minPassphrase = 12

func readPassphrase(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInvalid, "read the passphrase: %w", err).On("--passphrase-file")
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	text := strings.TrimRight(lines.Text(), "\r")
	if err := lines.Err(); err != nil {
		return "", glovebox.Errorf(glovebox.KindInvalid, "read the passphrase: %w", err).On("--passphrase-file")
	}
	if len(text) < minPassphrase {
		return "", glovebox.Errorf(glovebox.KindInvalid, "its first line has %d characters", len(text)).On("--passphrase-file").
			Try("a passphrase has at least %d", minPassphrase)
	}
	return text, nil
}
