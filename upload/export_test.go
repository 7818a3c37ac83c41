package upload

// Bound makes r take less than others do.
func (r *Registry) Bound(files int, bytes int64) { r.maxFiles, r.maxBytes = files, bytes }
