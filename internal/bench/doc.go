// Package bench measures how fast callers get what they want: so many of them do the same over and over, and what each
// step of it takes is counted once they are warm. What they do is a [Work]: of cpgate's primitives ([NewLocks],
// [NewSemaphores], [NewLatches], [NewSessions]), or, in the module bench/ at the root, of what cpgate is compared with.
//
// It is a closed loop: a caller begins anew when it is done, so callers that are slowed down ask for less. What a
// caller waits for is its own answer alone, and the rate is that of all of them together.
package bench
