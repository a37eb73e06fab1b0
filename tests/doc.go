// Package tests holds the black-box tests: they use cpgate as its users do, over the port of a real node or of the
// real program, with clients of ours and of etcd. README.md, beside this file, says what each of them shows and how
// to run one.
package tests
