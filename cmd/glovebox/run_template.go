package main

// operands is how many arguments a run needs: a job that goes on from a template
// has that one's image.
func (f *runFlags) operands() int {
	if f.template != "" {
		return 0
	}
	return 1
}

// operand takes the image from the arguments, if there is to be one.
func (f *runFlags) operand(args []string) (image string, rest []string) {
	if f.template != "" {
		return "", args
	}
	return args[0], args[1:]
}
