package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/internal/certs"
)

// hint is a first call to a node at addr, as its user may type it.
func hint(c cpgate.Config, addr string) string {
	words := []string{"curl"}
	if c.CertFile != "" {
		words = append(words, curlTLS(c)...)
		addr = "https://" + addr
	}
	return strings.Join(append(words, "-X POST", addr+"/v1/sessions"), " ")
}

// curlTLS are the options for which a client needs files. Where `cpgate certs init` made the certificate of the port, they
// are beside it.
func curlTLS(c cpgate.Config) (words []string) {
	folder := filepath.Dir(c.CertFile)
	beside := func(name, otherwise string) string {
		if path := filepath.Join(folder, name); exists(path) {
			return path
		}
		return otherwise
	}
	if ca := beside(certs.CACert, ""); ca != "" { // otherwise it may be one that curl knows
		words = append(words, "--cacert", ca)
	}
	if c.ClientCAFile != "" {
		words = append(words, "--cert", beside(certs.ClientCert, "CERT"), "--key", beside(certs.ClientKey, "KEY"))
	}
	return words
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// over says what the port speaks, where that is not plain text.
func over(c cpgate.Config) string {
	if c.CertFile == "" {
		return ""
	}
	return " over TLS"
}
