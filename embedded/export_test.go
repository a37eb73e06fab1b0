package embedded

import "time"

// NewHistory makes the pure part of the compaction visible to its test.
func NewHistory(age time.Duration) *history { return &history{age: age} }
