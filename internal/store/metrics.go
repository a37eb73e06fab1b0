package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// groupSize is of the process, as all metrics are: several nodes in one process share it.
var groupSize = promauto.NewHistogram(prometheus.HistogramOpts{
	Namespace: "cpgate", Name: "commit_group_size",
	Help:    "Transactions that went into one proposal to etcd together.",
	Buckets: prometheus.ExponentialBuckets(1, 2, 8), // 1 to 128
})
