package main

// nearest returns the candidate that s was most likely meant to be.
func nearest(s string, candidates []string) (best string) {
	least := -1
	for _, c := range candidates {
		if d := distance(s, c); least < 0 || d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the least cost of making b from a: 1 for a character added, 2 for one dropped. Adding is cheap,
// since names are more often shortened than anything else.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of the table of distances from the start of a to the starts of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] += 2
		for j := range len(b) {
			least := min(row[j]+1, row[j+1]+2)
			if a[i] == b[j] {
				least = min(least, diagonal)
			}
			diagonal, row[j+1] = row[j+1], least
		}
	}
	return row[len(b)]
}
