// Command glovebox-boot is the gVisor that runs our sandboxes: stock gVisor
// packages with the additions of package bootcmd.
package main

import "glovebox/shim/bootcmd"

func main() { bootcmd.Main() }
