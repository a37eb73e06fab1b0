//go:build race

package tests_test

const raceDetector = true
