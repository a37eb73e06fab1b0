// Package guard holds bounds on what calls cost that no machine and no load changes: how much is allocated for a lock and an
// unlock, and how many transactions share a proposal. It never looks at a clock. Its tests have a process of their own, since
// what is counted is the whole process's.
package guard
