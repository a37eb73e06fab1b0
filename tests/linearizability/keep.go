package linearizability

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/anishathalye/porcupine"
)

// Keep writes what a person needs to find out why part of a history has no order, into a folder: the whole history
// (history.json), the shortest beginning of the part that has no order (shortest.json), and how far porcupine came with
// that (shortest.html).
func Keep(folder string, h History, p Part, timeout time.Duration) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(folder, "history.json"), h); err != nil {
		return err
	}
	cut := p.Shortest(timeout)
	type line struct {
		What     string
		From, To int64
	}
	var lines []line
	for _, e := range cut.events {
		lines = append(lines, line{e.what, e.from, e.to})
	}
	if err := writeJSON(filepath.Join(folder, "shortest.json"), lines); err != nil {
		return err
	}
	m := model(cut.first)
	_, info := porcupine.CheckOperationsVerbose(m, operations(cut.events), timeout)
	return porcupine.VisualizePath(m, info, filepath.Join(folder, "shortest.html"))
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}
