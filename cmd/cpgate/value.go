package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// assign gives the setting its value as it was written: any number of texts for a list, one for all others.
func (s setting) assign(o *options, texts []string) error {
	if list, ok := s.at(o).(*[]string); ok {
		*list = texts
		return nil
	}
	if err := parse(s.at(o), texts[0]); err != nil {
		return fmt.Errorf("%s %q: %w", s.name, texts[0], err)
	}
	return nil
}

func parse(at any, text string) (err error) {
	switch p := at.(type) {
	case *string:
		*p = text
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			return errors.New("must be a whole number")
		}
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			return errors.New("must be true or false")
		}
	case *time.Duration:
		if *p, err = time.ParseDuration(text); err != nil {
			return errors.New("must be a duration such as 500ms or 2s")
		}
	default:
		return fmt.Errorf("no way to set a %T", at)
	}
	return nil
}

// texts is the inverse of assign.
func (s setting) texts(o *options) []string {
	switch p := s.at(o).(type) {
	case *[]string:
		return *p
	case *string:
		return []string{*p}
	case *int:
		return []string{strconv.Itoa(*p)}
	case *bool:
		return []string{strconv.FormatBool(*p)}
	default:
		return []string{fmt.Sprint(*p.(*time.Duration))}
	}
}

// isList reports whether the setting takes several values.
func (s setting) isList() bool {
	_, ok := s.at(&options{}).(*[]string)
	return ok
}

// split cuts a flag or a variable of a list setting into its values.
func (s setting) split(text string) []string {
	switch {
	case !s.isList():
		return []string{text}
	case text == "":
		return nil
	}
	return strings.Split(text, ",")
}
