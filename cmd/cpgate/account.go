package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// passwordVariable is the variable that may have the password of --user.
const passwordVariable = envPrefix + "PASSWORD"

// account is who a command is to a cluster with access control.
type account struct{ user, passwordFile string }

// addAccount gives a command the flags for it.
func addAccount(f *pflag.FlagSet) *account {
	a := &account{}
	f.StringVar(&a.user, "user", "", "`name` of the user as whom to call a cluster with access control; the password is "+
		"not for the command line, where everybody on the machine can read it")
	f.StringVar(&a.passwordFile, "password-file", "", "`file` with the user's password, in one line; unless given, the variable is "+
		"taken ["+passwordVariable+"]")
	return a
}

// credentials are empty for nobody.
func (a *account) credentials(getenv func(string) string) (user, password string, err error) {
	name, _, more := strings.Cut(a.user, ":")
	switch {
	case more:
		return "", "", fmt.Errorf("user %q: must be the name alone: the password is for password-file or %s", name, passwordVariable)
	case a.user == "" && a.passwordFile != "":
		return "", "", fmt.Errorf("password-file %q: needs user", a.passwordFile)
	case a.user == "":
		return "", "", nil
	case a.passwordFile != "":
		password, err = readPassword(a.passwordFile)
	default:
		password = getenv(passwordVariable)
	}
	if err == nil && password == "" {
		err = fmt.Errorf("user %q: needs password-file, or %s", a.user, passwordVariable)
	}
	return a.user, password, err
}

// readPassword reads a file of one line.
func readPassword(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("password-file %q: %w", path, pathless(err))
	}
	password := strings.TrimRight(string(b), "\r\n")
	if password == "" || strings.ContainsAny(password, "\r\n") {
		return "", fmt.Errorf("password-file %q: must hold one line, the password", path)
	}
	return password, nil
}
