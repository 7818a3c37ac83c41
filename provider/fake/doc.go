// Package fake is a glovebox.Provider in memory, the reference model of the
// others. It has one imaginary node whose sandboxes play their Args as a
// script, on whatever clock the test has:
//
//	echo word…    writes the words and a newline, exits 0
//	sleep 50ms    exits 0 after that time
//	exit 7        exits 7
//	never         runs until it is stopped or removed
//	silent        as never, and the node reports nothing of it, not even when
//	              it is stopped; only that it is gone
//	fault kind    never starts, and ends with a fault of that kind
//	until 3 kind  the same before the third attempt, which exits 0
//	lost 3        starts, writes its attempt's number, and is lost with its node
//	              before the third attempt, which writes its own and exits 0
//
// The Provider has two halves, as provider/local does. The node lives as long
// as the value; what control knows ends with Restart, which is what the death
// of the control process looks like from here: reports go nowhere until Open,
// and Open destroys what was not ordered again, as a node's agent would.
package fake
